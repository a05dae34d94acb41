/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/transfer.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/auto.h"
#include "base/text.h"
#include "build/part.h"

/* The begin of every package: the magic of the lead. */
static const uint8_t rpm_magic[] = {0xed, 0xab, 0xee, 0xdb};

enum { FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 16 * 1000 };

static void
show_url(const struct sp_transfer *t, char dst[SP_SHOWN_MAX])
{
    sp_text_show(dst, SP_SHOWN_MAX, t->item->url);
}

void
sp_transfer_init(struct sp_transfer *t, const struct sp_cache *cache,
                 const struct sp_fetch_policy *policy,
                 struct sp_fetch_item *item)
{
    memset(t, 0, sizeof(*t));
    t->item = item;
    t->cache = cache;
    t->policy = policy;
    t->fd = -1;
    t->expected = item->size;
    if (item->has_sha256)
        sp_cache_name_digest(item->name, item->sha256);
    else
        sp_cache_name_url(item->name, item->url);
}

static void
end_handle(struct sp_transfer *t)
{
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    free(t->buffer);
    t->easy = NULL;
    t->headers = NULL;
    t->buffer = NULL;
    t->used = 0;
    t->state = SP_TRANSFER_WAITING;
}

void
sp_transfer_stop(struct sp_transfer *t)
{
    if (t->state == SP_TRANSFER_RUNNING)
        (void)sp_part_flush(t, NULL);
    end_handle(t);
    sp_close_fd(&t->fd);
}

void
sp_transfer_release(struct sp_transfer *t)
{
    end_handle(t);
    sp_close_fd(&t->fd);
}

/* ---- what the server says ---------------------------------------------- */

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

static size_t
on_header(char *line, size_t one, size_t len, void *data)
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
    whole = t->offset + (uint64_t)announced;
    if (t->item->size && whole != t->item->size)
        return sp_fail(err, "download",
                       "'%s' has %" PRIu64 " bytes instead of %" PRIu64, url,
                       whole, t->item->size);
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

/* Looks at the status before the first byte of a body is stored. */
static int
judge_answer(struct sp_transfer *t, struct sp_error *err)
{
    char url[SP_SHOWN_MAX];
    long status = 0;

    t->judged = true;
    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    show_url(t, url);
    if (status == 200) {
        /* All of it, although the rest was asked for: begin again. */
        if (t->offset > 0 && sp_part_restart(t, err) < 0)
            return -1;
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
    keep_validator(t);
    return judge_size(t, err);
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
                   begin[0] == '<' || isspace(begin[0])
                       ? ": the answer looks like a web page (log-in page of "
                         "a network?)"
                       : "");
}

static int
take_body(struct sp_transfer *t, const void *data, size_t len,
          struct sp_error *err)
{
    uint64_t limit = t->item->size ? t->item->size : t->policy->max_file_bytes;
    char url[SP_SHOWN_MAX];

    if (!t->judged && judge_answer(t, err) < 0)
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

static size_t
on_body(char *data, size_t one, size_t len, void *user)
{
    struct sp_transfer *t = user;

    (void)one;
    return take_body(t, data, len, &t->fault) < 0 ? CURL_WRITEFUNC_ERROR : len;
}

/* ---- one try ----------------------------------------------------------- */

/* Options whose values cannot be wrong do not need their results looked at. */
static void
set_bounds(struct sp_transfer *t)
{
    const struct sp_fetch_policy *policy = t->policy;
    bool https = strncasecmp(t->item->url, "https:", 6) == 0;
    CURL *easy = t->easy;

    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)SP_FETCH_REDIRECTS);
    (void)curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
                           (long)policy->connect_seconds);
    (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT,
                           (long)SP_FETCH_SLOW_BYTES);
    (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                           (long)policy->slow_seconds);
    (void)curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
                           (curl_off_t)policy->max_file_bytes);
    (void)curl_easy_setopt(easy, CURLOPT_SSLVERSION,
                           (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    /* Many files over one HTTP/2 connection instead of many connections. */
    (void)curl_easy_setopt(easy, CURLOPT_PIPEWAIT, https ? 1L : 0L);
    (void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 64L * 1024);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name that is being looked up must not hold up an interrupt. */
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

/* Options that a build of libcurl may lack: without them nothing is fetched. */
static CURLcode
set_walls(struct sp_transfer *t)
{
    const struct sp_fetch_policy *policy = t->policy;
    bool https = strncasecmp(t->item->url, "https:", 6) == 0;
    CURL *easy = t->easy;
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");

    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
                              https ? "https" : "http,https");
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_URL, t->item->url);
    if (rc == CURLE_OK && policy->cacert) {
        rc = curl_easy_setopt(easy, CURLOPT_CAINFO, policy->cacert);
        if (rc == CURLE_OK)
            rc = curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    if (rc == CURLE_OK && policy->proxy)
        rc = curl_easy_setopt(easy, CURLOPT_PROXY, policy->proxy);
    return rc;
}

/* Asks for the rest, on the condition that it still is the same file. */
static CURLcode
set_range(struct sp_transfer *t)
{
    char range[32], line[192];

    t->start = t->offset;
    if (t->offset == 0)
        return CURLE_OK;
    (void)snprintf(range, sizeof(range), "%" PRIu64 "-", t->offset);
    if (t->validator[0]) {
        (void)snprintf(line, sizeof(line), "If-Range: %s", t->validator);
        t->headers = curl_slist_append(NULL, line);
        if (!t->headers)
            return CURLE_OUT_OF_MEMORY;
        (void)curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    }
    return curl_easy_setopt(t->easy, CURLOPT_RANGE, range);
}

static CURLcode
set_callbacks(struct sp_transfer *t)
{
    CURL *easy = t->easy;

    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->problem);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    return curl_easy_setopt(easy, CURLOPT_USERAGENT, "sallyport-builder");
}

/* Opens the part once; later tries go on with it or empty it. */
static int
prepare_part(struct sp_transfer *t, struct sp_error *err)
{
    if (t->fd < 0 && sp_part_open(t, err) < 0)
        return -1;
    if (t->offset > t->policy->max_file_bytes ||
        (t->item->size && t->offset > t->item->size))
        return sp_part_restart(t, err);
    if (t->offset > 0 && !t->item->has_sha256 && !t->validator[0])
        return sp_part_restart(t, err);
    return 0;
}

int
sp_transfer_start(struct sp_transfer *t, struct sp_error *err)
{
    CURLcode rc;

    if (t->tries == 0 && sp_part_have(t)) {
        t->item->from_cache = true;
        t->expected = t->offset;
        t->state = SP_TRANSFER_DONE;
        return 0;
    }
    if (prepare_part(t, err) < 0)
        return -1;
    if (t->offset > 0 && sp_part_matches(t)) {
        t->state = SP_TRANSFER_DONE;
        return sp_part_finish(t, err);
    }
    t->tries++;
    t->judged = false;
    t->problem[0] = '\0';
    memset(&t->fault, 0, sizeof(t->fault));
    t->easy = curl_easy_init();
    if (!t->easy)
        return sp_fail(err, "no-memory", "no memory for a download");
    set_bounds(t);
    rc = set_callbacks(t);
    if (rc == CURLE_OK)
        rc = set_walls(t);
    if (rc == CURLE_OK)
        rc = set_range(t);
    if (rc != CURLE_OK)
        return sp_fail(err, "internal", "libcurl refuses an option: %s",
                       curl_easy_strerror(rc));
    t->state = SP_TRANSFER_RUNNING;
    return 0;
}

/* ---- how a try ended --------------------------------------------------- */

/* What a libcurl error is called, and whether another try may help. */
struct meaning {
    CURLcode code;
    const char *reason;
    bool retry;
};

static const struct meaning meanings[] = {
    {CURLE_COULDNT_RESOLVE_HOST, "unreachable", true},
    {CURLE_COULDNT_RESOLVE_PROXY, "unreachable", true},
    {CURLE_COULDNT_CONNECT, "unreachable", true},
    {CURLE_OPERATION_TIMEDOUT, "too-slow", true},
    {CURLE_PARTIAL_FILE, "truncated", true},
    {CURLE_GOT_NOTHING, "truncated", true},
    {CURLE_RECV_ERROR, "truncated", true},
    {CURLE_SEND_ERROR, "download", true},
    {CURLE_HTTP2, "download", true},
    {CURLE_HTTP2_STREAM, "truncated", true},
    {CURLE_SSL_CONNECT_ERROR, "tls", true},
    {CURLE_PEER_FAILED_VERIFICATION, "tls", false},
    {CURLE_SSL_CACERT_BADFILE, "tls", false},
    {CURLE_SSL_ISSUER_ERROR, "tls", false},
    {CURLE_UNSUPPORTED_PROTOCOL, "redirect", false},
    {CURLE_TOO_MANY_REDIRECTS, "redirect", false},
    {CURLE_FILESIZE_EXCEEDED, "file-too-large", false},
    {CURLE_OUT_OF_MEMORY, "no-memory", false},
};

static struct meaning
meaning_of(const struct sp_transfer *t, CURLcode code)
{
    struct meaning other = {code, "download", false};
    curl_off_t connected = 0;

    (void)curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected);
    if (code == CURLE_OPERATION_TIMEDOUT && connected == 0)
        return (struct meaning){code, "unreachable", true};
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (meanings[i].code == code)
            return meanings[i];
    return other;
}

/* Doubles from try to try; the random half keeps clients apart. */
static uint64_t
backoff_ms(const struct sp_transfer *t)
{
    uint64_t wait = (uint64_t)FIRST_WAIT_MS << (t->tries - 1);
    uint32_t random = 0;

    if (wait > LONGEST_WAIT_MS)
        wait = LONGEST_WAIT_MS;
    (void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
    return wait / 2 + random % (wait / 2 + 1);
}

static enum sp_transfer_result
try_again(struct sp_transfer *t, uint64_t wait_ms)
{
    if (t->tries >= t->policy->tries)
        return SP_TRANSFER_FAILED;
    t->wait_ms = wait_ms;
    return SP_TRANSFER_RETRY;
}

static enum sp_transfer_result
status_refused(struct sp_transfer *t, struct sp_error *err)
{
    curl_off_t asked = 0;
    uint64_t wait = backoff_ms(t);
    char url[SP_SHOWN_MAX];
    long status = 0;

    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &asked);
    show_url(t, url);
    (void)sp_fail(err, "http-status", "the server of '%s' answers %ld", url,
                  status);
    if (status == 416 && t->start > 0)
        return sp_part_restart(t, err) < 0 ? SP_TRANSFER_FAILED
                                           : try_again(t, 0);
    if (status != 408 && status != 429 && status < 500)
        return SP_TRANSFER_FAILED;
    if (asked > SP_FETCH_MAX_RETRY_AFTER)
        asked = SP_FETCH_MAX_RETRY_AFTER;
    if (asked > 0)
        wait = (uint64_t)asked * 1000;
    return try_again(t, wait);
}

static enum sp_transfer_result
broke_off(struct sp_transfer *t, CURLcode code, struct sp_error *err)
{
    struct meaning meaning = meaning_of(t, code);
    char url[SP_SHOWN_MAX], problem[SP_SHOWN_MAX];

    if (code == CURLE_HTTP_RETURNED_ERROR)
        return status_refused(t, err);
    show_url(t, url);
    sp_text_show(problem, sizeof(problem),
                 t->problem[0] ? t->problem : curl_easy_strerror(code));
    (void)sp_fail(err, meaning.reason, "cannot download '%s': %s", url,
                  problem);
    return meaning.retry ? try_again(t, backoff_ms(t)) : SP_TRANSFER_FAILED;
}

/* The whole body is there; the digest decides. */
static enum sp_transfer_result
judge_whole(struct sp_transfer *t, struct sp_error *err)
{
    char url[SP_SHOWN_MAX], want[SP_SHA256_HEX], got[SP_SHA256_HEX];
    uint8_t digest[SP_SHA256_BYTES];

    show_url(t, url);
    if (t->offset == 0 || (t->item->size && t->offset != t->item->size)) {
        (void)sp_fail(err, "truncated", "'%s' ends after %" PRIu64 " bytes",
                      url, t->offset);
        return try_again(t, backoff_ms(t));
    }
    if (!t->item->has_sha256 || sp_part_matches(t))
        return sp_part_finish(t, err) < 0 ? SP_TRANSFER_FAILED
                                          : SP_TRANSFER_COMPLETE;
    sp_sha256_final(&t->hash, digest);
    sp_text_hex(got, digest, sizeof(digest));
    sp_text_hex(want, t->item->sha256, sizeof(t->item->sha256));
    (void)sp_fail(err, "list-digest", "'%s' has SHA-256 %s instead of %s", url,
                  got, want);
    /* The old part may be to blame: once more from the begin. */
    if (t->resumed && sp_part_restart(t, err) == 0)
        return try_again(t, 0);
    sp_part_remove(t);
    return SP_TRANSFER_FAILED;
}

static bool
is_poison(const struct sp_error *fault)
{
    return strcmp(fault->detail, "not-rpm") == 0 ||
           strcmp(fault->detail, "file-too-large") == 0;
}

enum sp_transfer_result
sp_transfer_end(struct sp_transfer *t, CURLcode code, struct sp_error *err)
{
    enum sp_transfer_result result = SP_TRANSFER_FAILED;

    if (code == CURLE_OK && !t->judged && judge_answer(t, &t->fault) < 0)
        code = CURLE_WRITE_ERROR;
    if (t->fault.code == SP_OK)
        (void)sp_part_flush(t, &t->fault);
    if (t->fault.code != SP_OK) {
        *err = t->fault;
        if (is_poison(&t->fault))
            sp_part_remove(t);
    } else if (code == CURLE_OK) {
        result = judge_whole(t, err);
    } else {
        result = broke_off(t, code, err);
    }
    end_handle(t);
    if (result != SP_TRANSFER_RETRY)
        sp_close_fd(&t->fd);
    if (result == SP_TRANSFER_COMPLETE)
        t->state = SP_TRANSFER_DONE;
    return result;
}
