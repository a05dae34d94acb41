/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/status.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

enum { VALIDSIG_WORDS = 10, ERRSIG_WORDS = 6 };

/* What a keyword means inside a block. */
enum meaning {
    MEANS_REFUSAL = 0, /* unknown, or never good: `reason` */
    MEANS_NOTHING,     /* allowed, says nothing about the signature */
    MEANS_NOTATION,
    MEANS_NEWSIG,
    MEANS_SIG_ID,
    MEANS_GOODSIG,
    MEANS_VALIDSIG,
    MEANS_ERRSIG,
};

struct keyword {
    const char *word;
    enum meaning meaning;
    const char *reason;
};

/*
 * KEYEXPIRED is printed when any subkey of the signer's key has expired, also
 * for a good signature of another one. VALIDSIG is printed for expired and
 * revoked keys too: alone it proves nothing.
 */
static const struct keyword keywords[] = {
    {"KEY_CONSIDERED", MEANS_NOTHING, NULL},
    {"KEYEXPIRED", MEANS_NOTHING, NULL},
    {"PLAINTEXT", MEANS_NOTHING, NULL},
    {"PLAINTEXT_LENGTH", MEANS_NOTHING, NULL},
    {"VERIFICATION_COMPLIANCE_MODE", MEANS_NOTHING, NULL},
    {"NOTATION_NAME", MEANS_NOTATION, NULL},
    {"NOTATION_FLAGS", MEANS_NOTATION, NULL},
    {"NOTATION_DATA", MEANS_NOTATION, NULL},
    {"NEWSIG", MEANS_NEWSIG, NULL},
    {"SIG_ID", MEANS_SIG_ID, NULL},
    {"GOODSIG", MEANS_GOODSIG, NULL},
    {"VALIDSIG", MEANS_VALIDSIG, NULL},
    {"ERRSIG", MEANS_ERRSIG, NULL},
    {"BADSIG", MEANS_REFUSAL, "bad-signature"},
    {"NO_PUBKEY", MEANS_REFUSAL, "no-key"},
    {"EXPSIG", MEANS_REFUSAL, "sig-expired"},
    {"EXPKEYSIG", MEANS_REFUSAL, "key-expired"},
    {"REVKEYSIG", MEANS_REFUSAL, "key-revoked"},
    {"FILE_ERROR", MEANS_REFUSAL, "engine-error"},
};

/* The last word of ERRSIG: codes of libgpg-error. */
static const struct {
    uint64_t code;
    const char *reason;
} errsig_codes[] = {
    /* GPG_ERR_GENERAL: a subkey that did not sign its binding (5.2.1 0x19) */
    {1, "no-key"},          {4, "sig-pubkey-algo"}, /* GPG_ERR_PUBKEY_ALGO */
    {5, "sig-hash-algo"},                           /* GPG_ERR_DIGEST_ALGO */
    {8, "bad-signature"},                           /* GPG_ERR_BAD_SIGNATURE */
    {9, "no-key"},                                  /* GPG_ERR_NO_PUBKEY */
    {30, "sig-mpi"},                                /* GPG_ERR_BAD_MPI */
    {32, "sig-type"},                               /* GPG_ERR_SIG_CLASS */
    {39, "sig-before-key"},                         /* GPG_ERR_TIME_CONFLICT */
    {94, "key-revoked"},                            /* GPG_ERR_CERT_REVOKED */
    {125, "key-usage"},   /* GPG_ERR_WRONG_KEY_USAGE */
    {153, "key-expired"}, /* GPG_ERR_KEY_EXPIRED */
    {154, "sig-expired"}, /* GPG_ERR_SIG_EXPIRED */
};

struct word {
    const char *text;
    size_t len;
};

/*
 * Splits at single spaces into at most `max` words. Returns their number, 0
 * when there are more, or an empty one.
 */
static size_t
split(const char *text, struct word *words, size_t max)
{
    size_t n = 0;

    for (;;) {
        size_t len = strcspn(text, " ");

        if (len == 0 || n == max)
            return 0;
        words[n++] = (struct word){text, len};
        if (text[len] == '\0')
            return n;
        text += len + 1;
    }
}

static bool
is_key_hex(const char *text, size_t len)
{
    return strspn(text, "0123456789ABCDEF") >= len;
}

static bool
word_fpr(const struct word *word, char dst[41])
{
    if (word->len != 40 || !is_key_hex(word->text, word->len))
        return false;
    memcpy(dst, word->text, 40);
    dst[40] = '\0';
    return true;
}

static bool
word_number(const struct word *word, uint64_t max, uint64_t *ret)
{
    return sp_text_u64_len(word->text, word->len, max, ret);
}

static bool
word_byte(const struct word *word, unsigned *ret)
{
    uint64_t value;

    if (!word_number(word, UINT8_MAX, &value))
        return false;
    *ret = (unsigned)value;
    return true;
}

/* The signature class is two hexadecimal digits. */
static bool
word_class(const struct word *word, unsigned *ret)
{
    char hex[3];
    uint8_t value;

    if (word->len != 2)
        return false;
    memcpy(hex, word->text, 2);
    hex[2] = '\0';
    if (!sp_text_unhex(&value, 1, hex))
        return false;
    *ret = value;
    return true;
}

/* fpr date created expires version reserved pk hash class primary */
static bool
parse_validsig(const char *args, struct sp_validsig *ret)
{
    struct word words[VALIDSIG_WORDS];

    return split(args, words, VALIDSIG_WORDS) == VALIDSIG_WORDS &&
           word_fpr(&words[0], ret->fpr) &&
           word_number(&words[2], UINT32_MAX, &ret->created) &&
           word_number(&words[3], UINT64_MAX, &ret->expires) &&
           word_byte(&words[4], &ret->version) &&
           word_byte(&words[6], &ret->pubkey_algo) &&
           word_byte(&words[7], &ret->hash_algo) &&
           word_class(&words[8], &ret->sig_class) &&
           word_fpr(&words[9], ret->primary_fpr);
}

/* keyid or fingerprint, a space, a user id of any words */
static bool
parse_goodsig(const char *args, char key_id[17])
{
    size_t len = strcspn(args, " ");

    if ((len != 16 && len != 40) || !is_key_hex(args, len))
        return false;
    memcpy(key_id, args + len - 16, 16);
    key_id[16] = '\0';
    return true;
}

/* keyid pk hash class time code [fpr] */
static const char *
errsig_reason(const char *args)
{
    struct word words[ERRSIG_WORDS + 1];
    uint64_t code;

    if (split(args, words, ERRSIG_WORDS + 1) < ERRSIG_WORDS ||
        !word_number(&words[ERRSIG_WORDS - 1], UINT32_MAX, &code))
        return "engine-error";
    for (size_t i = 0; i < sizeof(errsig_codes) / sizeof(*errsig_codes); i++)
        if (errsig_codes[i].code == code)
            return errsig_codes[i].reason;
    return "engine-error";
}

static const struct keyword *
find_keyword(const char *word)
{
    static const struct keyword unknown = {"", MEANS_REFUSAL, "engine-error"};

    for (size_t i = 0; i < sizeof(keywords) / sizeof(*keywords); i++)
        if (strcmp(keywords[i].word, word) == 0)
            return &keywords[i];
    return &unknown;
}

/* The first reason stays: what follows it is a consequence. */
static void
refuse(struct sp_status_file *file, const char *reason)
{
    if (!file->reason)
        file->reason = reason;
}

static void
close_block(struct sp_status *s)
{
    struct sp_status_file *file = &s->files[s->next];
    const struct sp_status_block *b = &s->block;

    if (b->newsigs != 1 || b->goodsigs != 1 || b->validsigs != 1 ||
        strcmp(b->key_id, file->valid.fpr + 24) != 0)
        refuse(file, "engine-error");
    file->good = !file->reason;
    s->open = false;
    s->next++;
}

/* A line about the signature of the open file: what does not fit refuses. */
static void
block_line(struct sp_status *s, const char *word, const char *args)
{
    struct sp_status_file *file = &s->files[s->next];
    struct sp_status_block *b = &s->block;
    const struct keyword *known = find_keyword(word);
    bool fits = false;

    switch ((int)known->meaning) {
    case MEANS_NOTHING: fits = true; break;
    case MEANS_NOTATION: fits = file->may_notate; break;
    case MEANS_NEWSIG: fits = ++b->newsigs == 1 && b->goodsigs == 0; break;
    case MEANS_SIG_ID: fits = ++b->sig_ids == 1 && b->newsigs == 1; break;
    case MEANS_GOODSIG:
        fits = ++b->goodsigs == 1 && b->newsigs == 1 && b->validsigs == 0 &&
               parse_goodsig(args, b->key_id);
        break;
    case MEANS_VALIDSIG:
        fits = ++b->validsigs == 1 && b->goodsigs == 1 &&
               parse_validsig(args, &file->valid);
        break;
    case MEANS_ERRSIG: refuse(file, errsig_reason(args)); break;
    default: refuse(file, known->reason); break;
    }
    if (!fits)
        refuse(file, "engine-error");
}

/* FILE_START 1 NAME, for the file that is due. */
static bool
open_block(struct sp_status *s, const char *args)
{
    if (s->open || s->next == s->n_files || strncmp(args, "1 ", 2) != 0 ||
        strcmp(args + 2, s->files[s->next].name) != 0)
        return false;
    s->open = true;
    memset(&s->block, 0, sizeof(s->block));
    return true;
}

/* One line without its prefix. False breaks the stream. */
static bool
take_line(struct sp_status *s, char *line)
{
    char *args = line + strcspn(line, " ");

    if (*args == ' ')
        *args++ = '\0';
    if (strcmp(line, "FILE_START") == 0)
        return open_block(s, args);
    if (!s->open) {
        s->failure = strcmp(line, "FAILURE") == 0;
        return s->failure && s->next == s->n_files;
    }
    if (strcmp(line, "FILE_DONE") != 0)
        block_line(s, line, args);
    if (strcmp(line, "FILE_ERROR") == 0 || strcmp(line, "FILE_DONE") == 0)
        close_block(s);
    return true;
}

static bool
end_of_line(struct sp_status *s)
{
    static const char prefix[] = "[GNUPG:] ";
    size_t len = sizeof(prefix) - 1;

    s->line[s->used] = '\0';
    s->used = 0;
    return strncmp(s->line, prefix, len) == 0 && take_line(s, s->line + len);
}

static bool
take_byte(struct sp_status *s, char c)
{
    if (++s->total > (s->n_files + 1) * SP_STATUS_FILE_BYTES)
        return false;
    if (c == '\n')
        return end_of_line(s);
    if ((unsigned char)c < 0x20 || c == 0x7f)
        return false;
    if (s->used == sizeof(s->line) - 1)
        return false;
    s->line[s->used++] = c;
    return true;
}

void
sp_status_init(struct sp_status *status, struct sp_status_file *files,
               size_t n_files)
{
    memset(status, 0, sizeof(*status));
    status->files = files;
    status->n_files = n_files;
    for (size_t i = 0; i < n_files; i++) {
        files[i].good = false;
        files[i].reason = NULL;
        memset(&files[i].valid, 0, sizeof(files[i].valid));
    }
}

int
sp_status_feed(struct sp_status *status, const char *untrusted_bytes,
               size_t len)
{
    for (size_t i = 0; i < len && !status->broken; i++)
        status->broken = !take_byte(status, untrusted_bytes[i]);
    return status->broken ? -1 : 0;
}

bool
sp_status_complete(const struct sp_status *status)
{
    return !status->broken && !status->open && status->used == 0 &&
           status->next == status->n_files;
}
