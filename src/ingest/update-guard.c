/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/update-guard.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/spawn.h"
#include "base/text.h"
#include "ingest/generation.h"

enum {
    TABLE_BYTES_MAX = 4 * 1024 * 1024,
    TOOL_SECONDS = 60,
    TOOL_BYTES_MAX = 1024 * 1024,
    PATH_BYTES = 4096,
};

static const char *const tool_env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                       "LC_ALL=C", NULL};

/* ---- boot partitions ---- */

/* Word number `wanted` of a line, counted from 0; of no length when there is
 * none. */
static const char *
field(const char *line, unsigned wanted, size_t *ret_len)
{
    for (;; wanted--) {
        line += strspn(line, " \t");
        *ret_len = strcspn(line, " \t\n");
        if (wanted == 0 || *ret_len == 0)
            return line;
        line += *ret_len;
    }
}

static bool
is(const char *word, size_t len, const char *wanted)
{
    return len == strlen(wanted) && memcmp(word, wanted, len) == 0;
}

/* Is noauto one of the options, which have commas between them? */
static bool
waits(const char *options, size_t len)
{
    for (size_t n; len > 0; len -= n, options += n) {
        n = strcspn(options, ", \t\n");
        if (is(options, n, "noauto"))
            return true;
        n += n < len; /* the comma */
    }
    return false;
}

/*
 * Does a line of the file have this mount point in that field? What fstab
 * mounts on demand alone need not be there.
 */
static bool
lists(const char *text, unsigned wanted, const char *mount)
{
    for (size_t len; *text; text += len + (text[len] == '\n')) {
        size_t point_len, options_len;
        const char *point = field(text, wanted, &point_len);
        const char *options = field(text, 3, &options_len);

        len = strcspn(text, "\n");
        if (text[strspn(text, " \t")] != '#' && is(point, point_len, mount) &&
            !waits(options, options_len))
            return true;
    }
    return false;
}

/* Files of proc have no size: read to the end. "" for one that is not there. */
static char *
read_table(const char *path, struct sp_error *err)
{
    SP_AUTO_FREE char *text = malloc(TABLE_BYTES_MAX);
    SP_AUTO_FD fd = text ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = fd < 0 ? -1 : sp_read_full(fd, text, TABLE_BYTES_MAX - 1);
    char *ret = text;

    if (fd < 0 && text && errno == ENOENT)
        n = 0;
    if (n < 0) {
        (void)sp_fail_sys(err, errno, "io", "cannot read '%s'", path);
        return NULL;
    }
    text[n] = '\0';
    text = NULL;
    return ret;
}

int
sp_guard_boot(const char *fstab, const char *mountinfo, struct sp_error *err)
{
    static const char *const mounts[] = {"/boot", "/boot/efi"};
    SP_AUTO_FREE char *wanted = read_table(fstab, err);
    SP_AUTO_FREE char *mounted = wanted ? read_table(mountinfo, err) : NULL;

    if (!mounted)
        return -1;
    for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++)
        if (lists(wanted, 1, mounts[i]) && !lists(mounted, 4, mounts[i]))
            return sp_fail(err, "boot-not-mounted",
                           "'%s' is not mounted: a new kernel would go to the "
                           "wrong place",
                           mounts[i]);
    return 0;
}

/* ---- the hypervisor ---- */

/* The output of a tool; false when it is not there or does not end well. */
static bool
ask_tool(const char *const *argv, char **ret_text)
{
    char path[PATH_BYTES];
    struct sp_spawn plan = {
        .path = path, .argv = argv, .envp = tool_env, .fds = {-1}, .dirfd = -1};

    if (sp_spawn_find_tool(argv[0], path, sizeof(path), NULL) < 0) {
        (void)snprintf(path, sizeof(path), "/usr/sbin/%s", argv[0]);
        if (access(path, X_OK) < 0)
            return false;
    }
    return sp_spawn_run(&plan, TOOL_SECONDS, TOOL_BYTES_MAX, ret_text, NULL,
                        "io", NULL) == 0;
}

/* The line of the first package of generation `number` with that name. */
static bool
find_line(const struct sp_state *state, uint64_t number, const char *pattern,
          struct sp_generation_line *ret)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_lines lines = {0};
    char line[SP_LINE_MAX];
    bool bad = false;

    if (sp_generation_packages(state, number, &text, &lines.size, NULL) < 0)
        return false;
    lines.text = text;
    while (sp_lines_next(&lines, line, &bad))
        if (sp_generation_parse(line, ret) &&
            fnmatch(pattern, ret->name, 0) == 0)
            return true;
    return false;
}

/* "4.17" of "4.17.5-2" or "0:4.17.5". */
static void
major_minor(const char *version, char dst[32])
{
    const char *colon = strchr(version, ':');
    const char *from = colon ? colon + 1 : version;
    size_t major = strcspn(from, ".");
    size_t len = from[major] ? major + 1 + strcspn(from + major + 1, ".-\n")
                             : strcspn(from, "-\n");

    (void)snprintf(dst, 32, "%.*s", len < 31 ? (int)len : 31, from);
}

/* How many qubes run, besides this one. */
static unsigned
count_running(void)
{
    static const char *const argv[] = {"qvm-ls", "--running", "--raw-list",
                                       NULL};
    SP_AUTO_FREE char *text = NULL;
    unsigned n = 0;

    if (!ask_tool(argv, &text))
        return 1; /* unknown: as if there were one */
    for (char *rest = text, *name; (name = strsep(&rest, "\n")) != NULL;)
        n += *name && strcmp(name, "dom0") != 0;
    return n;
}

int
sp_guard_xen(const struct sp_state *state, uint64_t generation,
             const struct sp_update_hooks *hooks, struct sp_error *err)
{
    static const char *const argv[] = {"xl", "info", "xen_version", NULL};
    struct sp_generation_line line;
    SP_AUTO_FREE char *running = NULL;
    char now[32], next[32], question[256];

    if (!find_line(state, generation, "xen-libs", &line) ||
        !ask_tool(argv, &running))
        return 0;
    major_minor(running, now);
    major_minor(line.evr, next);
    if (strcmp(now, next) == 0 || count_running() == 0)
        return 0;
    (void)snprintf(question, sizeof(question),
                   "Xen goes from %s to %s while qubes are running: they "
                   "cannot be managed until the machine was restarted. Go on?",
                   now, next);
    if (hooks->confirm(hooks->data, question))
        return 0;
    return sp_fail(err, "xen-upgrade",
                   "Xen would go from %s to %s while qubes are running", now,
                   next);
}

/* ---- restart ---- */

bool
sp_guard_restart(const struct sp_state *state, uint64_t generation, char *dst,
                 size_t size)
{
    /* What runs from the moment of booting and cannot be replaced. */
    static const char *const patterns[] = {
        "kernel",     "kernel-latest",   "kernel-core", "xen",
        "xen-*",      "systemd",         "glibc",       "microcode_ctl",
        "*-firmware", "qubes-core-dom0", "libvirt",     "dracut",
    };
    struct sp_generation_line line;

    for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
        if (find_line(state, generation, patterns[i], &line)) {
            (void)snprintf(dst, size, "%s", line.name);
            return true;
        }
    return false;
}
