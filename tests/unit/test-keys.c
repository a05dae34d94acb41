/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A keyring of the builder, over a gpgme that fails when it is told to. */
#include <errno.h>
#include <fcntl.h>
#include <gpgme.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/spawn.h"
#include "build/keys.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"

static struct sp_error err;

static gpgme_error_t
answer(const char *call)
{
    return calls_hit(call) ? gpgme_error(GPG_ERR_GENERAL) : 0;
}

/* The signatures that are found: none at first. */
static struct _gpgme_signature signatures[2];
static struct _gpgme_op_verify_result result;

const char *
gpgme_check_version_internal(const char *wanted, size_t offset)
{
    (void)offset;
    return calls_hit("version") ? NULL : wanted;
}

gpgme_error_t
gpgme_new(gpgme_ctx_t *ret)
{
    *ret = NULL;
    return answer("new");
}

void
gpgme_release(gpgme_ctx_t ctx)
{
    (void)ctx;
}

gpgme_error_t
gpgme_set_protocol(gpgme_ctx_t ctx, gpgme_protocol_t protocol)
{
    (void)ctx;
    (void)protocol;
    return answer("protocol");
}

gpgme_error_t
gpgme_ctx_set_engine_info(gpgme_ctx_t ctx, gpgme_protocol_t protocol,
                          const char *file, const char *home)
{
    (void)ctx;
    (void)protocol;
    (void)file;
    return access(home, X_OK) < 0 ? gpgme_error(GPG_ERR_ENOENT)
                                  : answer("home");
}

gpgme_error_t
gpgme_data_new_from_mem(gpgme_data_t *ret, const char *bytes, size_t size,
                        int copy)
{
    (void)bytes;
    (void)size;
    (void)copy;
    *ret = NULL;
    return answer("data");
}

void
gpgme_data_release(gpgme_data_t data)
{
    (void)data;
}

gpgme_error_t
gpgme_op_import(gpgme_ctx_t ctx, gpgme_data_t data)
{
    (void)ctx;
    (void)data;
    return answer("import");
}

gpgme_error_t
gpgme_op_verify(gpgme_ctx_t ctx, gpgme_data_t sig, gpgme_data_t text,
                gpgme_data_t plain)
{
    (void)ctx;
    (void)sig;
    (void)text;
    (void)plain;
    return answer("verify");
}

gpgme_verify_result_t
gpgme_op_verify_result(gpgme_ctx_t ctx)
{
    (void)ctx;
    return calls_hit("result") ? NULL : &result;
}

static char made[64]; /* the home of the ring that was opened last */

/* Leaves in it what gpg would. */
char *
mkdtemp(char *path)
{
    CALLS_TRUE(char *, "mkdtemp", char *);
    SP_AUTO_FD fd = -1;

    if (calls_hit("mkdtemp") || !call(path))
        return NULL;
    (void)snprintf(made, sizeof(made), "%s", path);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return mkdirat(fd, "private-keys-v1.d", 0700) == 0 ? path : NULL;
}

/* ---- the ring ---------------------------------------------------------- */

static const char *const keys[] = {"one", "two"};

static void
fault(const char *call, unsigned n)
{
    calls_fail(call, n);
    memset(&err, 0, sizeof(err));
}

static void
test_open(void)
{
    static const struct {
        const char *call;
        unsigned n;
        const char *word, *part;
    } cases[] = {
        {"mkdtemp", 1, "io", "a folder in /tmp"},
        {"version", 1, "engine-error", "too old"},
        {"new", 1, "engine-error", "start gpg"},
        {"protocol", 1, "engine-error", "start gpg"},
        {"home", 1, "engine-error", "start gpg"},
        {"data", 1, "engine-error", "take a key"},
        {"import", 2, "engine-error", "take a key"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fault(cases[i].call, cases[i].n);
        tap_ok(!sp_keyring_open(keys, 2, &err) && calls_left == 0 &&
                   strcmp(err.detail, cases[i].word) == 0 &&
                   strstr(err.msg, cases[i].part),
               "%s: '%s' %s", cases[i].call, err.detail, err.msg);
    }
    fault(NULL, 0);
    memory_end_at(1);
    tap_ok(!sp_keyring_open(keys, 2, &err) &&
               strcmp(err.detail, "no-memory") == 0,
           "no memory: %s", err.msg);
    memory_end_at(0);
}

static void
verifies(struct sp_keyring *ring, const char *want, const char *part)
{
    int status = sp_keyring_verify(ring, "this", "text", 4, "sig", 3, &err);

    tap_ok(want ? status < 0 && strcmp(err.detail, want) == 0 &&
                      strstr(err.msg, part)
                : status == 0,
           "'%s' %s", err.detail, err.msg);
}

static void
test_verify(void)
{
    struct sp_keyring *ring;

    fault(NULL, 0);
    ring = sp_keyring_open(keys, 2, &err);
    if (!tap_ok(ring != NULL, "a ring: %s", err.msg))
        return;
    fault("data", 1);
    verifies(ring, "bad-signature", "cannot be read");
    fault("data", 2);
    verifies(ring, "bad-signature", "cannot be read");
    fault("verify", 1);
    verifies(ring, "bad-signature", "cannot be read");
    fault("result", 1);
    verifies(ring, "bad-signature", "there is none");
    fault(NULL, 0);
    verifies(ring, "bad-signature", "there is none");
    result.signatures = &signatures[0];
    signatures[0].status = gpgme_error(GPG_ERR_NO_PUBKEY);
    verifies(ring, "no-key", "not known");
    signatures[0].status = gpgme_error(GPG_ERR_BAD_SIGNATURE);
    verifies(ring, "bad-signature", "does not belong to this");
    signatures[0].next = &signatures[1];
    fault(NULL, 0);
    verifies(ring, NULL, "");
    sp_keyring_close(ring);
}

/* It goes away from wherever the caller stands: /proc is another file system
 * than /tmp everywhere. */
static void
test_home(const char *where)
{
    struct sp_keyring *ring = NULL;
    struct stat st;

    fault(NULL, 0);
    if (chdir(where) == 0)
        ring = sp_keyring_open(keys, 2, &err);
    tap_ok(ring && stat(made, &st) == 0, "from %s a home is made", where);
    if (ring)
        sp_keyring_close(ring);
    tap_ok(stat(made, &st) < 0, "and nothing of it is left");
}

int
main(void)
{
    test_open();
    test_verify();
    test_home("/tmp");
    test_home("/proc");
    return tap_done();
}
