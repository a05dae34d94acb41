/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/sha256.h"
#include "base/text.h"
#include "build/hash.h"
#include "build/head.h"
#include "bundle/rpm.h"
#include "bundle/tar.h"

enum { BUFFER_BYTES = 256 * 1024 };

/* One call of sp_pack. */
struct packing {
    const struct sp_pack_load *load;
    struct sp_pack_item *items; /* in the order of the bundle */
    size_t n;
    size_t n_evidence; /* 0 for a qfile, which carries packages alone */
    struct sp_outlet *out;
    const struct sp_build_hooks *hooks;
    struct sp_build_progress progress;
    uint8_t *buffer;
};

/* ---- first pass -------------------------------------------------------- */

static int
read_heads(struct packing *pack, struct sp_error *err)
{
    struct sp_head_buffer buffer = {0};
    int status = 0;

    pack->progress =
        (struct sp_build_progress){.phase = "read", .total_packages = pack->n};
    for (size_t i = 0; i < pack->n && status == 0; i++) {
        status = sp_head_read(&buffer, &pack->load->sources[i], &pack->items[i],
                              err);
        if (status == 0)
            status = sp_hooks_stopped(pack->hooks, err);
        pack->progress.packages = i + 1;
        sp_hooks_progress(pack->hooks, &pack->progress);
    }
    free(buffer.data);
    return status;
}

static int
compare_items(const void *a, const void *b)
{
    const struct sp_pack_item *x = a;
    const struct sp_pack_item *y = b;

    return sp_member_compare(&x->member, &y->member);
}

static int
refuse_duplicate(const struct sp_pack_item *a, const struct sp_pack_item *b,
                 struct sp_error *err)
{
    char nevra[SP_SHOWN_MAX], full[SP_NEVRA_SHOWN_MAX];
    char first[96], second[96];

    sp_nevra_show(&a->member.nevra, full, sizeof(full));
    sp_text_show(nevra, sizeof(nevra), full);
    sp_text_show(first, sizeof(first), a->source->shown);
    sp_text_show(second, sizeof(second), b->source->shown);
    return sp_fail(err, "duplicate-nevra", "'%s' is there twice: '%s', '%s'",
                   nevra, first, second);
}

static int
sort_items(struct packing *pack, struct sp_error *err)
{
    qsort(pack->items, pack->n, sizeof(pack->items[0]), compare_items);
    for (size_t i = 1; i < pack->n; i++)
        if (compare_items(&pack->items[i - 1], &pack->items[i]) == 0)
            return refuse_duplicate(&pack->items[i - 1], &pack->items[i], err);
    return 0;
}

static struct sp_member
evidence_member(const struct sp_pack_evidence *evidence)
{
    struct sp_member member = {.kind = SP_MEMBER_EVIDENCE,
                               .evidence = evidence->kind,
                               .size = evidence->size};

    (void)snprintf(member.label, sizeof(member.label), "%s", evidence->label);
    memcpy(member.sha256, evidence->sha256, sizeof(member.sha256));
    return member;
}

static int
print_manifest(const struct packing *pack, char **ret_text, size_t *ret_size,
               struct sp_error *err)
{
    const struct sp_pack_load *load = pack->load;
    SP_AUTO_FREE struct sp_member *members =
        calloc(pack->n_evidence + pack->n + 1, sizeof(*members));

    if (!members)
        return sp_fail(err, "no-memory", "no memory for MANIFEST");
    for (size_t i = 0; i < pack->n_evidence; i++)
        members[i] = evidence_member(&load->evidence[i]);
    for (size_t i = 0; i < pack->n; i++)
        members[pack->n_evidence + i] = pack->items[i].member;
    return sp_manifest_print(load->requests, load->n_requests, members,
                             pack->n_evidence + pack->n, ret_text, ret_size,
                             err);
}

/* ---- second pass ------------------------------------------------------- */

static int
changed(const struct sp_pack_source *source, struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), source->shown);
    return sp_fail(err, "io", "'%s' was changed while it was packed", shown);
}

/* What is hashed of one package on its way into the bundle. */
struct proof {
    struct sp_hash head;
    struct sp_hash rest; /* the payload, or the whole file */
    uint64_t head_left;
};

static int
proof_begin(struct proof *proof, struct sp_error *err)
{
    return sp_hash_begin(&proof->head, SP_DIGEST_SHA256, err) < 0
               ? -1
               : sp_hash_begin(&proof->rest, SP_DIGEST_SHA256, err);
}

static void
proof_release(struct proof *proof)
{
    sp_hash_release(&proof->head);
    sp_hash_release(&proof->rest);
}

#define PROOF_AUTO __attribute__((cleanup(proof_release)))

static void
proof_update(struct proof *proof, enum sp_pack_proof kind, const uint8_t *data,
             size_t len)
{
    size_t head = len < proof->head_left ? len : (size_t)proof->head_left;

    sp_hash_add(&proof->head, data, head);
    proof->head_left -= head;
    if (kind == SP_PROOF_FILE)
        sp_hash_add(&proof->rest, data, len);
    else if (kind == SP_PROOF_PAYLOAD)
        sp_hash_add(&proof->rest, data + head, len - head);
}

static int
proof_judge(struct proof *proof, const struct sp_pack_item *item,
            struct sp_error *err)
{
    const struct sp_pack_source *source = item->source;
    struct sp_digest digest;
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), source->shown);
    sp_hash_end(&proof->head, &digest);
    if (memcmp(digest.bytes, item->member.sha256, SP_SHA256_BYTES) != 0)
        return changed(source, err);
    sp_hash_end(&proof->rest, &digest);
    if (source->proof == SP_PROOF_FILE &&
        memcmp(digest.bytes, source->sha256, SP_SHA256_BYTES) != 0)
        return sp_fail(err, "list-digest",
                       "'%s' does not have the SHA-256 of the list", shown);
    if (source->proof == SP_PROOF_PAYLOAD &&
        memcmp(digest.bytes, item->payload_sha256, SP_SHA256_BYTES) != 0)
        return sp_fail(err, "payload-digest-mismatch",
                       "'%s' is damaged: its payload does not have the digest "
                       "in its header",
                       shown);
    return 0;
}

/* Reads, proves and writes. */
static int
copy_piece(struct packing *pack, const struct sp_pack_item *item, int fd,
           struct proof *proof, size_t want, struct sp_error *err)
{
    ssize_t n = sp_read_full(fd, pack->buffer, want);

    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read a package");
    if ((size_t)n != want)
        return changed(item->source, err);
    proof_update(proof, item->source->proof, pack->buffer, want);
    return sp_outlet_data(pack->out, pack->buffer, want, err);
}

/* Copies exactly the bytes that the first pass saw. */
static int
copy_package(struct packing *pack, const struct sp_pack_item *item, int fd,
             struct sp_error *err)
{
    PROOF_AUTO struct proof proof = {.head_left = item->member.head_size};
    uint64_t left = item->member.size;
    char beyond;

    if (proof_begin(&proof, err) < 0)
        return -1;
    while (left > 0) {
        size_t want = left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES;
        ssize_t n = 0;

        if (proof.head_left == 0 && item->source->proof == SP_PROOF_DONE)
            n = sp_outlet_file(pack->out, fd, want, err);
        if (n > 0)
            want = (size_t)n;
        if (n < 0 ||
            (n == 0 && copy_piece(pack, item, fd, &proof, want, err) < 0) ||
            sp_hooks_stopped(pack->hooks, err) < 0)
            return -1;
        left -= want;
        pack->progress.bytes += want;
        sp_hooks_progress(pack->hooks, &pack->progress);
    }
    if (sp_read_some(fd, &beyond, 1) != 0)
        return changed(item->source, err);
    return proof_judge(&proof, item, err);
}

static int
write_package(struct packing *pack, size_t i, struct sp_error *err)
{
    const struct sp_pack_item *item = &pack->items[i];
    uint64_t size = 0;
    SP_AUTO_FD fd = sp_source_open(item->source, &size, err);

    if (fd < 0)
        return -1;
    if (size != item->member.size)
        return changed(item->source, err);
    if (sp_outlet_package(pack->out, i + 1, &item->member.nevra, size, err) <
            0 ||
        copy_package(pack, item, fd, err) < 0)
        return -1;
    pack->progress.packages = i + 1;
    return sp_outlet_pad(pack->out, size, err);
}

static int
changed_evidence(const struct sp_pack_evidence *evidence, struct sp_error *err)
{
    return sp_fail(err, "io",
                   "metadata of '%s' was changed while it was packed",
                   evidence->label);
}

/* Exactly the bytes of the digest that MANIFEST names. */
static int
copy_evidence(struct packing *pack, const struct sp_pack_evidence *evidence,
              int fd, struct sp_error *err)
{
    struct sp_digest digest;
    uint64_t left = evidence->size;
    SP_AUTO_HASH hash = {.handle = NULL};

    if (sp_hash_begin(&hash, SP_DIGEST_SHA256, err) < 0)
        return -1;
    while (left > 0) {
        size_t want = left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES;
        ssize_t n = sp_read_full(fd, pack->buffer, want);

        if (n < 0)
            return sp_fail_sys(err, errno, "io", "cannot read metadata");
        if ((size_t)n != want)
            return changed_evidence(evidence, err);
        sp_hash_add(&hash, pack->buffer, want);
        if (sp_outlet_data(pack->out, pack->buffer, want, err) < 0 ||
            sp_hooks_stopped(pack->hooks, err) < 0)
            return -1;
        left -= want;
    }
    sp_hash_end(&hash, &digest);
    return memcmp(digest.bytes, evidence->sha256, SP_SHA256_BYTES) == 0
               ? 0
               : changed_evidence(evidence, err);
}

static int
write_evidence(struct packing *pack, size_t i, struct sp_error *err)
{
    const struct sp_pack_evidence *evidence = &pack->load->evidence[i];
    SP_AUTO_FD fd = openat(evidence->dirfd, evidence->path,
                           O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return sp_fail_sys(err, errno, "io", "cannot open metadata of '%s'",
                           evidence->label);
    if (sp_outlet_evidence(pack->out, i + 1, evidence->size, err) < 0 ||
        copy_evidence(pack, evidence, fd, err) < 0)
        return -1;
    return sp_outlet_pad(pack->out, evidence->size, err);
}

/* What the carrier will take, in its framing. */
static uint64_t
count_bytes(struct packing *pack, size_t manifest_size)
{
    uint64_t all = sp_outlet_member_bytes(manifest_size) + 2 * SP_TAR_BLOCK;

    for (size_t i = 0; i < pack->n_evidence; i++)
        all += sp_outlet_member_bytes(pack->load->evidence[i].size);
    for (size_t i = 0; i < pack->n; i++) {
        pack->progress.total_bytes += pack->items[i].member.size;
        all += sp_outlet_member_bytes(pack->items[i].member.size);
    }
    return all;
}

static int
write_members(struct packing *pack, struct sp_error *err)
{
    for (size_t i = 0; i < pack->n_evidence; i++)
        if (write_evidence(pack, i, err) < 0)
            return -1;
    for (size_t i = 0; i < pack->n; i++)
        if (write_package(pack, i, err) < 0)
            return -1;
    return 0;
}

static int
write_all(struct packing *pack, const char *manifest, size_t size,
          struct sp_error *err)
{
    pack->progress =
        (struct sp_build_progress){.phase = "write", .total_packages = pack->n};
    if (sp_transport_expect(pack->out->dest, count_bytes(pack, size), err) <
            0 ||
        sp_outlet_manifest(pack->out, manifest, size, err) < 0 ||
        write_members(pack, err) < 0)
        return -1;
    sp_hooks_progress(pack->hooks, &pack->progress);
    return sp_outlet_end(pack->out, err);
}

static int
pack_all(struct packing *pack, struct sp_error *err)
{
    SP_AUTO_FREE char *manifest = NULL;
    size_t size = 0;

    if (read_heads(pack, err) < 0 || sort_items(pack, err) < 0 ||
        print_manifest(pack, &manifest, &size, err) < 0)
        return -1;
    if (write_all(pack, manifest, size, err) < 0)
        return sp_outlet_fault(pack->out, err);
    return sp_outlet_finish(pack->out, err);
}

int
sp_pack(const struct sp_pack_load *load, struct sp_outlet *out,
        const struct sp_build_hooks *hooks, struct sp_pack_result *ret,
        struct sp_error *err)
{
    SP_AUTO_FREE struct sp_pack_item *items =
        calloc(load->n + 1, sizeof(*items));
    SP_AUTO_FREE uint8_t *buffer = sp_io_buffer(BUFFER_BYTES);
    struct packing pack = {
        .load = load,
        .items = items,
        .n = load->n,
        .n_evidence = out->framing == SP_FRAMING_BUNDLE ? load->n_evidence : 0,
        .out = out,
        .hooks = hooks,
        .buffer = buffer};

    if (!items || !buffer)
        return sp_fail(err, "no-memory", "no memory for %zu packages", load->n);
    if (load->n > SP_MAX_PACKAGES)
        return sp_fail(err, "too-many-files", "more than %" PRIu64 " packages",
                       SP_MAX_PACKAGES);
    if (pack_all(&pack, err) < 0)
        return -1;
    ret->packages = load->n;
    ret->bytes = out->dest->bytes;
    return 0;
}
