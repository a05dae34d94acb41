/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/answer.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "build/part.h"

/* The begin of every package: the magic of the lead. */
static const uint8_t rpm_magic[] = {0xed, 0xab, 0xee, 0xdb};

#define PORTAL ": the answer looks like a web page (log-in page of a network?)"

static void
show_url(const struct sp_transfer *t, char dst[SP_SHOWN_MAX])
{
    sp_text_show(dst, SP_SHOWN_MAX, t->url);
}

/* Copies the value of header NAME if `line` is that header and it fits. */
static bool
header_value(const char *line, size_t len, const char *name, char *dst,
             size_t size)
{
    size_t n = strlen(name);

    if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
        return false;
    line += n + 1;
    len -= n + 1;
    while (len > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        len--;
    }
    while (len > 0 && isspace((unsigned char)line[len - 1]))
        len--;
    if (len >= size)
        return false;
    memcpy(dst, line, len);
    dst[len] = '\0';
    return true;
}

/* "bytes START-..." (RFC 9110 14.4) */
static void
note_range(struct sp_transfer *t, const char *value)
{
    static const char unit[] = "bytes ";
    const char *start = value + sizeof(unit) - 1;

    if (strncasecmp(value, unit, sizeof(unit) - 1) == 0)
        t->has_range = sp_text_u64_len(start, strspn(start, "0123456789"),
                                       UINT64_MAX, &t->range_start);
}

size_t
sp_answer_header(char *line, size_t one, size_t len, void *data)
{
    struct sp_transfer *t = data;
    char value[160];

    (void)one;
    if (len >= 5 && strncmp(line, "HTTP/", 5) == 0) {
        /* A new answer: behind a redirect, or after a "100 Continue". */
        t->untrusted_etag[0] = '\0';
        t->untrusted_modified[0] = '\0';
        t->has_range = false;
    }
    (void)header_value(line, len, "ETag", t->untrusted_etag,
                       sizeof(t->untrusted_etag));
    (void)header_value(line, len, "Last-Modified", t->untrusted_modified,
                       sizeof(t->untrusted_modified));
    if (header_value(line, len, "Content-Range", value, sizeof(value)))
        note_range(t, value);
    return len;
}

/* Printable, since it is sent back in a header. */
static bool
is_plain(const char *s)
{
    for (; *s; s++)
        if (*s < 0x20 || *s > 0x7e)
            return false;
    return true;
}

/* A weak ETag does not promise equal bytes (RFC 9110 8.8.3, 13.1.5). */
static void
keep_validator(struct sp_transfer *t)
{
    const char *from =
        t->untrusted_etag[0] == '"' ? t->untrusted_etag : t->untrusted_modified;

    t->validator[0] = '\0';
    if (is_plain(from))
        (void)snprintf(t->validator, sizeof(t->validator), "%s", from);
}

static bool
is_page(const struct sp_transfer *t)
{
    const char *type = NULL;

    (void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
    return type && strncasecmp(type, "text/html", 9) == 0;
}

static int
judge_size(struct sp_transfer *t, struct sp_error *err)
{
    curl_off_t announced = -1;
    char url[SP_SHOWN_MAX];
    uint64_t whole;

    (void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
                            &announced);
    if (announced < 0)
        return 0;
    show_url(t, url);
    whole = t->start + (uint64_t)announced;
    if (t->item->size && whole != t->item->size)
        return sp_fail(err, "download",
                       "'%s' has %" PRIu64 " bytes instead of %" PRIu64 "%s",
                       url, whole, t->item->size, is_page(t) ? PORTAL : "");
    if (whole > t->policy->max_file_bytes)
        return sp_fail(err, "file-too-large",
                       "'%s' has %" PRIu64 " bytes, at most %" PRIu64
                       " are taken",
                       url, whole, t->policy->max_file_bytes);
    t->expected = whole;
    if ((uint64_t)announced > sp_cache_room(t->cache))
        return sp_part_no_room(t, err);
    return 0;
}

int
sp_answer_judge(struct sp_transfer *t, struct sp_error *err)
{
    char url[SP_SHOWN_MAX];
    long status = 0;

    t->judged = true;
    t->answered = sp_clock_ms();
    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    show_url(t, url);
    if (status == 200) {
        t->start = 0;
    } else if (status != 206 || t->start == 0 || !t->has_range ||
               t->range_start != t->start) {
        return sp_fail(err, "http-status",
                       "'%s' is answered with status %ld, which does not fit "
                       "the question",
                       url, status);
    } else {
        t->resumed = true;
    }
    if (judge_size(t, err) < 0)
        return -1;
    /* All of it, although the rest was asked for: begin again. */
    if (t->offset > t->start && sp_part_restart(t, err) < 0)
        return -1;
    keep_validator(t);
    return 0;
}

/* A captive portal answers with a page and status 200. */
static int
judge_begin(struct sp_transfer *t, struct sp_error *err)
{
    size_t len = t->used < sizeof(rpm_magic) ? t->used : sizeof(rpm_magic);
    const uint8_t *begin = t->buffer;
    char url[SP_SHOWN_MAX];

    if (!t->item->expect_rpm || t->begins_like_rpm || len == 0)
        return 0;
    if (memcmp(begin, rpm_magic, len) == 0) {
        t->begins_like_rpm = len == sizeof(rpm_magic);
        return 0;
    }
    show_url(t, url);
    return sp_fail(err, "not-rpm", "'%s' is not a package%s", url,
                   begin[0] == '<' || isspace(begin[0]) ? PORTAL : "");
}

static int
take_body(struct sp_transfer *t, const void *data, size_t len,
          struct sp_error *err)
{
    uint64_t limit = t->item->size ? t->item->size : t->policy->max_file_bytes;
    char url[SP_SHOWN_MAX];

    if (!t->judged && sp_answer_judge(t, err) < 0)
        return -1;
    if (len > limit || t->offset > limit - len) {
        show_url(t, url);
        return sp_fail(err, "file-too-large",
                       "'%s' sends more than %" PRIu64 " bytes", url, limit);
    }
    if (sp_part_append(t, data, len, err) < 0)
        return -1;
    t->item->bytes += len;
    return judge_begin(t, err);
}

size_t
sp_answer_body(char *data, size_t one, size_t len, void *user)
{
    struct sp_transfer *t = user;

    (void)one;
    return take_body(t, data, len, &t->fault) < 0 ? CURL_WRITEFUNC_ERROR : len;
}
