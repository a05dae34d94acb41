/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/transfer.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "build/answer.h"
#include "build/part.h"

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

void
sp_transfer_drop_handle(struct sp_transfer *t)
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
    sp_transfer_drop_handle(t);
    sp_close_fd(&t->fd);
}

void
sp_transfer_release(struct sp_transfer *t)
{
    sp_transfer_drop_handle(t);
    sp_close_fd(&t->fd);
}

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
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, sp_answer_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, sp_answer_body);
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
