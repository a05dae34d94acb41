/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/rpmdb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/spawn.h"
#include "base/text.h"

/* 120,000 files are 8 MB of output; some machines have a few times that. */
enum { RPM_SECONDS = 120, RPM_BYTES_MAX = 512 * 1024 * 1024 };

#define RPM_FORMAT                                                             \
    "@ %{NAME} %|EPOCH?{%{EPOCH}}:{0}| %{VERSION} %{RELEASE} %{ARCH}\\n"       \
    "%|VENDOR?{| %{VENDOR}\\n}|"                                               \
    "[p %{PROVIDENEVRS}\\n][r %{REQUIRENEVRS}\\n]"                             \
    "[o %{OBSOLETENEVRS}\\n][c %{CONFLICTNEVRS}\\n]"                           \
    "[m %{RECOMMENDNEVRS}\\n][s %{SUGGESTNEVRS}\\n]"                           \
    "[u %{SUPPLEMENTNEVRS}\\n][e %{ENHANCENEVRS}\\n]"                          \
    "[f %{FILENAMES}\\n]"

static bool
starts_with(struct sp_view view, const char *start)
{
    size_t len = strlen(start);

    return view.size >= len && memcmp(view.bytes, start, len) == 0;
}

static bool
next_line(struct sp_view *rest, struct sp_view *ret)
{
    const char *end = rest->size == 0
                          ? NULL
                          : (const char *)memchr(rest->bytes, '\n', rest->size);
    size_t len;

    if (!end)
        return false;
    len = (size_t)(end - rest->bytes);
    *ret = (struct sp_view){rest->bytes, len};
    *rest = (struct sp_view){end + 1, rest->size - len - 1};
    return true;
}

static int
ask_rpm(const char *dbpath, char **ret_text, size_t *ret_size,
        struct sp_error *err)
{
    static const char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C",
                                              NULL};
    const char *argv[8] = {"rpm", "-qa", "--queryformat", RPM_FORMAT, NULL};
    struct sp_spawn plan = {.path = "/usr/bin/rpm",
                            .argv = argv,
                            .envp = environment,
                            .fds = {-1},
                            .dirfd = -1};
    SP_AUTO_FREE char *absolute = NULL;
    char shown[SP_SHOWN_MAX];

    if (dbpath) {
        /* Asked for a directory that is not there, rpm makes a new one. */
        absolute = realpath(dbpath, NULL);
        sp_text_show(shown, sizeof(shown), dbpath);
        if (!absolute)
            return sp_fail_sys(err, errno, "not-found",
                               "cannot use the database '%s'", shown);
        argv[4] = "--dbpath";
        argv[5] = absolute;
    }
    return sp_spawn_run(&plan, RPM_SECONDS, RPM_BYTES_MAX, ret_text, ret_size,
                        "io", err);
}

static int
foreign_line(struct sp_view line, struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    sp_text_show_bytes(shown, sizeof(shown), line.bytes, line.size);
    return sp_fail(err, "io", "rpm printed a line that is none: '%s'", shown);
}

/* Room for one element more. */
static void *
grow(void *array, size_t n, size_t *capacity, size_t element)
{
    if (n < *capacity)
        return array;
    *capacity = 2 * *capacity + 64;
    return reallocarray(array, *capacity, element);
}

/* The line that begins a package; *ret_kept says whether it is wanted. */
static int
begin_package(struct sp_rpmdb *db, size_t *capacity, struct sp_view line,
              bool *ret_kept, struct sp_error *err)
{
    struct sp_view value = {line.bytes + 2, line.size - 2};
    struct sp_request_package *p;
    void *grown;

    *ret_kept = !starts_with(value, "gpg-pubkey ");
    if (!*ret_kept)
        return 0;
    grown = grow(db->packages, db->n, capacity, sizeof(*db->packages));
    if (!grown)
        return sp_fail(err, "no-memory", "no memory for what is installed");
    db->packages = grown;
    p = &db->packages[db->n];
    memset(p, 0, sizeof(*p));
    if (!sp_request_nevra(value, &p->nevra))
        return foreign_line(line, err);
    p->lines = (struct sp_view){line.bytes + line.size + 1, 0};
    db->n++;
    return 0;
}

/* The vendor's line, then lines of dependencies, which stay together. */
static void
describe_package(struct sp_request_package *package, struct sp_view line,
                 const char *next)
{
    if (line.bytes[0] == '|') {
        package->vendor = (struct sp_view){line.bytes + 2, line.size - 2};
        package->lines = (struct sp_view){next, 0};
    } else {
        package->lines.size += line.size + 1;
    }
}

static int
split_packages(struct sp_rpmdb *db, size_t size, struct sp_error *err)
{
    struct sp_view rest = {db->text, size}, line;
    size_t capacity = 0;
    bool kept = false;

    while (next_line(&rest, &line)) {
        if (starts_with(line, "@ ")) {
            if (begin_package(db, &capacity, line, &kept, err) < 0)
                return -1;
        } else if (line.size < 2 || line.bytes[1] != ' ') {
            return foreign_line(line, err);
        } else if (kept) {
            describe_package(&db->packages[db->n - 1], line, rest.bytes);
        }
    }
    return rest.size == 0 ? 0 : foreign_line(rest, err);
}

static int
by_nevra(const void *a, const void *b)
{
    const struct sp_request_package *x = a, *y = b;

    return sp_request_order(&x->nevra, &y->nevra);
}

/* A damaged database may know a package twice; once is enough. */
static void
sort_packages(struct sp_rpmdb *db)
{
    size_t kept = 0;

    if (db->n == 0)
        return;
    qsort(db->packages, db->n, sizeof(*db->packages), by_nevra);
    for (size_t i = 1; i < db->n; i++)
        if (by_nevra(&db->packages[kept], &db->packages[i]) != 0)
            db->packages[++kept] = db->packages[i];
    db->n = kept + 1;
}

static int
by_bytes(const void *a, const void *b)
{
    const struct sp_view *x = a, *y = b;
    size_t len = x->size < y->size ? x->size : y->size;
    int order = memcmp(x->bytes, y->bytes, len);

    return order ? order : (x->size > y->size) - (x->size < y->size);
}

static bool
ends_path(char c)
{
    return c == ' ' || c == '(' || c == ')';
}

/* The absolute paths of a dependency, those inside a rich one too. */
static bool
add_paths(struct sp_rpmdb *db, size_t *capacity, struct sp_view value)
{
    size_t start = 0;

    for (size_t i = 0; i <= value.size; i++) {
        if (i < value.size && !ends_path(value.bytes[i]))
            continue;
        if (i > start && value.bytes[start] == '/') {
            void *grown =
                grow(db->paths, db->n_paths, capacity, sizeof(*db->paths));

            if (!grown)
                return false;
            db->paths = grown;
            db->paths[db->n_paths++] =
                (struct sp_view){value.bytes + start, i - start};
        }
        start = i + 1;
    }
    return true;
}

static int
collect_paths(struct sp_rpmdb *db, struct sp_error *err)
{
    size_t capacity = 0;

    for (size_t i = 0; i < db->n; i++) {
        struct sp_view value;
        size_t cursor = 0;
        char kind;

        while (sp_request_line(&db->packages[i], &cursor, &kind, &value))
            if (kind != 'f' && kind != 'p' &&
                memchr(value.bytes, '/', value.size) &&
                !add_paths(db, &capacity, value))
                return sp_fail(err, "no-memory",
                               "no memory for what is installed");
    }
    if (db->n_paths > 0)
        qsort(db->paths, db->n_paths, sizeof(*db->paths), by_bytes);
    return 0;
}

int
sp_rpmdb_read(const char *dbpath, struct sp_rpmdb *ret, struct sp_error *err)
{
    struct sp_rpmdb db = {0};
    char shown[SP_SHOWN_MAX];
    size_t size = 0;

    if (ask_rpm(dbpath, &db.text, &size, err) < 0)
        return -1;
    if (split_packages(&db, size, err) < 0 || collect_paths(&db, err) < 0) {
        sp_rpmdb_release(&db);
        return -1;
    }
    sort_packages(&db);
    if (db.n == 0) {
        sp_rpmdb_release(&db);
        sp_text_show(shown, sizeof(shown), dbpath ? dbpath : "rpm's database");
        return sp_fail(err, "request-empty",
                       "according to '%s' no package is installed", shown);
    }
    *ret = db;
    return 0;
}

void
sp_rpmdb_release(struct sp_rpmdb *db)
{
    free(db->text);
    free(db->packages);
    free(db->paths);
    memset(db, 0, sizeof(*db));
}

/*
 * As createrepo_c picks files for primary metadata, so that both sides of a
 * solve know the same kinds of files.
 */
static bool
is_primary_file(struct sp_view path)
{
    return starts_with(path, "/etc/") ||
           sp_view_is(path, "/usr/lib/sendmail") ||
           memmem(path.bytes, path.size, "bin/", 4);
}

bool
sp_rpmdb_matters(const struct sp_rpmdb *db, char kind, struct sp_view value)
{
    if (kind != 'f')
        return !starts_with(value, "rpmlib(");
    return is_primary_file(value) ||
           (db->n_paths > 0 && bsearch(&value, db->paths, db->n_paths,
                                       sizeof(*db->paths), by_bytes));
}

/* Does the package provide this? *ret_version: of the provide, or empty. */
static bool
provides(const struct sp_request_package *package, const char *name,
         struct sp_view *ret_version)
{
    struct sp_view value, word, rest;
    size_t cursor = 0;
    char kind;

    while (sp_request_line(package, &cursor, &kind, &value)) {
        *ret_version = (struct sp_view){value.bytes, 0};
        if (kind != 'p')
            continue;
        if (sp_view_is(value, name))
            return true;
        if (sp_view_split(value, &word, &rest) && sp_view_is(word, name) &&
            starts_with(rest, "= ")) {
            *ret_version = (struct sp_view){rest.bytes + 2, rest.size - 2};
            return true;
        }
    }
    return false;
}

/* "E:V-R" without epoch and release. */
static struct sp_view
version_alone(struct sp_view evr)
{
    const char *colon = memchr(evr.bytes, ':', evr.size);
    const char *dash;

    if (colon) {
        evr.size -= (size_t)(colon + 1 - evr.bytes);
        evr.bytes = colon + 1;
    }
    dash = memchr(evr.bytes, '-', evr.size);
    if (dash)
        evr.size = (size_t)(dash - evr.bytes);
    return evr;
}

int
sp_rpmdb_releasever(const struct sp_rpmdb *db, char ret[SP_VERSION_MAX + 1],
                    struct sp_error *err)
{
    /* The list of dnf (dnf.const.DISTROVERPKG), in its order. */
    static const char *const names[] = {
        "system-release(releasever)",
        "system-release",
        "distribution-release(releasever)",
        "distribution-release",
        "redhat-release",
        "suse-release",
    };

    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
        for (size_t i = 0; i < db->n; i++) {
            const struct sp_request_package *p = &db->packages[i];
            const char *own = p->nevra.version;
            struct sp_view version;

            if (!provides(p, names[k], &version))
                continue;
            version = version_alone(version);
            if (!strchr(names[k], '(') || version.size == 0)
                version = (struct sp_view){own, strlen(own)};
            if (version.size > SP_VERSION_MAX)
                continue;
            memcpy(ret, version.bytes, version.size);
            ret[version.size] = '\0';
            return 0;
        }
    }
    return sp_fail(err, "usage",
                   "no installed package tells the release of the "
                   "distribution: give it with --releasever");
}
