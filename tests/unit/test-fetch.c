/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many downloads at once, over a libcurl that does what it is told. */
#include <curl/curl.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/sha256.h"
#include "build/answer.h"
#include "build/fetch.h"
#include "build/transfer.h"
#include "bundle/limits.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"

enum { HANDLES = 64 };

static char top[] = "/tmp/sp-fetch.XXXXXX";
static struct sp_cache cache;
static struct sp_error err;

/* ---- the library ------------------------------------------------------- */

static struct {
    CURL *easy;
    struct sp_transfer *transfer;
    bool running;
} handles[HANDLES];

static struct {
    bool no_library, no_add, no_perform, no_poll, odd_message;
    bool http2, slow, stalls;
    CURLcode code;
    long status;
    uint64_t room;
    unsigned running, most; /* handles at once */
} library;

#undef curl_easy_getinfo
#undef curl_easy_setopt
CURLcode
curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    va_list args;

    va_start(args, option);
    if (option == CURLOPT_PRIVATE)
        for (size_t i = 0; i < HANDLES; i++)
            if (!handles[i].easy || handles[i].easy == easy) {
                handles[i].easy = easy;
                handles[i].transfer = va_arg(args, struct sp_transfer *);
                break;
            }
    va_end(args);
    return CURLE_OK;
}

CURLcode
curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    va_list args;

    va_start(args, info);
    if (info == CURLINFO_PRIVATE) {
        void **ret = va_arg(args, void **);

        for (size_t i = 0; i < HANDLES; i++)
            if (handles[i].easy == easy)
                *ret = handles[i].transfer;
    } else if (info == CURLINFO_HTTP_VERSION) {
        *va_arg(args, long *) = library.http2 ? CURL_HTTP_VERSION_2_0 : 0;
    } else if (info == CURLINFO_RESPONSE_CODE) {
        *va_arg(args, long *) = library.status;
    } else if (info == CURLINFO_CONTENT_LENGTH_DOWNLOAD_T) {
        *va_arg(args, curl_off_t *) = -1;
    }
    va_end(args);
    return CURLE_OK;
}

CURLcode
curl_global_init(long flags)
{
    CALLS_TRUE(CURLcode, "curl_global_init", long);

    return library.no_library ? CURLE_FAILED_INIT : call(flags);
}

CURLMcode
curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    (void)multi;
    if (library.no_add)
        return CURLM_OUT_OF_MEMORY;
    for (size_t i = 0; i < HANDLES; i++)
        if (handles[i].easy == easy)
            handles[i].running = true;
    library.running++;
    if (library.running > library.most)
        library.most = library.running;
    return CURLM_OK;
}

CURLMcode
curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
    (void)multi;
    for (size_t i = 0; i < HANDLES; i++)
        if (handles[i].easy == easy) {
            library.running -= handles[i].running;
            handles[i].running = false;
            handles[i].easy = NULL;
        }
    return CURLM_OK;
}

CURLMcode
curl_multi_perform(CURLM *multi, int *active)
{
    char body[] = "a";

    (void)multi;
    *active = 1;
    for (size_t i = 0; i < HANDLES && library.stalls; i++)
        if (handles[i].running && !handles[i].transfer->judged)
            (void)sp_answer_body(body, 1, 1, handles[i].transfer);
    return library.no_perform ? CURLM_INTERNAL_ERROR : CURLM_OK;
}

CURLMcode
curl_multi_poll(CURLM *multi, struct curl_waitfd *fds, unsigned n, int ms,
                int *ret)
{
    (void)multi;
    (void)fds;
    (void)n;
    (void)ret;
    (void)usleep((useconds_t)ms * 10);
    return library.no_poll ? CURLM_INTERNAL_ERROR : CURLM_OK;
}

/* Whatever runs has just ended, with its body; or nothing ever does. */
CURLMsg *
curl_multi_info_read(CURLM *multi, int *left)
{
    static CURLMsg msg;
    char body[] = "abc";

    (void)multi;
    *left = 0;
    if (library.odd_message) {
        library.odd_message = false;
        msg = (CURLMsg){.msg = CURLMSG_NONE};
        return &msg;
    }
    for (size_t i = 0; i < HANDLES && !library.slow; i++) {
        if (!handles[i].easy || !handles[i].running)
            continue;
        msg = (CURLMsg){.msg = CURLMSG_DONE, .easy_handle = handles[i].easy};
        msg.data.result = library.code;
        if (library.code == CURLE_OK)
            (void)sp_answer_body(body, 1, 3, handles[i].transfer);
        return &msg;
    }
    return NULL;
}

int
fstatvfs(int fd, struct statvfs *ret)
{
    CALLS_TRUE(int, "fstatvfs64", int, struct statvfs *);
    int status = call(fd, ret);

    if (library.room) {
        ret->f_frsize = 1;
        ret->f_bavail = library.room;
    }
    return status;
}

/* ---- the downloads ----------------------------------------------------- */

static struct sp_fetch_item items[40];
static char urls[40][64];
static struct sp_fetch_policy policy;
static bool stops;

static int
is_stopped(void *data, struct sp_error *ret)
{
    (void)data;
    return stops ? sp_fail(ret, "interrupted", "stopped") : 0;
}

static const struct sp_build_hooks hooks = {.stopped = is_stopped};

static void
anew(size_t n)
{
    static unsigned turn;

    memset(&err, 0, sizeof(err));
    memset(handles, 0, sizeof(handles));
    memset(&library, 0, sizeof(library));
    library.status = 200;
    policy = (struct sp_fetch_policy){.tries = 1};
    stops = false;
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(urls[i], sizeof(urls[i]), "http://h/%u", turn++);
        items[i] = (struct sp_fetch_item){.url = urls[i]};
    }
}

static void
fetches(size_t n, const char *want, const char *part, const char *what)
{
    int status = sp_fetch(&cache, &policy, items, n, &hooks, &err);

    tap_ok(want ? status < 0 && strcmp(err.detail, want) == 0 &&
                      strstr(err.msg, part)
                : status == 0,
           "%s: '%s' %s", what, err.detail, err.msg);
    tap_is_u64(library.running, 0, "nothing is left running");
}

static void
test_good(void)
{
    anew(40);
    fetches(40, NULL, NULL, "forty");
    tap_ok(library.most > SP_FETCH_PARALLEL &&
               library.most <= SP_FETCH_PARALLEL_MAX,
           "%u at once", library.most);
    tap_is_u64(items[7].bytes, 3, "the bytes of each");
    anew(40);
    library.http2 = true;
    fetches(40, NULL, NULL, "forty streams");
    tap_ok(library.most > SP_FETCH_PARALLEL_MAX, "%u at once", library.most);
    anew(40);
    items[3].proxy = "http://127.0.0.1:1";
    fetches(40, NULL, NULL, "one of them through a proxy");
    tap_is_u64(library.most, SP_FETCH_PARALLEL, "then never more");
    anew(40);
    items[3].proxy = "";
    fetches(40, NULL, NULL, "one of them through none");
    tap_ok(library.most > SP_FETCH_PARALLEL, "does not count");
    anew(2);
    policy.grace_seconds = 5;
    policy.max_file_bytes = 3;
    library.odd_message = true;
    fetches(2, NULL, NULL, "bounds of one's own, and an odd message");
    anew(0);
    fetches(0, NULL, NULL, "nothing at all");
}

/* The file of item 0, which gets its digest. */
static void
put_in_cache(void)
{
    uint8_t digest[SP_SHA256_BYTES];
    char name[SP_CACHE_NAME_MAX];

    sp_sha256("abc", 3, digest);
    items[0].digest = sp_digest_sha256(digest);
    sp_cache_name_digest(name, &items[0].digest);
    tap_ok(sp_path_replace_file(cache.dirfd, name, "abc", 3, 0600, &err) == 0,
           "a file in the cache");
}

static void
test_bad(void)
{
    anew(1);
    library.no_library = true;
    fetches(1, "internal", "cannot start", "no library");
    anew(1);
    library.no_add = true;
    fetches(1, "no-memory", "a download", "no place for a handle");
    anew(1);
    library.no_perform = true;
    library.slow = true;
    fetches(1, "internal", "cannot go on", "a library that fails");
    anew(1);
    library.no_poll = true;
    library.slow = true;
    fetches(1, "internal", "cannot wait", "one that cannot wait");
    anew(1);
    library.slow = library.stalls = true;
    policy.grace_seconds = 1;
    policy.max_file_bytes = 100;
    policy.tries = 2;
    fetches(1, "too-slow", "after 2 tries", "a body that stops coming");
    anew(2);
    library.slow = true;
    policy.total_seconds = 1;
    fetches(2, "too-slow", "after 1 seconds", "no end");
    anew(2);
    library.code = CURLE_GOT_NOTHING;
    items[0].repo = "one";
    items[1].repo = "one";
    fetches(2, "truncated", "repository 'one'", "a fault names its repository");
    tap_ok(!strstr(err.msg, "tries"), "of a single try nothing is said");
    anew(1);
    stops = true;
    library.slow = true;
    fetches(1, "interrupted", "", "somebody stops it");
    anew(1);
    put_in_cache();
    fetches(1, NULL, NULL, "one that is in the cache");
    stops = true;
    fetches(1, "interrupted", "", "is hashed, and that is stopped");
    anew(2);
    items[0].size = 10;
    items[1].size = SP_MAX_MEMBER_BYTES + 1;
    library.room = SP_RESERVE_BYTES + 10;
    fetches(2, "space", "to download", "there must be a tenth more");
    anew(1);
    library.code = CURLE_GOT_NOTHING;
    tap_ok(sp_fetch(&cache, &policy, items, 1, NULL, NULL) < 0,
           "nobody wants to know why");
}

static void
test_no_memory(void)
{
    unsigned n = 0, wrong = 0;
    int status;

    do {
        anew(1);
        memory_end_at(++n);
        status = sp_fetch(&cache, &policy, items, 1, NULL, &err);
        memory_left = 0;
        wrong += memory_ended != (status < 0) ||
                 (status < 0 && strcmp(err.detail, "no-memory") != 0);
    } while (memory_ended && n < 50);
    tap_ok(n > 3 && wrong == 0, "no memory at one of %u places", n - 1);
}

/* What cannot be had ahead is no fault, unless it is ours. */
static void
test_ahead(void)
{
    struct sp_error noted = {0};
    struct sp_session *session;

    anew(2);
    session = sp_session_open(&err);
    policy.session = session;
    library.code = CURLE_HTTP_RETURNED_ERROR;
    library.status = 404;
    tap_ok(sp_fetch_ahead(&cache, &policy, items, 1, NULL, &err) == 0,
           "it is not there");
    tap_ok(sp_session_take(session, items[0].name, &noted) &&
               strcmp(noted.detail, "http-status") == 0,
           "which is noted");
    library.code = CURLE_GOT_NOTHING;
    tap_ok(sp_fetch_ahead(&cache, &policy, items, 1, NULL, &err) == 0 &&
               !sp_session_take(session, items[0].name, &noted),
           "what may be mended is not");
    library.code = CURLE_HTTP_RETURNED_ERROR;
    items[1].digest.algo = SP_DIGEST_SHA256;
    tap_ok(sp_fetch_ahead(&cache, &policy, items + 1, 1, NULL, &err) == 0 &&
               !sp_session_take(session, items[1].name, &noted),
           "nor is what a digest will judge");
    library.code = CURLE_OUT_OF_MEMORY;
    tap_ok(sp_fetch_ahead(&cache, &policy, items, 1, NULL, &err) < 0 &&
               strcmp(err.detail, "no-memory") == 0,
           "a fault of ours is one: %s", err.msg);
    library.code = CURLE_OK;
    library.status = 200;
    tap_ok(sp_fetch_ahead(&cache, &policy, items, 1, NULL, &err) == 0 &&
               sp_session_take(session, items[0].name, &noted),
           "what is there is noted: %s", err.msg);
    policy.session = NULL;
    sp_session_close(session);
}

int
main(void)
{
    SP_AUTO_FD tmp = -1;

    if (!mkdtemp(top) || sp_cache_open(&cache, top, &err) < 0)
        return 1;
    (void)unsetenv("http_proxy");
    (void)unsetenv("all_proxy");
    test_good();
    test_bad();
    test_no_memory();
    test_ahead();
    sp_cache_close(&cache);
    tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)sp_path_remove_tree(tmp, strrchr(top, '/') + 1, NULL);
    return tap_done();
}
