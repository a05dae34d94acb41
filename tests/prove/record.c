/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any record of each of the four streams, from any worker. */
#include "bundle/record.h"

static void
entries(void)
{
    struct sp_entry entry;

    Frama_C_make_unknown((char *)&entry, sizeof(entry));
    (void)sp_entry_check(&entry);
    sp_entry_init(&entry, SP_ENTRY_FILE, SP_STREAM_QFILE, 0, 0);
}

static void
messages(void)
{
    struct sp_message message;

    Frama_C_make_unknown((char *)&message, sizeof(message));
    (void)sp_message_check(&message);
    sp_message_init(&message, SP_MESSAGE_END, 0, 0, 0);
}

static void
index_entries(void)
{
    struct sp_index_entry entry;
    uint8_t sha256[32];
    char name[300];

    Frama_C_make_unknown((char *)&entry, sizeof(entry));
    (void)sp_index_entry_check(&entry);
    Frama_C_make_unknown((char *)sha256, sizeof(sha256));
    Frama_C_make_unknown(name, sizeof(name));
    name[sizeof(name) - 1] = '\0';
    sp_index_entry_init(&entry, name, 0, 0, sha256);
}

static void
reports(void)
{
    struct sp_report report;
    struct sp_error err = {0};
    enum sp_worker_kind worker =
        (enum sp_worker_kind)Frama_C_unsigned_int_interval(0, 7);

    Frama_C_make_unknown((char *)&report, sizeof(report));
    if (sp_report_check(&report, worker))
        sp_report_get_error(&report, &err);
    sp_report_init(&report, worker, SP_REPORT_FAULT);
    sp_report_set_error(&report, &err);
}

static void
words(void)
{
    char word[16];
    enum sp_why why;

    Frama_C_make_unknown(word, sizeof(word));
    if (sp_why_parse(word, Frama_C_unsigned_long_interval(0, sizeof(word)),
                     &why))
        (void)sp_why_word(why);
    (void)sp_why_word(
        (enum sp_why)Frama_C_unsigned_int_interval(0, UINT32_MAX));
}

int
main(void)
{
    entries();
    messages();
    index_entries();
    reports();
    words();
    return 0;
}
