/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any MANIFEST of any length up to more than its ceiling, at the end of its
 * array; then the walk over it.
 */
#include "bundle/manifest.c" /* for parse(), which takes a cursor */

enum { ROOM = SP_MAX_MANIFEST_BYTES + 4096 };
static uint8_t text[ROOM];

int
main(void)
{
    struct sp_manifest manifest;
    struct sp_member member;
    struct sp_error err = {0};
    static const char few[8]; /* for the function around parse() */
    char id[33];
    struct sp_cursor any = {
        .end = text + ROOM,
        .left = Frama_C_unsigned_long_interval(0, ROOM),
    };

    Frama_C_make_unknown((char *)text, sizeof(text));
    (void)sp_manifest_parse(few, sizeof(few), &manifest, &err);
    (void)sp_evidence_word((enum sp_evidence)Frama_C_unsigned_int_interval(
        SP_EVIDENCE_REPOMD, SP_EVIDENCE_COMPS));
    if (parse(any, &manifest, &err) < 0)
        return 1;
    sp_manifest_request(
        &manifest, Frama_C_unsigned_long_interval(0, SP_MAX_REQUESTS - 1), id);
    while (sp_manifest_next(&manifest, &member))
        continue;
    return 0;
}
