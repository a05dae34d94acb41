/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of a vchan that does as it likes, on the true library:
 *
 *   xen-peer DOMID NAME ACT [BUNDLE]
 *
 * What it writes into the shared pages is all that a hostile domain can
 * write there. Prints the answer line, if one comes, and otherwise how it
 * ended.
 */
#include <libxenvchan.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

/* In seconds: for a server, which starts its workers and gpg first, on one
 * emulated processor; and for everything behind that. */
enum { FRAME = 65536, SERVER_PATIENCE = 90, PATIENCE = 25 };

static struct libxenvchan *ring;
static char path[64];
static int server;
static const uint8_t *bundle;
static size_t bundle_bytes;
static bool rewrite;

static uint64_t
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static _Noreturn void
say(const char *how)
{
    (void)printf("%s\n", how);
    exit(0);
}

/* ---- words ------------------------------------------------------------- */

static struct libxenvchan *
attach(void)
{
    struct libxenvchan *r = libxenvchan_client_init(NULL, server, path);

    if (!r)
        return NULL;
    r->blocking = 0;
    if (libxenvchan_is_open(r) != 0)
        return r;
    libxenvchan_close(r);
    return NULL;
}

static void
wait_event(void)
{
    struct pollfd polled = {.fd = libxenvchan_fd_for_select(ring),
                            .events = POLLIN};

    if (poll(&polled, 1, 100) > 0)
        (void)libxenvchan_wait(ring);
}

/* What the server has read says something else from now on. */
static void
rewrite_ring(void)
{
    const volatile struct ring_shared *left = ring->write.shr;
    const uint64_t deadline = now_ms() + PATIENCE * 1000;

    while (left->cons != left->prod && now_ms() < deadline)
        wait_event();
    memset(ring->write.buffer, 0xff, (size_t)1 << ring->write.order);
}

static void
put(const void *bytes, size_t len)
{
    const uint64_t deadline = now_ms() + PATIENCE * 1000;
    size_t done = 0;

    while (done < len) {
        int n = libxenvchan_write(ring, (const char *)bytes + done, len - done);

        if (n < 0)
            say("closed");
        done += (size_t)n;
        if (n == 0)
            wait_event();
        if (now_ms() > deadline)
            say("full");
    }
    if (rewrite)
        rewrite_ring();
}

static void
put_u32(uint32_t value)
{
    const uint8_t le[4] = {(uint8_t)value, (uint8_t)(value >> 8),
                           (uint8_t)(value >> 16), (uint8_t)(value >> 24)};

    put(le, sizeof(le));
}

static void
put_frames(const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len; at += FRAME) {
        const size_t n = len - at < FRAME ? len - at : FRAME;

        put_u32((uint32_t)n);
        put(bytes + at, n);
    }
}

/* The first half, until the server has taken it. */
static void
put_half(void)
{
    const volatile struct ring_shared *left = ring->write.shr;
    const uint64_t deadline = now_ms() + PATIENCE * 1000;

    put_frames(bundle, bundle_bytes / 2);
    while (left->cons != left->prod && now_ms() < deadline)
        wait_event();
}

static void
print_answer(void)
{
    const uint64_t deadline = now_ms() + PATIENCE * 1000;
    char line[128];
    size_t len = 0;

    while (now_ms() < deadline && len < sizeof(line)) {
        int n = libxenvchan_read(ring, line + len, sizeof(line) - len);

        if (n < 0)
            say("closed");
        len += (size_t)n;
        if (len > 0 && line[len - 1] == '\n') {
            line[len - 1] = '\0';
            say(line);
        }
        if (n == 0)
            wait_event();
    }
    say("silence");
}

static _Noreturn void
wait_closed(void)
{
    const uint64_t deadline = now_ms() + PATIENCE * 1000;

    while (libxenvchan_is_open(ring) == 1)
        if (now_ms() > deadline)
            say("left open");
        else
            wait_event();
    say("closed");
}

static _Noreturn void
close_now(void)
{
    libxenvchan_close(ring);
    say("closed");
}

static void
notify(void)
{
    (void)xenevtchn_notify(ring->event, ring->event_port);
}

/* ---- acts -------------------------------------------------------------- */

static void
send_all(void)
{
    put_frames(bundle, bundle_bytes);
    put_u32(0);
    print_answer();
}

static void
index_jumps(void)
{
    put_half();
    ring->write.shr->prod = ring->write.shr->cons + 0xfffffff0u;
    notify();
    wait_closed();
}

static void
index_goes_back(void)
{
    put_half();
    ring->write.shr->prod = ring->write.shr->cons - 1;
    notify();
    wait_closed();
}

static void
index_of_the_server(void)
{
    put_half();
    ring->write.shr->cons = ring->write.shr->prod + 1;
    ring->read.shr->prod = ring->read.shr->cons + 0x7fffffffu;
    notify();
    wait_closed();
}

static void
orders_change(void)
{
    ring->ring->left_order = ring->ring->right_order = 31;
    ring->ring->grants[0] = ring->ring->grants[1] = 0;
    send_all();
}

static void
lies_about_life(void)
{
    ring->ring->cli_live = 77;
    send_all();
}

static void
garbage(void)
{
    uint8_t bytes[4096];
    uint32_t state = 1;

    for (size_t i = 0; i < sizeof(bytes); i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
    for (int i = 0; i < 64; i++)
        put_frames(bytes, sizeof(bytes));
    put_u32(0);
    print_answer();
}

static void
zero_first(void)
{
    put_u32(0);
    print_answer();
}

static void
zero_in_the_middle(void)
{
    put_half();
    put_u32(0);
    print_answer();
}

static void
huge_frame(void)
{
    put_half();
    put_u32(UINT32_MAX);
    wait_closed();
}

static void
one_too_many(void)
{
    put_half();
    put_u32(1024 * 1024 + 1);
    wait_closed();
}

static void
closes_in_a_frame(void)
{
    put_u32((uint32_t)bundle_bytes);
    put(bundle, 5000);
    close_now();
}

static void
closes_in_a_head(void)
{
    put_half();
    put("\1", 2);
    close_now();
}

static void
closes_at_once(void)
{
    close_now();
}

static void
no_end(void)
{
    put_frames(bundle, bundle_bytes);
    close_now();
}

static void
dies(void)
{
    put_half();
    (void)raise(SIGKILL);
}

/* Until the server has seen the first end the ring takes a client again; it
 * must be closed to that one as well. */
static void
reconnects(void)
{
    put_half();
    libxenvchan_close(ring);
    ring = attach();
    if (ring)
        wait_closed();
    say("closed");
}

static void
second_client(void)
{
    if (attach())
        say("a second client was let in");
    send_all();
}

static void
rewrites(void)
{
    rewrite = true;
    send_all();
}

static void
storm(void)
{
    const uint64_t deadline = now_ms() + PATIENCE * 1000;

    put_half();
    while (libxenvchan_is_open(ring) == 1 && now_ms() < deadline)
        notify();
    wait_closed();
}

/* Bytes and an index, but no event: into an empty ring that holds it all. */
static void
no_events(void)
{
    volatile struct ring_shared *left = ring->write.shr;
    uint8_t *to = ring->write.buffer;
    const uint32_t len = (uint32_t)bundle_bytes;

    if (left->prod != 0 || len + 8 > 1u << ring->write.order)
        say("the bundle is too large for the ring");
    memcpy(to, &len, 4);
    memcpy(to + 4, bundle, len);
    memset(to + 4 + len, 0, 4);
    left->prod = len + 8;
    print_answer();
}

static void
goes_on_behind_the_end(void)
{
    put_frames(bundle, bundle_bytes);
    put_u32(0);
    put_frames(bundle, 512);
    put_u32(UINT32_MAX);
    print_answer();
}

static void
silence(void)
{
    put_half();
    wait_closed();
}

static void
trickle(void)
{
    put_half();
    for (size_t at = bundle_bytes / 2; at < bundle_bytes; at++) {
        put_frames(bundle + at, 1);
        (void)usleep(20000);
    }
    say("not stopped");
}

static void
flood(void)
{
    static const uint8_t zeros[FRAME];

    put_frames(bundle, bundle_bytes);
    for (;;)
        put_frames(zeros, sizeof(zeros));
}

static void
never_reads_the_answer(void)
{
    put_frames(bundle, bundle_bytes);
    put_u32(0);
    wait_closed();
}

/* The ring of the answer looks full for ever. */
static void
blocks_the_answer(void)
{
    put_half();
    ring->read.shr->cons = ring->read.shr->prod - (1u << ring->read.order);
    put_frames(bundle + bundle_bytes / 2, bundle_bytes - bundle_bytes / 2);
    put_u32(0);
    wait_closed();
}

static void
says_nothing(void)
{
    wait_closed();
}

static const struct {
    const char *name;
    void (*run)(void);
} acts[] = {
    {"send", send_all},
    {"index-jumps", index_jumps},
    {"index-goes-back", index_goes_back},
    {"index-of-the-server", index_of_the_server},
    {"orders-change", orders_change},
    {"lies-about-life", lies_about_life},
    {"garbage", garbage},
    {"zero-first", zero_first},
    {"zero-in-the-middle", zero_in_the_middle},
    {"huge-frame", huge_frame},
    {"one-too-many", one_too_many},
    {"closes-in-a-frame", closes_in_a_frame},
    {"closes-in-a-head", closes_in_a_head},
    {"closes-at-once", closes_at_once},
    {"no-end", no_end},
    {"dies", dies},
    {"reconnects", reconnects},
    {"second-client", second_client},
    {"rewrites", rewrites},
    {"storm", storm},
    {"no-events", no_events},
    {"goes-on-behind-the-end", goes_on_behind_the_end},
    {"silence", silence},
    {"says-nothing", says_nothing},
    {"trickle", trickle},
    {"flood", flood},
    {"never-reads-the-answer", never_reads_the_answer},
    {"blocks-the-answer", blocks_the_answer},
};

/* ---- set-up ------------------------------------------------------------ */

static bool
load(const char *name)
{
    FILE *f = fopen(name, "re");
    struct stat st;
    uint8_t *bytes;

    if (!f || fstat(fileno(f), &st) < 0)
        return false;
    bundle_bytes = (size_t)st.st_size;
    bytes = malloc(bundle_bytes);
    if (!bytes || fread(bytes, 1, bundle_bytes, f) != bundle_bytes)
        return false;
    bundle = bytes;
    return fclose(f) == 0;
}

/*
 * Where the server offers: its name in xenstore holds our own number. Tells
 * dom0 in data/peer that we are about to look.
 */
static bool
find_path(const char *name)
{
    struct xs_handle *xs = xs_open(0);
    char *own = xs ? xs_read(xs, XBT_NULL, "domid", NULL) : NULL;

    if (!own || !xs_write(xs, XBT_NULL, "data/peer", "1", 1))
        return false;
    (void)snprintf(path, sizeof(path), "/local/domain/%d/data/vchan/%s/%s",
                   server, own, name);
    free(own);
    xs_close(xs);
    return true;
}

int
main(int argc, char **argv)
{
    const uint64_t deadline = now_ms() + SERVER_PATIENCE * 1000;

    if (argc < 4)
        return 2;
    server = (int)strtol(argv[1], NULL, 10);
    if (!find_path(argv[2]) || (argc > 4 && !load(argv[4])))
        return 3;
    while (!(ring = attach()) && now_ms() < deadline)
        (void)usleep(50000);
    if (!ring)
        say("nobody offers a vchan");
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        if (strcmp(argv[3], acts[i].name) == 0)
            acts[i].run();
    return 2;
}
