/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/trust.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int
sp_trust_keys(const struct sp_request *request, struct sp_trust *trust,
              struct sp_error *err)
{
    struct sp_request_field field;
    size_t cursor = 0;

    while (trust->n_keys < SP_TRUST_KEYS_MAX &&
           sp_request_next(request, SP_REQUEST_KEY_PUBKEY, &cursor, &field)) {
        size_t size;
        char *key = sp_request_block(field.block, &size);

        if (!key)
            return sp_fail(err, "no-memory", "no memory for a key");
        trust->keys[trust->n_keys++] = key;
    }
    return 0;
}

/* "REPO REVISION TIME SHA256"; a revision that is no number says nothing. */
int
sp_trust_seen(const struct sp_request *request, struct sp_trust *trust,
              struct sp_error *err)
{
    struct sp_request_field field;
    struct sp_view id, rest, revision, more;
    uint64_t number;
    size_t cursor = 0;

    while (trust->n_seen < SP_REPO_MAX_REPOS &&
           sp_request_next(request, SP_REQUEST_KEY_SEEN, &cursor, &field)) {
        if (!sp_view_split(field.value, &id, &rest) ||
            !sp_view_split(rest, &revision, &more) ||
            !sp_text_u64_len(revision.bytes, revision.size, UINT64_MAX,
                             &number))
            continue;
        trust->seen_ids[trust->n_seen] = strndup(id.bytes, id.size);
        if (!trust->seen_ids[trust->n_seen])
            return sp_fail(err, "no-memory", "no memory for a revision");
        trust->seen[trust->n_seen] =
            (struct sp_metadata_seen){trust->seen_ids[trust->n_seen], number};
        trust->n_seen++;
    }
    return 0;
}

void
sp_trust_release(struct sp_trust *trust)
{
    for (size_t i = 0; i < trust->n_keys; i++)
        free(trust->keys[i]);
    for (size_t i = 0; i < trust->n_seen; i++)
        free(trust->seen_ids[i]);
    trust->n_keys = 0;
    trust->n_seen = 0;
}
