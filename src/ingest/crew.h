/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The crew: one delivery's workers, their pipes and report channels. Starts
 * them, reads whole records without ever blocking, notes how each one ended.
 */
#ifndef SP_INGEST_CREW_H
#define SP_INGEST_CREW_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/spawn.h"
#include "bundle/record.h"

enum { SP_CREW_MAX = 3 };

struct sp_hand {
    enum sp_worker_kind kind;
    pid_t pid;
    int report_fd; /* our end, non-blocking; -1 after its end */
    bool jailed, done, faulted;
    bool gone;      /* its channel ended by itself, not by us */
    uint64_t count; /* of its DONE record */
    struct sp_error fault;
    struct sp_ending ending;
    bool held;   /* the record was given back */
    size_t have; /* bytes of the record in the making */
    struct sp_report record;
};

struct sp_crew {
    struct sp_hand hands[SP_CREW_MAX];
    size_t n;
    /* sp_crew_hear ends with "interrupted" once it is not 0; may be NULL */
    const volatile sig_atomic_t *stop;
};

/* "unpack", "check", ... for messages. */
const char *sp_worker_name(enum sp_worker_kind kind);

/*
 * Starts program sallyport-NAME with these arguments behind argv[0].
 * fds: its descriptors 0, 1 and, if dir_fd >= 0, 4; -1 is /dev/null.
 */
int sp_crew_start(struct sp_crew *crew, enum sp_worker_kind kind,
                  const char *const *arguments, int in_fd, int out_fd,
                  int dir_fd, struct sp_error *err);

/*
 * Reads on: 1 and hand->record is whole and checked; 0 nothing now; -1 the
 * record is malformed. At the end of the channel report_fd becomes -1.
 */
int sp_crew_read(struct sp_hand *hand, struct sp_error *err);

/* Gives back the last record: the next read returns it again. */
void sp_crew_unread(struct sp_hand *hand);

/* Sends the go byte to all. */
int sp_crew_go(struct sp_crew *crew, struct sp_error *err);

/*
 * Listens to a crew of one until its channel ends, at most so many seconds
 * ("reason" then): says go when it is jailed, hands every other record but
 * FAULT and DONE to `take` (NULL: there may be any). Fails with its FAULT, or
 * with worker-died when it ends without a result. `what` it does, for
 * messages: "building the key home".
 */
int sp_crew_hear(struct sp_crew *crew, unsigned seconds, const char *reason,
                 const char *what,
                 int (*take)(void *data, const struct sp_report *report,
                             struct sp_error *err),
                 void *data, struct sp_error *err);

/*
 * Ends it: gives every worker `grace_ms` to exit by itself, kills the groups
 * of those that do not, collects all endings into the hands, leaves no
 * process behind ("worker-left") and closes the channels.
 */
int sp_crew_end(struct sp_crew *crew, unsigned grace_ms, struct sp_error *err);

#endif
