/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A chunk of messages that one gpg judges, with a negative control among
 * them. Whatever is wrong with the engine refuses all that it was asked.
 */
#ifndef SP_INGEST_BATCH_H
#define SP_INGEST_BATCH_H

#include "bundle/record.h"
#include "bundle/sigpacket.h"
#include "ingest/keytable.h"
#include "ingest/status.h"

/* Refused until judged otherwise. */
struct sp_batch_item {
    uint64_t index;
    bool is_evidence; /* repomd.xml, not the header of a package */
    enum sp_verdict verdict;
    bool waiting; /* file `name` is there for gpg to judge */
    struct sp_error error;
    uint8_t header_sha256[32];
    uint8_t issuer[8];
    char name[SP_STATUS_NAME_MAX];
    uint32_t header_size;

    /* What gpg must say: from the packet and the key table. */
    bool may_notate;
    struct sp_validsig expected;
};

struct sp_batch {
    const char *gpg;
    const char *home;
    int dirfd; /* of the message files, also the working directory */
    size_t n_items;
    uint64_t bytes;
    struct sp_batch_item items[SP_CHUNK_PACKAGES];

    struct sp_error trouble; /* the engine failed: it is not asked again */
    struct sp_status status;
    struct sp_status_file files[SP_CHUNK_PACKAGES + 1];
};

/*
 * A name for a message file: a random number, so that nothing distinguishes
 * the control from its neighbours.
 */
int sp_batch_name(char dst[SP_STATUS_NAME_MAX], struct sp_error *err);

/* The expectations of an item, from its packet and key. */
void sp_batch_expect(struct sp_batch_item *item,
                     const struct sp_sigpacket *packet,
                     const struct sp_key *key);

/* Judges what waits and removes the message files. */
void sp_batch_judge(struct sp_batch *batch);

#endif
