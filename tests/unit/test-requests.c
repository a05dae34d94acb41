/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The requests that the builder is given: how many, from where, how old. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/path.h"
#include "build/requests.h"
#include "bundle/seal.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"

static char top[] = "/tmp/sp-requests.XXXXXX";
static struct sp_error err;
static struct sp_requests requests;

/* A request with this id, in a file; returns its address. */
static const char *
request(unsigned id)
{
    static char path[64];
    struct sp_text text = {0};
    SP_AUTO_FD fd = -1;

    sp_text_add(&text, "request 1\nid 0011223344556677889900000000%04x\n", id);
    sp_text_add(&text, "created 2026-11-23\nvalid-days 30\naction upgrade\n"
                       "arch x86_64\nbasearch x86_64\nreleasever 41\n"
                       "@ base 0 1 1 noarch\ncount 1\n");
    sp_seal(&text);
    (void)snprintf(path, sizeof(path), "%s/%u", top, id);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || sp_write_full(fd, text.bytes, text.size) < 0)
        printf("Bail out! '%s'\n", path);
    sp_text_release(&text);
    return path;
}

static void
refused(const char *address, const char *word, const char *what)
{
    size_t before = requests.n;

    memset(&err, 0, sizeof(err));
    tap_ok(sp_requests_read(&requests, address, &err) < 0 &&
               strcmp(err.detail, word) == 0 && requests.n == before,
           "%s: '%s' %s", what, err.detail, err.msg);
}

static void
test_read(void)
{
    const char *address;
    unsigned taken = 0;

    refused("/nonexistent/x", "not-found", "none");
    refused("nowhere:x", "no-transport", "no carrier");
    address = request(500);
    memory_end_at(1);
    refused(address, "no-memory", "no memory");
    memory_end_at(0);
    for (unsigned i = SP_MAX_REQUESTS; i > 0; i--)
        taken += sp_requests_read(&requests, request(i), &err) == 0;
    tap_is_u64(taken, SP_MAX_REQUESTS, "as many as may be %s", err.msg);
    tap_ok(requests.n > 1 && strcmp(requests.ids[0], requests.ids[1]) < 0,
           "in the order of their ids");
    refused(request(500), "too-many-files", "and no more");
    sp_requests_release(&requests);
    tap_ok(sp_requests_read(&requests, request(1), &err) == 0, "one");
    refused(request(1), "usage", "the same once more");
    sp_requests_release(&requests);
}

static void
test_age(void)
{
    static const time_t day = 24 * 3600, created = 1795392000; /* 2026-11-23 */
    struct sp_request one = {.created = {"2026-11-23", 10}, .valid_days = 30};

    tap_ok(!sp_request_is_old(&one, created + 31 * day), "the last moment");
    tap_ok(sp_request_is_old(&one, created + 31 * day + 1), "is over");
    tap_ok(!sp_request_is_old(&one, created - day), "one of tomorrow");
    one.created = (struct sp_view){"2026-11", 7};
    tap_ok(!sp_request_is_old(&one, created + 99 * day), "no day");
    one.created = (struct sp_view){"2026-13-45", 10};
    tap_ok(!sp_request_is_old(&one, created + 99 * day), "nor that one");
}

int
main(void)
{
    SP_AUTO_FD tmp = -1;

    if (!mkdtemp(top))
        return 1;
    test_read();
    test_age();
    tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)sp_path_remove_tree(tmp, strrchr(top, '/') + 1, NULL);
    return tap_done();
}
