/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/jails.h"

#include <string.h>

#include "bundle/limits.h"

/*
 * Address space, not memory: thread stacks and malloc arenas count with all
 * they reserve. The package head buffer and the tables of check stay below
 * 64 MiB; gpg takes about 16 MiB and each thread of gpgme reserves 72 MiB;
 * createrepo_c runs some threads and holds the metadata of some packages.
 */
#define UNPACK_MEMORY (256 * SP_MIB)
#define CHECK_MEMORY (512 * SP_MIB)
#define VERIFY_MEMORY (1 * SP_GIB)
#define INDEX_MEMORY (4 * SP_GIB)

/* A message is one chunk at most; a key home is a few MiB. */
#define VERIFY_FILE (2 * SP_CHUNK_BYTES)

static void
start(struct sp_jail *ret, enum sp_jail_kind kind, unsigned keep_fds,
      uint64_t max_file, uint64_t max_memory)
{
    memset(ret, 0, sizeof(*ret));
    ret->kind = kind;
    ret->keep_fds = keep_fds;
    ret->max_file_bytes = max_file;
    ret->max_memory = max_memory;
}

/* What a program that is run in a jail finds there. */
static void
allow_program(struct sp_jail *jail, const char *program)
{
    sp_jail_allow(jail, program, SP_JAIL_EXECUTE);
    sp_jail_allow_libraries(jail);
    sp_jail_allow(jail, "/dev/null", SP_JAIL_READ | SP_JAIL_WRITE);
}

void
sp_jails_unpack(struct sp_jail *ret)
{
    start(ret, SP_JAIL_UNPACK, 4, 0, UNPACK_MEMORY);
}

void
sp_jails_check(int dirfd, uint64_t max_file, struct sp_jail *ret)
{
    if (dirfd < 0) {
        start(ret, SP_JAIL_CHECK, 4, 0, CHECK_MEMORY);
        return;
    }
    start(ret, SP_JAIL_CHECK, (unsigned)dirfd + 1, max_file, CHECK_MEMORY);
    sp_jail_allow_fd(ret, dirfd, SP_JAIL_CREATE);
}

void
sp_jails_verify(const char *home, const char *messages, const char *gpg,
                struct sp_jail *ret)
{
    start(ret, SP_JAIL_VERIFY, 4, VERIFY_FILE, VERIFY_MEMORY);
    allow_program(ret, gpg);
    sp_jail_require(ret, home, SP_JAIL_READ);
    sp_jail_require(ret, messages, SP_JAIL_READ | SP_JAIL_FILES);
}

void
sp_jails_make_home(const char *home, const char *keys, const char *gpg,
                   struct sp_jail *ret)
{
    start(ret, SP_JAIL_VERIFY, 4, VERIFY_FILE, VERIFY_MEMORY);
    allow_program(ret, gpg);
    sp_jail_require(ret, keys, SP_JAIL_READ);
    sp_jail_require(ret, home, SP_JAIL_READ | SP_JAIL_WRITE);
}

void
sp_jails_index(const char *stage, const char *output, const char *comps,
               uint64_t max_file, struct sp_jail *ret)
{
    start(ret, SP_JAIL_INDEX, 4, max_file, INDEX_MEMORY);
    sp_jail_require(ret, stage, SP_JAIL_READ);
    sp_jail_require(ret, output, SP_JAIL_READ | SP_JAIL_WRITE);
    if (comps)
        sp_jail_require(ret, comps, SP_JAIL_READ);
}

void
sp_jails_tool(const char *program, const char *stage, const char *output,
              const char *comps, uint64_t max_file, struct sp_jail *ret)
{
    start(ret, SP_JAIL_TOOL, 3, max_file, INDEX_MEMORY);
    allow_program(ret, program);
    sp_jail_allow(ret, "/usr/lib/rpm", SP_JAIL_READ);
    sp_jail_allow(ret, "/etc/rpm", SP_JAIL_READ);
    sp_jail_require(ret, stage, SP_JAIL_READ);
    sp_jail_require(ret, output, SP_JAIL_READ | SP_JAIL_WRITE);
    if (comps)
        sp_jail_require(ret, comps, SP_JAIL_READ);
}
