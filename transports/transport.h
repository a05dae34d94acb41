/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carriers. A transport moves bytes between two places and understands none
 * of them. The table in carriers.h is the only place that knows the names;
 * a new carrier is one file and one line there. Generic code asks the
 * capability flags, never the name.
 */
#ifndef SP_TRANSPORTS_TRANSPORT_H
#define SP_TRANSPORTS_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum sp_transport_caps {
    SP_CAP_READ = 1 << 1,
    SP_CAP_WRITE = 1 << 2,
    SP_CAP_DUPLEX = 1 << 3,        /* can answer on the same channel */
    SP_CAP_PLAIN_FD = 1 << 4,      /* ->fd may be given to a worker as it is */
    SP_CAP_KNOWN_END = 1 << 5,     /* end is told apart from breaking off:
                                      behind the bundle the next read is 0 */
    SP_CAP_END_AT_MARKER = 1 << 6, /* the framing's marker is the end; what
                                      follows it is not looked at */
    SP_CAP_MEDIUM = 1 << 7,        /* a medium, not a peer: an early end or a
                                      read error is class media */
    SP_CAP_SERVICE = 1 << 8,       /* read side: somebody called us. ->peer
                                      must be the right one, either framing
                                      may come, and the exit status of the
                                      program is 0 or 1 */
};

enum sp_direction { SP_DIR_READ = 1, SP_DIR_WRITE = 2 };

struct sp_address {
    char scheme[16]; /* "file" for a bare path, "-" for the standard streams */
    char rest[4096]; /* behind the colon */
};

/* What a carrier is about to write over, as printable text. */
struct sp_overwrite {
    const char *path;   /* device node */
    const char *model;  /* "" = unknown */
    const char *serial; /* "" = it has none */
    uint64_t size;      /* bytes */
    const char *phrase; /* who repeats this means this device */
    bool never_asked;   /* the phrase counts only when it was given before */
};

/* Who answers for a write: carriers print nothing and ask nobody. */
struct sp_transport_user {
    void *data;
    /* 0 = yes, just this device. */
    int (*confirm)(void *data, const struct sp_overwrite *what,
                   struct sp_error *err);
    /* Called while finish works; -1 stops it, *err says why. */
    int (*watch)(void *data, const char *phase, uint64_t done, uint64_t total,
                 struct sp_error *err);
};

struct sp_transport {
    const struct sp_transport_ops *ops;
    enum sp_direction direction;
    int fd;              /* -1 when the carrier has no plain descriptor */
    uint64_t bytes;      /* moved so far */
    uint64_t max_bytes;  /* ceiling of bytes, set before open */
    uint64_t known_size; /* read side: bytes to come, 0 = unknown */
    bool ended;          /* read side: the end was seen */
    uint64_t room;       /* write side: bytes that fit, 0 = unknown */
    bool harmed;         /* write side: what was there is gone */
    bool failed;         /* a fault was reported; nothing works after it */
    char shown[192];     /* printable address */
    char peer[64];       /* read side of a service: who called, printable */
    const struct sp_transport_user *user; /* write side: may be NULL */
    void *data;                           /* the transport's own */
};

struct sp_transport_ops {
    const char *scheme;
    const char *summary; /* one line for --help and the man page */
    unsigned caps;
    /*
     * Opens the address. Nothing is read or written yet. A write side must
     * not harm what is there before the first byte is written.
     */
    int (*open)(struct sp_transport *, const struct sp_address *,
                struct sp_error *);
    /*
     * >0 bytes (may be short), 0 end, -1 fault. Never reads ahead of what it
     * hands out; after 0 or -1 it keeps saying so.
     */
    ssize_t (*read)(struct sp_transport *, void *buf, size_t len,
                    struct sp_error *);
    /* All of it, or a fault. */
    int (*write)(struct sp_transport *, const void *buf, size_t len,
                 struct sp_error *);
    /*
     * At most len bytes of a regular file, from where it stands, without
     * this process in between. >0 bytes moved, 0 none: they are read and
     * written as others are, -1 fault. Missing: always so.
     */
    ssize_t (*write_file)(struct sp_transport *, int file, size_t len,
                          struct sp_error *);
    /*
     * "That was all": trailer, flush, sync, rename. Everything that can
     * still fail fails here; before it the destination is not complete.
     */
    int (*finish)(struct sp_transport *, struct sp_error *);
    /*
     * Starts whoever moves the bytes, once those who read them are jailed:
     * open made the descriptor, not one byte is under way before this.
     * Missing: nothing has to be started.
     */
    int (*start)(struct sp_transport *, struct sp_error *);
    /*
     * Read side: called now and then while somebody else reads ->fd. Never
     * blocks. Missing: nothing needs it.
     */
    void (*tend)(struct sp_transport *);
    /*
     * Read side, when ->fd has ended: 0 if the sender said that this was
     * all, else why it ended. Missing: the end of ->fd is all there is to
     * know. Asked at most once, before answer. On the write side: 0 if those
     * who moved the bytes ended well.
     */
    int (*ending)(struct sp_transport *, struct sp_error *);
    /*
     * Tells the sender how it ended, after publishing (DUPLEX only). The
     * class is SP_OK or that of the refusal, the detail its word or "-".
     */
    int (*answer)(struct sp_transport *, enum sp_code, const char *detail,
                  struct sp_error *);
    /*
     * The same in bytes that are already made, for a framing that has an
     * answer of its own. Missing: no such framing comes this way.
     */
    int (*answer_bytes)(struct sp_transport *, const void *bytes, size_t len,
                        struct sp_error *);
    /*
     * Write side, after finish or a write that failed: waits for all that the
     * other side answers, at most size bytes of it. What it means is the
     * caller's matter, and so is ending, asked behind it. Missing: finish is
     * the last word.
     */
    ssize_t (*hear)(struct sp_transport *, void *untrusted, size_t size,
                    struct sp_error *);
    /* Cannot fail, may be called twice, frees; without finish it undoes. */
    void (*close)(struct sp_transport *);
};

/*
 * Splits "scheme:rest"; a bare path is "file", "-" is "-". A name with a
 * colon in front of the first slash is a scheme and must be known, else
 * "no-transport" lists those that are.
 */
int sp_address_parse(const char *text, struct sp_address *ret,
                     struct sp_error *err);

/* The operations of a scheme, NULL if unknown; entry i of the table. */
const struct sp_transport_ops *sp_transport_find(const char *scheme);
const struct sp_transport_ops *sp_transport_at(size_t i);

/*
 * Opens an address in one direction; refuses what the transport cannot do.
 * max_bytes 0 = no ceiling but SP_MAX of the caller's own.
 */
int sp_transport_open(struct sp_transport *t, const char *address,
                      enum sp_direction direction, uint64_t max_bytes,
                      struct sp_error *err);
/* As above for writing, with somebody who can be asked. */
int sp_transport_open_write(struct sp_transport *t, const char *address,
                            const struct sp_transport_user *user,
                            struct sp_error *err);
/*
 * So many bytes will be written: "space" when it is known that they do not
 * fit. Call before the first write; 0 = unknown.
 */
int sp_transport_expect(struct sp_transport *t, uint64_t bytes,
                        struct sp_error *err);
/*
 * Wrappers that own byte count and ceiling ("too-long"). close accepts a
 * zeroed struct and one that could not be opened.
 */
ssize_t sp_transport_read(struct sp_transport *t, void *buf, size_t len,
                          struct sp_error *err);
int sp_transport_write(struct sp_transport *t, const void *buf, size_t len,
                       struct sp_error *err);
ssize_t sp_transport_write_file(struct sp_transport *t, int file, size_t len,
                                struct sp_error *err);
int sp_transport_finish(struct sp_transport *t, struct sp_error *err);
/* These do nothing, with success, where the carrier has no such slot. */
int sp_transport_start(struct sp_transport *t, struct sp_error *err);
/*
 * A worker has ->fd now and ours is closed: the last one to close a medium
 * that is stuck waits for it, and that must not be us.
 */
void sp_transport_handed_over(struct sp_transport *t);
void sp_transport_tend(struct sp_transport *t);
int sp_transport_ending(struct sp_transport *t, struct sp_error *err);
int sp_transport_answer(struct sp_transport *t, enum sp_code code,
                        const char *detail, struct sp_error *err);
int sp_transport_answer_bytes(struct sp_transport *t, const void *bytes,
                              size_t len, struct sp_error *err);
/* 0 where the carrier has no such slot, or when nothing was answered. */
ssize_t sp_transport_hear(struct sp_transport *t, void *untrusted, size_t size,
                          struct sp_error *err);
void sp_transport_close(struct sp_transport *t);

#endif
