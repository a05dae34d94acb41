/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "ingest/clock.h"
#include "ingest/floor.h"
#include "ingest/generation.h"
#include "tap.h"

static struct sp_state state = {-1, -1, -1, "", ""};
static char dir[] = "/tmp/sp-floor-XXXXXX";

static struct sp_nevra
nevra(const char *name, uint32_t epoch, const char *version)
{
    struct sp_nevra n = {.epoch = epoch, .release = "1", .arch = "noarch"};

    (void)snprintf(n.name, sizeof(n.name), "%s", name);
    (void)snprintf(n.version, sizeof(n.version), "%s", version);
    return n;
}

static void
put(const char *name, const char *text)
{
    struct sp_error err = {0};

    if (sp_path_replace_file(state.state_fd, name, text, strlen(text), 0600,
                             &err) < 0)
        printf("Bail out! %s\n", err.msg);
}

static void
test_raise(void)
{
    struct sp_floor floor = {0};
    struct sp_error err = {0};
    struct sp_nevra n;

    for (int i = 999; i >= 0; i--) {
        char name[16];

        (void)snprintf(name, sizeof(name), "p%d", i * 7919 % 1000);
        n = nevra(name, 0, "1.5");
        (void)sp_floor_raise(&floor, &n, false, &err);
    }
    tap_is_u64(floor.n, 1000, "a thousand names");
    for (size_t i = 1; i < floor.n; i++)
        if (strcmp(floor.entries[i - 1].name, floor.entries[i].name) >= 0)
            tap_ok(false, "sorted at %zu", i);
    n = nevra("p5", 0, "1.4");
    (void)sp_floor_raise(&floor, &n, false, &err);
    tap_is_str(sp_floor_find(&floor, "p5")->version, "1.5", "never lower");
    tap_ok(sp_floor_compare(&n, sp_floor_find(&floor, "p5")) < 0, "older");
    n = nevra("p5", 1, "0.1");
    tap_ok(sp_floor_compare(&n, sp_floor_find(&floor, "p5")) > 0, "epoch wins");
    (void)sp_floor_raise(&floor, &n, false, &err);
    tap_is_str(sp_floor_find(&floor, "p5")->version, "0.1", "raised by epoch");
    tap_ok(!sp_floor_find(&floor, "q"), "an unknown name has none");
    tap_ok(sp_floor_save(&state, &floor, &err) == 0, "saved");
    sp_floor_release(&floor);
    tap_ok(sp_floor_load(&state, &floor, &err) == 0, "loaded: %s", err.msg);
    tap_is_u64(floor.n, 1000, "all of it");
    sp_floor_release(&floor);
}

static void
test_damaged(void)
{
    static const char *const bad[] = {
        "hello\n",       "hello 1.0-1\n",   "hello x:1.0-1\n",
        "hello 0:1.0\n", "hello 0:-1\n",    "-x 0:1.0-1\n",
        "hello 0:1.0-1", "hello 0:1/0-1\n", "hello 99999999999:1-1\n",
    };
    struct sp_floor floor = {0};
    struct sp_error err = {0};

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        put("floor", bad[i]);
        tap_ok(sp_floor_load(&state, &floor, &err) < 0, "refused: %zu", i);
        tap_is_str(err.detail, "state", "as a damaged state");
    }
    (void)unlinkat(state.state_fd, "floor", 0);
    tap_ok(sp_floor_load(&state, &floor, &err) == 0 && floor.n == 0,
           "a missing floor is an empty one");
}

static void
test_clock(void)
{
    struct sp_error err = {0};
    uint64_t now = sp_clock_now(NULL);

    tap_ok(now > 1700000000, "the machine's clock");
    tap_ok(sp_clock_raise(&state, now + 1000, &err) == 0, "raised");
    tap_ok(sp_clock_now(&state) >= now + 1000, "never below it");
    tap_ok(sp_clock_raise(&state, 5, &err) == 0, "a lower time");
    tap_ok(sp_clock_now(&state) >= now + 1000, "does not lower it");
    put("clock", "rubbish\n");
    tap_ok(sp_clock_now(&state) < now + 1000, "a damaged one is not believed");
}

static void
test_lines(void)
{
    struct sp_generation_line got;
    struct sp_package p = {0};
    char line[1024], copy[1024];

    p.facts.nevra = nevra("hello", 2, "1.0~rc1");
    p.facts.file_bytes = 1234;
    p.facts.signature_time = 99;
    sp_generation_print(&p, line, sizeof(line));
    memcpy(copy, line, sizeof(copy));
    tap_ok(sp_generation_parse(copy, &got), "parsed: %s", line);
    tap_is_str(got.file, "hello-1.0~rc1-1.noarch.rpm", "file");
    tap_is_str(got.evr, "2:1.0~rc1-1", "evr");
    tap_is_u64(got.bytes, 1234, "bytes");
    tap_is_u64(got.signed_at, 99, "signature time");
    for (size_t len = 0; len < strlen(line) - 1; len++) {
        memcpy(copy, line, len);
        copy[len] = '\0';
        if (sp_generation_parse(copy, &got))
            tap_ok(false, "a line cut at %zu", len);
    }
    tap_ok(true, "no line that is cut is taken");
}

static void
test_published(void)
{
    struct sp_floor floor = {0};
    struct sp_error err = {0};

    tap_ok(mkdirat(state.repo_fd, "generations", 0755) == 0 &&
               mkdirat(state.repo_fd, "generations/1", 0755) == 0 &&
               symlinkat("generations/1", state.repo_fd, "current") == 0,
           "a generation");
    put("floor", "");
    tap_ok(sp_floor_load(&state, &floor, &err) == 0,
           "a list that is gone tells nothing");
    sp_floor_release(&floor);
    (void)mkdirat(state.repo_fd, "generations/1/packages", 0755);
    tap_ok(sp_floor_load(&state, &floor, &err) < 0,
           "one that cannot be read could tell more");
}

int
main(void)
{
    if (!mkdtemp(dir))
        return 1;
    state.state_fd = state.repo_fd = open(dir, O_RDONLY | O_DIRECTORY);
    test_raise();
    test_damaged();
    test_clock();
    test_lines();
    test_published();
    (void)sp_path_remove_tree(AT_FDCWD, dir, NULL);
    return tap_done();
}
