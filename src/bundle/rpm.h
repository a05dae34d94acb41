/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The package envelope, rpm v4 format: lead, signature header, padding, main
 * header. A strict profile (docs: sallyport-package(5)); what it refuses may
 * be legal rpm, what it accepts has exactly one reading.
 *
 * All functions are pure: memory in, facts out, no allocation, no I/O. They
 * read untrusted bytes; every index is checked against its length.
 */
#ifndef SP_BUNDLE_RPM_H
#define SP_BUNDLE_RPM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bundle/record.h"

/* A run of bytes inside the caller's buffer. */
struct sp_span {
    size_t offset;
    size_t size;
};

/*
 * How many bytes from the start of the file are needed to know more, given
 * the first `have`: 112, then up to the intro of the main header, then the
 * whole head. When *ret_need == have the head is complete. The file has
 * `file_size` bytes (UINT64_MAX if unknown): a head that cannot fit is refused
 * before memory is spent. Reasons: not-rpm, lead-*, header-magic,
 * index-count, data-size, truncated.
 */
int sp_rpm_need(const uint8_t *untrusted_head, size_t have, uint64_t file_size,
                size_t *ret_need, struct sp_error *err);

struct sp_rpm {
    struct sp_span signature_header; /* its intro included, padding not */
    struct sp_span main_header;      /* ends the head */
    struct sp_span signature;        /* the OpenPGP blob, untrusted bytes */
    uint32_t signature_tag;          /* 267 or 268 */
    struct sp_nevra nevra;
    bool is_source;
    uint64_t build_time;
    uint64_t installed_bytes;
    char payload_sha256[65]; /* lower-case hex, from tag 5092 */
    /* Unsigned digests of the main header; empty when the tag is absent. */
    char header_sha1[41];
    char header_sha256[65];
};

/*
 * Parses a complete head (exactly as long as sp_rpm_need said). Order of the
 * checks: lead, signature header grammar, padding, main header grammar,
 * format version, signature tags, then (sp_rpm_facts) the content of the
 * main header. Two steps because the signature packet profile is checked
 * between them, so that a bad packet is named before a missing digest.
 */
int sp_rpm_parse(const uint8_t *untrusted_head, size_t size,
                 struct sp_rpm *ret_rpm, struct sp_error *err);
int sp_rpm_facts(const uint8_t *untrusted_head, size_t size, struct sp_rpm *rpm,
                 struct sp_error *err);

/* "name-version-release.arch.rpm"; false if longer than SP_FILENAME_MAX. */
bool sp_nevra_filename(const struct sp_nevra *nevra, char *dst, size_t size);
/* "name-epoch:version-release.arch", epoch left out when 0. */
void sp_nevra_show(const struct sp_nevra *nevra, char *dst, size_t size);
/* "epoch:version-release", the epoch always written. */
void sp_nevra_evr(const struct sp_nevra *nevra, char *dst, size_t size);
/* The grammars of sallyport-package(5): exactly `len` bytes, bounded. */
bool sp_nevra_name_ok(const char *s, size_t len);
bool sp_nevra_version_ok(const char *s, size_t len); /* version and release */
bool sp_nevra_arch_ok(const char *s, size_t len);
enum { SP_NEVRA_SHOWN_MAX = 448 };

/*
 * Writes the canonical lead + signature header + padding for this package:
 * the tag of its signature, the canonical packet, SHA-256 of the main header,
 * sizes. Returns the number of bytes, 0 if dst is too small.
 */
enum { SP_RPM_PREFIX_MAX = 96 + 16 + 16 * 8 + 9216 };
size_t sp_rpm_prefix(const struct sp_rpm *rpm, const uint8_t *packet,
                     size_t packet_size, const uint8_t header_sha256[32],
                     uint64_t payload_bytes, uint8_t *dst, size_t size);

#endif
