/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a try ended: the file is there, another try may help, or not. */
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "build/answer.h"
#include "build/part.h"

enum { FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 16 * 1000, MORE_TRIES = 16 };

static void
show_url(const struct sp_transfer *t, char dst[SP_SHOWN_MAX])
{
    sp_text_show(dst, SP_SHOWN_MAX, t->url);
}

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
    if (code == CURLE_OPERATION_TIMEDOUT && connected == 0 && !t->judged)
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

/* Every mirror may have its turn, within reason. */
static unsigned
tries_allowed(const struct sp_transfer *t)
{
    size_t more = t->item->mirrors ? t->item->mirrors->n - 1 : 0;

    return t->policy->tries + (unsigned)(more < MORE_TRIES ? more : MORE_TRIES);
}

static enum sp_transfer_result
try_again(struct sp_transfer *t, uint64_t wait_ms)
{
    if (t->tries >= tries_allowed(t))
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

/* X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL */
static bool
is_date_fault(const struct sp_transfer *t, CURLcode code)
{
    long result = 0;

    (void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &result);
    return code == CURLE_PEER_FAILED_VERIFICATION &&
           (result == 9 || result == 10);
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
    (void)sp_fail(
        err, meaning.reason, "cannot download '%s': %s%s", url, problem,
        is_date_fault(t, code) ? "; is the clock of this machine right?" : "");
    return meaning.retry ? try_again(t, backoff_ms(t)) : SP_TRANSFER_FAILED;
}

/* Two of SHA-512 and an address are more than a message has room for. */
enum { DIGITS_SHOWN = 64 };

/* The whole body is there; the digest decides. */
static enum sp_transfer_result
judge_whole(struct sp_transfer *t, struct sp_error *err)
{
    char url[SP_SHOWN_MAX], want[SP_DIGEST_HEX_MAX], got[SP_DIGEST_HEX_MAX];
    struct sp_digest digest;
    const char *more;

    show_url(t, url);
    if (t->offset == 0 || (t->item->size && t->offset != t->item->size)) {
        (void)sp_fail(err, "truncated", "'%s' ends after %" PRIu64 " bytes",
                      url, t->offset);
        return try_again(t, backoff_ms(t));
    }
    if (!sp_digest_is_set(&t->item->digest) || sp_part_matches(t))
        return sp_part_finish(t, err) < 0 ? SP_TRANSFER_FAILED
                                          : SP_TRANSFER_COMPLETE;
    sp_hash_end(&t->hash, &digest);
    sp_digest_hex(&digest, got);
    sp_digest_hex(&t->item->digest, want);
    more = strlen(want) > DIGITS_SHOWN ? "..." : "";
    (void)sp_fail(err, "list-digest", "'%s' has %s %.*s%s instead of %.*s%s",
                  url, sp_digest_title(digest.algo), DIGITS_SHOWN, got, more,
                  DIGITS_SHOWN, want, more);
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

bool
sp_transfer_fault_is_ours(const struct sp_error *fault)
{
    return fault->code == SP_E_IO || fault->code == SP_E_SPACE ||
           fault->code == SP_E_INTERNAL;
}

/*
 * This mirror failed. What a retry cannot mend is not asked of it again; and
 * whoever has another mirror to ask does not wait.
 */
static enum sp_transfer_result
turn_to_mirrors(struct sp_transfer *t, enum sp_transfer_result result,
                const struct sp_error *fault)
{
    struct sp_mirrors *mirrors = t->item->mirrors;
    int next;

    if (sp_transfer_fault_is_ours(fault) ||
        (result == SP_TRANSFER_RETRY && t->wait_ms == 0))
        return result;
    sp_mirrors_fault(mirrors, t->mirror);
    if (result == SP_TRANSFER_FAILED)
        t->refused |= UINT64_C(1) << t->mirror;
    if (t->fd < 0) {
        t->offset = 0;
        t->resumed = false;
        t->begins_like_rpm = false;
    }
    next = sp_mirrors_choose(mirrors, t->refused);
    if (next == SP_MIRROR_NONE)
        return SP_TRANSFER_FAILED;
    return next == t->mirror ? result : try_again(t, 0);
}

enum sp_transfer_result
sp_transfer_end(struct sp_transfer *t, CURLcode code, struct sp_error *err)
{
    enum sp_transfer_result result = SP_TRANSFER_FAILED;

    if (code == CURLE_OK && !t->judged && sp_answer_judge(t, &t->fault) < 0)
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
    if (t->item->mirrors && result == SP_TRANSFER_COMPLETE)
        sp_mirrors_sent(t->item->mirrors, t->mirror,
                        t->item->bytes - t->counted, sp_clock_ms() - t->begun);
    else if (t->item->mirrors)
        result = turn_to_mirrors(t, result, err);
    sp_transfer_drop_handle(t);
    if (result != SP_TRANSFER_RETRY)
        sp_close_fd(&t->fd);
    if (result == SP_TRANSFER_COMPLETE)
        t->state = SP_TRANSFER_DONE;
    return result;
}
