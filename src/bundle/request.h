/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a machine has and wants, format 1 (sallyport-request(5)): a header of
 * "key value" lines in a fixed order, the installed packages, a count and a
 * digest. The trusted machine prints it; the builder parses it.
 *
 * The parser works on one buffer, allocates nothing and checks everything in
 * one pass. The walks afterwards cannot fail. A view points into the buffer
 * and is not terminated.
 */
#ifndef SP_BUNDLE_REQUEST_H
#define SP_BUNDLE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/lines.h"
#include "bundle/record.h"

enum {
    SP_REQUEST_MAX_BYTES = 16 * 1024 * 1024,
    SP_REQUEST_MAX_LINE = 4096, /* its LF included */
    SP_REQUEST_MAX_PACKAGES = 20000,
    SP_REQUEST_MAX_DAYS = 366,
    SP_REQUEST_ID = 33, /* 32 lower-case hex digits and NUL */
};

struct sp_view {
    const char *bytes;
    size_t size;
};

bool sp_view_is(struct sp_view view, const char *word);

/* What the person asks for, in the words of dnf. */
enum sp_action {
    SP_ACTION_NONE = 0,
    SP_ACTION_UPGRADE = 1,
    SP_ACTION_INSTALL = 2,
    SP_ACTION_REINSTALL = 3,
    SP_ACTION_DOWNGRADE = 4,
    SP_ACTION_DISTRO_SYNC = 5,
    SP_ACTION_DOWNLOAD = 6, /* the named packages and what they need */
    SP_ACTION_CHECK = 7,    /* are there updates? nothing is downloaded */
    SP_ACTION_LIST = 8,     /* as check; the specs narrow what is listed */
};

const char *sp_action_word(enum sp_action action); /* "-" for none */
bool sp_action_parse(struct sp_view word, enum sp_action *ret);
/* Install, reinstall, downgrade and download are nothing without a spec. */
bool sp_action_needs_spec(enum sp_action action);

/* The keys of the header, in the order in which they must stand. */
enum sp_request_key {
    SP_REQUEST_KEY_ID = 0,         /* once: 32 hex digits */
    SP_REQUEST_KEY_CREATED = 1,    /* once: YYYY-MM-DD */
    SP_REQUEST_KEY_VALID_DAYS = 2, /* once: 1 to 366 */
    SP_REQUEST_KEY_ACTION = 3,     /* once */
    SP_REQUEST_KEY_SPEC = 4,
    SP_REQUEST_KEY_ARCH = 5,       /* once: of the machine: x86_64 */
    SP_REQUEST_KEY_BASEARCH = 6,   /* once */
    SP_REQUEST_KEY_RELEASEVER = 7, /* once */
    SP_REQUEST_KEY_VAR = 8,        /* NAME VALUE, for repository files */
    SP_REQUEST_KEY_OPT = 9,        /* NAME VALUE */
    SP_REQUEST_KEY_LIMIT = 10,     /* NAME NUMBER */
    SP_REQUEST_KEY_SEEN = 11,      /* REPO REVISION TIME SHA256|- */
    SP_REQUEST_KEY_REPO_FILE = 12, /* NAME, and a block: a dnf .repo file */
    SP_REQUEST_KEY_PUBKEY = 13,    /* NAME, and a block: an armored key */
};

struct sp_request {
    const char *text;
    size_t size;
    char id[SP_REQUEST_ID];
    enum sp_action action;
    struct sp_view created; /* YYYY-MM-DD */
    uint64_t valid_days;
    struct sp_view arch, basearch, releasever;
    uint64_t limit_bytes, limit_files; /* UINT64_MAX = none */
    uint64_t specs, repo_files;        /* how many of them */
    uint64_t packages;                 /* installed; at least 1 */
    size_t fields_at, packages_at;     /* private to the walks */
};

/*
 * Parses `size` bytes, which must stay in place as long as *ret is used.
 * Reasons: request-size, request-version (also an unknown key),
 * request-truncated, request-digest, request-syntax, request-count,
 * request-empty. Messages name the line.
 */
int sp_request_parse(const char *untrusted_text, size_t size,
                     struct sp_request *ret, struct sp_error *err);

/* One header line. */
struct sp_request_field {
    enum sp_request_key key;
    struct sp_view value; /* behind "KEY " */
    struct sp_view block; /* raw lines, each with its leading space and LF */
};

/*
 * The next header line with this key. *cursor is 0 at first. Keys that begin
 * with "x-" are never met.
 */
bool sp_request_next(const struct sp_request *request, enum sp_request_key key,
                     size_t *cursor, struct sp_request_field *ret);

/* Splits "NAME VALUE" at the first space; false when there is none. */
bool sp_view_split(struct sp_view view, struct sp_view *ret_name,
                   struct sp_view *ret_value);

/*
 * The next value of `opt NAME VALUE` (or var, limit). NAMEs of opt:
 *   weakdeps best allowerasing vendorchange    yes or no
 *   installonly-limit                          number
 *   installonly exclude protect                name or glob, repeated
 *   enablerepo disablerepo repoid              id or glob, repeated, in order
 */
bool sp_request_named(const struct sp_request *request, enum sp_request_key key,
                      const char *name, size_t *cursor,
                      struct sp_view *ret_value);

/* A yes-or-no option: the last that was given. */
bool sp_request_flag(const struct sp_request *request, const char *opt,
                     bool fallback);

/* A block without the leading spaces: malloc'ed, NUL terminated, or NULL. */
char *sp_request_block(struct sp_view block, size_t *ret_size);

struct sp_request_package {
    struct sp_nevra nevra;
    struct sp_view vendor; /* empty = none */
    struct sp_view lines;  /* private to sp_request_line */
};

/* The next installed package; *cursor is 0 at first. */
bool sp_request_package(const struct sp_request *request, size_t *cursor,
                        struct sp_request_package *ret);

/*
 * The order of packages: bytes of name, epoch, bytes of version, release,
 * arch. 0 = may not stand together.
 */
int sp_request_order(const struct sp_nevra *a, const struct sp_nevra *b);

/* "NAME EPOCH VERSION RELEASE ARCH", as it stands behind "@ ". */
bool sp_request_nevra(struct sp_view text, struct sp_nevra *ret);

/*
 * The next line of a package; *cursor is 0 at first. *ret_kind:
 *   p provides, r requires, o obsoletes, c conflicts, m recommends,
 *   s suggests, u supplements, e enhances ("name", "name op evr", or a rich
 *   dependency as rpm writes it), f a file (an absolute path).
 */
bool sp_request_line(const struct sp_request_package *package, size_t *cursor,
                     char *ret_kind, struct sp_view *ret_value);

/* ---- the writer (trusted machine) ---- */

struct sp_request_writer {
    FILE *out; /* adds to text */
    struct sp_text text;
    uint64_t packages;
};

/* Fields and packages must be given in order; sp_request_write_end checks. */
int sp_request_write_begin(struct sp_request_writer *writer,
                           struct sp_error *err);
/* Fails with "usage" when the value is none for this key. */
int sp_request_write_field(struct sp_request_writer *writer,
                           enum sp_request_key key, struct sp_error *err,
                           const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* After a repo-file or pubkey field: `text`, line by line, CR dropped. */
void sp_request_write_block(struct sp_request_writer *writer, const char *text,
                            size_t size);
void sp_request_write_package(struct sp_request_writer *writer,
                              const struct sp_nevra *nevra,
                              struct sp_view vendor);
void sp_request_write_line(struct sp_request_writer *writer, char kind,
                           struct sp_view value);
/*
 * Closes it with count and digest and reads it back with the parser. The
 * text is malloc'ed and belongs to the caller. Fails like the parser.
 */
int sp_request_write_end(struct sp_request_writer *writer, char **ret_text,
                         size_t *ret_size, struct sp_error *err);
void sp_request_write_release(struct sp_request_writer *writer);

#endif
