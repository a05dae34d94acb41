/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of downloads that need no server. */
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "build/hash.h"
#include "build/proxy.h"
#include "build/transfer.h"
#include "tap.h"

static struct sp_error err;

static void
test_hash(void)
{
    static uint8_t data[100000];
    uint8_t sha256[SP_SHA256_BYTES];
    struct sp_digest want, got;
    SP_AUTO_HASH hash = {.handle = NULL};
    size_t half;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t size = 0; size <= sizeof(data); size = size * 3 + 1) {
        half = size / 2;
        sp_sha256(data, size, sha256);
        want = sp_digest_sha256(sha256);
        tap_ok(sp_hash_begin(&hash, SP_DIGEST_SHA256, &err) == 0, "begins");
        sp_hash_add(&hash, data, half);
        tap_ok(size == 0 || !sp_hash_is(&hash, &want), "half of %zu", size);
        sp_hash_add(&hash, data + half, size - half);
        tap_ok(sp_hash_is(&hash, &want), "all of %zu bytes", size);
        sp_hash_end(&hash, &got);
        tap_ok(sp_digest_order(&got, &want) == 0, "its digest");
    }
}

/* NIST's example of two blocks (FIPS 180-4), and the words around it. */
static void
test_algorithms(void)
{
    static const char text[] =
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
        "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
    static const struct {
        const char *word, *hex;
    } cases[] = {
        {"sha384", "09330c33f71147e83d192fc782cd1b4753111b173b3b05d2"
                   "2fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039"},
        {"sha-512", "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa1"
                    "7299aeadb6889018501d289e4900f7e4331b99dec4b5433a"
                    "c7d329eeb6dd26545e96e55b874be909"},
    };
    SP_AUTO_HASH hash = {.handle = NULL};
    struct sp_digest want = {0}, other = {0};
    char hex[SP_DIGEST_HEX_MAX], name[SP_CACHE_NAME_MAX];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum sp_digest_algo algo = sp_digest_algo(cases[i].word);

        tap_ok(sp_digest_unhex(algo, cases[i].hex, &want), "digits");
        tap_ok(!sp_digest_unhex(algo, cases[i].hex + 2, &other), "too few");
        sp_digest_hex(&want, hex);
        tap_is_str(hex, cases[i].hex, "and back");
        /* The same variable for one algorithm after the other. */
        tap_ok(sp_hash_begin(&hash, algo, &err) == 0, "begins");
        sp_hash_add(&hash, text, sizeof(text) - 1);
        tap_ok(sp_hash_is(&hash, &want), "%s", cases[i].word);
        want.bytes[sp_digest_size(algo) - 1] ^= 1;
        tap_ok(!sp_hash_is(&hash, &want), "%s to its last bit", cases[i].word);
    }
    sp_cache_name_digest(name, &want);
    tap_ok(strncmp(name, "sha512-8e959b", 13) == 0, "its name");
    tap_is_u64(sp_digest_algo("sha"), SP_DIGEST_NONE, "SHA-1");
    tap_is_u64(sp_digest_algo("md5"), SP_DIGEST_NONE, "MD5");
    tap_is_u64(sp_digest_algo(NULL), SP_DIGEST_NONE, "nothing");
    other = want;
    other.algo = SP_DIGEST_SHA384;
    tap_ok(sp_digest_order(&want, &other) > 0, "the algorithm counts");
}

enum { MIB = 1024 * 1024 };

static void
add_mirrors(struct sp_mirrors *mirrors)
{
    tap_ok(sp_mirrors_add(mirrors, "https://a/", &err) == 0 &&
               sp_mirrors_add(mirrors, "https://b/", &err) == 0 &&
               sp_mirrors_add(mirrors, "https://c/", &err) == 0 &&
               sp_mirrors_add(mirrors, "https://d/", &err) == 0,
           "four mirrors");
}

static void
test_spread(void)
{
    struct sp_mirrors mirrors = {.n = 0};

    add_mirrors(&mirrors);
    tap_ok(sp_mirrors_spread(&mirrors, 0, 1000) == 0, "small: the first");
    tap_ok(sp_mirrors_spread(&mirrors, 0, 0) == 0, "unknown: the first");
    tap_ok(sp_mirrors_spread(&mirrors, 0, MIB) == 0, "large: the first");
    sp_mirrors_fault(&mirrors, 1);
    tap_ok(sp_mirrors_spread(&mirrors, 0, MIB) == 2, "not who has faults");
    tap_ok(sp_mirrors_spread(&mirrors, 0, MIB) == 0, "no more than three");
    sp_mirrors_sent(&mirrors, 0, 10 * MIB, 9000);
    sp_mirrors_sent(&mirrors, 2, 10 * MIB, 900);
    tap_ok(sp_mirrors_spread(&mirrors, 0, MIB) == 2, "who is fast");
    tap_ok(sp_mirrors_choose(&mirrors, 4) != 2, "unless it was tried");
    sp_mirrors_release(&mirrors);
}

static void
test_lag(void)
{
    struct sp_mirrors mirrors = {.n = 0};

    add_mirrors(&mirrors);
    tap_ok(!sp_mirrors_lags(&mirrors, 0, 0, 0, 6000), "nobody is known");
    sp_mirrors_sent(&mirrors, 1, 10 * MIB, 900);
    tap_ok(sp_mirrors_lags(&mirrors, 0, 0, MIB, 6000), "much slower");
    tap_ok(!sp_mirrors_lags(&mirrors, 0, 0, MIB, 4000), "for a short time");
    tap_ok(!sp_mirrors_lags(&mirrors, 0, 0, 30 * MIB, 6000), "not so slow");
    tap_ok(!sp_mirrors_lags(&mirrors, 0, 2, MIB, 6000), "that one was tried");
    sp_mirrors_fault(&mirrors, 1);
    tap_ok(!sp_mirrors_lags(&mirrors, 0, 0, MIB, 6000), "that one fails");
    sp_mirrors_release(&mirrors);
}

static void
test_deadline(void)
{
    const struct sp_fetch_policy policy = {.grace_seconds = 60,
                                           .max_file_bytes = UINT64_C(1) << 30};
    struct sp_fetch_item item = {.size = 0};
    struct sp_transfer t = {.item = &item,
                            .policy = &policy,
                            .expected = 100 * SP_FETCH_FLOOR_BYTES};

    tap_ok(!sp_transfer_is_overdue(&t, 10000000), "not before its answer");
    t.answered = 1;
    tap_ok(!sp_transfer_is_overdue(&t, 160000), "grace and floor");
    tap_ok(sp_transfer_is_overdue(&t, 161001), "and not a second more");
    t.start = t.expected;
    tap_ok(sp_transfer_is_overdue(&t, 61001), "for the rest alone");
    t.expected = 0;
    t.start = 0;
    tap_ok(!sp_transfer_is_overdue(&t, 161001), "unknown size: the ceiling");
}

static void
test_proxy(void)
{
    tap_ok(sp_proxy_is_onion("http://x.onion/"), "onion");
    tap_ok(sp_proxy_is_onion("https://a.X.ONION:8080/y"), "with a port");
    tap_ok(sp_proxy_is_onion("http://x.onion./"), "with a dot behind");
    tap_ok(!sp_proxy_is_onion("http://onion/"), "not onion itself");
    tap_ok(!sp_proxy_is_onion("http://x.onion.example/"), "not below it");
    tap_ok(!sp_proxy_is_onion("http://x/y.onion/"), "not in the path");
    tap_ok(!sp_proxy_is_onion("http://x?y.onion"), "nor behind it");
    tap_ok(sp_proxy_used("socks5h://x") && !sp_proxy_used(""), "as set");
}

static void
test_proxy_of_environment(void)
{
    static const char *const all[] = {"http_proxy",  "https_proxy",
                                      "HTTPS_PROXY", "all_proxy",
                                      "ALL_PROXY",   "HTTP_PROXY"};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        (void)unsetenv(all[i]);
    tap_ok(!sp_proxy_used(NULL) && !sp_proxy_hides("http://x/", NULL), "none");
    (void)setenv("HTTP_PROXY", "http://p/", 1);
    tap_ok(!sp_proxy_used(NULL), "not what a client can set");
    (void)setenv("http_proxy", "http://p/", 1);
    tap_ok(sp_proxy_used(NULL), "any");
    tap_ok(sp_proxy_hides("HTTP://x/", NULL), "of its scheme");
    tap_ok(!sp_proxy_hides("https://x/", NULL), "not of the other");
    tap_ok(!sp_proxy_hides("http://x/", ""), "none was set");
    (void)setenv("https_proxy", "socks5://p/", 1);
    tap_ok(!sp_proxy_hides("https://x/", NULL), "it wants a number");
    tap_ok(!sp_proxy_hides("http://x/", "SOCKS4://p/"), "and so does this");
    tap_ok(sp_proxy_hides("http://x/", "socks4a://p/") &&
               sp_proxy_hides("http://x/", "socks5h://p/") &&
               sp_proxy_hides("http://x/", "p:8080"),
           "they take a name");
    (void)setenv("https_proxy", "", 1);
    (void)setenv("ALL_PROXY", "socks5h://p/", 1);
    tap_ok(sp_proxy_hides("https://x/", NULL), "one for all");
    (void)unsetenv("ALL_PROXY");
    (void)unsetenv("http_proxy");
}

static void
test_notes(void)
{
    struct sp_session *session = sp_session_open(&err);
    struct sp_error fault = {0}, taken = {0};

    (void)sp_fail(&fault, "http-status", "no");
    tap_ok(session != NULL, "a session");
    sp_session_note(session, "url-a", NULL);
    sp_session_note(session, "url-b", &fault);
    tap_ok(!sp_session_take(session, "url-c", &taken), "nothing is known");
    tap_ok(sp_session_take(session, "url-b", &taken) &&
               taken.code == SP_E_TRANSPORT,
           "a fault");
    tap_ok(sp_session_take(session, "url-a", &taken) && taken.code == SP_OK,
           "a file");
    tap_ok(!sp_session_take(session, "url-a", &taken), "once");
    sp_session_close(session);
}

int
main(void)
{
    test_hash();
    test_algorithms();
    test_spread();
    test_lag();
    test_deadline();
    test_proxy();
    test_proxy_of_environment();
    test_notes();
    return tap_done();
}
