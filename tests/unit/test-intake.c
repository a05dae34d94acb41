/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one buffer through which every stream comes: what is read, and when,
 * what is told of it, and what is never read.
 */
#include "ingest/intake.h"

#include "tests/unit/worker.h"

enum {
    BUFFER = 256 * 1024,
    MOST = 4096,
    TOLD = 4 * 1024 * 1024,
    TOLD_SLOWLY = 128 * 1024,
};

static uint8_t stream[9 << 20];

/* ---- in the worker --------------------------------------------------------
 */

/* To where the stream was read: it is a file. */
static uint64_t
place(void)
{
    return (uint64_t)lseek(SP_FD_IN, 0, SEEK_CUR);
}

_Noreturn static void
end(bool held)
{
    sp_worker_init(SP_WORKER_UNPACK);
    sp_worker_done(held);
}

/* All of it, some bytes a time; what waited is handed on. */
static void
read_all(int argc, char **argv)
{
    const size_t want = (size_t)sp_worker_number(argc, argv, "want", MOST, 1);
    struct sp_intake intake = {.kind = SP_STREAM_QFILE, .crc32 = 0xabcdef};
    const uint8_t *bytes;
    bool held = true;
    size_t n;

    sp_worker_init(SP_WORKER_UNPACK);
    while ((n = sp_intake_ready(&intake, want, &bytes)) > 0) {
        held = held && (n >= want || intake.ended) && n <= BUFFER;
        n = n < want ? n : want;
        if (argc > 2 && write(SP_FD_OUT, bytes, n) != (ssize_t)n)
            abort();
        sp_intake_take(&intake, n);
        intake.entries++;
    }
    held = held && sp_intake_ready(&intake, want, &bytes) == 0;
    sp_intake_report(&intake);
    end(held && intake.bytes == intake.reported);
}

/* The framing grants, and nothing behind that is read. */
static void
read_granted(int argc, char **argv)
{
    struct sp_intake intake = {.bounded = true, .granted = 100};
    const uint8_t *bytes;
    bool held;

    (void)argc;
    (void)argv;
    held = sp_intake_ready(&intake, 60, &bytes) == 100 && place() == 100 &&
           intake.granted == 0 && memcmp(bytes, stream, 100) == 0;
    sp_intake_take(&intake, 90);
    held = held && sp_intake_ready(&intake, 10, &bytes) == 10 &&
           place() == 100 && memcmp(bytes, stream + 90, 10) == 0;
    /* More than there is room for: what waits moves to the front. */
    intake.granted = 2 * BUFFER;
    held = held && sp_intake_ready(&intake, 11, &bytes) == BUFFER &&
           place() == 90 + BUFFER && intake.granted == BUFFER + 10 &&
           memcmp(bytes, stream + 90, BUFFER) == 0;
    sp_intake_take(&intake, BUFFER);
    held = held && sp_intake_ready(&intake, MOST, &bytes) == BUFFER &&
           intake.granted == 10 &&
           memcmp(bytes, stream + 90 + BUFFER, BUFFER) == 0;
    sp_intake_take(&intake, BUFFER);
    held = held && sp_intake_ready(&intake, 10, &bytes) == 10 &&
           intake.bytes == 100 + 2 * BUFFER && place() == intake.bytes &&
           !intake.ended && intake.tail == 10;
    end(held);
}

static void
read_not_granted(int argc, char **argv)
{
    struct sp_intake intake = {.bounded = true};
    const uint8_t *bytes;

    (void)argc;
    (void)argv;
    (void)sp_intake_ready(&intake, 1, &bytes);
    end(true);
}

static void
want_too_much(int argc, char **argv)
{
    struct sp_intake intake = {.bytes = 0};
    const uint8_t *bytes;

    (void)argc;
    (void)argv;
    (void)sp_intake_ready(&intake, MOST + 1, &bytes);
    end(true);
}

/* ---- in the parent --------------------------------------------------------
 */

static const char *
end_of(const struct scene *scene)
{
    scene_run(scene);
    return scene_end();
}

/* Whether it is done, and the worker was content. */
static bool
held(const struct scene *scene)
{
    return strcmp(end_of(scene), "done") == 0 &&
           outcome.reports[outcome.n_reports - 1].index == 1;
}

static void
test_pieces(void)
{
    static const char *const wants[] = {"want=1", "want=7", "want=4095",
                                        "want=4096"};
    struct scene scene = {.body = read_all, .in = stream};

    for (size_t i = 0; i < sizeof(wants) / sizeof(*wants); i++) {
        scene.size = i == 0 ? 3000 : 3 * BUFFER + 12345;
        scene.words[0] = wants[i];
        scene.words[1] = "copy";
        tap_ok(held(&scene) && outcome.out_size == scene.size &&
                   memcmp(outcome.out, stream, scene.size) == 0,
               "%s: every byte comes once, in its order", wants[i]);
    }
    scene.drips = true;
    scene.size = 9000;
    tap_ok(held(&scene) && outcome.out_size == scene.size &&
               memcmp(outcome.out, stream, scene.size) == 0,
           "a byte a read is the same");
    scene.drips = false;
    scene.size = 0;
    tap_ok(held(&scene) && outcome.out_size == 0, "so is nothing");
}

/* The n-th report is of so many bytes. */
static bool
told(size_t n, uint64_t bytes)
{
    const struct sp_report *said = scene_report(SP_REPORT_PROGRESS, n);

    return said && said->body.progress.bytes == bytes;
}

static void
test_reports(void)
{
    struct scene scene = {
        .body = read_all, .in = stream, .size = sizeof(stream)};
    const struct sp_report *said;

    scene.words[0] = "want=4096";
    tap_ok(held(&scene), "a fast stream");
    tap_ok(told(0, TOLD) && told(1, 2 * TOLD), "is told of every 4 MiB");
    tap_ok(told(2, sizeof(stream)), "and at its end");
    tap_ok(told(3, sizeof(stream)) && !scene_report(SP_REPORT_PROGRESS, 4),
           "and when the framing wishes");
    said = scene_report(SP_REPORT_PROGRESS, 2);
    tap_ok(said && said->body.progress.kind == SP_STREAM_QFILE &&
               said->body.progress.crc32 == 0xabcdef &&
               said->body.progress.entries == sizeof(stream) / 4096,
           "with what the framing says");
    tap_is_u64(scene_report(SP_REPORT_PROGRESS, 0)->body.progress.entries,
               TOLD / 4096 - BUFFER / 4096, "as it was then");
    scene.drips = true;
    scene.words[0] = "want=4096";
    scene.size = TOLD_SLOWLY + 2;
    tap_ok(held(&scene) && told(0, TOLD_SLOWLY) && told(1, TOLD_SLOWLY + 2) &&
               !scene_report(SP_REPORT_PROGRESS, 2),
           "a slow stream is told of earlier");
}

static void
test_bounds(void)
{
    struct scene scene = {
        .body = read_granted, .in = stream, .size = sizeof(stream)};

    tap_ok(held(&scene), "no byte is read that was not granted");
    scene.body = read_not_granted;
    tap_is_str(end_of(&scene), "status -6", "a framing may not forget that");
    scene.body = want_too_much;
    tap_is_str(end_of(&scene), "status -6", "nor want more than 4096 bytes");
}

static void
test_faults(void)
{
    struct scene scene = {.body = read_all, .in = stream, .size = 1000};

    scene.no_in = true;
    tap_is_str(end_of(&scene), "read-error", "what cannot be read");
    tap_ok(strstr(outcome.reports[outcome.n_reports - 1].message, "byte 0"),
           "is named by its place");
    tap_is_u64((uint64_t)outcome.reports[outcome.n_reports - 1].sys, EISDIR,
               "with what the system says");
    scene.no_in = false;
    scene.breaks = true;
    tap_is_str(end_of(&scene), "read-error", "a stream that breaks");
    tap_ok(strstr(outcome.reports[outcome.n_reports - 1].message, "byte 1000"),
           "breaks there");
}

int
main(void)
{
    for (size_t i = 0; i < sizeof(stream); i++)
        stream[i] = (uint8_t)(i % 251 + i / 65536);
    test_pieces();
    test_reports();
    test_bounds();
    test_faults();
    return tap_done();
}
