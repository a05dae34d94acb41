/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/batch.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "ingest/gpg.h"
#include "ingest/message.h"

enum { BINARY_DOCUMENT = 0x00 };

/* The negative control: a copy of one item with one bit changed. */
struct control {
    struct sp_batch_item *source;
    char name[SP_STATUS_NAME_MAX];
    size_t at; /* its place in the list of files */
};

static int
draw(uint64_t *ret, struct sp_error *err)
{
    ssize_t n;

    do
        n = getrandom(ret, sizeof(*ret), 0);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(*ret))
        return sp_fail_sys(err, errno, "internal", "no random number");
    return 0;
}

int
sp_batch_name(char dst[SP_STATUS_NAME_MAX], struct sp_error *err)
{
    uint64_t number;

    if (draw(&number, err) < 0)
        return -1;
    (void)snprintf(dst, SP_STATUS_NAME_MAX, "%020" PRIu64, number);
    return 0;
}

void
sp_batch_expect(struct sp_batch_item *item, const struct sp_sigpacket *packet,
                const struct sp_key *key)
{
    struct sp_validsig *e = &item->expected;

    memcpy(e->fpr, key->fpr, sizeof(e->fpr));
    memcpy(e->primary_fpr, key->primary_fpr, sizeof(e->primary_fpr));
    e->created = packet->created;
    e->expires = packet->lifetime == 0
                     ? 0
                     : (uint64_t)packet->created + packet->lifetime;
    e->version = packet->version;
    e->pubkey_algo = packet->pubkey_algo;
    e->hash_algo = packet->hash_algo;
    e->sig_class = BINARY_DOCUMENT;
    item->may_notate = packet->has_salt;
}

static bool
is_expected(const struct sp_validsig *got, const struct sp_validsig *want)
{
    return strcmp(got->fpr, want->fpr) == 0 &&
           strcmp(got->primary_fpr, want->primary_fpr) == 0 &&
           got->created == want->created && got->expires == want->expires &&
           got->version == want->version &&
           got->pubkey_algo == want->pubkey_algo &&
           got->hash_algo == want->hash_algo &&
           got->sig_class == want->sig_class;
}

static bool
is_waiting(const struct sp_batch_item *item)
{
    return item->waiting;
}

static bool
is_accepted(const struct sp_batch_item *item)
{
    return item->verdict == SP_VERDICT_ACCEPTED;
}

static size_t
count(const struct sp_batch *batch,
      bool (*fits)(const struct sp_batch_item *item))
{
    size_t n = 0;

    for (size_t i = 0; i < batch->n_items; i++)
        n += fits(&batch->items[i]);
    return n;
}

/* A random one of the items that fit; there is at least one. */
static int
pick(struct sp_batch *batch, bool (*fits)(const struct sp_batch_item *item),
     struct sp_batch_item **ret, struct sp_error *err)
{
    struct sp_batch_item *item = batch->items;
    uint64_t left;

    if (draw(&left, err) < 0)
        return -1;
    left %= count(batch, fits);
    while (!fits(item) || left-- > 0)
        item++;
    *ret = item;
    return 0;
}

static int
make_control(struct sp_batch *batch, struct control *control,
             struct sp_error *err)
{
    const struct sp_batch_item *source = control->source;
    uint64_t bit, place;

    if (draw(&bit, err) < 0 || draw(&place, err) < 0 ||
        sp_batch_name(control->name, err) < 0)
        return -1;
    bit %= (uint64_t)source->header_size * 8;
    control->at = (size_t)(place % (count(batch, is_waiting) + 1));
    return sp_message_spoil(batch->dirfd, source->name, control->name,
                            (uint32_t)(bit / 8), (unsigned)(bit % 8), err);
}

/* Lists the waiting files and the control, and has them judged. */
static int
ask(struct sp_batch *batch, const struct control *control, struct sp_error *err)
{
    struct sp_status_file *file = batch->files;
    size_t i = 0;

    while (file <= batch->files + count(batch, is_waiting)) {
        const struct sp_batch_item *item = control->source;
        const char *name = control->name;

        if (file != batch->files + control->at) {
            while (!batch->items[i].waiting)
                i++;
            item = &batch->items[i++];
            name = item->name;
        }
        memcpy(file->name, name, sizeof(file->name));
        file->may_notate = item->may_notate;
        file++;
    }
    sp_status_init(&batch->status, batch->files, (size_t)(file - batch->files));
    return sp_gpg_verify(batch->gpg, batch->home, &batch->status, err);
}

static void
judge_item(struct sp_batch_item *item, const struct sp_status_file *file)
{
    item->verdict = SP_VERDICT_REFUSED;
    if (!file->good)
        (void)sp_fail(&item->error, file->reason,
                      "gpg refuses the signature by key '%s'",
                      item->expected.fpr);
    else if (!is_expected(&file->valid, &item->expected))
        (void)sp_fail(&item->error, "engine-error",
                      "gpg tells of another signature than the packet");
    else
        item->verdict = SP_VERDICT_ACCEPTED;
}

/* Hands out the findings; returns that of the control. */
static const struct sp_status_file *
distribute(struct sp_batch *batch, const struct control *control)
{
    const struct sp_status_file *file = batch->files;

    for (size_t i = 0; i < batch->n_items; i++) {
        if (!batch->items[i].waiting)
            continue;
        if (file == batch->files + control->at)
            file++;
        judge_item(&batch->items[i], file++);
    }
    return &batch->files[control->at];
}

/* One run. *ret_proven: the control came back as a bad signature. */
static int
run(struct sp_batch *batch, struct control *control, bool *ret_proven,
    struct sp_error *err)
{
    const struct sp_status_file *finding;
    int result;

    if (make_control(batch, control, err) < 0)
        return -1;
    result = ask(batch, control, err);
    (void)unlinkat(batch->dirfd, control->name, 0);
    if (result < 0)
        return -1;
    finding = distribute(batch, control);
    if (finding->good)
        return sp_fail(err, "engine-error",
                       "gpg takes a spoiled message for good");
    *ret_proven = strcmp(finding->reason, "bad-signature") == 0;
    return 0;
}

/*
 * A control proves something only if its original was good: a message that
 * gpg cannot judge at all makes a control that it cannot judge either. Then
 * one more run takes a good one. Where nothing is good nothing needs proof.
 */
static int
judge_waiting(struct sp_batch *batch, struct sp_error *err)
{
    struct control control = {0};
    bool proven = false;

    if (pick(batch, is_waiting, &control.source, err) < 0 ||
        run(batch, &control, &proven, err) < 0)
        return -1;
    if (proven || count(batch, is_accepted) == 0)
        return 0;
    if (!is_accepted(control.source)) {
        if (pick(batch, is_accepted, &control.source, err) < 0 ||
            run(batch, &control, &proven, err) < 0)
            return -1;
    }
    if (!proven)
        return sp_fail(err, "engine-error",
                       "gpg does not see that a message is spoiled");
    return 0;
}

static void
refuse_waiting(struct sp_batch *batch)
{
    for (size_t i = 0; i < batch->n_items; i++) {
        struct sp_batch_item *item = &batch->items[i];

        if (!item->waiting)
            continue;
        item->verdict = SP_VERDICT_REFUSED;
        item->error = batch->trouble;
    }
}

void
sp_batch_judge(struct sp_batch *batch)
{
    struct sp_error *trouble = &batch->trouble;

    if (count(batch, is_waiting) > 0 &&
        (trouble->code != SP_OK || judge_waiting(batch, trouble) < 0))
        refuse_waiting(batch);
    for (size_t i = 0; i < batch->n_items; i++)
        if (batch->items[i].waiting)
            (void)unlinkat(batch->dirfd, batch->items[i].name, 0);
}
