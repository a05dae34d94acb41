/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the body of a worker as it will run: in a process of its own, with its
 * descriptors and in its jail. What it said and handed on is kept. One call
 * can be made to fail, by a filter of our own in front of the jail's.
 */
#ifndef TESTS_UNIT_WORKER_H
#define TESTS_UNIT_WORKER_H

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bundle/record.h"
#include "ingest/worker.h"
#include "tests/unit/tap.h"

enum { ANY_FD = -1 };
enum { MAX_WORDS = 12, MAX_REPORTS = 64, MAX_OUT = 4 << 20 };

struct scene {
    void (*body)(int argc, char **argv);
    const void *in; /* what comes on descriptor 0 */
    size_t size;
    const char *words[MAX_WORDS]; /* arguments; NULL ends them */
    int dir;                      /* descriptor 4; 0: none */
    bool no_in;                   /* descriptor 0 cannot be read */
    bool breaks;                  /* it cannot be read to its end */
    bool drips;                   /* each read gets one byte */
    bool deaf;                    /* nobody reads descriptor 1 */
    bool gone;                    /* descriptor 1 cannot be written */
    int call, fd, sys;            /* this call on this descriptor fails so */
};

static struct outcome {
    int status; /* exit status, or minus the signal */
    struct sp_report reports[MAX_REPORTS];
    size_t n_reports;
    uint8_t out[MAX_OUT];
    size_t out_size;
} outcome;

/* What was written is read; then the peer is gone with what it did not read. */
static int
scene_broken_input(const struct scene *scene)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
        write(ends[1], scene->in, scene->size) != (ssize_t)scene->size ||
        write(ends[0], "", 1) != 1 || close(ends[1]) < 0)
        abort();
    return ends[0];
}

/* A process that writes each byte as a message of its own. */
static int
scene_dripping_input(const struct scene *scene, pid_t *ret_feeder)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
        abort();
    (void)fflush(stdout);
    *ret_feeder = fork();
    if (*ret_feeder == 0) {
        (void)close(ends[0]);
        for (size_t i = 0; i < scene->size; i++)
            if (send(ends[1], (const char *)scene->in + i, 1, MSG_NOSIGNAL) < 0)
                break;
        _exit(0);
    }
    (void)close(ends[1]);
    return ends[0];
}

static int
scene_file_input(const struct scene *scene)
{
    int fd = memfd_create("scene", 0);

    if (fd >= 0 && (write(fd, scene->in, scene->size) != (ssize_t)scene->size ||
                    lseek(fd, 0, SEEK_SET) != 0))
        abort();
    return fd;
}

static int
scene_input(const struct scene *scene, pid_t *ret_feeder)
{
    if (scene->breaks)
        return scene_broken_input(scene);
    if (scene->drips)
        return scene_dripping_input(scene, ret_feeder);
    return scene->no_in ? open("/", O_RDONLY | O_DIRECTORY)
                        : scene_file_input(scene);
}

static void
scene_fail_call(const struct scene *scene)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)scene->call, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)scene->fd, 0,
                 scene->fd == ANY_FD ? 0 : 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)scene->sys),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        abort();
}

/* Descriptors 0 to 4 as the parent gives them; no other stays open. */
static void
scene_descriptors(int in, int out, int report, int dir)
{
    const int given[] = {in, out, open("/dev/null", O_RDWR), report, dir};
    int high[5];

    for (int i = 0; i < 5; i++)
        high[i] = given[i] < 0 ? -1 : fcntl(given[i], F_DUPFD, 100);
    for (int i = 0; i < 5; i++) {
        (void)close(i);
        if (high[i] >= 0 && dup2(high[i], i) < 0)
            abort();
    }
    if (syscall(SYS_close_range, 5, ~0U, 0) < 0)
        abort();
}

static void
scene_child(const struct scene *scene, int in, int out, int report)
{
    char name[] = "worker";
    char *argv[MAX_WORDS + 2] = {name};
    int argc = 1;

    for (; argc <= MAX_WORDS && scene->words[argc - 1]; argc++)
        argv[argc] = strdup(scene->words[argc - 1]);
    scene_descriptors(in, out, report, scene->dir > 0 ? scene->dir : -1);
    if (scene->sys != 0)
        scene_fail_call(scene);
    scene->body(argc, argv);
    _exit(99);
}

/* The output first, to its end: it does not fit into a pipe, reports do. */
static void
scene_collect(int report, int out)
{
    ssize_t n;

    for (outcome.out_size = 0;
         out >= 0 && (n = read(out, outcome.out + outcome.out_size,
                               MAX_OUT - outcome.out_size)) > 0;
         outcome.out_size += (size_t)n)
        continue;
    for (outcome.n_reports = 0; outcome.n_reports < MAX_REPORTS;
         outcome.n_reports++)
        if (recv(report, &outcome.reports[outcome.n_reports],
                 sizeof(struct sp_report),
                 MSG_WAITALL) != (ssize_t)sizeof(struct sp_report))
            break;
}

/* Fills `outcome`. */
static void
scene_run(const struct scene *scene)
{
    int report[2], out[2], status;
    const char go = SP_GO;
    pid_t child, feeder = -1;
    int in = scene_input(scene, &feeder);

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, report) < 0 || pipe(out) < 0 ||
        write(report[0], &go, 1) != 1)
        abort();
    if (scene->deaf)
        (void)close(out[0]);
    (void)fflush(stdout);
    child = fork();
    if (child == 0)
        scene_child(scene, in,
                    scene->gone ? open("/dev/null", O_RDONLY) : out[1],
                    report[1]);
    (void)close(in);
    (void)close(report[1]);
    (void)close(out[1]);
    scene_collect(report[0], scene->deaf ? -1 : out[0]);
    (void)close(report[0]);
    if (!scene->deaf)
        (void)close(out[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        abort();
    if (feeder > 0)
        (void)waitpid(feeder, NULL, 0);
    outcome.status =
        WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Whether all that was said is what the parent reads. */
static bool
scene_is_well_formed(void)
{
    for (size_t i = 0; i < outcome.n_reports; i++) {
        const struct sp_report *r = &outcome.reports[i];

        if (!sp_report_check(r, (enum sp_worker_kind)r->worker))
            return false;
    }
    return true;
}

/* The reason of the fault; "done"; or how else it ended. */
static const char *
scene_end(void)
{
    static char text[48];
    const struct sp_report *last =
        outcome.n_reports > 0 ? &outcome.reports[outcome.n_reports - 1] : NULL;
    struct sp_error err = {0};

    if (!scene_is_well_formed())
        return "malformed report";
    if (last && last->type == SP_REPORT_DONE && outcome.status == 0)
        return "done";
    if (last && last->type == SP_REPORT_FAULT) {
        sp_report_get_error(last, &err);
        if (outcome.status == (int)err.code) {
            (void)snprintf(text, sizeof(text), "%s", err.detail);
            return text;
        }
    }
    (void)snprintf(text, sizeof(text), "status %d", outcome.status);
    return text;
}

/* The n-th report of this type, from 0; NULL when there are fewer. */
static inline const struct sp_report *
scene_report(enum sp_report_type type, size_t n)
{
    for (size_t i = 0; i < outcome.n_reports; i++)
        if (outcome.reports[i].type == type && n-- == 0)
            return &outcome.reports[i];
    return NULL;
}

#endif
