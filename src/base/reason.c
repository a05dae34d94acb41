/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/reason.h"

#include <string.h>

static const struct sp_reason reasons[] = {
    /* our own faults and the machine's */
    {"internal", SP_E_INTERNAL},
    {"worker-died", SP_E_INTERNAL},
    {"worker-left", SP_E_INTERNAL},
    {"protocol", SP_E_INTERNAL},
    {"disagreement", SP_E_INTERNAL},
    {"no-memory", SP_E_INTERNAL},
    {"interrupted", SP_E_INTERNAL},
    {"usage", SP_E_USAGE},
    {"no-transport", SP_E_USAGE},
    {"device-unsafe", SP_E_USAGE},
    {"not-confirmed", SP_E_USAGE},
    {"io", SP_E_IO},
    {"not-found", SP_E_IO},
    {"state", SP_E_IO},

    /* the carrier */
    {"truncated", SP_E_TRANSPORT}, /* SP_E_MEDIA on file and block */
    {"idle", SP_E_TRANSPORT},
    {"too-slow", SP_E_TRANSPORT},
    {"too-long", SP_E_TRANSPORT},
    {"peer-gone", SP_E_TRANSPORT},
    {"unreachable", SP_E_TRANSPORT},
    {"download", SP_E_TRANSPORT},
    {"redirect", SP_E_TRANSPORT},
    {"tls", SP_E_TRANSPORT},
    {"http-status", SP_E_TRANSPORT},

    /* container and manifest */
    {"empty", SP_E_FORMAT},
    {"frame", SP_E_FORMAT},
    {"not-a-bundle", SP_E_FORMAT},
    {"qfile-header", SP_E_FORMAT},
    {"noncanonical-header", SP_E_FORMAT},
    {"member-padding", SP_E_FORMAT},
    {"end-marker", SP_E_FORMAT},
    {"trailing-data", SP_E_FORMAT},
    {"parser-disagreement", SP_E_FORMAT},
    {"manifest-syntax", SP_E_FORMAT},
    {"manifest-order", SP_E_FORMAT},
    {"manifest-total", SP_E_FORMAT},
    {"manifest-member", SP_E_FORMAT},
    {"groups", SP_E_FORMAT},
    {"manifest-version", SP_E_FORMAT},
    {"list-syntax", SP_E_FORMAT},
    {"request-syntax", SP_E_FORMAT},
    {"request-version", SP_E_FORMAT},
    {"request-count", SP_E_FORMAT},
    {"request-empty", SP_E_FORMAT},

    /* repositories, on the networked machine */
    {"repo-file", SP_E_FORMAT},
    {"metadata", SP_E_FORMAT},
    {"metadata-size", SP_E_LIMIT},
    {"metadata-digest", SP_E_DIGEST},

    /* the package envelope: sallyport-package(5) */
    {"not-rpm", SP_E_FORMAT},
    {"lead-version", SP_E_FORMAT},
    {"lead-type", SP_E_FORMAT},
    {"lead-sigtype", SP_E_FORMAT},
    {"header-magic", SP_E_FORMAT},
    {"region", SP_E_FORMAT},
    {"region-trailer", SP_E_FORMAT},
    {"tag-order", SP_E_FORMAT},
    {"tag-range", SP_E_FORMAT},
    {"tag-type", SP_E_FORMAT},
    {"tag-count", SP_E_FORMAT},
    {"tag-offset", SP_E_FORMAT},
    {"tag-padding", SP_E_FORMAT},
    {"tag-bounds", SP_E_FORMAT},
    {"data-tail", SP_E_FORMAT},
    {"string-nul", SP_E_FORMAT},
    {"string-count", SP_E_FORMAT},
    {"string-encoding", SP_E_FORMAT},
    {"reserved-nonzero", SP_E_FORMAT},
    {"sig-padding", SP_E_FORMAT},
    {"missing-tag", SP_E_FORMAT},
    {"format-unsupported", SP_E_FORMAT},

    /* ceilings */
    {"index-count", SP_E_LIMIT},
    {"data-size", SP_E_LIMIT},
    {"sig-size", SP_E_LIMIT},
    {"too-many-files", SP_E_LIMIT},
    {"too-many-bytes", SP_E_LIMIT},
    {"file-too-large", SP_E_LIMIT},
    {"manifest-size", SP_E_LIMIT},
    {"request-size", SP_E_LIMIT},

    /* names */
    {"nevra", SP_E_NAME},
    {"filename-mismatch", SP_E_NAME},
    {"duplicate-nevra", SP_E_NAME},
    {"two-versions", SP_E_NAME},
    {"member-name", SP_E_NAME},
    {"name-too-long", SP_E_NAME},

    /* digests */
    {"header-digest", SP_E_DIGEST},
    {"no-payload-digest", SP_E_DIGEST},
    {"payload-digest-type", SP_E_DIGEST},
    {"payload-digest-algo", SP_E_DIGEST},
    {"payload-digest-hex", SP_E_DIGEST},
    {"payload-digest-mismatch", SP_E_DIGEST},
    {"list-digest", SP_E_DIGEST},

    /* the medium */
    {"manifest-digest", SP_E_MEDIA},
    {"head-digest", SP_E_MEDIA},
    {"evidence-digest", SP_E_MEDIA},
    {"request-digest", SP_E_MEDIA},
    {"request-truncated", SP_E_MEDIA},
    {"read-error", SP_E_MEDIA},
    {"write-error", SP_E_MEDIA},
    {"read-back", SP_E_MEDIA},
    {"no-medium", SP_E_MEDIA},

    /* signatures */
    {"no-header-signature", SP_E_SIGNATURE},
    {"two-header-signatures", SP_E_SIGNATURE},
    {"sig-tag-algo", SP_E_SIGNATURE},
    {"sig-packet", SP_E_SIGNATURE},
    {"sig-packet-length", SP_E_SIGNATURE},
    {"sig-packet-tag", SP_E_SIGNATURE},
    {"sig-trailing", SP_E_SIGNATURE},
    {"sig-version", SP_E_SIGNATURE},
    {"sig-type", SP_E_SIGNATURE},
    {"sig-hash-algo", SP_E_SIGNATURE},
    {"sig-pubkey-algo", SP_E_SIGNATURE},
    {"sig-subpacket", SP_E_SIGNATURE},
    {"sig-issuer", SP_E_SIGNATURE},
    {"sig-no-issuer", SP_E_SIGNATURE},
    {"sig-no-time", SP_E_SIGNATURE},
    {"sig-mpi", SP_E_SIGNATURE},
    {"sig-future", SP_E_SIGNATURE},
    {"sig-expired", SP_E_SIGNATURE},
    {"sig-before-key", SP_E_SIGNATURE},
    {"bad-signature", SP_E_SIGNATURE},
    {"engine-missing", SP_E_SIGNATURE},
    {"engine-error", SP_E_SIGNATURE},

    /* keys */
    {"no-keys", SP_E_KEY},
    {"no-key", SP_E_KEY},
    {"key-file", SP_E_KEY},
    {"key-not-allowed", SP_E_KEY},
    {"key-revoked", SP_E_KEY},
    {"key-expired", SP_E_KEY},
    {"key-usage", SP_E_KEY},
    {"key-too-small", SP_E_KEY},
    {"duplicate-key-id", SP_E_KEY},

    /* policy and freshness */
    {"source-package", SP_E_POLICY},
    {"foreign-arch", SP_E_POLICY},
    {"name-not-wanted", SP_E_POLICY},
    {"downgrade", SP_E_POLICY},
    {"key-pattern", SP_E_POLICY},
    {"unsolicited", SP_E_POLICY},
    {"boot-not-mounted", SP_E_POLICY},
    {"xen-upgrade", SP_E_POLICY},
    {"foreign-qube", SP_E_POLICY},
    {"policy-file", SP_E_POLICY},

    /* solving, on the networked machine */
    {"no-match", SP_E_POLICY},
    {"unsolvable", SP_E_POLICY},
    {"protected", SP_E_POLICY},
    {"metadata-mismatch", SP_E_NAME},
    {"plan-differs", SP_E_POLICY},

    {"metadata-rollback", SP_E_STALE},
    {"too-old", SP_E_STALE},
    {"clock", SP_E_STALE},
    {"mix-and-match", SP_E_STALE},
    {"withheld", SP_E_STALE},
    {"no-evidence", SP_E_STALE},

    /* jail, lock, room, publishing */
    {"sandbox", SP_E_SANDBOX},
    {"forbidden-call", SP_E_SANDBOX},
    {"escape", SP_E_SANDBOX},
    {"busy", SP_E_BUSY},
    {"device-in-use", SP_E_BUSY},
    {"space", SP_E_SPACE},
    {"publish", SP_E_PUBLISH},
    {"index", SP_E_PUBLISH},
    {"no-generation", SP_E_PUBLISH},
};

static const struct sp_reason *const end =
    reasons + sizeof(reasons) / sizeof(reasons[0]);

const char *
sp_code_word(enum sp_code code)
{
    switch (code) {
    case SP_OK: return "done";
    case SP_E_INTERNAL: return "internal";
    case SP_E_USAGE: return "usage";
    case SP_E_IO: return "io";
    case SP_E_TRANSPORT: return "transport";
    case SP_E_FORMAT: return "format";
    case SP_E_LIMIT: return "limit";
    case SP_E_NAME: return "name";
    case SP_E_DIGEST: return "digest";
    case SP_E_MEDIA: return "media";
    case SP_E_SIGNATURE: return "signature";
    case SP_E_KEY: return "key";
    case SP_E_POLICY: return "policy";
    case SP_E_STALE: return "stale";
    case SP_E_SANDBOX: return "sandbox";
    case SP_E_BUSY: return "busy";
    case SP_E_SPACE: return "space";
    case SP_E_PUBLISH: return "publish";
    case SP_UPDATES_EXIST: return "updates";
    }
    return "unknown";
}

const struct sp_reason *
sp_reason_find(const char *word)
{
    for (const struct sp_reason *r = reasons; r < end; r++)
        if (strcmp(r->word, word) == 0)
            return r;
    return NULL;
}

const struct sp_reason *
sp_reason_at(size_t i)
{
    return i < (size_t)(end - reasons) ? &reasons[i] : NULL;
}
