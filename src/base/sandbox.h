/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The jails: which rungs, which calls, as data. Rungs in order: every
 * descriptor but the named ones closed, rlimits, no capabilities,
 * no_new_privs, Landlock, seccomp. Every rung must hold; one that cannot be set
 * is reason "sandbox" and the worker ends. No compile-time probe and no option
 * removes one.
 */
#ifndef SP_BASE_SANDBOX_H
#define SP_BASE_SANDBOX_H

#include <stdint.h>

#include "base/error.h"

enum sp_jail_kind {
    SP_JAIL_UNPACK = 1, /* no file system at all; eight calls, else death */
    SP_JAIL_CHECK = 2,  /* + create and write beneath the given directories */
    SP_JAIL_VERIFY = 3, /* runs gpg: errno list instead of a kill list */
    SP_JAIL_TOOL = 4,   /* runs createrepo_c: as verify, other paths */
    SP_JAIL_VCHAN = 5,  /* moves bytes between a vchan and pipes; or death */
    SP_JAIL_INDEX = 6,  /* works with a foreign library: as TOOL, but starts
                           nothing and maps no code */
};

/* What a jailed process may do beneath a path. */
enum {
    SP_JAIL_READ = 1 << 1,    /* read files, list directories */
    SP_JAIL_EXECUTE = 1 << 2, /* execute (files only; implies read) */
    SP_JAIL_WRITE = 1 << 3,   /* make and write plain files and directories,
                                 remove and rename its own */
    SP_JAIL_CREATE = 1 << 4,  /* make plain files and write them, no more */
    SP_JAIL_FILES = 1 << 5,   /* the same, and remove them */
};

struct sp_jail_path {
    const char *path; /* or NULL, then */
    int fd;           /* an open directory */
    unsigned rights;
};

enum { SP_JAIL_PATHS_MAX = 24 };

struct sp_jail {
    enum sp_jail_kind kind;
    uint64_t max_file_bytes; /* RLIMIT_FSIZE; 0 = none may be written */
    uint64_t max_memory;     /* RLIMIT_AS in bytes */
    unsigned keep_fds;       /* descriptors 0 .. keep_fds-1 stay open */
    size_t n_paths;
    struct sp_jail_path paths[SP_JAIL_PATHS_MAX];
};

struct sp_jail_state {
    uint32_t landlock_abi;
    uint32_t seccomp; /* 1 = kill list, 2 = errno list */
};

/*
 * Adds a path that exists; one that does not exist is left out (library
 * folders differ between distributions).
 */
void sp_jail_allow(struct sp_jail *jail, const char *path, unsigned rights);
/* Without this path the jail is not entered: reason "sandbox". */
void sp_jail_require(struct sp_jail *jail, const char *path, unsigned rights);
void sp_jail_allow_fd(struct sp_jail *jail, int fd, unsigned rights);
/* What every dynamically linked program needs: loader, libraries, /etc/ld.* */
void sp_jail_allow_libraries(struct sp_jail *jail);

/* Enters the jail for good. ret_state may be NULL. */
int sp_jail_enter(const struct sp_jail *jail, struct sp_jail_state *ret_state,
                  struct sp_error *err);

/* Which rungs this kernel has, without entering anything: for doctor. */
int sp_jail_probe(struct sp_jail_state *ret_state, struct sp_error *err);

#endif
