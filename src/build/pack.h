/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Package files to one bundle (sallyport-bundle(5)) or another framing
 * (outlet.h), the same bytes for the
 * same packages. Two passes: the heads are read and judged with the parser
 * of the trusted side, so that nothing is sent which would be refused there
 * for its form; then the bytes are written, and proven on their way.
 *
 * Our own writer, not libarchive's: the canonical header is twelve fields,
 * and tar.h has it for both sides.
 */
#ifndef SP_BUILD_PACK_H
#define SP_BUILD_PACK_H

#include "build/hooks.h"
#include "build/outlet.h"
#include "bundle/manifest.h"
#include "transports/transport.h"

/* How the bytes of a package are proven while they are written. */
enum sp_pack_proof {
    SP_PROOF_PAYLOAD = 0, /* by the digest in its own header */
    SP_PROOF_FILE = 1,    /* by the SHA-256 that was asked for */
    SP_PROOF_DONE = 2,    /* they were hashed when they arrived */
};

struct sp_pack_source {
    const char *shown; /* path or URL, for messages; made printable there */
    int dirfd;         /* AT_FDCWD, or the cache */
    const char *path;
    enum sp_why why;
    enum sp_pack_proof proof;
    uint8_t sha256[32]; /* for SP_PROOF_FILE */
};

/* Signed metadata of a repository, a file named by its digest. */
struct sp_pack_evidence {
    enum sp_evidence kind;
    const char *label; /* the repository's id */
    int dirfd;
    const char *path;
    uint64_t size;
    uint8_t sha256[32];
};

/* All that goes into one bundle. */
struct sp_pack_load {
    const struct sp_pack_source *sources;
    size_t n;
    const struct sp_pack_evidence *evidence; /* in the order of MANIFEST */
    size_t n_evidence;
    const char *const *requests; /* ids, sorted */
    size_t n_requests;
};

struct sp_pack_result {
    uint64_t packages;
    uint64_t bytes; /* of the bundle */
};

/*
 * Writes and finishes `out`, whose carrier is open for writing; the
 * caller closes it, and without success nothing is left there. A qfile has no
 * place for evidence. A file that changes meanwhile is a fault. Reasons: those
 * of the package parsers, source-package, duplicate-nevra,
 * payload-digest-mismatch, list-digest, file-too-large, too-many-files,
 * not-found, io, and those of the carrier and the hooks; each names the file.
 */
int sp_pack(const struct sp_pack_load *load, struct sp_outlet *out,
            const struct sp_build_hooks *hooks, struct sp_pack_result *ret,
            struct sp_error *err);

#endif
