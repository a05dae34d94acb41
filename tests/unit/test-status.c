/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The grammar of gpg's status lines: what is good, and all that is not. */
#include <stdlib.h>
#include <string.h>

#include "ingest/status.h"
#include "tap.h"

#define FPR "6A59D43AF6DC2B73BFB42CC57ABFE4F0FE3776F3"
#define PRIMARY "2CA23A7D22634ADF7A2CAB2B8E73581FEB0129AF"
#define ID "7ABFE4F0FE3776F3"

#define L(text) "[GNUPG:] " text "\n"
#define START(name) L("FILE_START 1 " name)
#define NEWSIG L("NEWSIG")
#define CONSIDERED L("KEY_CONSIDERED " FPR " 0")
#define SIG_ID L("SIG_ID Z2tdk/8zBTjQRFhn/zxwt5SJCWw 2026-11-23 1795473193")
#define GOODSIG L("GOODSIG " ID " t-a <a@x>")
#define VALID(args) L("VALIDSIG " args)
#define VALIDSIG VALID(FPR " 2026-11-23 1795473193 0 4 0 1 8 00 " PRIMARY)
#define DONE L("FILE_DONE")
#define SIGNED CONSIDERED SIG_ID GOODSIG VALIDSIG CONSIDERED
#define BLOCK(name) START(name) NEWSIG SIGNED DONE
#define ERRSIG(code) L("ERRSIG " ID " 1 8 00 1795473193 " code " " FPR)
#define NOTATION L("NOTATION_NAME salt@x") L("NOTATION_DATA %0A[GNUPG:] BADSIG")

static struct sp_status status;
static struct sp_status_file files[3]; /* the third is not of the run */

static void
start(bool may_notate)
{
    memset(files, 0, sizeof(files));
    (void)snprintf(files[0].name, sizeof(files[0].name), "10");
    (void)snprintf(files[1].name, sizeof(files[1].name), "20");
    (void)snprintf(files[2].name, sizeof(files[2].name), "30");
    files[0].may_notate = may_notate;
    sp_status_init(&status, files, 2);
}

static int
feed(const char *text)
{
    return sp_status_feed(&status, text, strlen(text));
}

struct sample {
    const char *what;
    const char *text;
    const char *reason; /* NULL: good */
    bool may_notate;
};

/* Lines of file 10; file 20 is good and must stay so. */
static const struct sample samples[] = {
    {"a good signature", NEWSIG SIGNED, NULL, false},
    {"no SIG_ID, no KEY_CONSIDERED", NEWSIG GOODSIG VALIDSIG, NULL, false},
    {"NEWSIG names a signer", L("NEWSIG a@x") SIGNED, NULL, false},
    {"another subkey expired", NEWSIG L("KEYEXPIRED 17") SIGNED, NULL, false},
    {"PLAINTEXT", L("PLAINTEXT 62 0 ") L("PLAINTEXT_LENGTH 9") NEWSIG SIGNED,
     NULL, false},
    {"compliance mode", NEWSIG SIGNED L("VERIFICATION_COMPLIANCE_MODE 23"),
     NULL, false},
    {"a notation that we saw", NEWSIG NOTATION SIGNED, NULL, true},
    {"fingerprint in GOODSIG", NEWSIG L("GOODSIG " FPR " x") VALIDSIG, NULL,
     false},

    {"a notation that we did not see", NEWSIG NOTATION SIGNED, "engine-error",
     false},
    {"an empty block", "", "engine-error", false},
    {"NEWSIG alone", NEWSIG, "engine-error", false},
    {"GOODSIG without VALIDSIG", NEWSIG GOODSIG, "engine-error", false},
    {"VALIDSIG without GOODSIG", NEWSIG VALIDSIG, "engine-error", false},
    {"no NEWSIG", SIGNED, "engine-error", false},
    {"VALIDSIG before GOODSIG", NEWSIG VALIDSIG GOODSIG, "engine-error", false},
    {"GOODSIG before NEWSIG", GOODSIG NEWSIG VALIDSIG, "engine-error", false},
    {"two NEWSIG", NEWSIG NEWSIG SIGNED, "engine-error", false},
    {"two GOODSIG", NEWSIG GOODSIG SIGNED, "engine-error", false},
    {"two VALIDSIG", NEWSIG SIGNED VALIDSIG, "engine-error", false},
    {"two SIG_ID", NEWSIG SIG_ID SIGNED, "engine-error", false},
    {"two whole signatures", NEWSIG SIGNED NEWSIG SIGNED, "engine-error",
     false},
    {"BADSIG", NEWSIG L("BADSIG " ID " x"), "bad-signature", false},
    {"BADSIG behind a good one", NEWSIG SIGNED L("BADSIG " ID " x"),
     "bad-signature", false},
    {"EXPSIG", NEWSIG L("EXPSIG " ID " x") VALIDSIG, "sig-expired", false},
    {"EXPKEYSIG with VALIDSIG", NEWSIG L("EXPKEYSIG " ID " x") VALIDSIG,
     "key-expired", false},
    {"REVKEYSIG with VALIDSIG", NEWSIG L("REVKEYSIG " ID " x") VALIDSIG,
     "key-revoked", false},
    {"NO_PUBKEY", NEWSIG L("NO_PUBKEY " ID), "no-key", false},
    {"ERRSIG 9", NEWSIG ERRSIG("9") L("NO_PUBKEY " ID), "no-key", false},
    {"ERRSIG 1", NEWSIG ERRSIG("1"), "no-key", false},
    {"ERRSIG 4", NEWSIG ERRSIG("4"), "sig-pubkey-algo", false},
    {"ERRSIG 5", NEWSIG ERRSIG("5"), "sig-hash-algo", false},
    {"ERRSIG 8", NEWSIG ERRSIG("8"), "bad-signature", false},
    {"ERRSIG 30", NEWSIG ERRSIG("30"), "sig-mpi", false},
    {"ERRSIG 32", NEWSIG ERRSIG("32"), "sig-type", false},
    {"ERRSIG 39", NEWSIG ERRSIG("39"), "sig-before-key", false},
    {"ERRSIG 94", NEWSIG ERRSIG("94"), "key-revoked", false},
    {"ERRSIG 125", NEWSIG ERRSIG("125"), "key-usage", false},
    {"ERRSIG 153", NEWSIG ERRSIG("153"), "key-expired", false},
    {"ERRSIG 154", NEWSIG ERRSIG("154"), "sig-expired", false},
    {"ERRSIG 6", NEWSIG ERRSIG("6"), "engine-error", false},
    {"ERRSIG 0", NEWSIG ERRSIG("0") SIGNED, "engine-error", false},
    {"ERRSIG without a code", NEWSIG L("ERRSIG " ID " 1 8 00 17"),
     "engine-error", false},
    {"ERRSIG with a code that is no number", NEWSIG ERRSIG("9x"),
     "engine-error", false},
    {"ERRSIG with too many words", NEWSIG ERRSIG("9 x"), "engine-error", false},
    {"NODATA", L("NODATA 1"), "engine-error", false},
    {"NODATA behind a good one", NEWSIG SIGNED L("NODATA 4"), "engine-error",
     false},
    {"UNEXPECTED", NEWSIG SIGNED L("UNEXPECTED 0"), "engine-error", false},
    {"ERROR", NEWSIG SIGNED L("ERROR verify.leave 1"), "engine-error", false},
    {"FAILURE inside", NEWSIG SIGNED L("FAILURE verify 1"), "engine-error",
     false},
    {"POLICY_URL", NEWSIG L("POLICY_URL x") SIGNED, "engine-error", false},
    {"an unknown keyword", NEWSIG SIGNED L("SUPERSIG x"), "engine-error",
     false},
    {"a keyword that begins like another", NEWSIG L("GOODSIGS " ID) VALIDSIG,
     "engine-error", false},
    {"an empty line", NEWSIG SIGNED L(""), "engine-error", false},

    {"GOODSIG of another key", NEWSIG L("GOODSIG 0000000000000000 x") VALIDSIG,
     "engine-error", false},
    {"GOODSIG with a short id", NEWSIG L("GOODSIG FE3776F3 x") VALIDSIG,
     "engine-error", false},
    {"GOODSIG with an id that is no number",
     NEWSIG L("GOODSIG 7ABFE4F0FE3776Fg x") VALIDSIG, "engine-error", false},
    {"GOODSIG with an id in lower case",
     NEWSIG L("GOODSIG 7abfe4f0fe3776f3 x") VALIDSIG, "engine-error", false},
    {"GOODSIG with an id of 20 digits",
     NEWSIG L("GOODSIG 0000" ID " x") VALIDSIG, "engine-error", false},
    {"GOODSIG with a fingerprint that is no number",
     NEWSIG L("GOODSIG gggggggggggggggggggggggg" ID " x") VALIDSIG,
     "engine-error", false},
    {"VALIDSIG with a key id",
     NEWSIG GOODSIG VALID(ID " 2026-11-23 1795473193 0 4 0 1 8 00 " PRIMARY),
     "engine-error", false},
    {"VALIDSIG without primary",
     NEWSIG GOODSIG VALID(FPR " 2026-11-23 1795473193 0 4 0 1 8 00"),
     "engine-error", false},
    {"VALIDSIG with one word more",
     NEWSIG GOODSIG VALID(FPR " 2026-11-23 1795473193 0 4 0 1 8 00 " PRIMARY
                              " x"),
     "engine-error", false},
    {"VALIDSIG with two spaces",
     NEWSIG GOODSIG VALID(FPR "  2026-11-23 1795473193 0 4 0 1 8 00 " PRIMARY),
     "engine-error", false},
    {"VALIDSIG without a date",
     NEWSIG GOODSIG VALID(FPR "  1795473193 0 4 0 1 8 00 " PRIMARY),
     "engine-error", false},
    {"VALIDSIG with a sign",
     NEWSIG GOODSIG VALID(FPR " 2026-11-23 +795473193 0 4 0 1 8 00 " PRIMARY),
     "engine-error", false},
    {"VALIDSIG with an ISO time",
     NEWSIG GOODSIG VALID(FPR
                          " 2026-11-23 20261123T000000 0 4 0 1 8 00 " PRIMARY),
     "engine-error", false},
    {"VALIDSIG with a class of one digit",
     NEWSIG GOODSIG VALID(FPR " 2026-11-23 1795473193 0 4 0 1 8 0 " PRIMARY),
     "engine-error", false},
    {"VALIDSIG with a class that is no number",
     NEWSIG GOODSIG VALID(FPR " 2026-11-23 1795473193 0 4 0 1 8 0g " PRIMARY),
     "engine-error", false},
    {"VALIDSIG with a class of three digits",
     NEWSIG GOODSIG VALID(FPR " 2026-11-23 1795473193 0 4 0 1 8 000 " PRIMARY),
     "engine-error", false},
    {"VALIDSIG with an end that is no number",
     NEWSIG GOODSIG VALID(FPR " 2026-11-23 1795473193 - 4 0 1 8 00 " PRIMARY),
     "engine-error", false},
    {"VALIDSIG with version 256",
     NEWSIG GOODSIG VALID(FPR " 2026-11-23 1795473193 0 256 0 1 8 00 " PRIMARY),
     "engine-error", false},
    {"VALIDSIG with hash algorithm 256",
     NEWSIG GOODSIG VALID(FPR " 2026-11-23 1795473193 0 4 0 1 256 00 " PRIMARY),
     "engine-error", false},
    {"VALIDSIG with a time of more than 32 bits",
     NEWSIG GOODSIG VALID(FPR " 2026-11-23 4294967296 0 4 0 1 8 00 " PRIMARY),
     "engine-error", false},
    {"VALIDSIG with a primary key id",
     NEWSIG GOODSIG VALID(FPR " 2026-11-23 1795473193 0 4 0 1 8 00 " ID),
     "engine-error", false},
    {"VALIDSIG with a primary key in lower case",
     NEWSIG GOODSIG VALID(FPR " 2026-11-23 1795473193 0 4 0 1 8 00 "
                              "2ca23a7d22634adf7a2cab2b8e73581feb0129af"),
     "engine-error", false},
    {"VALIDSIG with algorithm 256",
     NEWSIG GOODSIG VALID(FPR " 2026-11-23 1795473193 0 4 0 256 8 00 " PRIMARY),
     "engine-error", false},
    {"VALIDSIG in lower case",
     NEWSIG GOODSIG VALID(
         "6a59d43af6dc2b73bfb42cc57abfe4f0fe3776f3 2026-11-23 1795473193 0 4 "
         "0 1 8 00 " PRIMARY),
     "engine-error", false},
};

static void
test_blocks(void)
{
    for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
        const struct sample *s = &samples[i];
        bool held;

        start(s->may_notate);
        held = feed(START("10")) == 0 && feed(s->text) == 0 &&
               feed(DONE BLOCK("20")) == 0 && sp_status_complete(&status);
        tap_ok(held && files[0].good == !s->reason && files[1].good, "%s: %s",
               s->what, s->reason ? "refused" : "good");
        tap_is_str(files[0].reason, s->reason, "%s: reason", s->what);
    }
}

static void
test_fields(void)
{
    const struct sp_validsig *v = &files[0].valid;

    start(false);
    (void)feed(START("10") NEWSIG GOODSIG VALID(
        FPR " 2026-11-23 1795473193 1800000000 4 0 22 10 01 " PRIMARY)
                   DONE BLOCK("20"));
    tap_is_str(v->fpr, FPR, "fingerprint");
    tap_is_str(v->primary_fpr, PRIMARY, "primary fingerprint");
    tap_is_u64(v->created, 1795473193, "time");
    tap_is_u64(v->expires, 1800000000, "end");
    tap_is_u64(v->version, 4, "version");
    tap_is_u64(v->pubkey_algo, 22, "public key algorithm");
    tap_is_u64(v->hash_algo, 10, "hash algorithm");
    tap_is_u64(v->sig_class, 1, "class");
}

/* Whole streams: broken at once, or not complete at the end. */
static const struct {
    const char *what;
    const char *text;
    bool broken;
} streams[] = {
    {"nothing", "", false},
    {"one file of two", BLOCK("10"), false},
    {"an open block", BLOCK("10") START("20") NEWSIG SIGNED, false},
    {"half a line", BLOCK("10") START("20") NEWSIG SIGNED "[GNUPG:] FILE_DONE",
     false},
    {"half a line behind the end", BLOCK("10") BLOCK("20") "[GNUPG:] X", false},
    {"wrong order", BLOCK("20") BLOCK("10"), true},
    {"the same file twice", BLOCK("10") BLOCK("10"), true},
    {"a third file", BLOCK("10") BLOCK("20") BLOCK("30"), true},
    {"another file", BLOCK("11"), true},
    {"a longer name", BLOCK("100"), true},
    {"a shorter name", BLOCK("1"), true},
    {"FILE_START of another kind", L("FILE_START 2 10"), true},
    {"a block in a block", START("10") START("20"), true},
    {"a block in itself", START("10") START("10"), true},
    {"FILE_DONE alone", DONE, true},
    {"FILE_DONE twice", BLOCK("10") DONE, true},
    {"a line before the blocks", NEWSIG BLOCK("10") BLOCK("20"), true},
    {"a line between the blocks", BLOCK("10") GOODSIG BLOCK("20"), true},
    {"a line behind the blocks", BLOCK("10") BLOCK("20") GOODSIG, true},
    {"FAILURE between the blocks", BLOCK("10") L("FAILURE verify 1"), true},
    {"no prefix", BLOCK("10") "gpg: hello\n", true},
    {"a bad prefix", "[GNUPG:]FILE_START 1 10\n", true},
    {"another prefix", "[GNUPG;] FILE_START 1 10\n", true},
    {"an empty line without prefix", "\n", true},
    {"a carriage return", "[GNUPG:] FILE_START 1 10\r\n", true},
    {"an escape", START("10") L("GOODSIG \x1b[2J"), true},
    {"a delete", START("10") L("GOODSIG \x7f"), true},
};

static void
test_streams(void)
{
    for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
        int result;

        start(false);
        result = feed(streams[i].text);
        tap_ok((result < 0) == streams[i].broken, "%s: %s", streams[i].what,
               streams[i].broken ? "broken" : "unfinished");
        tap_ok(!sp_status_complete(&status), "%s: not complete",
               streams[i].what);
        if (streams[i].broken)
            tap_ok(feed(BLOCK("10") BLOCK("20")) < 0 &&
                       !sp_status_complete(&status),
                   "%s: stays broken", streams[i].what);
    }
}

static void
test_tail(void)
{
    start(false);
    tap_ok(feed(BLOCK("10") BLOCK("20")) == 0 && sp_status_complete(&status) &&
               !status.failure,
           "two blocks are complete");
    tap_ok(feed(L("FAILURE verify 4294967295")) == 0 &&
               sp_status_complete(&status) && status.failure,
           "FAILURE may stand behind them");

    start(false);
    (void)feed(START("10") L("FILE_ERROR 1 10") BLOCK("20"));
    tap_ok(sp_status_complete(&status) && !files[0].good && files[1].good,
           "FILE_ERROR closes its block and refuses the file");
    start(false);
    (void)feed(START("10") NEWSIG SIGNED L("FILE_ERROR 1 10") BLOCK("20"));
    tap_ok(sp_status_complete(&status) && !files[0].good,
           "FILE_ERROR behind a good signature refuses the file");
}

static void
test_pieces(void)
{
    static const char text[] = BLOCK("10") BLOCK("20");
    bool held = true;

    for (size_t step = 1; step < 100; step++) {
        start(false);
        for (size_t i = 0; i < sizeof(text) - 1; i += step) {
            size_t left = sizeof(text) - 1 - i;

            (void)sp_status_feed(&status, text + i, left < step ? left : step);
        }
        held = held && sp_status_complete(&status) && files[0].good &&
               files[1].good;
    }
    tap_ok(held, "the pieces in which it arrives do not matter");
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        start(false);
        (void)sp_status_feed(&status, text, len);
        held = held && !sp_status_complete(&status);
    }
    tap_ok(held, "cut anywhere, it is not complete");
}

/* GOODSIG with a user id of `len` bytes. */
static int
feed_long(size_t len)
{
    int result;

    start(false);
    (void)feed(START("10") NEWSIG "[GNUPG:] GOODSIG " ID " ");
    for (size_t i = 0; i < len; i++)
        (void)feed("x");
    result = feed("\n");
    (void)feed(VALIDSIG DONE BLOCK("20"));
    return result;
}

static void
test_bounds(void)
{
    size_t room = SP_STATUS_LINE_MAX - 1 - strlen("[GNUPG:] GOODSIG " ID " ");
    size_t n = 0;

    tap_ok(feed_long(room) == 0 && sp_status_complete(&status) && files[0].good,
           "a line of the greatest length");
    tap_ok(feed_long(room + 1) < 0, "a line that is too long");
    start(false);
    tap_ok(sp_status_feed(&status, "[GNUPG:] \0\n", 11) < 0, "a NUL");
    start(false);
    (void)feed(START("10"));
    while (feed(CONSIDERED) == 0 && n < 1000000)
        n++;
    tap_ok(n < 10000, "lines without end break the stream");
}

int
main(void)
{
    test_blocks();
    test_fields();
    test_streams();
    test_tail();
    test_pieces();
    test_bounds();
    return tap_done();
}
