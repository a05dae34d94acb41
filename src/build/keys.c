/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <gpgme.h>
#include <stdbool.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/spawn.h"

/* How long the last gpg may take to end. */
enum { GPG_SECONDS = 5 };

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
judge(gpgme_ctx_t ctx, struct sp_error *err)
{
    gpgme_verify_result_t result = gpgme_op_verify_result(ctx);
    bool unknown = false;

    for (gpgme_signature_t s = result ? result->signatures : NULL; s;
         s = s->next) {
        gpgme_err_code_t code = gpgme_err_code(s->status);

        if (code == GPG_ERR_NO_ERROR)
            return 0;
        unknown = unknown || code == GPG_ERR_NO_PUBKEY;
    }
    if (unknown)
        return sp_fail(err, "no-key",
                       "repomd.xml is signed with a key that is not known");
    return sp_fail(err, "bad-signature",
                   "the signature does not belong to this repomd.xml");
}

static int
verify_in(gpgme_ctx_t ctx, const void *data, size_t len, const void *signature,
          size_t signature_len, struct sp_error *err)
{
    gpgme_data_t text = NULL, sig = NULL;
    gpgme_error_t why = gpgme_data_new_from_mem(&text, data, len, 0);

    if (!why)
        why = gpgme_data_new_from_mem(&sig, signature, signature_len, 0);
    if (!why)
        why = gpgme_op_verify(ctx, sig, text, NULL);
    gpgme_data_release(text);
    gpgme_data_release(sig);
    if (why)
        return sp_fail(err, "bad-signature",
                       "the signature of repomd.xml cannot be read: %s",
                       gpgme_strerror(why));
    return judge(ctx, err);
}

/* Everything in a key home of its own, which goes away again. */
static int
verify_at(const char *home, const char *const *keys, size_t n_keys,
          const void *data, size_t len, const void *signature,
          size_t signature_len, struct sp_error *err)
{
    gpgme_ctx_t ctx = NULL;
    gpgme_error_t why = gpgme_new(&ctx);
    int status;

    if (!why)
        why = gpgme_set_protocol(ctx, GPGME_PROTOCOL_OpenPGP);
    if (!why)
        why =
            gpgme_ctx_set_engine_info(ctx, GPGME_PROTOCOL_OpenPGP, NULL, home);
    status = why ? engine(err, why, "start gpg")
                 : import_keys(ctx, keys, n_keys, err);
    if (status == 0)
        status = verify_in(ctx, data, len, signature, signature_len, err);
    gpgme_release(ctx);
    return status;
}

int
sp_keys_verify(const char *const *keys, size_t n_keys, const void *data,
               size_t len, const void *signature, size_t signature_len,
               struct sp_error *err)
{
    char home[] = "/tmp/sallyport-keys.XXXXXX";
    int status;

    /* gpgme forks twice: what it leaves comes to us. */
    if (sp_spawn_init(err) < 0)
        return -1;

    if (!gpgme_check_version("1.17.0"))
        return sp_fail(err, "engine-error", "gpgme is too old");
    if (!mkdtemp(home))
        return sp_fail_sys(err, errno, "io", "cannot make a folder in /tmp");
    status =
        verify_at(home, keys, n_keys, data, len, signature, signature_len, err);
    (void)sp_spawn_sweep(NULL, 0, GPG_SECONDS, NULL);
    (void)sp_path_remove_tree(AT_FDCWD, home, NULL);
    return status;
}
