/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every single-bit flip and every truncation of real signed packages. What
 * is published is the canonical prefix, the main header and the payload; a
 * damaged package may be accepted only when those bytes are the same as the
 * original's.
 *
 * The engine is not asked 80,000 times. Its answer depends on the main header
 * and the canonical packet alone: where both are as in the original the
 * signature is good, where one of them differs it is taken as refused.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "bundle/rpm.h"
#include "bundle/sigpacket.h"
#include "ingest/digest.h"
#include "tap.h"

#define CORPUS "tests/corpus/rpms/"

enum { NOW = 2000000000, MAX_PACKAGE = 16384 };

/* What the trusted side makes of a package. */
struct output {
    uint8_t bytes[MAX_PACKAGE + SP_RPM_PREFIX_MAX];
    size_t size;
    size_t prefix; /* where the main header starts */
    size_t payload;
    uint8_t packet[SP_SIGPACKET_ENCODED_MAX];
    size_t packet_size;
};

enum outcome { REFUSED, REFUSED_BY_ENGINE, ACCEPTED };

static struct output original;

static int
check_signed_digest(const uint8_t *header, size_t size,
                    const struct sp_sigpacket *packet, struct sp_error *err)
{
    sp_digest_begin(packet->hash_algo);
    sp_digest_add(packet->hash_algo, header, size);
    sp_digest_add(packet->hash_algo, packet->trailer, packet->trailer_size);
    if (memcmp(sp_digest_end(packet->hash_algo), packet->left16, 2) != 0)
        return sp_fail(err, "bad-signature", "the digest differs");
    return 0;
}

static int
check_digests(const uint8_t *bytes, size_t size, size_t head,
              const struct sp_rpm *rpm, struct sp_error *err)
{
    char hex[65];

    sp_text_hex(hex,
                sp_digest(SP_HASH_SHA256, bytes + rpm->main_header.offset,
                          rpm->main_header.size),
                32);
    if (rpm->header_sha256[0] && strcmp(hex, rpm->header_sha256) != 0)
        return sp_fail(err, "header-digest", "the header differs");
    sp_text_hex(hex, sp_digest(SP_HASH_SHA256, bytes + head, size - head), 32);
    if (strcmp(hex, rpm->payload_sha256) != 0)
        return sp_fail(err, "payload-digest-mismatch", "the payload differs");
    return 0;
}

static void
write_output(const uint8_t *bytes, size_t size, const struct sp_rpm *rpm,
             const struct sp_sigpacket *packet, struct output *ret)
{
    const uint8_t *header = bytes + rpm->main_header.offset;
    size_t rest = size - rpm->main_header.offset;
    const uint8_t *digest =
        sp_digest(SP_HASH_SHA256, header, rpm->main_header.size);

    ret->packet_size = sp_sigpacket_encode(packet, packet->left16, ret->packet,
                                           sizeof(ret->packet));
    ret->prefix = sp_rpm_prefix(rpm, ret->packet, ret->packet_size, digest,
                                rest - rpm->main_header.size, ret->bytes,
                                SP_RPM_PREFIX_MAX);
    memcpy(ret->bytes + ret->prefix, header, rest);
    ret->payload = ret->prefix + rpm->main_header.size;
    ret->size = ret->prefix + rest;
}

/* All checks of the trusted side but the engine's. */
static int
receive(const uint8_t *bytes, size_t size, struct output *ret,
        struct sp_error *err)
{
    static struct sp_sigpacket packet;
    struct sp_rpm rpm;
    size_t head = 0, need = 0;

    do {
        head = need;
        if (sp_rpm_need(bytes, head, size, &need, err) < 0)
            return -1;
    } while (need != head);
    if (sp_rpm_parse(bytes, head, &rpm, err) < 0 ||
        sp_sigpacket_parse(bytes + rpm.signature.offset, rpm.signature.size,
                           &packet, err) < 0 ||
        sp_sigpacket_tag(&packet, rpm.signature_tag, err) < 0 ||
        sp_rpm_facts(bytes, head, &rpm, err) < 0 ||
        check_signed_digest(bytes + rpm.main_header.offset,
                            rpm.main_header.size, &packet, err) < 0 ||
        sp_sigpacket_time(&packet, NOW, err) < 0 ||
        check_digests(bytes, size, head, &rpm, err) < 0)
        return -1;
    write_output(bytes, size, &rpm, &packet, ret);
    return 0;
}

static enum outcome
judge(const uint8_t *bytes, size_t size, struct output *out)
{
    struct sp_error err;
    size_t header;

    if (receive(bytes, size, out, &err) < 0)
        return REFUSED;
    header = out->payload - out->prefix;
    if (out->packet_size != original.packet_size ||
        memcmp(out->packet, original.packet, out->packet_size) != 0 ||
        header != original.payload - original.prefix ||
        memcmp(out->bytes + out->prefix, original.bytes + original.prefix,
               header) != 0)
        return REFUSED_BY_ENGINE;
    return ACCEPTED;
}

static void
flip_all(uint8_t *bytes, size_t size, const char *name)
{
    static struct output out;
    size_t outcomes[3] = {0}, different = 0;

    for (size_t bit = 0; bit < size * 8; bit++) {
        uint8_t mask = (uint8_t)(1u << bit % 8);
        enum outcome outcome;

        bytes[bit / 8] ^= mask;
        outcome = judge(bytes, size, &out);
        bytes[bit / 8] ^= mask;
        outcomes[outcome]++;
        if (outcome == ACCEPTED &&
            (out.size != original.size ||
             memcmp(out.bytes, original.bytes, out.size) != 0)) {
            different++;
            printf("# bit %zu: accepted with other bytes\n", bit);
        }
    }
    printf("# %s: %zu flips, %zu refused, %zu by the engine, %zu accepted\n",
           name, size * 8, outcomes[REFUSED], outcomes[REFUSED_BY_ENGINE],
           outcomes[ACCEPTED]);
    tap_is_u64(different, 0, "%s: a flip changes nothing that is published",
               name);
    tap_ok(outcomes[REFUSED] > outcomes[ACCEPTED], "%s: most are refused",
           name);
    tap_ok(outcomes[ACCEPTED] > 0, "%s: what is dropped does not matter", name);
}

/* From the heap and exactly as long: the sanitizer sees each byte too far. */
static void
truncate_all(const uint8_t *bytes, size_t size, const char *name)
{
    static struct output out;
    size_t accepted = 0;

    for (size_t len = 0; len < size; len++) {
        SP_AUTO_FREE uint8_t *cut = malloc(len + 1);
        struct sp_error err;

        if (!cut)
            abort();
        memcpy(cut + 1, bytes, len);
        accepted += receive(cut + 1, len, &out, &err) == 0;
    }
    tap_is_u64(accepted, 0, "%s: no shorter file is accepted", name);
}

static void
test_package(const char *name)
{
    char path[256];
    char *text = NULL;
    SP_AUTO_FREE const void *owned = NULL;
    size_t size = 0;
    struct sp_error err = {0};

    (void)snprintf(path, sizeof(path), CORPUS "%s", name);
    if (!tap_ok(sp_read_file(AT_FDCWD, path, MAX_PACKAGE, &text, &size, &err) ==
                    0,
                "%s is there", name))
        return;
    owned = text;
    if (!tap_ok(receive((uint8_t *)text, size, &original, &err) == 0,
                "%s is accepted as it is %s", name, err.msg))
        return;
    flip_all((uint8_t *)text, size, name);
    truncate_all((const uint8_t *)text, size, name);
}

int
main(void)
{
    struct sp_error err = {0};

    tap_ok(sp_digest_init(&err) == 0, "digests are right %s", err.msg);
    test_package("openSUSE__libzypp/signed.rpm");
    test_package(
        "rpm-software-management__rpm/hello-2.0-1.x86_64-v3-signed.rpm");
    return tap_done();
}
