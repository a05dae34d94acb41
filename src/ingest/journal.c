/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/journal.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/auto.h"
#include "base/text.h"

/* Far below what one datagram may hold. */
enum { ENTRY_MAX = 16 * 1024, REQUESTS_MAX = 16 };

/* syslog(3): warning and informational. */
enum { PRIORITY_REFUSED = 4, PRIORITY_DONE = 6 };

struct entry {
    char bytes[ENTRY_MAX];
    size_t size;
};

static void
put(struct entry *entry, const void *bytes, size_t n)
{
    memcpy(entry->bytes + entry->size, bytes, n);
    entry->size += n;
}

/*
 * KEY LF, the length in 64 bits, the value, LF: the form in which no value
 * can become a field (systemd, Native Journal Protocol). What does not fit
 * is left out.
 */
static void
add(struct entry *entry, const char *key, const char *value)
{
    const size_t key_len = strlen(key), len = strlen(value);
    const uint64_t le_len = htole64(len);

    if (key_len + len + sizeof(le_len) + 2 > sizeof(entry->bytes) - entry->size)
        return;
    put(entry, key, key_len);
    put(entry, "\n", 1);
    put(entry, &le_len, sizeof(le_len));
    put(entry, value, len);
    put(entry, "\n", 1);
}

static void
add_number(struct entry *entry, const char *key, uint64_t value)
{
    char digits[24];

    (void)snprintf(digits, sizeof(digits), "%" PRIu64, value);
    add(entry, key, digits);
}

static void
add_message(struct entry *entry, const char *command,
            const struct sp_outcome *o)
{
    char text[SP_MESSAGE_MAX + 128];

    if (o->error.code != SP_OK)
        (void)snprintf(text, sizeof(text), "%s: %s (%s, %s)", command,
                       o->error.msg, sp_code_word(o->error.code),
                       o->error.detail);
    else if (o->nothing_to_do)
        (void)snprintf(text, sizeof(text), "%s: nothing to do", command);
    else
        (void)snprintf(text, sizeof(text),
                       "%s: published generation %" PRIu64 ", %" PRIu64
                       " packages",
                       command, o->generation, o->n_packages);
    add(entry, "MESSAGE", text);
}

static void
fill(struct entry *entry, const char *command, const char *repository,
     const struct sp_outcome *o)
{
    bool done = o->error.code == SP_OK;

    add_message(entry, command, o);
    add(entry, "MESSAGE_ID", SP_JOURNAL_ID);
    add_number(entry, "PRIORITY", done ? PRIORITY_DONE : PRIORITY_REFUSED);
    add(entry, "SYSLOG_IDENTIFIER", "sallyport");
    add(entry, "SALLYPORT_COMMAND", command);
    add(entry, "SALLYPORT_DELIVERY", o->delivery);
    add(entry, "SALLYPORT_SOURCE", o->source);
    add(entry, "SALLYPORT_REPOSITORY", repository);
    add(entry, "SALLYPORT_CLASS", sp_code_word(o->error.code));
    add(entry, "SALLYPORT_DETAIL", done ? "-" : o->error.detail);
    add_number(entry, "SALLYPORT_EXIT", (uint64_t)o->error.code);
    add_number(entry, "SALLYPORT_PUBLISHED", o->published);
    add_number(entry, "SALLYPORT_GENERATION", o->generation);
    add_number(entry, "SALLYPORT_PACKAGES", o->n_packages);
    add_number(entry, "SALLYPORT_BYTES", o->bytes);
    for (uint64_t i = 0; i < o->n_requests && i < REQUESTS_MAX; i++)
        add(entry, "SALLYPORT_REQUEST", o->requests[i]);
}

bool
sp_journal_delivery(const char *socket_path, const char *command,
                    const char *repository, const struct sp_outcome *o)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    SP_AUTO_FREE struct entry *entry = calloc(1, sizeof(*entry));
    SP_AUTO_FD fd =
        socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (!entry || fd < 0 || strlen(socket_path) >= sizeof(address.sun_path))
        return false;
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
                   socket_path);
    fill(entry, command, repository, o);
    return sendto(fd, entry->bytes, entry->size, MSG_NOSIGNAL,
                  (const struct sockaddr *)&address,
                  sizeof(address)) == (ssize_t)entry->size;
}
