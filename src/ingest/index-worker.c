/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metadata by sallyport-index, which is told what check knows of each
 * package, so that no payload is read again.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "bundle/rpm.h"
#include "ingest/crew.h"
#include "ingest/engine.h"
#include "ingest/index-write.h"

enum { INDEX_SECONDS = 3600, GRACE_MS = 500 };

const bool sp_index_is_worker = true;

static int
by_name(const void *a, const void *b)
{
    const struct sp_index_entry *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static int
describe(const struct sp_package *package, struct sp_index_entry *ret,
         struct sp_error *err)
{
    static const uint8_t none[32];
    const struct sp_report_package *facts = &package->facts;
    char file[SP_FILENAME_MAX + 1];

    if (memcmp(facts->stored_sha256, none, sizeof(none)) == 0)
        return sp_fail(err, "disagreement",
                       "check did not hash package %" PRIu64, package->index);
    if (!sp_nevra_filename(&facts->nevra, file, sizeof(file)))
        return sp_fail(err, "nevra",
                       "the name of package %" PRIu64 " is too long for a file",
                       package->index);
    sp_index_entry_init(ret, file, facts->file_bytes, facts->build_time,
                        facts->stored_sha256);
    return 0;
}

/*
 * All records in the order of their names, in a memory file: nobody waits
 * for anybody. Returns its descriptor, at its beginning.
 */
static int
list_packages(const struct sp_outcome *outcome, struct sp_error *err)
{
    size_t n = (size_t)outcome->n_packages;
    SP_AUTO_FREE struct sp_index_entry *list = calloc(n, sizeof(*list));
    SP_AUTO_FD fd = memfd_create("index", MFD_CLOEXEC);

    if (!list || fd < 0)
        return sp_fail(err, "no-memory", "no memory for the package list");
    for (size_t i = 0; i < n; i++)
        if (describe(&outcome->packages[i], &list[i], err) < 0)
            return -1;
    qsort(list, n, sizeof(*list), by_name);
    if (sp_write_full(fd, list, n * sizeof(*list)) < 0 ||
        lseek(fd, 0, SEEK_SET) != 0)
        return sp_fail_sys(err, errno, "index", "cannot list the packages");
    return sp_steal_fd(&fd);
}

/* "key=value" arguments. */
struct arguments {
    char text[6][4400];
    const char *list[7];
};

static struct arguments *
argue(const struct sp_index_plan *p)
{
    struct arguments *a = calloc(1, sizeof(*a));
    size_t n = 0;

    if (!a)
        return NULL;
    for (; n < 6; n++)
        a->list[n] = a->text[n];
    (void)snprintf(a->text[0], sizeof(*a->text), "stage=%s", p->stage);
    (void)snprintf(a->text[1], sizeof(*a->text), "output=%s", p->output);
    (void)snprintf(a->text[2], sizeof(*a->text), "number=%" PRIu64, p->number);
    (void)snprintf(a->text[3], sizeof(*a->text), "revision=%" PRIu64,
                   p->revision);
    (void)snprintf(a->text[4], sizeof(*a->text), "count=%" PRIu64,
                   p->outcome->n_packages);
    if (p->comps)
        (void)snprintf(a->text[5], sizeof(*a->text), "comps=%s", p->comps);
    else
        a->list[5] = NULL;
    return a;
}

static int
check_count(const struct sp_crew *crew, uint64_t count, struct sp_error *err)
{
    if (crew->hands[0].count == count)
        return 0;
    return sp_fail(err, "index",
                   "the index holds %" PRIu64 " of %" PRIu64 " packages",
                   crew->hands[0].count, count);
}

/* The only report before DONE. */
static int
take_jailed(void *data, const struct sp_report *report, struct sp_error *err)
{
    struct sp_outcome *outcome = data;

    (void)err;
    outcome->jails[SP_WORKER_INDEX] = report->body.jailed;
    return 0;
}

int
sp_index_write(const struct sp_index_plan *p, struct sp_error *err)
{
    SP_AUTO_FREE struct arguments *arguments = argue(p);
    SP_AUTO_FD list = list_packages(p->outcome, err);
    struct sp_crew crew = {.stop = sp_engine_stop_flag()};
    struct sp_error left = {0};
    int status;

    if (list < 0)
        return -1;
    if (!arguments)
        return sp_fail(err, "no-memory", "no memory for arguments");
    status = sp_crew_start(&crew, SP_WORKER_INDEX, arguments->list, list, -1,
                           -1, err);
    if (status == 0)
        status =
            sp_crew_hear(&crew, INDEX_SECONDS, "index", "writing the index",
                         take_jailed, p->outcome, err);
    if (status == 0)
        status = check_count(&crew, p->outcome->n_packages, err);
    if (sp_crew_end(&crew, status == 0 ? GRACE_MS : 0, &left) < 0 &&
        status == 0) {
        *err = left;
        status = -1;
    }
    return status;
}
