/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of this machine goes into a request: repository files without their
 * secrets, variables, keys, and which release of the distribution it is.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "ingest/pubkeys.h"
#include "ingest/repofiles.h"
#include "ingest/rpmdb.h"
#include "tests/unit/repository.h"

static struct sp_error err;
static struct sp_request_writer writer;

/* A path below the scratch place. */
static const char *
at(const char *name)
{
    static char path[4500];

    (void)snprintf(path, sizeof(path), "%s/%s", state.repo_path, name);
    return path;
}

static void
begin(void)
{
    sp_request_write_release(&writer);
    memset(&err, 0, sizeof(err));
    if (sp_request_write_begin(&writer, &err) < 0)
        tap_ok(false, "a writer: %s", err.msg);
}

/* What was written so far, behind the first line. */
static const char *
written(void)
{
    (void)fflush(writer.out);
    return writer.text.bytes + strlen("request 1\n");
}

/* ---- repository files ---- */

/* The one file of a folder, as it is told. */
static const char *
told(const char *name, const char *text, size_t size)
{
    SP_AUTO_FD dir = -1;

    (void)sp_path_remove_tree(state.repo_fd, "repos", NULL);
    dir = sp_path_make_dir(state.repo_fd, "repos", 0700, NULL);
    if (sp_path_replace_file(dir, name, text, size, 0600, NULL) < 0)
        tap_ok(false, "writing '%s'", name);
    begin();
    if (sp_repofiles_write(at("repos"), true, &writer, &err) < 0)
        return "(failed)";
    return written();
}

static void
test_repo_files(void)
{
    static const char *const rows[][2] = {
        {"[a]\nkey\t = x\nlast", " [a]\n key\t = x\n last\n"},
        {"password\t= secret\n\tsecret\nname = a\n", " name = a\n"},
        {"SSLVERIFY=1\nss=1\nssl=2\n", " ss=1\n"},
        {"proxy : secret\nprox=1\nno equals\n", " prox=1\n no equals\n"},
        {"cookies=1\nUser_Agent=me\nhttp_headers=a: b\nhttp=1\n", " http=1\n"},
        {"baseurl=ftp://u:p@a/,http://b/c@d http://u@e?x#y\n",
         " baseurl=ftp://a/,http://b/c@d http://e?x#y\n"},
        {"baseurl=http://u:p@a", " baseurl=http://a\n"},
        {"baseurl=http://", " baseurl=http://\n"},
        /* What goes on behind a comment is of the same value. */
        {"password = a\n# old\n  secret\n\n\tsecret\nname=b\n", " name=b\n"},
        {"baseurl = a\n; old\n  b\n", " baseurl = a\n   b\n"},
    };
    char want[256];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)snprintf(want, sizeof(want), "repo-file a.repo\n%s", rows[i][1]);
        tap_is_str(told("a.repo", rows[i][0], strlen(rows[i][0])), want,
                   "repository file %zu", i);
    }
    tap_is_str(told("a.repo", "# nothing\n;\n\n", 13), "",
               "a file that says nothing is not told");
    tap_is_str(told("a.repo.rpmsave", "[a]\n", 4), "", "nor is another file");
    tap_is_str(told("repo", "[a]\n", 4), "", "nor one without a dot");
    tap_is_str(told(".a.repo", "[a]\n", 4), "", "nor a hidden one");
    tap_is_str(told("a b.repo", "[a]\n", 4), "(failed)",
               "a name that no request can say");
    tap_is_str(err.detail, "usage", "its reason");
}

static void
test_bad_repo_files(void)
{
    char want[4600];

    tap_is_str(told("a.repo", "[a]\0\n", 5), "(failed)", "a NUL");
    tap_is_str(err.detail, "io", "its reason");
    (void)snprintf(want, sizeof(want), "in '%s': 'a.repo' is no text",
                   at("repos"));
    tap_is_str(err.msg, want, "and where");
    plant("repos/b.repo", "[b]\n");
    begin();
    tap_ok(sp_repofiles_write(at("repos"), true, &writer, &err) < 0,
           "one bad file among good ones");
    tap_is_str(written(), "", "nothing behind it is told");
    plant("repos/a.repo", "[a]\n");
    plant("repos/c.repo", NULL);
    begin();
    tap_ok(sp_repofiles_write(at("repos"), true, &writer, &err) < 0,
           "a folder by the name of a file");
    tap_is_str(written(), "repo-file a.repo\n [a]\nrepo-file b.repo\n [b]\n",
               "in the order of their names, up to there");
    begin();
    tap_ok(sp_repofiles_write(at("none"), false, &writer, &err) == 0,
           "a folder that need not be there");
    tap_ok(sp_repofiles_write(at("none"), true, &writer, &err) < 0,
           "one that was asked for");
    tap_is_str(err.detail, "not-found", "its reason");
    tap_ok(sp_repofiles_write(at("repos/a.repo"), false, &writer, &err) < 0,
           "a file is no folder");
    tap_is_str(err.detail, "io", "its reason");
}

/* ---- variables ---- */

static void
test_variables(void)
{
    char one[4500], two[4500];
    const char *dirs[] = {one, two, NULL};

    (void)snprintf(one, sizeof(one), "%s", at("one"));
    (void)snprintf(two, sizeof(two), "%s", at("two"));
    plant("two/stream", "fast lane\r\nmore\n");
    plant("two/empty", "\nmore\n");
    plant("two/not-a-name", "x\n");
    plant("two/A_1", "1");
    begin();
    tap_ok(sp_repovars_write(dirs, &writer, &err) == 0, "variables");
    tap_is_str(written(), "var A_1 1\nvar stream fast lane\n",
               "the first lines of what has the name of one");
    plant("one/bad", " x\n");
    begin();
    tap_ok(sp_repovars_write(dirs, &writer, &err) < 0,
           "a value that no request can say");
    tap_is_str(err.detail, "usage", "its reason");
    tap_is_str(written(), "", "nothing is told behind it");
}

/* ---- keys ---- */

#define BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
#define END "-----END PGP PUBLIC KEY BLOCK-----\n"
#define KEY BEGIN "abc\n" END
#define TOLD " " BEGIN " abc\n " END

/* All keys of the folder, as they are told. */
static const char *
told_keys(void)
{
    begin();
    if (sp_pubkeys_write(at("keys"), &writer, &err) < 0)
        return "(failed)";
    return written();
}

static void
plant_link(const char *target, const char *path)
{
    (void)unlinkat(state.repo_fd, path, 0);
    if (symlinkat(target, state.repo_fd, path) < 0)
        tap_ok(false, "a link '%s'", path);
}

/* One that nobody can open: ENXIO. */
static void
plant_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    SP_AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path),
                   "/proc/self/fd/%d/keys/socket", state.repo_fd);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        tap_ok(false, "a socket: %s", strerror(errno));
}

static void
test_keys(void)
{
    static const char *const bad[][2] = {
        {"nothing\n", "no armor"},
        {BEGIN "abc\n", "armor without end"},
        {"abc\n" END, "armor without beginning"},
        {END BEGIN, "armor back to front"},
    };

    tap_is_str(told_keys(), "", "no folder, no keys");
    plant("keys/a", "before\n" KEY "after\n");
    plant("keys/.hidden", "nothing");
    plant("keys/folder", NULL);
    tap_is_str(told_keys(), "pubkey a\n" TOLD, "one key, without its frame");
    plant_link("folder", "keys/b");
    plant_link("c", "keys/c");
    plant_link("nothing", "keys/d");
    plant_socket();
    tap_is_str(told_keys(), "", "a link that leads nowhere is no key: none");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)sp_path_remove_tree(state.repo_fd, "keys", NULL);
        plant("keys/a", bad[i][0]);
        plant("keys/b", KEY);
        tap_is_str(told_keys(), "", "%s: none is told", bad[i][1]);
    }
    plant("keys/a", KEY);
    tap_is_str(told_keys(), "pubkey a\n" TOLD "pubkey b\n" TOLD, "both");
    plant("keys/a b", KEY);
    tap_is_str(told_keys(), "(failed)", "a name that no request can say");
    tap_is_str(err.detail, "usage", "its reason");
}

static void
test_odd_keys(void)
{
    char name[64];

    (void)sp_path_remove_tree(state.repo_fd, "keys", NULL);
    for (int i = 0; i < 65; i++) {
        if (i == 64)
            tap_ok(told_keys()[0] == 'p', "64 keys are told");
        (void)snprintf(name, sizeof(name), "keys/%02d", i);
        plant(name, KEY);
    }
    tap_is_str(told_keys(), "", "65 are too many: none is");
    (void)sp_path_remove_tree(state.repo_fd, "keys", NULL);
    plant("keys/z", KEY);
    plant_link("/proc/self/mem", "keys/a"); /* EIO */
    tap_is_str(told_keys(), "(failed)", "a key that cannot be read");
    tap_is_str(err.detail, "io", "its reason");
    tap_is_str(written(), "", "and no key behind it");
    begin();
    tap_ok(sp_pubkeys_write(at("keys/z"), &writer, &err) == 0, "a file");
    tap_is_str(written(), "pubkey z\n" TOLD, "under its own name");
    begin();
    tap_ok(sp_pubkeys_write(at("keys/z/more"), &writer, &err) < 0 ||
               written()[0] == '\0',
           "what lies in a file is no key");
    begin();
    (void)snprintf(name, sizeof(name), "z");
    if (fchdir(state.repo_fd) < 0)
        tap_ok(false, "cannot go there");
    plant("z", KEY);
    tap_ok(sp_pubkeys_write(name, &writer, &err) == 0, "a name without slash");
    tap_is_str(written(), "pubkey z\n" TOLD, "is the name");
    if (chdir("/") < 0)
        tap_ok(false, "cannot leave");
}

/* ---- the release ---- */

/* What a machine is on which one package, of version 7, has these lines. */
static const char *
release_of(const char *lines)
{
    static char found[SP_VERSION_MAX + 1];
    struct sp_request_package package = {.nevra = {.version = "7"},
                                         .lines = {lines, strlen(lines)}};
    struct sp_rpmdb db = {.packages = &package, .n = 1};

    memset(&err, 0, sizeof(err));
    return sp_rpmdb_releasever(&db, found, &err) < 0 ? err.detail : found;
}

static void
test_release(void)
{
    static const char *const rows[][2] = {
        {"p system-release(releasever) = 42\n", "42"},
        {"p system-release(releasever) = 1:43-2\n", "43"},
        {"p system-release(releasever)\n", "7"},
        {"p system-release = 40-1\n", "7"},
        {"p redhat-release = 40-1\n", "7"},
        {"p other = 1\np distribution-release(releasever) = 4.3\n", "4.3"},
        {"p suse-release = 1\np system-release(releasever) = 9\n", "9"},
        {"p system-release(releasever) >= 42\n", "usage"},
        {"p system-release(release) = 42\n", "usage"},
        {"r system-release(releasever) = 42\n", "usage"},
        {"p other\n", "usage"},
        {"", "usage"},
    };
    char lines[512];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        tap_is_str(release_of(rows[i][0]), rows[i][1], "release, row %zu", i);
    for (int more = 0; more <= 1; more++) {
        (void)snprintf(lines, sizeof(lines),
                       "p system-release(releasever) = %0*d\n",
                       SP_VERSION_MAX + more, 5);
        if (more)
            tap_is_str(release_of(lines), "usage", "a release too long");
        else
            tap_is_u64(strlen(release_of(lines)), SP_VERSION_MAX,
                       "the longest release");
    }
    tap_ok(strstr(err.msg, "--releasever"), "what to do is said");
}

/* rpm's own database, whatever this machine has: in order, never empty. */
static void
test_own_database(void)
{
    struct sp_rpmdb db = {0};
    size_t wrong = 0;

    memset(&err, 0, sizeof(err));
    if (sp_rpmdb_read(NULL, &db, &err) < 0) {
        tap_ok(strcmp(err.detail, "request-empty") == 0 ||
                   strcmp(err.detail, "io") == 0,
               "nothing is installed here: %s", err.msg);
        return;
    }
    for (size_t i = 1; i < db.n; i++)
        wrong += sp_request_order(&db.packages[i - 1].nevra,
                                  &db.packages[i].nevra) >= 0;
    tap_ok(db.n > 0 && wrong == 0, "the packages of this machine in order");
    sp_rpmdb_release(&db);
}

int
main(void)
{
    repository_anew();
    test_repo_files();
    test_bad_repo_files();
    test_variables();
    test_keys();
    test_odd_keys();
    test_release();
    if (access("/usr/bin/rpm", X_OK) == 0)
        test_own_database();
    sp_request_write_release(&writer);
    repository_gone();
    return tap_done();
}
