/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/path.h"
#include "bundle/limits.h"
#include "ingest/jails.h"
#include "transports/vchan-jail.h"

#define GPG "/usr/bin/gpg"
#define CREATEREPO "/usr/bin/createrepo_c"

/* Ceiling of one file in the battery: reached quickly. */
#define FILE_CEILING (1 * SP_MIB)

/* Where a jailed check finds its quarantine. */
enum { QUARANTINE_FD = 4 };

/* Folders of the scratch directory. */
#define OUTSIDE "outside"
#define KEYHOME "keyhome"
#define KEYS "keys"
#define MESSAGES "messages"
#define PACKAGES "packages"
#define OUTPUT "output"
#define QUARANTINE "quarantine"

enum kind {
    KIND_NONE = 0,
    KIND_UNPACK,
    KIND_CHECK,
    KIND_VERIFY,
    KIND_TOOL,
    KIND_INDEX,
    KIND_VCHAN,
};

static const char *const kind_names[] = {
    "none", "unpack", "check", "verify", "createrepo_c", "index", "vchan"};

/* The one folder of each kind in which it may write; "none": like verify. */
static const char *const own_folders[] = {
    MESSAGES, OUTSIDE, QUARANTINE, MESSAGES, OUTPUT, OUTPUT, OUTSIDE};

/* ---- the tables -------------------------------------------------------- */

static const struct sp_escape_act *const tables[] = {
    sp_escape_files,
    sp_escape_processes,
    sp_escape_kernel,
};

const struct sp_escape_act *
sp_escape_at(size_t i)
{
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (const struct sp_escape_act *act = tables[t]; act->name; act++)
            if (i-- == 0)
                return act;
    return NULL;
}

int
sp_escape_result(long returned)
{
    return returned < 0 ? errno : 0;
}

static int
parse_kind(const char *jail, enum kind *ret, struct sp_error *err)
{
    for (unsigned i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++)
        if (strcmp(jail, kind_names[i]) == 0) {
            *ret = (enum kind)i;
            return 0;
        }
    return sp_fail(err, "usage", "no jail of this kind");
}

static enum sp_escape_end
expected(const struct sp_escape_act *act, enum kind kind)
{
    switch (kind) {
    case KIND_NONE: return SP_ESCAPE_GRANTED;
    case KIND_UNPACK: return act->unpack;
    case KIND_CHECK: return act->check;
    case KIND_VERIFY: return act->verify;
    case KIND_TOOL: return act->tool;
    case KIND_INDEX: return act->index;
    case KIND_VCHAN: return act->vchan;
    }
    return SP_ESCAPE_ABSENT;
}

int
sp_escape_list(const char *jail, struct sp_error *err)
{
    static const char *const ends[] = {"absent",  "killed", "refused",
                                       "granted", "ended",  "stopped"};
    const struct sp_escape_act *act;
    enum kind kind;

    if (parse_kind(jail, &kind, err) < 0)
        return -1;
    for (size_t i = 0; (act = sp_escape_at(i)) != NULL; i++)
        if (expected(act, kind) != SP_ESCAPE_ABSENT)
            (void)printf("%s\t%s\t%d\t%s\t%s\n", act->name,
                         ends[expected(act, kind)], act->error, act->what,
                         act->why ? act->why : "-");
    return 0;
}

static const struct sp_escape_act *
find(const char *name)
{
    const struct sp_escape_act *act;

    for (size_t i = 0; (act = sp_escape_at(i)) != NULL; i++)
        if (strcmp(act->name, name) == 0)
            return act;
    return NULL;
}

/* ---- the scene --------------------------------------------------------- */

static int
place(char dst[SP_ESCAPE_PATH], const char *dir, const char *name,
      struct sp_error *err)
{
    int len = snprintf(dst, SP_ESCAPE_PATH, "%s/%s", dir, name);

    if (len < 0 || len >= SP_ESCAPE_PATH)
        return sp_fail(err, "usage", "scratch directory has a long name");
    return 0;
}

static int
write_file(const char *path, mode_t mode, const char *text,
           struct sp_error *err)
{
    SP_AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    if (fd < 0 || sp_write_full(fd, text, strlen(text)) < 0)
        return sp_fail_sys(err, errno, "io", "cannot set the scene");
    return 0;
}

static int
make_folders(const char *dir, struct sp_error *err)
{
    static const char *const folders[] = {
        OUTSIDE, KEYHOME, KEYS, MESSAGES, PACKAGES, OUTPUT, QUARANTINE};
    char path[SP_ESCAPE_PATH];

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        if (place(path, dir, folders[i], err) < 0 ||
            sp_path_make_dirs(path, 0700, err) < 0)
            return -1;
    return 0;
}

static int
name_files(const char *dir, enum kind kind, struct sp_escape_scene *s,
           struct sp_error *err)
{
    char folder[SP_ESCAPE_PATH];

    if (place(folder, dir, own_folders[kind], err) < 0 ||
        place(s->own, folder, "new", err) < 0 ||
        place(s->tool, folder, "tool", err) < 0 ||
        place(s->folder, dir, OUTSIDE, err) < 0 ||
        place(s->secret, dir, OUTSIDE "/secret", err) < 0 ||
        place(s->victim, dir, OUTSIDE "/victim", err) < 0 ||
        place(s->keyhome, dir, KEYHOME "/new", err) < 0 ||
        place(s->keyring, dir, KEYHOME "/pubring.kbx", err) < 0 ||
        place(s->package, dir, PACKAGES "/000001.rpm", err) < 0 ||
        place(s->reopened, dir, QUARANTINE "/000001.rpm", err) < 0)
        return -1;
    (void)snprintf(s->engine, sizeof(s->engine), "%s",
                   kind == KIND_TOOL ? CREATEREPO : GPG);
    return 0;
}

static int
write_files(const struct sp_escape_scene *s, struct sp_error *err)
{
    (void)unlink(s->own);
    (void)unlink(s->keyhome);
    if (write_file(s->secret, 0600, "secret\n", err) < 0 ||
        write_file(s->victim, 0600, "victim\n", err) < 0 ||
        write_file(s->keyring, 0600, "keys\n", err) < 0 ||
        write_file(s->package, 0600, "package\n", err) < 0 ||
        write_file(s->reopened, 0600, "package\n", err) < 0 ||
        write_file(s->tool, 0700, "#!/bin/sh\nexit 0\n", err) < 0)
        return -1;
    return 0;
}

/* A process of the same user outside of the jail: it stands for all others. */
static int
start_bystander(struct sp_escape_scene *s, struct sp_error *err)
{
    const pid_t self = getpid();
    const pid_t pid = fork();

    if (pid < 0)
        return sp_fail_sys(err, errno, "internal", "cannot fork");
    if (pid == 0) {
        /*
         * Where Landlock scopes signals, not even the death signal of a
         * jailed process gets out: the alarm ends what nobody sweeps up.
         */
        (void)close_range(0, ~0u, 0);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        (void)alarm(20);
        while (getppid() == self)
            (void)pause();
        _exit(0);
    }
    s->bystander = pid;
    return 0;
}

static int
set_scene(const char *dir, enum kind kind, struct sp_escape_scene *s,
          struct sp_error *err)
{
    memset(s, 0, sizeof(*s));
    s->pure = kind == KIND_UNPACK || kind == KIND_CHECK || kind == KIND_VCHAN;
    s->user = getuid();
    s->parent = getppid();
    if (make_folders(dir, err) < 0 || name_files(dir, kind, s, err) < 0 ||
        write_files(s, err) < 0)
        return -1;
    return start_bystander(s, err);
}

/* ---- the jail ---------------------------------------------------------- */

static int
open_quarantine(const char *dir, struct sp_error *err)
{
    char path[SP_ESCAPE_PATH];
    SP_AUTO_FD fd = -1;

    if (place(path, dir, QUARANTINE, err) < 0)
        return -1;
    fd = sp_path_open_dir(AT_FDCWD, path, err);
    if (fd < 0)
        return -1;
    if (fd == QUARANTINE_FD)
        return sp_steal_fd(&fd);
    if (dup3(fd, QUARANTINE_FD, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot set descriptor");
    return QUARANTINE_FD;
}

static int
enter(const char *dir, enum kind kind, struct sp_error *err)
{
    char home[SP_ESCAPE_PATH], messages[SP_ESCAPE_PATH],
        packages[SP_ESCAPE_PATH], output[SP_ESCAPE_PATH];
    struct sp_jail jail;

    if (place(home, dir, KEYHOME, err) < 0 ||
        place(messages, dir, MESSAGES, err) < 0 ||
        place(packages, dir, PACKAGES, err) < 0 ||
        place(output, dir, OUTPUT, err) < 0)
        return -1;
    switch (kind) {
    case KIND_NONE: return 0;
    case KIND_UNPACK: sp_jails_unpack(&jail); break;
    case KIND_CHECK:
        if (open_quarantine(dir, err) < 0)
            return -1;
        sp_jails_check(QUARANTINE_FD, FILE_CEILING, &jail);
        break;
    case KIND_VERIFY: sp_jails_verify(home, messages, GPG, &jail); break;
    case KIND_TOOL:
        sp_jails_tool(CREATEREPO, packages, output, NULL, FILE_CEILING, &jail);
        break;
    case KIND_INDEX:
        sp_jails_index(packages, output, NULL, FILE_CEILING, &jail);
        break;
    case KIND_VCHAN: sp_vchan_jail_fill(QUARANTINE_FD, &jail); break;
    }
    return sp_jail_enter(&jail, NULL, err);
}

int
sp_escape_run(const char *jail, const char *act_name, const char *dir,
              struct sp_error *err)
{
    /* Static: an act that forks must not find a small stack. */
    static struct sp_escape_scene scene;
    const struct sp_escape_act *act = find(act_name);
    enum kind kind;

    if (!act)
        return sp_fail(err, "usage", "no act of this name");
    if (parse_kind(jail, &kind, err) < 0 ||
        set_scene(dir, kind, &scene, err) < 0)
        return -1;
    if (act->prepare && act->prepare(&scene) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot prepare '%s'",
                           act->name);
    if (enter(dir, kind, err) < 0)
        return -1;
    _exit(act->run(&scene));
}
