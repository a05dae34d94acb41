/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MANIFEST of a bundle, format 1 (sallyport-bundle(5)):
 *
 *   bundle 1
 *   request ID                                        none or more, sorted
 *   evidence NAME SIZE SHA256 KIND LABEL              none or more, sorted
 *   package NAME SIZE HEADSIZE HEADSHA256 N E:V-R A WHY    none or more, sorted
 *   total MEMBERS BYTES
 *   end SHA256                                        of all bytes before it
 *
 * Fields are separated by one space, lines end with LF, the file ends with
 * the end line. It is a hint for completeness and early refusal, never
 * trusted for more. The parser works on one buffer, allocates nothing and
 * checks everything in one pass; the walk afterwards cannot fail.
 */
#ifndef SP_BUNDLE_MANIFEST_H
#define SP_BUNDLE_MANIFEST_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "bundle/cursor.h"
#include "bundle/record.h"

enum sp_member_kind { SP_MEMBER_EVIDENCE = 1, SP_MEMBER_PACKAGE = 2 };

struct sp_member {
    uint64_t size;
    uint64_t head_size; /* package */
    enum sp_member_kind kind;
    enum sp_evidence evidence; /* evidence */
    enum sp_why why;           /* package */
    struct sp_nevra nevra;     /* package; untrusted, syntax checked */
    /* package: of the first head_size bytes; evidence: of all of it */
    uint8_t sha256[32];
    char label[65]; /* evidence: repository id, [A-Za-z0-9._:-]{1,64} */
};

struct sp_manifest {
    struct sp_cursor text;
    uint64_t requests, evidence, packages;
    uint64_t bytes;           /* sum of the member sizes */
    uint64_t max_member;      /* the largest of them */
    struct sp_cursor members; /* for sp_manifest_next */
};

/*
 * Parses `size` bytes of text, which must stay in place as long as *ret is
 * used. Reasons: manifest-size, manifest-version, manifest-syntax,
 * manifest-order, manifest-total, manifest-digest, too-many-files,
 * too-many-bytes, file-too-large, member-name, duplicate-nevra.
 */
int sp_manifest_parse(const char *untrusted_text, size_t size,
                      struct sp_manifest *ret, struct sp_error *err);

/* Request id number i (0 based), 33 bytes with NUL. i < requests. */
void sp_manifest_request(const struct sp_manifest *manifest, uint64_t i,
                         char ret_id[33]);

/* The next member in order; false behind the last one. */
bool sp_manifest_next(struct sp_manifest *manifest, struct sp_member *ret);

/* ---- the writer (builder) ---- */

/*
 * Prints a manifest. requests: sorted ids. members: evidence first, then
 * packages, each in their canonical order; member names come from position.
 * *ret_text is malloc'ed, NUL terminated. Fails like the parser would.
 */
int sp_manifest_print(const char *const *requests, size_t n_requests,
                      const struct sp_member *members, size_t n_members,
                      char **ret_text, size_t *ret_size, struct sp_error *err);

const char *sp_evidence_word(enum sp_evidence evidence);

/*
 * The order of members: evidence first, by label and kind; then packages, by
 * bytes of name, "epoch:version-release", arch. 0 = may not stand together.
 */
int sp_member_compare(const struct sp_member *a, const struct sp_member *b);

#endif
