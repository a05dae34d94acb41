/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the journal is told, at a socket that stands in for it. */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ingest/journal.h"
#include "tap.h"

static char got[65536];
static size_t got_size;
static struct sockaddr_un address = {.sun_family = AF_UNIX};

/* A socket in a new folder below /tmp; its descriptor. */
static int
listen_there(char dir[32])
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)snprintf(dir, 32, "/tmp/sp-journal.XXXXXX");
    if (fd < 0 || !mkdtemp(dir))
        return -1;
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket",
                   dir);
    return bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0
               ? -1
               : fd;
}

/* The nth value of a field of the datagram, NULL when it has none. */
static const char *
field(const char *key, unsigned nth)
{
    static char value[SP_MESSAGE_MAX + 256];
    const char *p = got, *end = got + got_size;

    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        uint64_t len;

        if (!lf || end - lf < 9)
            return NULL;
        memcpy(&len, lf + 1, sizeof(len));
        len = le64toh(len);
        if (len >= sizeof(value) || (uint64_t)(end - lf) < len + 10 ||
            lf[9 + len] != '\n')
            return NULL;
        if ((size_t)(lf - p) == strlen(key) &&
            memcmp(p, key, strlen(key)) == 0 && nth-- == 0) {
            memcpy(value, lf + 9, len);
            value[len] = '\0';
            return value;
        }
        p = lf + 10 + len;
    }
    return NULL;
}

static bool
tell(int fd, const struct sp_outcome *o)
{
    bool taken = sp_journal_delivery(address.sun_path, "ingest", "/r", o);
    ssize_t n = recv(fd, got, sizeof(got), 0);

    got_size = n > 0 ? (size_t)n : 0;
    return taken && n > 0;
}

static void
check_done(int fd)
{
    static const struct sp_outcome o = {
        .published = true,
        .generation = 7,
        .n_packages = 3,
        .bytes = 1000,
        .delivery = "0123",
        .source = "file:/x",
        .requests = {"aa", "bb"},
        .n_requests = 2,
    };

    tap_ok(tell(fd, &o), "done: taken");
    tap_is_str(field("MESSAGE", 0),
               "ingest: published generation 7, 3 packages", "message");
    tap_is_str(field("MESSAGE_ID", 0), SP_JOURNAL_ID, "message id");
    tap_is_str(field("PRIORITY", 0), "6", "informational");
    tap_is_str(field("SYSLOG_IDENTIFIER", 0), "sallyport", "who");
    tap_is_str(field("SALLYPORT_CLASS", 0), "done", "class");
    tap_is_str(field("SALLYPORT_EXIT", 0), "0", "exit status");
    tap_is_str(field("SALLYPORT_PUBLISHED", 0), "1", "published");
    tap_is_str(field("SALLYPORT_GENERATION", 0), "7", "generation");
    tap_is_str(field("SALLYPORT_PACKAGES", 0), "3", "packages");
    tap_is_str(field("SALLYPORT_BYTES", 0), "1000", "bytes");
    tap_is_str(field("SALLYPORT_SOURCE", 0), "file:/x", "source");
    tap_is_str(field("SALLYPORT_REPOSITORY", 0), "/r", "repository");
    tap_is_str(field("SALLYPORT_REQUEST", 1), "bb", "each request");
    tap_ok(!field("SALLYPORT_REQUEST", 2), "and no more of them");
}

/* A delivery that answers more requests than an entry names. */
static void
check_many(int fd)
{
    static struct sp_outcome o = {.published = true};

    o.n_requests = 17;
    for (uint64_t i = 0; i < o.n_requests; i++)
        (void)snprintf(o.requests[i], sizeof(o.requests[i]), "%032x",
                       (unsigned)i);
    tap_ok(tell(fd, &o), "many requests: taken");
    tap_is_str(field("SALLYPORT_REQUEST", 15),
               "0000000000000000000000000000000f", "sixteen are named");
    tap_ok(!field("SALLYPORT_REQUEST", 16), "and no more");
}

static void
check_refused(int fd)
{
    struct sp_outcome o = {.delivery = "0123"};

    (void)sp_fail(&o.error, "bad-signature",
                  "no good\nPRIORITY=0\nSALLYPORT_CLASS=done");
    tap_ok(tell(fd, &o), "refused: taken");
    tap_is_str(field("PRIORITY", 0), "4", "a warning");
    tap_is_str(field("SALLYPORT_CLASS", 0), "signature", "class");
    tap_is_str(field("SALLYPORT_DETAIL", 0), "bad-signature", "the word");
    tap_is_str(field("SALLYPORT_EXIT", 0), "10", "exit status");
    tap_ok(!field("PRIORITY", 1) && !field("SALLYPORT_CLASS", 1),
           "no text becomes a field");
}

int
main(void)
{
    static const struct sp_outcome o = {0};
    char dir[32], long_path[200];
    int fd = listen_there(dir);

    if (!tap_ok(fd >= 0, "a stand-in for the journal"))
        return tap_done();
    check_done(fd);
    check_refused(fd);
    check_many(fd);
    (void)close(fd);
    tap_ok(!sp_journal_delivery(address.sun_path, "ingest", "/r", &o),
           "nobody listens: nothing happens");
    (void)unlink(address.sun_path);
    (void)rmdir(dir);
    tap_ok(!sp_journal_delivery(address.sun_path, "ingest", "/r", &o),
           "no journal: nothing happens");
    memset(long_path, 'x', sizeof(long_path) - 1);
    long_path[sizeof(long_path) - 1] = '\0';
    tap_ok(!sp_journal_delivery(long_path, "ingest", "/r", &o),
           "a path too long for a socket");
    return tap_done();
}
