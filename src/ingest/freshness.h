/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How new a delivery is, and what signed metadata says of it: facts that
 * evidence.c finds, ratchet.c remembers and people are shown.
 */
#ifndef SP_INGEST_FRESHNESS_H
#define SP_INGEST_FRESHNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bundle/record.h"

enum { SP_LABEL_MAX = 65 };

/* One repository whose metadata came along. */
struct sp_repository {
    char label[SP_LABEL_MAX]; /* says the builder */
    struct sp_error error;    /* SP_OK: evidence; else why it is none */
    char primary_fpr[41];     /* who signed it */
    uint64_t revision;
    uint64_t signed_at;
    uint64_t packages; /* listed */
    bool first;        /* never seen here before */
};

/* A newer version than came, or than is installed, that signed metadata
 * lists and the delivery does not bring. */
struct sp_withheld {
    struct sp_nevra nevra;
    char label[SP_LABEL_MAX]; /* where it is listed */
};

struct sp_freshness {
    struct sp_repository *repositories;
    size_t n_repositories;
    struct sp_withheld *withheld;
    size_t n_withheld;
    uint64_t newest_build; /* of the packages, 0 = none */
    uint64_t proven;       /* newest good signature over metadata, 0 = none */
    uint64_t known;        /* newest of both ever seen here, 0 = none */
    uint64_t max_age;      /* seconds, 0 = no limit */
};

/* The time of the delivery itself: evidence counts before build times. */
static inline uint64_t
sp_freshness_time(const struct sp_freshness *f)
{
    return f->proven ? f->proven : f->newest_build;
}

/*
 * Older than the owner allows: reason "too-old". max_age 0 is no limit, and
 * what was never told (known 0) is not too old.
 */
int sp_freshness_judge(uint64_t known, uint64_t max_age, uint64_t now,
                       struct sp_error *err);

#endif
