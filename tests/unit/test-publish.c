/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Publishing and going back: what lies there, in which order; calls fail. */
#include "ingest/publish.h"

#include "ingest/changelog.h"
#include "ingest/clock.h"
#include "ingest/dnf-plan.h"
#include "ingest/floor.h"
#include "ingest/generation.h"
#include "ingest/index.h"
#include "tests/unit/faults.h"
#include "tests/unit/repository.h"

#define ID "00112233445566778899aabbccddeeff"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static struct sp_error err;
static struct sp_quarantine q;
static struct sp_policy policy;
static struct sp_package packages[2];
static struct sp_outcome outcome;
static struct sp_setup setup;
static char told[256]; /* phases, questions and what the index was told */

static void
tell(const char *what, const char *more)
{
    size_t used = strlen(told);

    (void)snprintf(told + used, sizeof(told) - used, "%s%s ", what, more);
}

/* ---- what stands in for programs of others ---- */

static bool index_fails;

int
sp_index_run(const struct sp_quarantine *quarantine, struct sp_outcome *o,
             uint64_t number, uint64_t revision, const char *comps,
             struct sp_error *ret_err)
{
    char text[96];
    const char *end = strrchr(comps, '/');

    (void)snprintf(text, sizeof(text), "%u,%u,%u,%s", (unsigned)o->n_packages,
                   (unsigned)number, (unsigned)revision, end ? end : comps);
    tell("index:", text);
    if (index_fails)
        return sp_fail(ret_err, "index", "no index");
    if (mkdirat(quarantine->stage_fd, "repodata", 0700) < 0)
        return sp_fail_sys(ret_err, errno, "index", "no folder");
    {
        SP_AUTO_FD fd = openat(quarantine->stage_fd, "repodata/repomd.xml",
                               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

        return fd < 0 ? sp_fail_sys(ret_err, errno, "index", "no file") : 0;
    }
}

/* The signal that comes while the first, the second of the two is read. */
static int stop_at;
static volatile sig_atomic_t stopped;

const volatile sig_atomic_t *
sp_engine_stop_flag(void)
{
    return &stopped;
}

int
sp_changelog_read(const struct sp_outcome *o, const char *folder,
                  const char *scratch, char **ret, struct sp_error *ret_err)
{
    (void)o;
    (void)ret_err;
    tell("changelog:", folder + strlen(q.path));
    tell("", scratch + strlen(q.path));
    stopped = stop_at == 1;
    *ret = strdup("changes");
    return 0;
}

int
sp_dnf_plan(const char *const *arguments, const char *repository,
            const char *keys, const char *scratch, char **ret,
            struct sp_error *ret_err)
{
    char count[16];
    unsigned n = 0;

    (void)ret_err;
    while (arguments[n])
        n++;
    (void)snprintf(count, sizeof(count), "%u", n);
    tell("plan:", arguments[0]);
    tell("", count);
    tell("", repository + strlen(q.path));
    tell("", keys);
    tell("", scratch + strlen(q.path));
    stopped = stopped || stop_at == 2;
    *ret = strdup("plan");
    return 0;
}

static bool agrees;

static void
show(void *data, const struct sp_outcome *o)
{
    tell("shown", data == told && o == &outcome ? "" : "?");
}

static bool waits;

static bool
changes(void *data, const struct sp_outcome *o, const char *text)
{
    tell(data == told && o == &outcome ? "changed:" : "?", text);
    return waits;
}

static bool
plan(void *data, const char *text)
{
    tell(data == &agrees ? "asked:" : "?", text);
    return agrees;
}

static void
event(void *data, const struct sp_event *e)
{
    if (data != told || e->kind != SP_EVENT_PHASE || e->bytes != 77 ||
        e->packages != outcome.n_packages ||
        e->total_packages != outcome.n_packages)
        tell("?", "");
    tell(e->phase, "");
}

/* ---- a delivery ---- */

static void
set_package(uint64_t index, const char *name, const char *version)
{
    struct sp_package *p = &packages[index - 1];

    memset(p, 0, sizeof(*p));
    p->index = index;
    (void)snprintf(p->facts.nevra.name, sizeof(p->facts.nevra.name), "%s",
                   name);
    (void)snprintf(p->facts.nevra.version, sizeof(p->facts.nevra.version), "%s",
                   version);
    (void)snprintf(p->facts.nevra.release, 2, "1");
    (void)snprintf(p->facts.nevra.arch, 7, "noarch");
    p->facts.file_bytes = 7;
    p->facts.build_time = 1000 + index % 2;
    p->facts.signature_time = 2000;
}

/* zsh and bash of this version lie in a quarantine. */
static void
deliver(const char *version)
{
    sp_quarantine_destroy(&q);
    if (sp_quarantine_make(&state, ID, &q, &err) < 0)
        tap_ok(false, "making the quarantine: %s", err.msg);
    memset(&outcome, 0, sizeof(outcome));
    set_package(1, "zsh", version);
    set_package(2, "bash", version);
    plant(ID ".UNTRUSTED/packages/000001.rpm", "package");
    plant(ID ".UNTRUSTED/packages/000002.rpm", "package");
    outcome.packages = packages;
    outcome.n_packages = 2;
    outcome.bytes = 77;
    outcome.newest_signature = 2000;
    memset(&err, 0, sizeof(err));
    told[0] = '\0';
}

static void
anew(void)
{
    sp_quarantine_destroy(&q);
    repository_anew();
    memset(&policy, 0, sizeof(policy));
    memset(&setup, 0, sizeof(setup));
    policy.keep_generations = 3;
    index_fails = false;
    agrees = waits = true;
}

/* The word of the fault, "ok" when there is none; the quarantine is gone. */
static const char *
publish(void)
{
    int status =
        sp_publish(&state, &policy, &q, &outcome, event, told, &setup, &err);

    sp_quarantine_destroy(&q);
    return status < 0 ? err.detail : "ok";
}

static bool
is_settled(const char *path, unsigned mode)
{
    struct stat st;

    return fstatat(state.repo_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           (st.st_mode & 07777) == mode && st.st_mtime == 1001;
}

static void
test_publish(void)
{
    struct sp_floor floor = {0};
    struct stat st;

    anew();
    (void)umask(077);
    deliver("5.1");
    faults_begin("none", 1);
    tap_is_str(publish(), "ok", "published");
    tap_is_str(faults_order, "RRRsrrcdfrdfrdfrd",
               "two staged, placed, synced, flipped, synced, three notes");
    (void)faults_end();
    (void)umask(022);
    tap_is_str(told, "index index:2,1,1001, sync publish ", "step by step");
    tap_ok(outcome.published && outcome.repository_touched &&
               !outcome.nothing_to_do && outcome.generation == 1,
           "and said so");
    tap_ok(is_settled("generations/1/packages", 0644) &&
               is_settled("generations/1/repodata", 0755) &&
               is_settled("generations/1/rpm", 0755) &&
               is_settled("generations/1", 0755),
           "modes and times");
    tap_is_str(points_to("current"), "generations/1", "current");
    tap_is_str(content(state.repo_fd, "generations/1/packages"),
               "bash-5.1-1.noarch.rpm bash 0:5.1-1 " ZEROS " 7 2000\n"
               "zsh-5.1-1.noarch.rpm zsh 0:5.1-1 " ZEROS " 7 2000\n",
               "what it holds, sorted");
    tap_ok(fstatat(state.repo_fd, "generations", &st, 0) == 0 &&
               (st.st_mode & 07777) == 0755,
           "readers may enter");
    tap_ok(!is_there("generations/1/comps.xml"), "no groups");
    tap_ok(sp_floor_load(&state, &floor, &err) == 0 && floor.n == 2 &&
               sp_floor_find(&floor, "zsh"),
           "the floor is raised");
    sp_floor_release(&floor);
    tap_is_u64(sp_clock_known(&state), 2000, "the clock too");
    tap_is_str(content(state.state_fd, "highest"), "1\n", "the number too");
}

static void
test_again(void)
{
    struct sp_text before = {0};

    anew();
    deliver("1");
    (void)publish();
    snapshot(&before);
    deliver("1");
    tap_ok(sp_publish_is_current(&state, &outcome), "it is current");
    tap_is_str(publish(), "ok", "the same again");
    tap_ok(outcome.nothing_to_do && !outcome.published &&
               !outcome.repository_touched && outcome.generation == 1,
           "nothing to do");
    tap_is_str(told, "", "and nothing was done");
    tap_ok(is_as(&before), "not one byte");
    deliver("1");
    outcome.n_packages = 0;
    tap_ok(!sp_publish_is_current(&state, &outcome), "none is not current");
    tap_is_str(publish(), "ok", "no package");
    tap_ok(outcome.nothing_to_do && is_as(&before), "nothing to do");
    deliver("2");
    tap_ok(!sp_publish_is_current(&state, &outcome), "a newer one is not");
    tap_is_str(publish(), "ok", "but is published");
    tap_ok(!outcome.nothing_to_do && outcome.generation == 2, "as the second");
    tap_is_str(points_to("current"), "generations/2", "current");
    tap_ok(is_there("generations/1"), "the first is kept");
    policy.keep_generations = 1;
    deliver("3");
    tap_is_str(publish(), "ok", "a third, and one is kept");
    tap_ok(is_there("generations/3") && !is_there("generations/2") &&
               !is_there("generations/1"),
           "the newest");
    sp_text_release(&before);
}

/* The last of two is left out: one is not none. */
static void
test_one(void)
{
    anew();
    deliver("1");
    (void)unlinkat(state.repo_fd, ID ".UNTRUSTED/packages/000002.rpm", 0);
    outcome.n_packages = 1;
    tap_ok(!sp_publish_is_current(&state, &outcome), "nothing is current");
    tap_is_str(publish(), "ok", "one package");
    tap_is_str(content(state.repo_fd, "generations/1/packages"),
               "zsh-1-1.noarch.rpm zsh 0:1-1 " ZEROS " 7 2000\n", "is alone");
    deliver("1");
    outcome.n_packages = 1;
    tap_ok(sp_publish_is_current(&state, &outcome), "and current then");
    outcome.n_packages = 2;
    tap_ok(!sp_publish_is_current(&state, &outcome), "two are not");
}

static void
test_groups(void)
{
    static struct sp_group_line lines[2] = {
        {.word = SP_GROUP_GROUP, .id = "tools", .title = "Tools"},
        {.word = SP_GROUP_MANDATORY, .id = "bash"}};

    anew();
    deliver("1");
    outcome.groups = lines;
    outcome.n_groups = 2;
    tap_is_str(publish(), "ok", "with groups");
    tap_is_str(told, "index index:2,1,1001,/comps.xml sync publish ",
               "the index is told");
    tap_ok(is_settled("generations/1/comps.xml", 0644) &&
               strstr(content(state.repo_fd, "generations/1/comps.xml"),
                      "<id>tools</id>"),
           "they are part of it");
    deliver("1");
    outcome.groups = lines;
    outcome.n_groups = 2;
    tap_is_str(publish(), "ok", "the same again");
    tap_ok(outcome.nothing_to_do, "nothing to do");
    lines[0].title[0] = 't';
    deliver("1");
    outcome.groups = lines;
    outcome.n_groups = 2;
    tap_is_str(publish(), "ok", "another title");
    tap_ok(!outcome.nothing_to_do && outcome.generation == 2, "is new");
    deliver("1");
    tap_is_str(publish(), "ok", "without groups");
    tap_ok(!outcome.nothing_to_do && outcome.generation == 3, "is new");
    (void)snprintf(policy.comps, sizeof(policy.comps), "/my/groups");
    deliver("2");
    outcome.groups = lines;
    outcome.n_groups = 2;
    tap_is_str(publish(), "ok", "the owner's groups");
    tap_ok(!is_there("generations/4/comps.xml") &&
               strstr(told, "index:2,4,1001,/groups "),
           "go before those of a delivery");
}

/* Asked when all is on the disk. */
static bool
goes_on(void *data)
{
    (void)data;
    tell("gone", "");
    return false;
}

static void
test_preview(void)
{
    static const char *const words[] = {"install", "bash"};
    static const char *many[40];
    struct sp_text before = {0};

    anew();
    setup.show = show;
    setup.show_data = setup.changes_data = told;
    setup.changes = changes;
    setup.plan = plan;
    setup.plan_data = &agrees;
    deliver("1");
    tap_is_str(publish(), "ok", "the person agrees");
    tap_is_str(told,
               "index index:2,1,1001, preview shown "
               "changelog:/stage/rpm /index changed:changes "
               "plan:upgrade 1 /stage /etc/sallyport/keys /index "
               "asked:plan sync publish ",
               "and was shown all");
    snapshot(&before);
    agrees = false;
    setup.keys_path = "/my/keys";
    setup.plan_arguments = (struct sp_words){words, 2};
    deliver("2");
    tap_is_str(publish(), "not-confirmed", "the person does not");
    tap_ok(strstr(told, "plan:install 2 /stage /my/keys ") != NULL,
           "was shown what was asked for");
    tap_ok(is_as(&before) && !outcome.published &&
               !outcome.repository_touched && outcome.generation == 1,
           "nothing changes");
    for (size_t i = 0; i < 40; i++)
        many[i] = "x";
    setup.plan_arguments = (struct sp_words){many, 40};
    deliver("2");
    (void)publish();
    tap_ok(strstr(told, "plan:x 32 ") != NULL,
           "as many words as there is room");
    agrees = true;
    waits = false;
    deliver("2");
    tap_is_str(publish(), "not-confirmed", "nobody waits any more");
    tap_ok(strstr(told, "plan:") == NULL && is_as(&before), "nothing changes");
    waits = true;
    for (stop_at = 1; stop_at <= 2; stop_at++) {
        stopped = 0;
        deliver("2");
        tap_is_str(publish(), "interrupted", "a signal while %s is read",
                   stop_at == 1 ? "the changelog" : "the plan");
        tap_ok(strstr(told, stop_at == 1 ? "changed:" : "asked:") == NULL &&
                   is_as(&before),
               "nothing is told of it, nothing changes");
    }
    stop_at = stopped = 0;
    setup.goes_on = goes_on;
    deliver("2");
    tap_is_str(publish(), "not-confirmed", "nobody waits at the last moment");
    tap_ok(strstr(told, "sync gone") != NULL && is_as(&before) &&
               !outcome.published,
           "all is on the disk, and taken back");
    sp_text_release(&before);
}

static int
rehearse(void)
{
    return sp_publish_rehearse(&policy, &q, &outcome, event, told, &setup,
                               &err);
}

static void
test_rehearsed(void)
{
    struct sp_text before = {0};

    anew();
    deliver("1");
    (void)publish();
    setup.show = show;
    setup.show_data = setup.changes_data = told;
    setup.changes = changes;
    snapshot(&before);
    deliver("2");
    tap_ok(rehearse() == 0, "a rehearsal");
    tap_is_str(told,
               "index index:2,0,1001, preview shown "
               "changelog:/stage/rpm /index changed:changes ",
               "tells what would come");
    sp_quarantine_destroy(&q);
    tap_ok(is_as(&before) && !outcome.published &&
               !outcome.repository_touched && !outcome.nothing_to_do,
           "nothing changes");
    deliver("2");
    index_fails = true;
    tap_ok(rehearse() < 0, "one that fails");
    tap_is_str(told, "index index:2,0,1001, ", "tells nothing");
    index_fails = false;
    deliver("2");
    (void)unlinkat(state.repo_fd, ID ".UNTRUSTED/packages/000002.rpm", 0);
    outcome.n_packages = 1;
    tap_ok(rehearse() == 0 && strstr(told, "index:1,0,1001, ") != NULL,
           "one package is something to tell");
    deliver("2");
    outcome.n_packages = 0;
    tap_ok(rehearse() == 0 && told[0] == '\0',
           "an empty delivery has nothing to tell");
    sp_text_release(&before);
}

static void
test_refused(void)
{
    struct sp_text before = {0};

    anew();
    snapshot(&before);
    deliver("1");
    index_fails = true;
    tap_is_str(publish(), "index", "no index");
    tap_ok(is_as(&before), "nothing changes");
    index_fails = false;
    deliver("1");
    plant(ID ".UNTRUSTED/packages/000003.rpm", "package");
    tap_is_str(publish(), "disagreement", "a file that nobody reported");
    tap_ok(is_as(&before), "nothing changes");
    deliver("1");
    plant(ID ".UNTRUSTED/packages/000002.rpm", "packages");
    tap_is_str(publish(), "disagreement", "a file of another size");
    tap_ok(is_as(&before), "nothing changes");
    plant("generations", "a file");
    deliver("1");
    tap_ok(strcmp(publish(), "ok") != 0, "a file in place of the folder");
    anew();
    plant("rpm/file", "theirs");
    snapshot(&before);
    deliver("1");
    tap_is_str(publish(), "publish", "somebody's own folder");
    tap_ok(is_as(&before), "nothing changes");
    sp_text_release(&before);
}

/* ---- back ---- */

/* The word of the fault, "ok" when there is none. */
static const char *
back(uint64_t generation, uint64_t *ret)
{
    memset(&err, 0, sizeof(err));
    *ret = 0;
    sp_close_fd(&state.lock_fd);
    return sp_rollback(&state, generation, ret, &err) < 0 ? err.detail : "ok";
}

static unsigned
records(struct sp_text *ret)
{
    int fd =
        openat(state.state_fd, "history", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SP_AUTO_DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    unsigned n = 0;

    while (dir && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (strlen(entry->d_name) != 32 || !sp_text_is_hex(entry->d_name, 32))
            tap_ok(false, "'%s' is no name of a record", entry->d_name);
        n++;
        sp_text_add(ret, "%s", content(fd, entry->d_name));
    }
    return n;
}

static void
three(void)
{
    anew();
    for (char version[] = "1"; version[0] <= '3'; version[0]++) {
        deliver(version);
        (void)publish();
    }
}

static void
test_rollback(void)
{
    struct sp_text text = {0};
    uint64_t now;

    anew();
    tap_is_str(back(0, &now), "no-generation", "nothing to go back to");
    tap_ok(strstr(err.msg, "before the current one") != NULL, "and why");
    deliver("1");
    (void)publish();
    tap_is_str(back(0, &now), "no-generation", "nor from the first");
    three();
    plant("11112233445566778899aabbccddeeff.UNTRUSTED/packages/1", "bytes");
    plant("generations/4/packages", "");
    (void)unlinkat(state.state_fd, "floor", 0);
    tap_is_str(back(0, &now), "ok", "one back");
    tap_is_u64(now, 2, "to the one before");
    tap_is_str(points_to("current"), "generations/2", "current");
    tap_ok(!is_there("11112233445566778899aabbccddeeff.UNTRUSTED") &&
               !is_there("generations/4"),
           "what a dead run left is gone");
    tap_ok(state.lock_fd >= 0, "under the lock");
    tap_ok(strstr(content(state.state_fd, "floor"), "zsh 0:3-1\n") != NULL,
           "what was published stays the floor");
    tap_is_u64(records(&text), 1, "noted");
    tap_ok(strstr(text.bytes, "command rollback\nsource generation 2\n") &&
               strstr(text.bytes, "message instead of generation 3\n"),
           "what, and from where");
    tap_is_str(back(2, &now), "ok", "to where we are");
    tap_ok(now == 2 && records(&text) == 1, "is nothing to note");
    tap_is_str(back(0, &now), "ok", "one more back");
    tap_is_u64(now, 1, "to the first");
    tap_is_str(back(0, &now), "no-generation", "before which there is none");
    tap_is_str(back(2, &now), "ok", "forward again");
    tap_is_str(back(1, &now), "ok", "to the first");
    tap_is_str(points_to("current"), "generations/1", "current");
    tap_is_str(back(3, &now), "ok", "and forward");
    tap_is_u64(now, 3, "to the third");
    tap_is_str(back(4, &now), "no-generation", "one that is not there");
    tap_ok(now == 0 && strcmp(points_to("current"), "generations/3") == 0,
           "nothing changes");
    sp_text_release(&text);
}

/* ---- each call fails ---- */

static struct sp_text before;

static struct sp_group_line groups[2] = {
    {.word = SP_GROUP_GROUP, .id = "tools", .title = "Tools"},
    {.word = SP_GROUP_MANDATORY, .id = "bash"}};

/* Is all of a generation there, and the floor? */
static bool
is_whole(const char *path)
{
    char inside[64];
    const char *const names[] = {"packages", "comps.xml", "repodata", "rpm"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        (void)snprintf(inside, sizeof(inside), "%s/%s", path, names[i]);
        if (!is_settled(inside, i < 2 ? 0644 : 0755))
            return false;
        if (i == 0 &&
            strcmp(content(state.repo_fd, inside),
                   "bash-2-1.noarch.rpm bash 0:2-1 " ZEROS " 7 2000\n"
                   "zsh-2-1.noarch.rpm zsh 0:2-1 " ZEROS " 7 2000\n") != 0)
            return false;
        if (i == 1 && !strstr(content(state.repo_fd, inside), "</comps>"))
            return false;
    }
    return is_settled(path, 0755) && is_there("rpm/bash-2-1.noarch.rpm") &&
           is_there("repodata/repomd.xml") &&
           strcmp(content(state.state_fd, "floor"),
                  "bash 0:2-1\nsh 0:9-9\nzsh 0:2-1\n") == 0;
}

static void
deliver_groups(const char *version)
{
    deliver(version);
    outcome.groups = groups;
    outcome.n_groups = 2;
}

/* Old and told, or new; then at most the notes are missing. */
static bool
judge(const char *word, const char *call, unsigned n, const char *new)
{
    bool hit = faults_end(), ok = strcmp(word, "ok") == 0;
    bool is_new = strcmp(points_to("current"), new) == 0;

    if (outcome.published != is_new || outcome.repository_touched != is_new)
        tap_ok(false, "%s %u fails: published and not, at once", call, n);
    if (!is_new && (ok || !is_as(&before)))
        tap_ok(false, "%s %u fails (%s): neither old nor new", call, n, word);
    if (ok &&
        ((hit && !faults_only_looks(call) && strcmp(call, "unlinkat") != 0) ||
         !is_whole(new)))
        tap_ok(false, "%s %u fails and is not told", call, n);
    if (is_new && ok && sp_clock_known(&state) != 2000)
        tap_ok(false, "%s %u fails, a note is missing", call, n);
    if (!ok && !(hit && faults_is_told(call, word, err.sys)))
        tap_ok(false, "%s %u fails without a word", call, n);
    return hit;
}

/* What is in no delivery of this test. */
static void
note_floor(void)
{
    static const char line[] = "sh 0:9-9\n";

    if (sp_path_replace_file(state.state_fd, "floor", line, strlen(line), 0600,
                             NULL) < 0)
        tap_ok(false, "writing the floor");
}

/* The second delivery, over what lies there, with a call that fails. */
static bool
publish_over(const char *call, unsigned n, const char *new)
{
    const char *word, *failing;

    note_floor();
    snapshot(&before);
    deliver_groups("2");
    faults_begin(call, n);
    word = sp_publish(&state, &policy, &q, &outcome, NULL, NULL, NULL, &err) < 0
               ? err.detail
               : "ok";
    failing = calls_fault;
    calls_fault = NULL;
    if (strcmp(word, "ok") == 0 && strcmp(new, "generations/1") != 0 &&
        is_there("generations/1"))
        tap_ok(false, "%s %u fails: too many are kept", call, n);
    sp_quarantine_destroy(&q);
    calls_fault = failing;
    return judge(word, call, n, new);
}

static bool
publish_first(const char *call, unsigned n)
{
    anew();
    return publish_over(call, n, "generations/1");
}

static bool
publish_next(const char *call, unsigned n)
{
    anew();
    policy.keep_generations = 1;
    deliver("1");
    (void)publish();
    return publish_over(call, n, "generations/2");
}

static bool
roll_back(const char *call, unsigned n)
{
    struct sp_text text = {0};
    uint64_t now;
    const char *word;
    bool hit;

    three();
    plant("11112233445566778899aabbccddeeff.UNTRUSTED/packages/1", "bytes");
    faults_begin(call, n);
    word = back(0, &now);
    hit = faults_end();
    if (strcmp(word, "ok") == 0 &&
        (strcmp(points_to("current"), "generations/2") != 0 || now != 2 ||
         is_there("11112233445566778899aabbccddeeff.UNTRUSTED")))
        tap_ok(false, "%s %u fails and is not told", call, n);
    if (strcmp(word, "ok") == 0 && hit && !faults_only_looks(call) &&
        strcmp(call, "unlinkat") != 0)
        tap_ok(false, "%s %u fails, and nobody is told", call, n);
    if (strcmp(points_to("current"), "generations/2") == 0 &&
        records(&text) != 1)
        tap_ok(false, "%s %u fails: nothing is noted", call, n);
    if ((now == 2) != (strcmp(points_to("current"), "generations/2") == 0))
        tap_ok(false, "%s %u fails: %" PRIu64 " is said", call, n, now);
    sp_text_release(&text);
    return hit;
}

int
main(void)
{
    q = (struct sp_quarantine){.fd = -1, .packages_fd = -1, .stage_fd = -1};
    test_publish();
    test_again();
    test_one();
    test_groups();
    test_preview();
    test_rehearsed();
    test_refused();
    test_rollback();
    tap_ok(faults_sweep(publish_first) > 60, "the first: each call fails");
    tap_ok(faults_sweep(publish_next) > 60, "the next: each call fails");
    tap_ok(faults_sweep(roll_back) > 60, "back: each call fails");
    sp_text_release(&before);
    repository_gone();
    tap_is_str(faults_careless, "", "what is opened is opened with care");
    tap_ok(faults_standard_open(), "standard descriptors are left alone");
    return tap_done();
}
