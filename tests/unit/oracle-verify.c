/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plain way to judge a header signature: one gpgme_op_verify for each,
 * and no negative control, message file or status grammar. Reads the message
 * stream of sallyport-verify on stdin:
 *
 *   oracle-verify HOME NOW      "INDEX accept FPR" or "INDEX refuse" a line
 *
 * The last line is "cpu MS", milliseconds of CPU for all verifications. Where
 * this and sallyport-verify differ, one of them is wrong.
 */
#include <gpgme.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/text.h"
#include "bundle/record.h"
#include "bundle/sigpacket.h"

enum { MAX_KEYS = 256, MIN_RSA_BITS = 2048 };

static gpgme_key_t keys[MAX_KEYS];
static size_t n_keys;

static void
must(bool held, const char *what)
{
    if (held)
        return;
    (void)fprintf(stderr, "oracle-verify: %s\n", what);
    exit(2);
}

static gpgme_ctx_t
open_home(const char *home)
{
    gpgme_ctx_t ctx;

    (void)setlocale(LC_ALL, "C");
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
    must(gpgme_set_global_flag("disable-gpgconf", "1") == 0, "gpgme flag");
    must(gpgme_check_version(NULL) != NULL, "gpgme version");
    must(gpgme_new(&ctx) == 0, "gpgme context");
    must(gpgme_ctx_set_engine_info(ctx, GPGME_PROTOCOL_OpenPGP, "/usr/bin/gpg",
                                   home) == 0,
         "gpg");
    gpgme_set_offline(ctx, 1);
    must(gpgme_op_keylist_start(ctx, NULL, 0) == 0, "key list");
    while (n_keys < MAX_KEYS && gpgme_op_keylist_next(ctx, &keys[n_keys]) == 0)
        n_keys++;
    return ctx;
}

/* The subkey with this fingerprint, if it and its primary may sign. */
static bool
may_sign(const char *fpr)
{
    for (size_t i = 0; i < n_keys; i++)
        for (gpgme_subkey_t sub = keys[i]->subkeys; sub; sub = sub->next)
            if (strcmp(sub->fpr, fpr) == 0)
                return sub->can_sign && !sub->revoked && !sub->expired &&
                       !keys[i]->revoked && !keys[i]->expired &&
                       (sub->pubkey_algo != GPGME_PK_RSA ||
                        sub->length >= MIN_RSA_BITS);
    return false;
}

static bool
is_salt(const struct sp_sigpacket *packet, gpgme_sig_notation_t notation)
{
    for (; notation; notation = notation->next)
        if (!packet->has_salt)
            return false;
    return true;
}

static unsigned
openpgp_algo(gpgme_pubkey_algo_t algo)
{
    if (algo == GPGME_PK_ECDSA)
        return SP_PK_ECDSA;
    return algo == GPGME_PK_EDDSA ? SP_PK_EDDSA : (unsigned)algo;
}

static bool
is_good(const struct sp_sigpacket *packet, gpgme_verify_result_t result)
{
    gpgme_signature_t sig = result ? result->signatures : NULL;
    char id[17], fpr[41];

    if (!sig || sig->next || sig->status != 0 || !sig->fpr ||
        strlen(sig->fpr) != 40 || sig->wrong_key_usage)
        return false;
    for (size_t i = 0; i < 8; i++)
        (void)snprintf(id + 2 * i, 3, "%02X", packet->issuer[i]);
    for (size_t i = 0; i < 20; i++)
        (void)snprintf(fpr + 2 * i, 3, "%02X", packet->fingerprint[i]);
    return may_sign(sig->fpr) && strcmp(sig->fpr + 24, id) == 0 &&
           (!packet->has_fingerprint || strcmp(sig->fpr, fpr) == 0) &&
           sig->timestamp == packet->created &&
           (unsigned)sig->hash_algo == packet->hash_algo &&
           openpgp_algo(sig->pubkey_algo) == packet->pubkey_algo &&
           is_salt(packet, sig->notations);
}

/* *fpr: the signing key of an accepted one, else NULL. */
static const char *
judge(gpgme_ctx_t ctx, const char *header, size_t header_size,
      const uint8_t *blob, size_t blob_size, uint64_t now)
{
    static struct sp_sigpacket packet;
    uint8_t encoded[SP_SIGPACKET_ENCODED_MAX];
    struct sp_error err = {0};
    gpgme_verify_result_t result;
    gpgme_data_t data = NULL, sig = NULL;
    size_t size;
    gpgme_error_t fault;

    if (sp_sigpacket_parse(blob, blob_size, &packet, &err) < 0 ||
        sp_sigpacket_time(&packet, now, &err) < 0)
        return NULL;
    size =
        sp_sigpacket_encode(&packet, packet.left16, encoded, sizeof(encoded));
    must(gpgme_data_new_from_mem(&data, header, header_size, 0) == 0 &&
             gpgme_data_new_from_mem(&sig, (const char *)encoded, size, 0) == 0,
         "memory");
    fault = gpgme_op_verify(ctx, sig, data, NULL);
    gpgme_data_release(data);
    gpgme_data_release(sig);
    result = gpgme_op_verify_result(ctx);
    return fault == 0 && is_good(&packet, result) ? result->signatures->fpr
                                                  : NULL;
}

static double
milliseconds(int who)
{
    struct rusage usage;

    (void)getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* gpgme orphans gpg; a subreaper sees its end and its cost. */
static double
cost(void)
{
    while (waitpid(-1, NULL, 0) > 0)
        ;
    return milliseconds(RUSAGE_SELF) + milliseconds(RUSAGE_CHILDREN);
}

static void *
read_bytes(size_t size)
{
    void *bytes = malloc(size + 1);

    must(bytes && sp_read_full(0, bytes, size) == (ssize_t)size, "stream");
    return bytes;
}

int
main(int argc, char **argv)
{
    struct sp_message message;
    gpgme_ctx_t ctx;
    uint64_t now;
    double begin;

    must(argc == 3 && sp_text_u64(argv[2], UINT64_MAX, &now), "HOME NOW");
    ctx = open_home(argv[1]);
    begin = cost();
    for (;;) {
        char *header;
        uint8_t *blob;
        const char *fpr;

        must(sp_read_full(0, &message, sizeof(message)) ==
                     (ssize_t)sizeof(message) &&
                 sp_message_check(&message),
             "message");
        if (message.type == SP_MESSAGE_END)
            break;
        header = read_bytes(message.header_size);
        blob = read_bytes(message.packet_size);
        fpr = judge(ctx, header, message.header_size, blob, message.packet_size,
                    now);
        printf("%llu %s%s\n", (unsigned long long)message.index,
               fpr ? "accept " : "refuse", fpr ? fpr : "");
        free(header);
        free(blob);
    }
    printf("cpu %.1f\n", cost() - begin);
    gpgme_release(ctx);
    return 0;
}
