/* SPDX-License-Identifier: GPL-2.0-or-later */
/* STATE/ratchet and the clock: what is new stays known. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/path.h"
#include "ingest/clock.h"
#include "ingest/ratchet.h"
#include "tap.h"

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

static struct sp_state state;
static struct sp_error err;

static void
put(const char *name, const char *text)
{
    (void)sp_path_replace_file(state.state_fd, name, text, strlen(text), 0600,
                               NULL);
}

static struct sp_repository
repository(const char *label, const char *fpr, uint64_t revision,
           uint64_t signed_at)
{
    struct sp_repository r = {.revision = revision, .signed_at = signed_at};

    (void)snprintf(r.label, sizeof(r.label), "%s", label);
    (void)snprintf(r.primary_fpr, sizeof(r.primary_fpr), "%s", fpr);
    return r;
}

static void
raise(struct sp_ratchet *ratchet, const char *label, const char *fpr,
      uint64_t revision, uint64_t signed_at)
{
    struct sp_repository r = repository(label, fpr, revision, signed_at);

    tap_ok(sp_ratchet_raise(ratchet, &r, &err) == 0, "%s %" PRIu64, label,
           revision);
}

static uint64_t
revision(const struct sp_ratchet *ratchet, const char *label, const char *fpr)
{
    const struct sp_notch *notch = sp_ratchet_find(ratchet, label, fpr);

    return notch ? notch->revision : 0;
}

static void
test_raise(void)
{
    struct sp_ratchet ratchet;

    tap_ok(sp_ratchet_load(&state, &ratchet, &err) == 0 && ratchet.n == 0,
           "no file, nothing known");
    raise(&ratchet, "updates", KEY_A, 100, 1000);
    raise(&ratchet, "base", KEY_A, 7, 900);
    raise(&ratchet, "updates", KEY_B, 5, 800);
    raise(&ratchet, "updates", KEY_A, 90, 1100);
    tap_is_u64(revision(&ratchet, "updates", KEY_A), 100,
               "it does not go back");
    tap_is_u64(revision(&ratchet, "updates", KEY_B), 5, "each key for itself");
    tap_is_u64(revision(&ratchet, "base", KEY_B), 0, "an unknown one");
    sp_ratchet_raise_build(&ratchet, 1050);
    sp_ratchet_raise_build(&ratchet, 50);
    tap_is_u64(sp_ratchet_newest(&ratchet), 1100, "the newest of all");
    tap_ok(sp_ratchet_save(&state, &ratchet, &err) == 0, "saved");
    sp_ratchet_release(&ratchet);

    tap_ok(sp_ratchet_load(&state, &ratchet, &err) == 0, "loaded again");
    tap_is_u64(ratchet.n, 3, "three notches");
    tap_is_u64(ratchet.build, 1050, "the newest build");
    tap_is_u64(revision(&ratchet, "updates", KEY_A), 100, "the same revision");
    tap_ok(!ratchet.changed, "nothing to save");
    tap_ok(sp_ratchet_forget(&ratchet, "updates"), "one is forgotten");
    tap_is_u64(ratchet.n, 1, "by all its keys");
    tap_is_u64(revision(&ratchet, "base", KEY_A), 7, "the other is not");
    tap_ok(!sp_ratchet_forget(&ratchet, "updates"), "it is gone");
    tap_ok(sp_ratchet_forget(&ratchet, NULL) && ratchet.n == 0 &&
               ratchet.build == 0,
           "all is forgotten");
    tap_ok(!sp_ratchet_forget(&ratchet, NULL), "there is nothing left");
    sp_ratchet_release(&ratchet);
}

static void
test_damage(void)
{
    static const char *const bad[] = {
        "revision updates " KEY_A " 1\n",
        "revision updates " KEY_A " 1 2 3\n",
        "revision updates KEY 1 2\n",
        "revision updates " KEY_A " -1 2\n",
        "revision updates " KEY_A " 01 2\n",
        "revision updates " KEY_A " 99999999999999999999 2\n",
        "build\n",
        "build x\n",
        "other 1\n",
        "\n",
        "build 1",
    };
    struct sp_ratchet ratchet;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        put("ratchet", bad[i]);
        memset(&err, 0, sizeof(err));
        tap_ok(sp_ratchet_load(&state, &ratchet, &err) < 0 &&
                   strcmp(err.detail, "state") == 0,
               "damage %zu is not guessed around", i);
    }
    put("ratchet", "");
    tap_ok(sp_ratchet_load(&state, &ratchet, &err) == 0,
           "an empty one is good");
    sp_ratchet_release(&ratchet);
}

static void
test_clock(void)
{
    uint64_t now;
    struct sp_error expired = {0};

    (void)unlinkat(state.state_fd, "clock", 0);
    now = sp_clock_now(&state);
    tap_ok(sp_clock_check(&state, &err) == 0, "nothing known, nothing wrong");
    (void)sp_clock_raise(&state, now + 80000, &err);
    tap_ok(sp_clock_check(&state, &err) == 0, "a day is no fault");
    (void)sp_clock_raise(&state, now + 90000, &err);
    tap_ok(sp_clock_check(&state, &err) < 0, "more is");
    tap_is_str(err.detail, "clock", "and is named as such");

    put("clock", "1000000000\n");
    (void)sp_fail(&expired, "key-expired", "the key expired");
    sp_clock_blame(&state, &expired);
    tap_is_str(expired.detail, "clock", "a leap of years is the clock's");
    tap_ok(strstr(expired.msg, "the key expired") != NULL, "%s", expired.msg);
    (void)sp_fail(&expired, "key-revoked", "the key was revoked");
    sp_clock_blame(&state, &expired);
    tap_is_str(expired.detail, "key-revoked", "not of what has no time");
    (void)sp_clock_raise(&state, now - 100 * 86400, &err);
    (void)sp_fail(&expired, "key-expired", "the key expired");
    sp_clock_blame(&state, &expired);
    tap_is_str(expired.detail, "key-expired", "months are no leap");
}

int
main(void)
{
    char path[] = "/tmp/sp-ratchet.XXXXXX";

    if (!mkdtemp(path))
        return 1;
    state = (struct sp_state){.repo_fd = -1, .lock_fd = -1};
    state.state_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(state.state_path, sizeof(state.state_path), "%s", path);
    test_raise();
    test_damage();
    test_clock();
    (void)sp_path_remove_tree(AT_FDCWD, path, NULL);
    return tap_done();
}
