/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status lines of one `gpg --multifile --verify` run (GnuPG's
 * doc/DETAILS, "Format of the --status-fd output"), as a grammar: one block
 * FILE_START ... FILE_DONE for each file, in our order, whole lines, known
 * keywords. Pure: bytes in, one finding a file out. What the grammar does not
 * know is never good news: unknown in a block refuses the file, unknown
 * between blocks breaks the stream and with it every file.
 */
#ifndef SP_INGEST_STATUS_H
#define SP_INGEST_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* A user id has at most 2048 bytes (gpg), each escaped to 3. */
    SP_STATUS_LINE_MAX = 8192,
    /* A good signature makes about 600 bytes; long user ids more. */
    SP_STATUS_FILE_BYTES = 4 * SP_STATUS_LINE_MAX,
    SP_STATUS_NAME_MAX = 24,
};

/* The fields of VALIDSIG. */
struct sp_validsig {
    char fpr[41];
    char primary_fpr[41];
    uint64_t created;
    uint64_t expires; /* 0 = never */
    unsigned version;
    unsigned pubkey_algo;
    unsigned hash_algo;
    unsigned sig_class;
};

struct sp_status_file {
    char name[SP_STATUS_NAME_MAX]; /* as FILE_START must give it */
    bool may_notate;               /* its packet carries a notation */

    /* Found; meaningful only when the whole stream is complete. */
    bool good;                /* one GOODSIG, one VALIDSIG, nothing against */
    const char *reason;       /* else a word of reason.c */
    struct sp_validsig valid; /* of a good file */
};

struct sp_status_block {
    unsigned newsigs, goodsigs, validsigs, sig_ids;
    char key_id[17]; /* of GOODSIG: the last 16 digits it names */
};

struct sp_status {
    struct sp_status_file *files;
    size_t n_files, next; /* next: the file whose block is open or due */
    bool open, broken;
    bool failure; /* gpg told of a failed file at its end */
    struct sp_status_block block;
    size_t total, used;
    char line[SP_STATUS_LINE_MAX];
};

/* `files` belongs to the caller; the findings are reset. */
void sp_status_init(struct sp_status *status, struct sp_status_file *files,
                    size_t n_files);

/* Takes the next bytes. -1: the stream is broken and stays so. */
int sp_status_feed(struct sp_status *status, const char *untrusted_bytes,
                   size_t len);

/* True when every block was opened and closed and no half line is left. */
bool sp_status_complete(const struct sp_status *status);

#endif
