/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both directions of a vchan, over a channel whose peer the test plays. */
#include "transports/vchan-move.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/tap.h"
#include "transports/vchan-frame.h"

#define LINE "sallyport 1 ok -\n"
#define FRAMES "\3\0\0\0abc\1\0\0\0d\0\0\0\0"

enum { CHUNK = 256 * 1024, MOST = 1 << 20 };

/* A descriptor that is given: what can be read, or how it fails. */
enum given { GIVEN = 0, UNREADABLE, FULL, DEAF };

static struct play {
    const void *bytes; /* of the peer */
    size_t size;
    size_t piece;          /* the most of them a read gets; 0: all */
    bool stays;            /* behind them it does not close the vchan */
    size_t room;           /* the most that a write takes; 0: all */
    bool lazy;             /* each first try gets nothing, writes nothing */
    size_t leaves_behind;  /* is gone when it has got so much; 0: never */
    size_t answers_behind; /* speaks when it has got so much */
    unsigned tired_at;     /* so many sleeps are too many; 0: none are */
    unsigned late;         /* so long descriptor 0 is not ready */
    const void *in;        /* on descriptor 0 */
    size_t in_size;
    enum given in_is, out_is;
    bool sends;
} play;

/* What became of it; the child that moved the bytes writes it. */
static struct outcome {
    int status, sys;
    char word[32], msg[256];
    size_t used, longest_read; /* of the peer's bytes */
    uint8_t written[MOST];     /* to the peer */
    size_t n_written;
    uint8_t out[MOST]; /* descriptor 1 */
    size_t n_out;
    unsigned sleeps, deaf_sleeps, dozes, ended, told_gone;
    bool open_at_end;
    uint64_t pace_ms;
} * outcome;

/* ---- the channel ----------------------------------------------------------
 */

static bool
tries_in_vain(void)
{
    static unsigned tries;

    return play.lazy && ++tries % 2 == 1;
}

ssize_t
sp_vchan_read(struct sp_vchan *v, void *buf, size_t len)
{
    size_t n = play.size - outcome->used;

    if (!v || len == 0)
        abort();
    if (tries_in_vain())
        return 0;
    if (n == 0)
        return play.stays ? 0 : -1;
    if (len > outcome->longest_read)
        outcome->longest_read = len;
    n = n < len ? n : len;
    n = play.piece && play.piece < n ? play.piece : n;
    memcpy(buf, (const uint8_t *)play.bytes + outcome->used, n);
    outcome->used += n;
    return (ssize_t)n;
}

ssize_t
sp_vchan_write(struct sp_vchan *v, const void *buf, size_t len)
{
    size_t n = play.room && play.room < len ? play.room : len;

    if (!v || len == 0 || outcome->n_written + n > MOST)
        abort();
    if (play.leaves_behind && outcome->n_written >= play.leaves_behind) {
        outcome->told_gone++;
        return -1;
    }
    if (tries_in_vain())
        return 0;
    memcpy(outcome->written + outcome->n_written, buf, n);
    outcome->n_written += n;
    return (ssize_t)n;
}

bool
sp_vchan_has_bytes(const struct sp_vchan *v)
{
    return v && outcome->n_written >= play.answers_behind;
}

static int
wait_for(int fd, bool *ret_fd, struct sp_error *err)
{
    if (outcome->sleeps + outcome->dozes == play.tired_at)
        return sp_fail(err, "idle", "tired");
    if (outcome->sleeps + outcome->dozes > 10000)
        return sp_fail(err, "too-slow", "it waits for ever");
    *ret_fd = fd >= 0 && outcome->sleeps + outcome->dozes > play.late;
    return 0;
}

int
sp_vchan_sleep(struct sp_vchan *v, int fd, bool *ret_fd, struct sp_error *err)
{
    if (!v || (fd != -1 && fd != STDIN_FILENO))
        abort();
    outcome->sleeps++;
    outcome->deaf_sleeps += fd == -1;
    return wait_for(fd, ret_fd, err);
}

int
sp_vchan_doze(struct sp_vchan *v, int fd, bool *ret_fd, struct sp_error *err)
{
    if (!v || fd != STDIN_FILENO)
        abort();
    outcome->dozes++;
    return wait_for(fd, ret_fd, err);
}

void
sp_vchan_set_pace(struct sp_vchan *v, const struct sp_vchan_pace *pace)
{
    if (!v || pace->rate_ms || pace->rate_bps)
        abort();
    outcome->pace_ms = pace->idle_ms;
}

/* ---- one run --------------------------------------------------------------
 */

static void
ended(void)
{
    outcome->ended++;
    outcome->open_at_end = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
}

static int
given(enum given how, const void *bytes, size_t size)
{
    int ends[2];

    switch (how) {
    case UNREADABLE: return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    case FULL: return open("/dev/full", O_WRONLY | O_CLOEXEC);
    case DEAF:
        if (pipe(ends) < 0)
            abort();
        (void)close(ends[0]);
        return ends[1];
    case GIVEN: break;
    }
    ends[0] = memfd_create("given", MFD_CLOEXEC);
    if (write(ends[0], bytes, size) != (ssize_t)size ||
        lseek(ends[0], 0, SEEK_SET) != 0)
        abort();
    return ends[0];
}

static void
move(int in, int out)
{
    struct sp_vchan v = {.domid = 77};
    struct sp_error err = {0};

    (void)signal(SIGPIPE, SIG_IGN);
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
        abort();
    outcome->status = play.sends ? sp_vchan_send(&v, 5000, &err)
                                 : sp_vchan_receive(&v, ended, &err);
    outcome->sys = err.sys;
    memcpy(outcome->word, err.detail, strnlen(err.detail, 31));
    memcpy(outcome->msg, err.msg, strnlen(err.msg, 255));
    _exit(0);
}

/* Plays it, and starts the next from nothing. Returns the word: "" is good. */
static const char *
played(void)
{
    int in = given(play.in_is, play.in, play.in_size);
    int out = given(play.out_is, "", 0);
    int status = 0;
    ssize_t n;
    pid_t child;

    memset(outcome, 0, sizeof(*outcome));
    (void)fflush(stdout);
    child = fork();
    if (child == 0)
        move(in, out);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        return "a signal";
    n = play.out_is == GIVEN ? pread(out, outcome->out, MOST, 0) : 0;
    outcome->n_out = n > 0 ? (size_t)n : 0;
    (void)close(in);
    (void)close(out);
    memset(&play, 0, sizeof(play));
    return (outcome->status < 0) == (outcome->word[0] != '\0') ? outcome->word
                                                               : "a lie";
}

static void
peer(const void *bytes, size_t size)
{
    play.bytes = bytes;
    play.size = size;
}

static void
input(const void *bytes, size_t size)
{
    play.in = bytes;
    play.in_size = size;
}

/* ---- receive --------------------------------------------------------------
 */

/* Frames and an answer, as they are when all is well. */
static void
good(void)
{
    peer(FRAMES "behind", sizeof(FRAMES "behind") - 1);
    input(LINE, strlen(LINE));
}

static bool
came_through(void)
{
    return outcome->n_out == 4 && memcmp(outcome->out, "abcd", 4) == 0 &&
           outcome->n_written == strlen(LINE) &&
           memcmp(outcome->written, LINE, strlen(LINE)) == 0 &&
           outcome->used == sizeof(FRAMES) - 1 && outcome->ended == 1 &&
           !outcome->open_at_end;
}

static void
test_receive(void)
{
    good();
    tap_is_str(played(), "", "frames are received");
    tap_ok(came_through(), "their bytes, and not one behind the end; and the "
                           "answer is given");
    tap_is_u64(outcome->pace_ms, 2000, "which has two seconds");
    tap_is_u64(outcome->sleeps, 0, "nobody had to wait");
    for (size_t n = 1; n < 8; n++) {
        good();
        play.piece = play.room = n;
        tap_ok(strcmp(played(), "") == 0 && came_through(),
               "in pieces of %zu bytes", n);
        good();
        play.piece = play.room = n;
        play.lazy = true;
        play.late = UINT16_MAX;
        tap_ok(strcmp(played(), "") == 0 && came_through() &&
                   outcome->sleeps > 0,
               "and with waits between");
    }
}

static void
test_long_frame(void)
{
    static uint8_t frames[4 + 300000 + 4];

    memset(frames + 4, 'x', 300000);
    sp_vchan_head_put(frames, 300000);
    sp_vchan_head_put(frames + 4 + 300000, 0);
    peer(frames, sizeof(frames));
    input(LINE, strlen(LINE));
    tap_is_str(played(), "", "a long frame");
    tap_ok(outcome->n_out == 300000 &&
               memcmp(outcome->out, frames + 4, 300000) == 0,
           "comes through");
    tap_is_u64(outcome->longest_read, CHUNK, "by the chunk");
}

static void
test_broken_off(void)
{
    bool held = true;

    peer("", 0);
    tap_is_str(played(), "peer-gone", "a peer that was never there");
    tap_ok(strstr(outcome->msg, "domain 77 closed") != NULL, "is named");
    for (size_t n = 1; n < sizeof(FRAMES) - 1; n++) {
        good();
        play.size = n;
        held =
            held && strcmp(played(), "truncated") == 0 && outcome->ended == 0;
    }
    tap_ok(held, "no truncation is complete");
    tap_ok(strstr(outcome->msg, "domain 77 ") && strstr(outcome->msg, " 15 "),
           "it says who, and behind which byte");
    good();
    peer("\1\0\20\0", 4);
    tap_is_str(played(), "frame", "a frame that is too long");
    good();
    play.lazy = true;
    play.tired_at = 1;
    tap_is_str(played(), "idle", "a peer that does nothing");
}

static void
test_nobody_listens(void)
{
    good();
    play.out_is = DEAF;
    tap_is_str(played(), "", "who judges may have seen enough");
    tap_ok(outcome->n_written == strlen(LINE) && outcome->ended == 0,
           "and the answer says why");
    tap_ok(outcome->used == 7, "nothing more is read");
    good();
    play.out_is = FULL;
    tap_is_str(played(), "space", "what cannot be passed on");
    tap_is_u64((uint64_t)outcome->sys, ENOSPC, "with what the system says");
}

/* The parent speaks before the end. */
static void
test_early_answer(void)
{
    peer(FRAMES, 5);
    input(LINE, strlen(LINE));
    play.stays = true;
    tap_is_str(played(), "", "an answer before the end");
    tap_ok(outcome->n_written == strlen(LINE) && outcome->ended == 0 &&
               outcome->sleeps == 1,
           "is given at once");
    peer(FRAMES, 5);
    input(LINE, strlen(LINE));
    play.stays = true;
    play.late = 3;
    tap_is_str(played(), "", "one that comes later");
    tap_ok(outcome->n_written == strlen(LINE) && outcome->sleeps == 4,
           "is waited for");
    peer(FRAMES, 5);
    input("a\033\n", 3);
    play.stays = true;
    tap_is_str(played(), "frame", "one that is no line");
    peer(FRAMES, 5);
    input("half", 4);
    play.stays = true;
    tap_is_str(played(), "", "half a line");
    tap_is_u64(outcome->n_written, 0, "is not given");
    peer(FRAMES, 5);
    play.in_is = UNREADABLE;
    play.stays = true;
    tap_is_str(played(), "io", "one that cannot be read");
    tap_is_u64((uint64_t)outcome->sys, EISDIR, "with what the system says");
}

static void
test_no_answer(void)
{
    good();
    input("", 0);
    play.lazy = true;
    tap_is_str(played(), "", "no answer at all");
    tap_ok(outcome->ended == 1 && outcome->n_out == 4 &&
               outcome->n_written == 0,
           "all is received, and none is given");
    tap_ok(outcome->deaf_sleeps == outcome->sleeps - 1,
           "once it is clear nobody listens for it");
    good();
    input("", 0);
    tap_is_str(played(), "", "none behind the end");
    tap_is_u64(outcome->n_written, 0, "either");
    good();
    play.in_is = UNREADABLE;
    tap_is_str(played(), "io", "one that cannot be read behind the end");
    good();
    input("x\377\n", 3);
    tap_is_str(played(), "frame", "one that is no line behind the end");
}

static void
test_give_answer(void)
{
    good();
    play.room = 3;
    play.leaves_behind = 6;
    tap_is_str(played(), "peer-gone", "a peer that leaves before its answer");
    tap_ok(strstr(outcome->msg, "domain 77 closed") != NULL, "is named");
    tap_is_u64(outcome->n_written, 6, "there");
    good();
    play.piece = 1;
    play.lazy = true;
    play.late = UINT16_MAX;
    play.tired_at = 17;
    tap_is_str(played(), "idle", "one that does not take it");
    tap_ok(outcome->ended == 1 && outcome->deaf_sleeps == 1,
           "while nobody else is listened to");
}

/* ---- send -----------------------------------------------------------------
 */

static uint8_t stream[CHUNK + 37000];
enum { ALL = sizeof(stream) + 3 * SP_VCHAN_HEAD_BYTES };

static void
sending(void)
{
    play.sends = true;
    input(stream, sizeof(stream));
    peer(LINE, strlen(LINE));
    play.answers_behind = ALL;
}

static bool
was_sent(void)
{
    const uint8_t *w = outcome->written;

    return outcome->n_written == ALL && memcmp(w, "\0\0\4\0", 4) == 0 &&
           memcmp(w + 4, stream, CHUNK) == 0 &&
           memcmp(w + 4 + CHUNK, "\x88\x90\0\0", 4) == 0 &&
           memcmp(w + 8 + CHUNK, stream + CHUNK, 37000) == 0 &&
           memcmp(w + 8 + sizeof(stream), "\0\0\0\0", 4) == 0;
}

static bool
was_answered(void)
{
    return outcome->n_out == strlen(LINE) &&
           memcmp(outcome->out, LINE, strlen(LINE)) == 0 &&
           outcome->used == strlen(LINE);
}

static void
test_send(void)
{
    sending();
    tap_is_str(played(), "", "a stream is sent");
    tap_ok(was_sent(), "in frames of at most a chunk, and their end");
    tap_ok(was_answered(), "its answer is handed on");
    tap_is_u64(outcome->pace_ms, 5000, "which had its time");
    tap_is_u64(outcome->longest_read, SP_REPLY_MAX, "and is short");
    tap_ok(outcome->dozes == 3 && outcome->sleeps == 0, "without a wait");
    sending();
    play.room = 1000;
    play.piece = 5;
    play.lazy = true;
    play.late = 2;
    tap_is_str(played(), "", "a slow peer");
    tap_ok(was_sent() && was_answered(), "gets the same");
    tap_ok(outcome->sleeps > 100 && outcome->dozes == 5,
           "it is waited for, and so is the stream");
}

static void
test_stopped(void)
{
    sending();
    play.answers_behind = 0;
    tap_is_str(played(), "", "an answer before the first byte");
    tap_ok(outcome->n_written == 0 && outcome->dozes == 0 && was_answered(),
           "ends it");
    sending();
    play.room = 1000;
    play.lazy = true;
    play.answers_behind = 3000;
    tap_is_str(played(), "", "an answer within a frame");
    tap_ok(outcome->n_written == 3000 && was_answered(),
           "ends it when the ring is full");
    sending();
    play.answers_behind = 100;
    tap_is_str(played(), "", "one that comes while there is room");
    tap_ok(outcome->n_written == 4 + CHUNK && was_answered(),
           "ends it behind the frame");
    sending();
    play.room = 1000;
    play.leaves_behind = 3000;
    tap_is_str(played(), "", "a peer that closes the vchan and has answered");
    tap_ok(outcome->n_written == 3000 && was_answered(), "is heard");
    tap_is_u64(outcome->told_gone, 1, "and nothing more is written to it");
    sending();
    play.leaves_behind = 1;
    play.size = 0;
    tap_is_str(played(), "peer-gone", "one that has not");
    tap_ok(strstr(outcome->msg, "domain 77 ") && outcome->n_out == 0,
           "is named");
}

static void
test_send_faults(void)
{
    sending();
    play.in_is = UNREADABLE;
    tap_is_str(played(), "io", "a stream that cannot be read");
    tap_ok(outcome->sys == EISDIR && outcome->n_written == 0, "is not sent");
    sending();
    play.out_is = FULL;
    tap_is_str(played(), "space", "an answer that cannot be handed on");
    tap_is_u64((uint64_t)outcome->sys, ENOSPC, "with what the system says");
    sending();
    peer("a\033\n", 3);
    tap_is_str(played(), "frame", "one that is no line");
    tap_is_u64(outcome->n_out, 0, "is not handed on");
    sending();
    play.size--;
    tap_is_str(played(), "peer-gone", "half a line");
    tap_is_u64(outcome->n_out, 0, "neither");
    sending();
    play.tired_at = 1;
    tap_is_str(played(), "idle", "a wait for the stream that fails");
    sending();
    play.lazy = true;
    play.tired_at = 2;
    tap_is_str(played(), "idle", "a wait for room that fails");
    sending();
    play.size = 3;
    play.stays = true;
    play.tired_at = 4;
    tap_is_str(played(), "idle", "a wait for the answer that fails");
    tap_ok(was_sent() && outcome->sleeps == 1, "behind the whole stream");
}

int
main(void)
{
    outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (outcome == MAP_FAILED)
        abort();
    for (size_t i = 0; i < sizeof(stream); i++)
        stream[i] = (uint8_t)(i % 251);
    test_receive();
    test_long_frame();
    test_broken_off();
    test_nobody_listens();
    test_early_answer();
    test_no_answer();
    test_give_answer();
    test_send();
    test_stopped();
    test_send_faults();
    return tap_done();
}
