/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands before the main header in a canonical package. It depends on
 * verified facts and on the signature packet alone, so that no unsigned byte
 * of the received file survives.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "bundle/limits.h"
#include "bundle/rpm-header.h"
#include "bundle/rpm.h"

enum {
    TAG_SIGNATURE_REGION = 62,
    TAG_LONGSIZE = 270,
    TAG_SHA256 = 273,
    TAG_SIZE = 1000,
    ENTRIES = 4,
    LEAD_NAME = 10,
    LEAD_NAME_BYTES = 66,
    LEAD_SIGTYPE = 78,
};

static void
put_u32(uint8_t *p, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void
put_u64(uint8_t *p, uint64_t value)
{
    put_u32(p, (uint32_t)(value >> 32));
    put_u32(p + 4, (uint32_t)value);
}

static void
put_entry(uint8_t *p, uint32_t tag, uint32_t type, size_t offset, size_t count)
{
    put_u32(p, tag);
    put_u32(p + 4, type);
    put_u32(p + 8, (uint32_t)offset);
    put_u32(p + 12, (uint32_t)count);
}

/* As rpm writes it today: architecture and system 0, the name cut short. */
static void
put_lead(uint8_t *lead, const struct sp_rpm *rpm)
{
    static const uint8_t start[] = {0xED, 0xAB, 0xEE, 0xDB, 3, 0, 0};
    const struct sp_nevra *nevra = &rpm->nevra;
    char name[SP_NAME_MAX + SP_VERSION_MAX + SP_RELEASE_MAX + 3] = "";

    (void)snprintf(name, sizeof(name), "%s-%s-%s", nevra->name, nevra->version,
                   nevra->release);
    memcpy(lead, start, sizeof(start));
    lead[sizeof(start)] = rpm->is_source;
    for (size_t i = 0; i < LEAD_NAME_BYTES - 1 && name[i] != '\0'; i++)
        lead[LEAD_NAME + i] = (uint8_t)name[i];
    lead[LEAD_SIGTYPE + 1] = 5;
}

/* Where the values stand in the data of the signature header. */
struct layout {
    bool is_long; /* the size needs 64 bits; its tag then sorts earlier */
    size_t size_at, sha256_at, trailer_at;
};

static struct layout
plan(size_t packet_size, uint64_t signed_bytes)
{
    struct layout at = {.is_long = signed_bytes > UINT32_MAX};

    if (at.is_long) {
        at.size_at = (packet_size + 7) / 8 * 8;
        at.sha256_at = at.size_at + 8;
        at.trailer_at = at.sha256_at + 65;
    } else {
        at.sha256_at = packet_size;
        at.size_at = (at.sha256_at + 65 + 3) / 4 * 4;
        at.trailer_at = at.size_at + 4;
    }
    return at;
}

size_t
sp_rpm_prefix(const struct sp_rpm *rpm, const uint8_t *packet,
              size_t packet_size, const uint8_t header_sha256[32],
              uint64_t payload_bytes, uint8_t *dst, size_t size)
{
    uint64_t signed_bytes = rpm->main_header.size + payload_bytes;
    struct layout at;
    size_t data_size, total;
    uint8_t *intro = dst + SP_RPM_LEAD_BYTES;
    uint8_t *index = intro + SP_RPM_INTRO_BYTES;
    uint8_t *data = index + SP_RPM_ENTRY_BYTES * ENTRIES;
    static const uint8_t magic[4] = {0x8E, 0xAD, 0xE8, 0x01};
    uint8_t *sha256_entry, *size_entry;

    if (packet_size == 0 || packet_size > SP_SIG_MAX_BYTES + 32)
        return 0;
    at = plan(packet_size, signed_bytes);
    data_size = at.trailer_at + SP_RPM_REGION_BYTES;
    total = ((size_t)(data - dst) + data_size + 7) / 8 * 8;
    sha256_entry = index + (at.is_long ? 3 : 2) * SP_RPM_ENTRY_BYTES;
    size_entry = index + (at.is_long ? 2 : 3) * SP_RPM_ENTRY_BYTES;
    if (size < total)
        return 0;
    memset(dst, 0, total);
    put_lead(dst, rpm);
    memcpy(intro, magic, sizeof(magic));
    put_u32(intro + 8, ENTRIES);
    put_u32(intro + 12, (uint32_t)data_size);
    put_entry(index, TAG_SIGNATURE_REGION, SP_RPM_BIN, at.trailer_at,
              SP_RPM_REGION_BYTES);
    put_entry(index + SP_RPM_ENTRY_BYTES, rpm->signature_tag, SP_RPM_BIN, 0,
              packet_size);
    put_entry(sha256_entry, TAG_SHA256, SP_RPM_STRING, at.sha256_at, 1);
    put_entry(size_entry, at.is_long ? TAG_LONGSIZE : TAG_SIZE,
              at.is_long ? SP_RPM_INT64 : SP_RPM_INT32, at.size_at, 1);
    memcpy(data, packet, packet_size);
    sp_text_hex((char *)data + at.sha256_at, header_sha256, 32);
    if (at.is_long)
        put_u64(data + at.size_at, signed_bytes);
    else
        put_u32(data + at.size_at, (uint32_t)signed_bytes);
    put_entry(data + at.trailer_at, TAG_SIGNATURE_REGION, SP_RPM_BIN,
              (size_t)0 - SP_RPM_ENTRY_BYTES * ENTRIES, SP_RPM_REGION_BYTES);
    return total;
}
