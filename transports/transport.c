/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transports/transport.h"

#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "transports/carriers.h"

#define TABLE_ENTRY(name) &sp_carrier_##name,
static const struct sp_transport_ops *const table[] = {
    SP_CARRIERS(TABLE_ENTRY)};
#undef TABLE_ENTRY

const struct sp_transport_ops *
sp_transport_at(size_t i)
{
    return i < sizeof(table) / sizeof(table[0]) ? table[i] : NULL;
}

const struct sp_transport_ops *
sp_transport_find(const char *scheme)
{
    const struct sp_transport_ops *ops;

    for (size_t i = 0; (ops = sp_transport_at(i)); i++)
        if (strcmp(ops->scheme, scheme) == 0)
            return ops;
    return NULL;
}

static int
unknown_scheme(const char *text, struct sp_error *err)
{
    const struct sp_transport_ops *ops;
    char shown[SP_SHOWN_MAX];
    char known[SP_SHOWN_MAX] = "a path";
    size_t used = strlen(known);

    for (size_t i = 0; (ops = sp_transport_at(i)); i++) {
        bool plain = strcmp(ops->scheme, "-") == 0;
        int n = snprintf(known + used, sizeof(known) - used, ", %s%s",
                         ops->scheme, plain ? "" : ":");

        if (n < 0 || (size_t)n >= sizeof(known) - used)
            break;
        used += (size_t)n;
    }
    sp_text_show(shown, sizeof(shown), text);
    return sp_fail(err, "no-transport",
                   "unknown kind of address '%s' (known: %s; a file name with "
                   "a colon is written './NAME')",
                   shown, known);
}

int
sp_address_parse(const char *text, struct sp_address *ret, struct sp_error *err)
{
    struct sp_address address = {.scheme = "file"};
    size_t before_slash = strcspn(text, "/");
    const char *colon = memchr(text, ':', before_slash);
    const char *rest = text;

    if (text[0] == '\0')
        return sp_fail(err, "usage", "empty address");
    if (strcmp(text, "-") == 0) {
        memcpy(address.scheme, "-", 2);
        rest = "";
    } else if (colon) {
        size_t len = (size_t)(colon - text);

        if (len == 0 || len >= sizeof(address.scheme))
            return unknown_scheme(text, err);
        memcpy(address.scheme, text, len);
        address.scheme[len] = '\0';
        rest = colon + 1;
        if (strcmp(address.scheme, "-") == 0 ||
            !sp_transport_find(address.scheme))
            return unknown_scheme(text, err);
    }
    if (strlen(rest) >= sizeof(address.rest))
        return sp_fail(err, "usage", "address is longer than %zu bytes",
                       sizeof(address.rest) - 1);
    memcpy(address.rest, rest, strlen(rest) + 1);
    *ret = address;
    return 0;
}

static int
refuse_direction(const struct sp_transport_ops *ops, enum sp_direction dir,
                 struct sp_error *err)
{
    return sp_fail(err, "no-transport", "'%s:' cannot be %s here", ops->scheme,
                   dir == SP_DIR_READ ? "read from" : "written to");
}

static int
open_as(struct sp_transport *t, const char *address,
        enum sp_direction direction, uint64_t max_bytes,
        const struct sp_transport_user *user, struct sp_error *err)
{
    unsigned need = direction == SP_DIR_READ ? SP_CAP_READ : SP_CAP_WRITE;
    struct sp_address parsed;

    memset(t, 0, sizeof(*t));
    t->fd = -1;
    t->direction = direction;
    t->max_bytes = max_bytes;
    t->user = user;
    sp_text_show(t->shown, sizeof(t->shown), address);
    if (sp_address_parse(address, &parsed, err) < 0)
        return -1;
    t->ops = sp_transport_find(parsed.scheme);
    if (!t->ops)
        SP_BUG("address with an unknown scheme");
    if (!(t->ops->caps & need)) {
        const struct sp_transport_ops *ops = t->ops;

        t->ops = NULL;
        return refuse_direction(ops, direction, err);
    }
    if (t->ops->open(t, &parsed, err) < 0) {
        sp_transport_close(t);
        return -1;
    }
    if (max_bytes && t->known_size > max_bytes) {
        sp_transport_close(t);
        return sp_fail(err, "too-long", "'%s' is larger than %" PRIu64 " bytes",
                       t->shown, max_bytes);
    }
    return 0;
}

int
sp_transport_open(struct sp_transport *t, const char *address,
                  enum sp_direction direction, uint64_t max_bytes,
                  struct sp_error *err)
{
    return open_as(t, address, direction, max_bytes, NULL, err);
}

int
sp_transport_open_write(struct sp_transport *t, const char *address,
                        const struct sp_transport_user *user,
                        struct sp_error *err)
{
    return open_as(t, address, SP_DIR_WRITE, 0, user, err);
}

int
sp_transport_expect(struct sp_transport *t, uint64_t bytes,
                    struct sp_error *err)
{
    char needed[16], room[16];

    if (t->room == 0 || bytes <= t->room)
        return 0;
    sp_text_size(needed, sizeof(needed), bytes);
    sp_text_size(room, sizeof(room), t->room);
    return sp_fail(err, "space", "'%s' is too small: %s are needed, it has %s",
                   t->shown, needed, room);
}

static int
too_long(struct sp_transport *t, struct sp_error *err)
{
    t->failed = true;
    return sp_fail(err, "too-long", "'%s' has more than %" PRIu64 " bytes",
                   t->shown, t->max_bytes);
}

static int
failed_before(const struct sp_transport *t, struct sp_error *err)
{
    return sp_fail(err, "io", "'%s' failed before", t->shown);
}

ssize_t
sp_transport_read(struct sp_transport *t, void *buf, size_t len,
                  struct sp_error *err)
{
    uint64_t room = t->max_bytes ? t->max_bytes - t->bytes : UINT64_MAX;
    ssize_t n;

    if (t->failed)
        return failed_before(t, err);
    if (t->ended || len == 0)
        return 0;
    /* One byte more than allowed tells "exactly full" from "too long". */
    if (len > room)
        len = (size_t)room + 1;
    n = t->ops->read(t, buf, len, err);
    if (n < 0) {
        t->failed = true;
        return -1;
    }
    if ((uint64_t)n > room)
        return too_long(t, err);
    t->ended = n == 0;
    t->bytes += (uint64_t)n;
    return n;
}

int
sp_transport_write(struct sp_transport *t, const void *buf, size_t len,
                   struct sp_error *err)
{
    if (t->failed)
        return failed_before(t, err);
    if (t->max_bytes && len > t->max_bytes - t->bytes)
        return too_long(t, err);
    if (t->ops->write(t, buf, len, err) < 0) {
        t->failed = true;
        return -1;
    }
    t->bytes += len;
    return 0;
}

ssize_t
sp_transport_write_file(struct sp_transport *t, int file, size_t len,
                        struct sp_error *err)
{
    ssize_t n;

    if (t->failed)
        return failed_before(t, err);
    if (!t->ops->write_file)
        return 0;
    if (t->max_bytes && len > t->max_bytes - t->bytes)
        return too_long(t, err);
    n = t->ops->write_file(t, file, len, err);
    if (n < 0)
        t->failed = true;
    else
        t->bytes += (uint64_t)n;
    return n;
}

int
sp_transport_finish(struct sp_transport *t, struct sp_error *err)
{
    if (t->failed)
        return failed_before(t, err);
    if (t->ops->finish && t->ops->finish(t, err) < 0) {
        t->failed = true;
        return -1;
    }
    return 0;
}

int
sp_transport_start(struct sp_transport *t, struct sp_error *err)
{
    return t->ops && t->ops->start ? t->ops->start(t, err) : 0;
}

void
sp_transport_handed_over(struct sp_transport *t)
{
    sp_close_fd(&t->fd);
}

void
sp_transport_tend(struct sp_transport *t)
{
    if (t->ops && t->ops->tend)
        t->ops->tend(t);
}

int
sp_transport_ending(struct sp_transport *t, struct sp_error *err)
{
    return t->ops && t->ops->ending ? t->ops->ending(t, err) : 0;
}

int
sp_transport_answer(struct sp_transport *t, enum sp_code code,
                    const char *detail, struct sp_error *err)
{
    return t->ops && t->ops->answer ? t->ops->answer(t, code, detail, err) : 0;
}

int
sp_transport_answer_bytes(struct sp_transport *t, const void *bytes, size_t len,
                          struct sp_error *err)
{
    if (!t->ops || !t->ops->answer_bytes)
        return 0;
    return t->ops->answer_bytes(t, bytes, len, err);
}

ssize_t
sp_transport_hear(struct sp_transport *t, void *untrusted, size_t size,
                  struct sp_error *err)
{
    return t->ops && t->ops->hear ? t->ops->hear(t, untrusted, size, err) : 0;
}

void
sp_transport_close(struct sp_transport *t)
{
    if (t->ops)
        t->ops->close(t);
    t->ops = NULL;
}
