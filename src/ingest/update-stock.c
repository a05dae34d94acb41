/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/update-stock.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/lines.h"
#include "base/spawn.h"
#include "base/text.h"
#include "transports/process.h"

#define THERE "/var/lib/qubes/dom0-updates"
#define SCRIPT "/usr/lib/qubes/qubes-download-dom0-updates.sh"

enum { PATHS_MAX = 128, RPM_SECONDS = 60, TAR_MS = 10000 };

static const char *const tool_env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};

/* A step that must succeed there; what it prints is nobody's matter. */
static int
step(const struct sp_stock *stock, const char *user, const char *line,
     int in_fd, struct sp_error *err)
{
    const char *const command[] = {line, NULL};
    struct sp_vm_call call = stock->call;
    struct sp_vm_end end;

    call.user = user;
    call.command = command;
    call.in_fd = in_fd;
    call.quiet = true;
    if (sp_vm_run(&call, &end, err) < 0)
        return -1;
    if (end.status != 0)
        return sp_fail(err, "peer-gone",
                       "'%s' could not be prepared (exit status %d): %s",
                       call.qube, end.status, end.last);
    return 0;
}

/* ---- what goes there ---- */

/* The database's directory, without the leading slash. */
static int
find_database(const struct sp_stock *stock, char **ret, struct sp_error *err)
{
    static const char *const argv[] = {"rpm", "--eval", "%{_dbpath}", NULL};
    struct sp_spawn plan = {.path = "/usr/bin/rpm",
                            .argv = argv,
                            .envp = tool_env,
                            .fds = {-1},
                            .dirfd = -1};
    SP_AUTO_FREE char *text = NULL;

    if (stock->db_path)
        text = realpath(stock->db_path, NULL);
    else if (sp_spawn_run(&plan, RPM_SECONDS, 4096, &text, NULL, "io", err) < 0)
        return -1;
    if (text)
        text[strcspn(text, "\n")] = '\0';
    if (!text || text[0] != '/' || strchr(text, '\''))
        return sp_fail(err, "io", "cannot find the rpm database");
    *ret = strdup(text + 1);
    return *ret ? 0 : sp_fail(err, "no-memory", "no memory for a path");
}

/* What of it is there. */
static size_t
add_paths(const char **argv, size_t n, glob_t *keys)
{
    static const char *const paths[] = {"etc/yum/vars", "etc/yum.repos.d",
                                        "etc/yum.conf", "etc/dnf/dnf.conf"};
    char absolute[64];

    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        (void)snprintf(absolute, sizeof(absolute), "/%s", paths[i]);
        if (access(absolute, R_OK) == 0)
            argv[n++] = paths[i];
    }
    if (glob("/etc/pki/rpm-gpg/RPM-GPG-KEY-*", 0, NULL, keys) == 0)
        for (size_t i = 0; i < keys->gl_pathc && n < PATHS_MAX; i++)
            argv[n++] = keys->gl_pathv[i] + 1;
    return n;
}

static int
start_tar(const char *database, struct sp_process *process, int *ret_fd,
          struct sp_error *err)
{
    const char *argv[PATHS_MAX + 1] = {"tar", "-C", "/", "-c", database};
    struct sp_spawn plan = {.path = "/usr/bin/tar",
                            .argv = argv,
                            .envp = tool_env,
                            .fds = {-1, -1, -1},
                            .n_fds = 3,
                            .dirfd = -1};
    glob_t keys = {0};
    int ends[2], status;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a pipe");
    SP_AUTO_FD read_end = ends[0];
    SP_AUTO_FD write_end = ends[1];
    argv[add_paths(argv, 5, &keys)] = NULL;
    plan.fds[1] = write_end;
    status = sp_process_start(process, &plan, err);
    globfree(&keys);
    if (status < 0)
        return -1;
    *ret_fd = sp_steal_fd(&read_end);
    return 0;
}

/* Unpacked there, and the keys looked for where they are now. */
static int
send_files(const struct sp_stock *stock, const char *database,
           struct sp_error *err)
{
    static const char unpack[] =
        "tar -C " THERE " -x && for file in " THERE "/etc/yum.repos.d/*.repo; "
        "do [ ! -e \"$file\" ] || sed -i "
        "'s#gpgkey=file:///etc/pki/rpm-gpg#gpgkey=file://" THERE
        "/etc/pki/rpm-gpg#' \"$file\" || exit; done";
    struct sp_process tar = {0};
    struct sp_ending end = {.status = -1};
    SP_AUTO_FD fd = -1;
    int status = start_tar(database, &tar, &fd, err);

    if (status == 0)
        status = step(stock, NULL, unpack, fd, err);
    sp_close_fd(&fd);
    if (status == 0 && sp_process_wait(&tar, TAR_MS, &end, err) == 0 &&
        end.status != 0)
        status = sp_fail(err, "io", "cannot pack the rpm database");
    sp_process_end(&tar);
    return status;
}

static int
prepare(const struct sp_stock *stock, struct sp_error *err)
{
    SP_AUTO_FREE char *database = NULL;
    struct sp_text line = {0};
    int status;

    if (find_database(stock, &database, err) < 0 ||
        step(stock, "root", "mkdir -m 775 -p " THERE, -1, err) < 0 ||
        step(stock, "root",
             "chown -R \"$(qubesdb-read /default-user):qubes\" " THERE, -1,
             err) < 0)
        return -1;
    sp_text_add(&line, "rm -rf '" THERE "/etc' '" THERE "/%s'", database);
    status = line.failed ? sp_fail(err, "no-memory", "no memory for a command")
                         : step(stock, NULL, line.bytes, -1, err);
    sp_text_release(&line);
    return status == 0 ? send_files(stock, database, err) : -1;
}

/* ---- the script ---- */

static int
run_script(const struct sp_stock *stock, struct sp_vm_end *ret,
           struct sp_error *err)
{
    const char *command[] = {NULL, NULL};
    struct sp_vm_call call = stock->call;
    struct sp_text line = {0};
    int status;

    sp_text_add(&line, SCRIPT " --doit --nogui");
    if (stock->check_only)
        sp_text_add(&line, " --check-only");
    for (size_t i = 0; i < stock->options.n; i++) {
        sp_text_add(&line, " ");
        sp_vm_quote(&line, stock->options.word[i]);
    }
    command[0] = line.bytes;
    call.command = command;
    call.in_fd = -1;
    status = line.failed ? sp_fail(err, "no-memory", "no memory for a command")
                         : sp_vm_run(&call, ret, err);
    sp_text_release(&line);
    return status;
}

int
sp_stock_run(const struct sp_stock *stock, struct sp_vm_end *ret,
             struct sp_error *err)
{
    return prepare(stock, err) < 0 ? -1 : run_script(stock, ret, err);
}
