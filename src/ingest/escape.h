/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The escape battery: every act that a taken-over worker may try, tried from
 * inside the very jail of that worker. An act is one row of a table; what is
 * allowed on purpose is a row as well, with its reason.
 *
 * Body of sallyport-escape, which `sallyport doctor` starts once an act. In
 * the kind "none" there is no jail: that is the control which shows that an
 * act works on this machine when nothing holds it.
 */
#ifndef SP_INGEST_ESCAPE_H
#define SP_INGEST_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/sandbox.h"

/* How an act must end in one kind of jail. */
enum sp_escape_end {
    SP_ESCAPE_ABSENT = 0, /* not tried there */
    SP_ESCAPE_KILLED,     /* SIGSYS */
    SP_ESCAPE_REFUSED,    /* an errno, see `error` */
    SP_ESCAPE_GRANTED,    /* on purpose, see `why` */
    SP_ESCAPE_ENDED,      /* SIGSYS; SIGSEGV where the processor has no such
                           * gate, for anybody */
    SP_ESCAPE_STOPPED,    /* goes on until its parent ends it, with all that
                           * it started */
};

/* Exit statuses beside 0 (got through) and 1 .. 199 (errno). */
enum { SP_ESCAPE_SETUP = 200, SP_ESCAPE_NO_JAIL = 201 };

/*
 * An act that only its parent stops tells it here that it has begun: one byte
 * from each of its processes.
 */
enum { SP_ESCAPE_BEGUN_FD = 3 };

/* Room for a path in the scratch directory. */
enum { SP_ESCAPE_PATH = 1024 };

/*
 * The world of an act, made before the jail closes. All of it lies in one
 * scratch directory.
 */
struct sp_escape_scene {
    bool pure;       /* unpack, check, vchan: a wrong call is death */
    uid_t user;      /* who we are */
    pid_t parent;    /* who started us */
    pid_t bystander; /* another process of the same user, not jailed */
    char secret[SP_ESCAPE_PATH]; /* a file outside of every jail */
    char victim[SP_ESCAPE_PATH]; /* one to destroy */
    char folder[SP_ESCAPE_PATH]; /* where both lie */
    char keyring[SP_ESCAPE_PATH];
    char keyhome[SP_ESCAPE_PATH];  /* verify: read only */
    char package[SP_ESCAPE_PATH];  /* index: read only; quarantine of the others
                                    */
    char reopened[SP_ESCAPE_PATH]; /* check: a package that is finished */
    char own[SP_ESCAPE_PATH];      /* a new file where this jail may write */
    char
        tool[SP_ESCAPE_PATH]; /* an executable file where this jail may write */
    char engine[64];          /* the program that this jail may run */
};

struct sp_escape_act {
    const char *name;
    const char *what;
    enum sp_escape_end unpack, check, verify, tool, index, vchan;
    int error;       /* the errno of REFUSED; 0 = EPERM, EACCES or ENOSYS */
    const char *why; /* of GRANTED */
    /* 0 when it got through, else the errno. */
    int (*run)(const struct sp_escape_scene *);
    /* Done before the jail closes, may be NULL. 0 or -1. */
    int (*prepare)(const struct sp_escape_scene *);
};

/* The tables, each ended by a row without a name. */
extern const struct sp_escape_act sp_escape_files[];
extern const struct sp_escape_act sp_escape_processes[];
extern const struct sp_escape_act sp_escape_kernel[];

/* Row i of all tables together, NULL behind the last. */
const struct sp_escape_act *sp_escape_at(size_t i);

/* The result of a system call as an act gives it. */
int sp_escape_result(long returned);

/*
 * Prints "NAME TAB END TAB ERRNO TAB WHAT TAB WHY" for each act of the jail
 * ("unpack", "check", "verify", "createrepo_c", "index", "vchan"; "none" lists
 * all).
 */
int sp_escape_list(const char *jail, struct sp_error *err);

/*
 * Sets the scene in `dir`, enters the jail, acts, and ends the process with
 * the result. Returns -1 when it does not come that far.
 */
int sp_escape_run(const char *jail, const char *act, const char *dir,
                  struct sp_error *err);

#endif
