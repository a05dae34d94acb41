/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/sha256.h"

#include <stdlib.h>

#include "base/text.h"
#include "tap.h"

/* FIPS 180-4 examples and the NIST test vectors for SHA-256. */
static const struct {
    const char *text, *hex;
} vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
     "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void
test_vectors(void)
{
    uint8_t digest[SP_SHA256_BYTES];
    char hex[SP_SHA256_HEX];

    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        sp_sha256(vectors[i].text, strlen(vectors[i].text), digest);
        sp_text_hex(hex, digest, sizeof(digest));
        tap_is_str(hex, vectors[i].hex, "%zu bytes", strlen(vectors[i].text));
    }
}

static void
test_million(void)
{
    struct sp_sha256 ctx;
    uint8_t digest[SP_SHA256_BYTES];
    char block[1000], hex[SP_SHA256_HEX];

    memset(block, 'a', sizeof(block));
    sp_sha256_init(&ctx);
    for (int i = 0; i < 1000; i++)
        sp_sha256_update(&ctx, block, sizeof(block));
    sp_sha256_final(&ctx, digest);
    sp_text_hex(hex, digest, sizeof(digest));
    tap_is_str(
        hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
        "a million letters a");
}

/* Every length around the block borders, cut in two at every place. */
static void
test_pieces(void)
{
    uint8_t data[200], whole[SP_SHA256_BYTES], parts[SP_SHA256_BYTES];
    unsigned wrong = 0;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7);
    for (size_t len = 0; len <= sizeof(data); len++) {
        sp_sha256(data, len, whole);
        for (size_t cut = 0; cut <= len; cut++) {
            struct sp_sha256 ctx;

            sp_sha256_init(&ctx);
            sp_sha256_update(&ctx, data, cut);
            sp_sha256_update(&ctx, data + cut, len - cut);
            sp_sha256_final(&ctx, parts);
            wrong += memcmp(whole, parts, sizeof(whole)) != 0;
        }
    }
    tap_is_u64(wrong, 0, "pieces give the digest of the whole");
}

int
main(void)
{
    test_vectors();
    test_million();
    test_pieces();
    return tap_done();
}
