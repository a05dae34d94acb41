/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport-vchan: bytes between a vchan and descriptors 0 and 1. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "transports/vchan-run.h"

static const char usage[] =
    "usage: sallyport-vchan serve|connect DOMID NAME [KEY=SECONDS]...";

/* Longer than any deadline that makes sense. */
enum { SECONDS_MAX = 7 * 24 * 3600 };

struct number {
    const char *key;
    uint64_t *value;
    uint64_t scale; /* seconds are kept as milliseconds */
};

static int
parse_option(const struct number *numbers, size_t n, const char *text,
             struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(numbers[i].key);
        uint64_t value;

        if (strncmp(text, numbers[i].key, len) != 0 || text[len] != '=')
            continue;
        if (!sp_text_u64(text + len + 1, SECONDS_MAX, &value))
            break;
        *numbers[i].value = value * numbers[i].scale;
        return 0;
    }
    sp_text_show(shown, sizeof(shown), text);
    return sp_fail(err, "usage", "'%s' is no option or its number is wrong",
                   shown);
}

static int
parse(int argc, char **argv, struct sp_vchan_plan *plan, struct sp_error *err)
{
    const struct number numbers[] = {
        {"idle", &plan->pace.idle_ms, 1000},
        {"rate-seconds", &plan->pace.rate_ms, 1000},
        {"rate-bytes", &plan->pace.rate_bps, 1},
        {"wait", &plan->wait_ms, 1000},
        {"answer", &plan->answer_ms, 1000},
    };

    if (argc < 4)
        return sp_fail(err, "usage", "%s", usage);
    plan->serve = strcmp(argv[1], "serve") == 0;
    if (!plan->serve && strcmp(argv[1], "connect") != 0)
        return sp_fail(err, "usage", "%s", usage);
    if (sp_vchan_domid_parse(argv[2], &plan->peer.domid, err) < 0 ||
        sp_vchan_name_check(argv[3], err) < 0)
        return -1;
    memcpy(plan->peer.name, argv[3], strlen(argv[3]) + 1);
    for (int i = 4; i < argc; i++)
        if (parse_option(numbers, sizeof(numbers) / sizeof(numbers[0]), argv[i],
                         err) < 0)
            return -1;
    return 0;
}

int
main(int argc, char **argv)
{
    /* As in sallyport-policy(5); a person may take half an hour to answer. */
    struct sp_vchan_plan plan = {
        .pace = {.idle_ms = 60 * 1000,
                 .rate_ms = 300 * 1000,
                 .rate_bps = 4 * 1024},
        .wait_ms = 300 * 1000,
        .answer_ms = 3600 * 1000,
    };
    struct sp_error err = {0};

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)puts("sallyport-vchan " SP_VERSION);
        return fflush(stdout) == 0 ? 0 : SP_E_IO;
    }
    if (parse(argc, argv, &plan, &err) == 0 && sp_vchan_run(&plan, &err) == 0)
        return 0;
    (void)fprintf(stderr, "sallyport-vchan: %s: %s\n", err.detail, err.msg);
    return (int)err.code;
}
