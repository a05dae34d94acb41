/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/requests.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "transports/transport.h"

static const char end_mark[] = "\nend ";

enum {
    CHUNK = 64 * 1024,
    END_MARK = sizeof(end_mark) - 1,
    END_LINE = END_MARK + 64 + 1, /* "\nend ", digest, LF */
};

/* Just behind the end line, or 0 while it is not there. */
static size_t
find_end(const char *text, size_t size, size_t from)
{
    const char *mark = memmem(text + from, size - from, end_mark, END_MARK);
    size_t at = mark ? (size_t)(mark - text) : size;

    return size - at >= END_LINE ? at + END_LINE : 0;
}

/*
 * Reads to the end of the carrier, or to the end line where the carrier has
 * no end of its own.
 */
static int
read_text(struct sp_transport *source, char *text, size_t room,
          size_t *ret_size, struct sp_error *err)
{
    bool at_marker = source->ops->caps & SP_CAP_END_AT_MARKER;
    size_t size = 0, end = 0;

    while (size < room && end == 0) {
        size_t want = room - size < CHUNK ? room - size : CHUNK;
        ssize_t n = sp_transport_read(source, text + size, want, err);

        if (n < 0)
            return -1;
        if (n == 0)
            break;
        size += (size_t)n;
        if (at_marker)
            end = find_end(text, size, 0);
    }
    *ret_size = end ? end : size;
    return 0;
}

static int
shrink(char **text, size_t size, struct sp_error *err)
{
    char *smaller = realloc(*text, size + 1);

    if (!smaller)
        return sp_fail(err, "no-memory", "no memory for a request");
    *text = smaller;
    return 0;
}

static int
take(struct sp_requests *requests, struct sp_transport *source, char **text,
     struct sp_error *err)
{
    struct sp_request *parsed = &requests->parsed[requests->n];
    size_t size, at = requests->n;

    /* One byte more than allowed, so that too much is noticed. */
    if (read_text(source, *text, SP_REQUEST_MAX_BYTES + 1, &size, err) < 0 ||
        shrink(text, size, err) < 0 ||
        sp_request_parse(*text, size, parsed, err) < 0)
        return -1;
    while (at > 0 && strcmp(requests->ids[at - 1], parsed->id) > 0) {
        requests->ids[at] = requests->ids[at - 1];
        at--;
    }
    if (at > 0 && strcmp(requests->ids[at - 1], parsed->id) == 0)
        return sp_fail(err, "usage", "the same request twice");
    requests->ids[at] = parsed->id;
    requests->texts[requests->n++] = *text;
    *text = NULL;
    return 0;
}

int
sp_requests_read(struct sp_requests *requests, const char *address,
                 struct sp_error *err)
{
    struct sp_transport source;
    SP_AUTO_FREE char *text = malloc(SP_REQUEST_MAX_BYTES + 1);
    int status = -1;

    if (!text)
        return sp_fail(err, "no-memory", "no memory for a request");
    if (requests->n == SP_MAX_REQUESTS)
        return sp_fail(err, "too-many-files", "more than %zu requests",
                       requests->n);
    if (sp_transport_open(&source, address, SP_DIR_READ, 0, err) == 0 &&
        sp_transport_start(&source, err) == 0)
        status = take(requests, &source, &text, err);
    if (status < 0)
        (void)sp_fail_prefix(err, "'%s'", source.shown);
    sp_transport_close(&source);
    return status;
}

bool
sp_request_is_old(const struct sp_request *request, time_t now)
{
    enum { DAY_FORM = sizeof("YYYY-MM-DD") };
    char day[DAY_FORM] = "";
    struct tm tm = {0};

    if (request->created.size != DAY_FORM - 1)
        return false;
    memcpy(day, request->created.bytes, DAY_FORM - 1);
    if (!strptime(day, "%Y-%m-%d", &tm))
        return false;
    /* The day itself is not counted: nobody knows its hour. */
    return now - timegm(&tm) > (time_t)(request->valid_days + 1) * 24 * 60 * 60;
}

void
sp_requests_release(struct sp_requests *requests)
{
    for (size_t i = 0; i < requests->n; i++)
        free(requests->texts[i]);
    requests->n = 0;
}
