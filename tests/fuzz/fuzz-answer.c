/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a server answers (build/answer.c): header lines, status, length, range
 * and body. An input is six bytes (below), header lines up to an empty one,
 * and the body. The library and the file of the transfer are stood in for:
 * a body is only stored where it was asked for and within its size.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "build/part.h"

static struct {
    long status;
    curl_off_t announced;
    uint64_t stored; /* bytes of the part */
    bool restarted;
} server;

static CURLcode ring_getinfo(CURL *easy, CURLINFO info, ...);
static int store_append(struct sp_transfer *t, const void *data, size_t len,
                        struct sp_error *err);
static int store_restart(struct sp_transfer *t, struct sp_error *err);
static int store_no_room(const struct sp_transfer *t, struct sp_error *err);
static uint64_t store_room(const struct sp_cache *cache);

#undef curl_easy_getinfo
#define curl_easy_getinfo ring_getinfo
#define sp_part_append store_append
#define sp_part_restart store_restart
#define sp_part_no_room store_no_room
#define sp_cache_room store_room
#include "build/answer.c" /* over the library and files from here */
#include "tests/fuzz/fuzz.h"

enum { FILE_MAX = 4096, ROOM = 3000, HEAD = 6 };

static CURLcode
ring_getinfo(CURL *easy, CURLINFO info, ...)
{
    va_list args;

    (void)easy;
    va_start(args, info);
    if (info == CURLINFO_RESPONSE_CODE)
        *va_arg(args, long *) = server.status;
    else if (info == CURLINFO_CONTENT_LENGTH_DOWNLOAD_T)
        *va_arg(args, curl_off_t *) = server.announced;
    else if (info == CURLINFO_CONTENT_TYPE)
        *va_arg(args, const char **) =
            server.announced & 1 ? "text/html" : NULL;
    va_end(args);
    return CURLE_OK;
}

static int
store_append(struct sp_transfer *t, const void *data, size_t len,
             struct sp_error *err)
{
    size_t room = FILE_MAX - t->used;

    (void)err;
    /* In the right place, of the right answer, and not too much. */
    FUZZ_CHECK(t->judged && (server.status == 200 || server.status == 206));
    FUZZ_CHECK(server.status == 200 || t->range_start == t->start);
    FUZZ_CHECK(t->offset + len <=
               (t->item->size ? t->item->size : t->policy->max_file_bytes));
    memcpy(t->buffer + t->used, data, len < room ? len : room);
    t->used += len < room ? len : room;
    t->offset += len;
    return 0;
}

static int
store_restart(struct sp_transfer *t, struct sp_error *err)
{
    (void)err;
    FUZZ_CHECK(server.status == 200);
    t->offset = t->used = 0;
    server.restarted = true;
    return 0;
}

static int
store_no_room(const struct sp_transfer *t, struct sp_error *err)
{
    (void)t;
    return sp_fail(err, "space", "no room");
}

static uint64_t
store_room(const struct sp_cache *cache)
{
    (void)cache;
    return ROOM;
}

/* Lines as the library hands them over, each with its line end. */
static size_t
read_headers(struct sp_transfer *t, const uint8_t *data, size_t size)
{
    static char line[FILE_MAX];
    size_t at = 0;

    while (at < size) {
        const uint8_t *lf = memchr(data + at, '\n', size - at);
        size_t len = lf ? (size_t)(lf - data) - at + 1 : size - at;

        if (len > sizeof(line))
            return size;
        memcpy(line, data + at, len);
        FUZZ_CHECK(sp_answer_header(line, 1, len, t) == len);
        at += len;
        if (len == 1)
            break;
    }
    return at;
}

static void
check_validator(const struct sp_transfer *t)
{
    size_t len = strnlen(t->validator, sizeof(t->validator));

    FUZZ_CHECK(len < sizeof(t->validator));
    for (size_t i = 0; i < len; i++)
        FUZZ_CHECK(t->validator[i] >= 0x20 && t->validator[i] <= 0x7e);
    FUZZ_CHECK(strncmp(t->validator, "W/", 2) != 0 || !t->untrusted_etag[0]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 206, 206, 404, 416, 302, 503, 100};
    static uint8_t buffer[FILE_MAX];
    static char body[64 * 1024];
    const struct sp_fetch_policy policy = {.max_file_bytes = FILE_MAX};
    struct sp_fetch_item item = {.url = "https://a.example/x"};
    struct sp_transfer t = {.item = &item, .policy = &policy};
    size_t at;

    if (size < HEAD || size > sizeof(body))
        return 0;
    server.status = statuses[data[0] % 8];
    server.announced =
        data[1] == 255 ? -1 : (curl_off_t)data[1] << data[2] % 55;
    server.restarted = false;
    item.size = (uint64_t)data[3] * 8;
    item.expect_rpm = data[4] & 1;
    t.start = t.offset = data[5];
    t.url = item.url;
    t.buffer = buffer;
    at = HEAD + read_headers(&t, data + HEAD, size - HEAD);
    memcpy(body, data + at, size - at);
    if (sp_answer_body(body, 1, size - at, &t) != size - at) {
        fuzz_refused(&t.fault);
        return 0;
    }
    check_validator(&t);
    FUZZ_CHECK(t.resumed == (server.status == 206));
    FUZZ_CHECK(server.status != 200 || data[5] == 0 || server.restarted);
    return 0;
}
