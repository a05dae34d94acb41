/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <gpgme.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/spawn.h"

/* How long the last gpg may take to end. */
enum { GPG_SECONDS = 5 };

#define TMP "/tmp/"
static const char home_template[] = TMP "sallyport-keys.XXXXXX";

struct sp_keyring {
    char home[sizeof(home_template)];
    gpgme_ctx_t ctx;
};

static int
engine(struct sp_error *err, gpgme_error_t why, const char *what)
{
    return sp_fail(err, "engine-error", "cannot %s: %s", what,
                   gpgme_strerror(why));
}

/* The keys, each a file of its own or several in one. */
static int
import_keys(gpgme_ctx_t ctx, const char *const *keys, size_t n,
            struct sp_error *err)
{
    for (size_t i = 0; i < n; i++) {
        gpgme_data_t data = NULL;
        gpgme_error_t why =
            gpgme_data_new_from_mem(&data, keys[i], strlen(keys[i]), 0);

        if (!why)
            why = gpgme_op_import(ctx, data);
        gpgme_data_release(data);
        if (why)
            return engine(err, why, "take a key");
    }
    return 0;
}

static int
judge(gpgme_ctx_t ctx, const char *what, struct sp_error *err)
{
    gpgme_verify_result_t result = gpgme_op_verify_result(ctx);
    gpgme_error_t why = 0;

    for (gpgme_signature_t s = result ? result->signatures : NULL; s;
         s = s->next) {
        if (gpgme_err_code(s->status) == GPG_ERR_NO_ERROR)
            return 0;
        why = s->status;
    }
    if (gpgme_err_code(why) == GPG_ERR_NO_PUBKEY)
        return sp_fail(err, "no-key",
                       "%s is signed with a key that is not known", what);
    return sp_fail(err, "bad-signature",
                   "the signature does not belong to %s (%s)", what,
                   why ? gpgme_strerror(why) : "there is none");
}

int
sp_keyring_verify(struct sp_keyring *ring, const char *what, const void *data,
                  size_t len, const void *signature, size_t signature_len,
                  struct sp_error *err)
{
    gpgme_data_t text = NULL, sig = NULL;
    gpgme_error_t why = gpgme_data_new_from_mem(&text, data, len, 0);

    if (!why)
        why = gpgme_data_new_from_mem(&sig, signature, signature_len, 0);
    if (!why)
        why = gpgme_op_verify(ring->ctx, sig, text, NULL);
    gpgme_data_release(text);
    gpgme_data_release(sig);
    if (why)
        return sp_fail(err, "bad-signature",
                       "the signature of %s cannot be read: %s", what,
                       gpgme_strerror(why));
    return judge(ring->ctx, what, err);
}

static int
open_engine(struct sp_keyring *ring, const char *const *keys, size_t n_keys,
            struct sp_error *err)
{
    gpgme_error_t why = gpgme_new(&ring->ctx);

    if (!why)
        why = gpgme_set_protocol(ring->ctx, GPGME_PROTOCOL_OpenPGP);
    if (!why)
        why = gpgme_ctx_set_engine_info(ring->ctx, GPGME_PROTOCOL_OpenPGP, NULL,
                                        ring->home);
    return why ? engine(err, why, "start gpg")
               : import_keys(ring->ctx, keys, n_keys, err);
}

/* From /tmp, whose file system may be another one than where we stand. */
static void
remove_home(const struct sp_keyring *ring)
{
    SP_AUTO_FD tmp = open(TMP, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (tmp >= 0)
        (void)sp_path_remove_tree(tmp, ring->home + strlen(TMP), NULL);
}

struct sp_keyring *
sp_keyring_open(const char *const *keys, size_t n_keys, struct sp_error *err)
{
    struct sp_keyring *ring;

    /* gpgme forks twice: what it leaves comes to us. */
    if (sp_spawn_init(err) < 0)
        return NULL;
    ring = calloc(1, sizeof(*ring));
    if (!ring) {
        (void)sp_fail(err, "no-memory", "no memory for keys");
        return NULL;
    }
    memcpy(ring->home, home_template, sizeof(ring->home));
    if (!mkdtemp(ring->home)) {
        (void)sp_fail_sys(err, errno, "io", "cannot make a folder in /tmp");
        free(ring);
        return NULL;
    }
    if (!gpgme_check_version("1.17.0"))
        (void)sp_fail(err, "engine-error", "gpgme is too old");
    else if (open_engine(ring, keys, n_keys, err) == 0)
        return ring;
    sp_keyring_close(ring);
    return NULL;
}

void
sp_keyring_close(struct sp_keyring *ring)
{
    gpgme_release(ring->ctx);
    (void)sp_spawn_sweep(NULL, 0, GPG_SECONDS, NULL);
    remove_home(ring);
    free(ring);
}
