/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head of a package (bundle/rpm.h), as check takes it: step by step as
 * long as it says, both headers, the packet between them, the facts, and the
 * canonical prefix. That prefix with the same main header must be a package
 * of the same facts whose own prefix is the same.
 */
#include <stdlib.h>

#include "bundle/limits.h"
#include "bundle/rpm.h"
#include "bundle/sigpacket.h"
#include "tests/fuzz/fuzz.h"

enum { HEAD_MAX = 64 * 1024, PAYLOAD = 1234 };

static const uint8_t sha256[32];
static uint8_t prefix[SP_RPM_PREFIX_MAX], again[SP_RPM_PREFIX_MAX];
static uint8_t canonical[SP_RPM_PREFIX_MAX + HEAD_MAX];

/* 0: complete, -1: refused or not all here. */
static int
whole_head(const uint8_t *data, size_t size, struct sp_error *err)
{
    size_t have = 0, need = 0, steps = 0;

    do {
        have = need;
        if (sp_rpm_need(data, have, size, &need, err) < 0) {
            fuzz_refused(err);
            return -1;
        }
        FUZZ_CHECK(need >= have && need <= size && ++steps <= 4);
    } while (need > have);
    return need == size ? 0 : -1;
}

static void
check_spans(const struct sp_rpm *rpm, size_t size)
{
    const struct sp_span *s = &rpm->signature_header;
    const struct sp_span *m = &rpm->main_header;

    FUZZ_CHECK(s->offset == SP_RPM_LEAD_BYTES && s->size < size);
    FUZZ_CHECK(m->offset >= s->offset + s->size && m->offset % 8 == 0);
    FUZZ_CHECK(m->offset - s->offset - s->size < 8);
    FUZZ_CHECK(m->offset + m->size == size);
    FUZZ_CHECK(rpm->signature.offset > s->offset &&
               rpm->signature.offset + rpm->signature.size <
                   s->offset + s->size);
    FUZZ_CHECK(rpm->signature_tag == 267 || rpm->signature_tag == 268);
}

static void
check_facts(const struct sp_rpm *rpm)
{
    const struct sp_nevra *n = &rpm->nevra;
    char name[SP_FILENAME_MAX + 1];

    FUZZ_CHECK(sp_nevra_name_ok(n->name, strlen(n->name)));
    FUZZ_CHECK(sp_nevra_version_ok(n->version, strlen(n->version)));
    FUZZ_CHECK(sp_nevra_version_ok(n->release, strlen(n->release)));
    FUZZ_CHECK(sp_nevra_arch_ok(n->arch, strlen(n->arch)));
    FUZZ_CHECK(sp_nevra_filename(n, name, sizeof(name)));
    FUZZ_CHECK(!strchr(name, '/') && name[0] != '.' && name[0] != '-');
    FUZZ_CHECK(strspn(rpm->payload_sha256, "0123456789abcdef") == 64 &&
               rpm->payload_sha256[64] == '\0');
}

static void
publish(const uint8_t *data, const struct sp_rpm *rpm, const uint8_t *packet,
        size_t packet_size)
{
    size_t n = sp_rpm_prefix(rpm, packet, packet_size, sha256, PAYLOAD, prefix,
                             sizeof(prefix));
    struct sp_error err = {0};
    struct sp_rpm twice;
    size_t whole = n + rpm->main_header.size;

    FUZZ_CHECK(n > 0 && n % 8 == 0 && n <= sizeof(prefix));
    memcpy(canonical, prefix, n);
    memcpy(canonical + n, data + rpm->main_header.offset,
           rpm->main_header.size);
    FUZZ_CHECK(whole_head(canonical, whole, &err) == 0);
    FUZZ_CHECK(sp_rpm_parse(canonical, whole, &twice, &err) == 0);
    FUZZ_CHECK(sp_rpm_facts(canonical, whole, &twice, &err) == 0);
    FUZZ_CHECK(
        twice.signature_tag == rpm->signature_tag &&
        twice.signature.size == packet_size &&
        memcmp(canonical + twice.signature.offset, packet, packet_size) == 0);
    FUZZ_CHECK(memcmp(&twice.nevra, &rpm->nevra, sizeof(twice.nevra)) == 0);
    FUZZ_CHECK(sp_rpm_prefix(&twice, packet, packet_size, sha256, PAYLOAD,
                             again, sizeof(again)) == n &&
               memcmp(prefix, again, n) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sp_sigpacket packet;
    static uint8_t encoded[SP_SIGPACKET_ENCODED_MAX];
    struct sp_rpm rpm = {.signature_tag = 0};
    struct sp_error err = {0};
    const uint8_t *blob;
    size_t n;

    if (size > HEAD_MAX || whole_head(data, size, &err) < 0)
        return 0;
    if (sp_rpm_parse(data, size, &rpm, &err) < 0) {
        fuzz_refused(&err);
        return 0;
    }
    check_spans(&rpm, size);
    blob = data + rpm.signature.offset;
    if (sp_sigpacket_parse(blob, rpm.signature.size, &packet, &err) < 0 ||
        sp_sigpacket_tag(&packet, rpm.signature_tag, &err) < 0 ||
        sp_rpm_facts(data, size, &rpm, &err) < 0) {
        fuzz_refused(&err);
        return 0;
    }
    check_facts(&rpm);
    n = sp_sigpacket_encode(&packet, packet.left16, encoded, sizeof(encoded));
    FUZZ_CHECK(n > 0);
    publish(data, &rpm, encoded, n);
    return 0;
}
