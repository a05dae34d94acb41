/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/transfer.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "build/answer.h"
#include "build/part.h"
#include "build/proxy.h"

/*
 * What is received at once, and so how many system calls a file costs. TLS
 * hands out records of 16 KiB, and there may be many streams: more would only
 * take memory.
 */
static const long BUFFER_BYTES = 512L * 1024, TLS_BUFFER_BYTES = 32L * 1024;

void
sp_transfer_init(struct sp_transfer *t, const struct sp_cache *cache,
                 const struct sp_fetch_policy *policy,
                 struct sp_fetch_item *item, const struct sp_build_hooks *hooks)
{
    memset(t, 0, sizeof(*t));
    t->item = item;
    t->cache = cache;
    t->policy = policy;
    t->hooks = hooks;
    t->fd = -1;
    t->expected = item->size;
    t->url = item->url;
    t->mirror = SP_MIRROR_NONE;
    if (item->mirrors && !sp_digest_is_set(&item->digest))
        SP_BUG("a file of mirrors without a digest");
    if (sp_digest_is_set(&item->digest))
        sp_cache_name_digest(item->name, &item->digest);
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
sp_transfer_release(struct sp_transfer *t)
{
    sp_transfer_drop_handle(t);
    sp_close_fd(&t->fd);
    sp_hash_release(&t->hash);
    free(t->mirror_url);
    t->mirror_url = NULL;
}

bool
sp_transfer_is_overdue(struct sp_transfer *t, uint64_t now)
{
    const struct sp_fetch_policy *policy = t->policy;
    uint64_t whole = t->expected ? t->expected : policy->max_file_bytes;
    uint64_t rest = whole > t->start ? whole - t->start : 0;
    uint64_t ms = now - t->answered;

    /* Before, libcurl's own limits hold; it may still wait for its turn. */
    if (t->answered == 0)
        return false;
    if (t->item->mirrors &&
        sp_mirrors_lags(t->item->mirrors, t->mirror, t->refused,
                        t->item->bytes - t->counted, ms)) {
        (void)snprintf(t->problem, sizeof(t->problem),
                       "another mirror is much faster");
        return true;
    }
    if (ms / 1000 <= policy->grace_seconds + rest / SP_FETCH_FLOOR_BYTES)
        return false;
    (void)snprintf(t->problem, sizeof(t->problem),
                   "less than %d bytes a second", SP_FETCH_FLOOR_BYTES);
    return true;
}

void
sp_transfer_stop(struct sp_transfer *t)
{
    if (t->state == SP_TRANSFER_RUNNING)
        (void)sp_part_flush(t, NULL);
    sp_transfer_release(t);
}

/* Options whose values cannot be wrong do not need their results looked at. */
static void
set_bounds(struct sp_transfer *t)
{
    const struct sp_fetch_policy *policy = t->policy;
    bool https = strncasecmp(t->url, "https:", 6) == 0;
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
    (void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE,
                           https ? TLS_BUFFER_BYTES : BUFFER_BYTES);
    if (policy->session)
        (void)curl_easy_setopt(easy, CURLOPT_SHARE,
                               sp_session_share(policy->session));
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
    bool https = strncasecmp(t->url, "https:", 6) == 0;
    CURL *easy = t->easy;
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");

    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
                              https ? "https" : "http,https");
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_URL, t->url);
    if (rc == CURLE_OK && policy->cacert) {
        rc = curl_easy_setopt(easy, CURLOPT_CAINFO, policy->cacert);
        if (rc == CURLE_OK)
            rc = curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    if (rc == CURLE_OK && (t->item->proxy || policy->proxy))
        rc = curl_easy_setopt(easy, CURLOPT_PROXY,
                              t->item->proxy ? t->item->proxy : policy->proxy);
    /* For other names $no_proxy counts, whoever has named the proxy. */
    if (rc == CURLE_OK && sp_proxy_is_onion(t->url))
        rc = curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    return rc;
}

static CURLcode
add_header(struct sp_transfer *t, const char *line)
{
    struct curl_slist *longer = curl_slist_append(t->headers, line);

    if (!longer)
        return CURLE_OUT_OF_MEMORY;
    t->headers = longer;
    return curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, longer);
}

/* Asks for the rest, on the condition that it still is the same file. */
static CURLcode
set_range(struct sp_transfer *t)
{
    const struct sp_fetch_policy *policy = t->policy;
    char range[32], line[192];
    CURLcode rc = CURLE_OK;

    t->start = t->offset;
    if (t->item->no_cache ||
        (policy->no_cache && !sp_digest_is_set(&t->item->digest)))
        rc = add_header(t, "Cache-Control: no-cache");
    if (rc != CURLE_OK || t->offset == 0)
        return rc;
    (void)snprintf(range, sizeof(range), "%" PRIu64 "-", t->offset);
    if (t->validator[0]) {
        (void)snprintf(line, sizeof(line), "If-Range: %s", t->validator);
        rc = add_header(t, line);
        if (rc != CURLE_OK)
            return rc;
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
    if (t->offset > 0 && !sp_digest_is_set(&t->item->digest) &&
        !t->validator[0])
        return sp_part_restart(t, err);
    return 0;
}

/* The mirror to ask in this try. A validator holds for its own mirror. */
static int
choose_mirror(struct sp_transfer *t, struct sp_error *err)
{
    struct sp_mirrors *mirrors = t->item->mirrors;
    int chosen;

    if (!mirrors)
        return 0;
    chosen = sp_mirrors_spread(mirrors, t->refused, t->item->size);
    if (chosen == SP_MIRROR_NONE)
        return sp_fail(err, "unreachable", "there is no mirror to ask");
    if (chosen == t->mirror)
        return 0;
    free(t->mirror_url);
    t->mirror_url = sp_mirrors_url(mirrors, chosen, t->item->location);
    if (!t->mirror_url)
        return sp_fail(err, "no-memory", "no memory for a download");
    t->mirror = chosen;
    t->url = t->mirror_url;
    t->validator[0] = '\0';
    return 0;
}

static int
prepare_handle(struct sp_transfer *t, struct sp_error *err)
{
    CURLcode rc;

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
    return 0;
}

/* Nobody but a proxy can tell where it is, and the name tells a lot. */
static int
check_onion(const struct sp_transfer *t, struct sp_error *err)
{
    const char *proxy = t->item->proxy ? t->item->proxy : t->policy->proxy;
    char url[SP_SHOWN_MAX];

    if (!sp_proxy_is_onion(t->url) || sp_proxy_hides(t->url, proxy))
        return 0;
    sp_text_show(url, sizeof(url), t->url);
    return sp_fail(err, "unreachable",
                   "'%s' is reached through Tor alone: name its proxy, as in "
                   "--proxy socks5h://127.0.0.1:9050",
                   url);
}

/* An earlier step of this run fetched it, or was told that it is not there. */
static int
take_noted(struct sp_transfer *t, struct sp_error *err)
{
    struct sp_error fault = {0};

    if (sp_digest_is_set(&t->item->digest) || t->item->no_cache ||
        !t->policy->session ||
        !sp_session_take(t->policy->session, t->item->name, &fault))
        return 0;
    if (fault.code != SP_OK) {
        *err = fault;
        return -1;
    }
    t->offset = sp_cache_bytes(t->cache, t->item->name);
    if (t->offset > 0 && t->offset <= t->policy->max_file_bytes)
        t->state = SP_TRANSFER_DONE;
    else
        t->offset = 0;
    return 0;
}

int
sp_transfer_start(struct sp_transfer *t, struct sp_error *err)
{
    if (t->tries == 0 && take_noted(t, err) < 0)
        return -1;
    if (t->state == SP_TRANSFER_DONE)
        return 0;
    if (t->tries == 0 && sp_part_have(t)) {
        t->item->from_cache = true;
        t->expected = t->offset;
        t->state = SP_TRANSFER_DONE;
        return 0;
    }
    if (choose_mirror(t, err) < 0 || check_onion(t, err) < 0 ||
        prepare_part(t, err) < 0)
        return -1;
    if (t->offset > 0 && sp_part_matches(t)) {
        t->state = SP_TRANSFER_DONE;
        return sp_part_finish(t, err);
    }
    t->tries++;
    t->judged = false;
    t->problem[0] = '\0';
    memset(&t->fault, 0, sizeof(t->fault));
    t->begun = sp_clock_ms();
    t->answered = 0;
    t->counted = t->item->bytes;
    if (prepare_handle(t, err) < 0)
        return -1;
    t->state = SP_TRANSFER_RUNNING;
    return 0;
}
