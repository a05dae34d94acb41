/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes out of the jail, field by field: it may have been taken over. */
#include <inttypes.h>

#include "base/text.h"
#include "build/metalink.h"
#include "build/repomd.h"
#include "build/unfold.h"

static bool
is_printable(const char *s, size_t size)
{
    const char *end = memchr(s, '\0', size);

    for (; end && s < end; s++)
        if (*s <= 0x20 || *s >= 0x7f)
            return false;
    return end != NULL;
}

/* A byte from outside that must be a truth value. */
static bool
is_bool(const bool *untrusted)
{
    unsigned char byte;

    memcpy(&byte, untrusted, sizeof(byte));
    return byte <= 1;
}

static int
check_source(const struct sp_metadata_source *s, struct sp_error *err)
{
    static const char zchunk[] = ".zck";
    size_t len;

    if (!is_bool(&s->present) || !sp_digest_ok(&s->digest) ||
        !sp_digest_ok(&s->open_digest))
        return sp_fail(err, "metadata",
                       "a field of repomd.xml is out of range");
    if (!s->present)
        return 0;
    if (!sp_digest_is_set(&s->digest))
        return sp_fail(err, "metadata", "a file of repomd.xml has no digest");
    if (!is_printable(s->location, sizeof(s->location)) ||
        !sp_mirror_location_ok(s->location))
        return sp_fail(err, "metadata",
                       "a location in repomd.xml leaves the repository");
    len = strlen(s->location);
    if (len >= sizeof(zchunk) - 1 &&
        strcmp(s->location + len - (sizeof(zchunk) - 1), zchunk) == 0)
        return sp_fail(err, "metadata", "zchunk metadata cannot be read: '%s'",
                       s->location);
    if (s->size > SP_METADATA_MAX_BYTES || s->open_size > SP_UNFOLD_MAX_BYTES)
        return sp_fail(err, "metadata-size",
                       "'%s' shall have %" PRIu64 " bytes, unpacked %" PRIu64
                       ", which is more than is taken",
                       s->location, s->size, s->open_size);
    return 0;
}

int
sp_repomd_check(const struct sp_repomd *untrusted, struct sp_error *err)
{
    if (!is_printable(untrusted->revision, sizeof(untrusted->revision)))
        return sp_fail(err, "metadata",
                       "the revision in repomd.xml is no word");
    for (size_t i = 0; i < SP_REPOMD_KINDS; i++)
        if (check_source(&untrusted->sources[i], err) < 0)
            return -1;
    if (!untrusted->sources[SP_REPOMD_PRIMARY].present)
        return sp_fail(err, "metadata", "repomd.xml names no primary metadata");
    return 0;
}

bool
sp_repomd_revision(const char *revision, uint64_t *ret)
{
    return sp_text_u64(revision, INT64_MAX, ret);
}

int
sp_metalink_check(const struct sp_metalink *untrusted, struct sp_error *err)
{
    if (untrusted->n_bases > SP_MIRRORS_MAX || untrusted->n_versions == 0 ||
        untrusted->n_versions > SP_METALINK_VERSIONS)
        return sp_fail(err, "metadata", "a field of the metalink is wrong");
    if (untrusted->n_bases == 0)
        return sp_fail(err, "metadata",
                       "the metalink names no mirror of http or https");
    for (size_t i = 0; i < untrusted->n_bases; i++)
        if (!memchr(untrusted->bases[i], '\0', SP_METALINK_URL_MAX) ||
            !sp_mirror_base_ok(untrusted->bases[i]))
            return sp_fail(err, "metadata",
                           "an address in the metalink is wrong");
    for (size_t i = 0; i < untrusted->n_versions; i++)
        if (!sp_digest_ok(&untrusted->versions[i].digest) ||
            !sp_digest_is_set(&untrusted->versions[i].digest))
            return sp_fail(err, "metadata",
                           "a digest in the metalink is wrong");
    return 0;
}

uint64_t
sp_unfold_ceiling(uint64_t size, uint64_t open_size)
{
    uint64_t max = SP_UNFOLD_MAX_BYTES;

    if (open_size > 0 && open_size < max)
        max = open_size;
    if (size < max / SP_UNFOLD_RATIO &&
        SP_UNFOLD_HEAD_START + size * SP_UNFOLD_RATIO < max)
        max = SP_UNFOLD_HEAD_START + size * SP_UNFOLD_RATIO;
    return max;
}
