/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Status lines of gpg (ingest/status.h). Two files are due; the first byte of
 * an input says which of them may carry a notation, and in which pieces the
 * rest comes. What is judged must not depend on the pieces, and a file is
 * good only if the stream has the lines for it.
 */
#include <stdlib.h>

#include "base/auto.h"
#include "ingest/status.h"
#include "tests/fuzz/fuzz.h"

enum { FILES = 2 };

static struct sp_status status;

struct finding {
    struct sp_status_file files[FILES];
    bool complete;
};

static void
run(struct finding *f, const char *text, size_t size, unsigned how)
{
    size_t piece = how >> 2 ? how >> 2 : size;

    memset(f, 0, sizeof(*f));
    memcpy(f->files[0].name, "10", 3);
    memcpy(f->files[1].name, "21", 3);
    f->files[0].may_notate = how & 1;
    f->files[1].may_notate = how & 2;
    sp_status_init(&status, f->files, FILES);
    for (size_t at = 0; at < size; at += piece) {
        size_t n = size - at < piece ? size - at : piece;

        if (sp_status_feed(&status, text + at, n) < 0) {
            FUZZ_CHECK(sp_status_feed(&status, "\n", 1) < 0);
            break;
        }
    }
    f->complete = sp_status_complete(&status);
}

static bool
names_signer(const char *text, const char *key_id)
{
    const char *at = text;

    while ((at = strstr(at, "[GNUPG:] GOODSIG ")) != NULL) {
        size_t len;

        at += 17;
        len = strcspn(at, " \n");
        if (len >= 16 && memcmp(at + len - 16, key_id, 16) == 0)
            return true;
    }
    return false;
}

static void
check_good(const struct sp_status_file *file, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    const struct sp_validsig *v = &file->valid;

    FUZZ_CHECK(!file->reason && strspn(v->fpr, hex) == 40);
    FUZZ_CHECK(strspn(v->primary_fpr, hex) == 40);
    FUZZ_CHECK(v->pubkey_algo <= 255 && v->hash_algo <= 255);
    FUZZ_CHECK(strstr(text, v->fpr) && strstr(text, v->primary_fpr));
    FUZZ_CHECK(strstr(text, "[GNUPG:] VALIDSIG "));
    FUZZ_CHECK(names_signer(text, v->fpr + 24));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct finding whole, pieces;
    SP_AUTO_FREE char *text = NULL;

    if (size < 1)
        return 0;
    text = fuzz_text(data + 1, size - 1);
    run(&whole, text, size - 1, data[0] & 3U);
    for (unsigned i = 0; i < FILES; i++) {
        const struct sp_status_file *file = &whole.files[i];

        FUZZ_CHECK(!file->good || !file->reason);
        FUZZ_CHECK(!file->reason || sp_reason_find(file->reason));
        if (whole.complete && file->good)
            check_good(file, text);
        FUZZ_CHECK(!whole.complete || file->good || file->reason);
    }
    if (data[0] >> 2 == 0)
        return 0;
    run(&pieces, text, size - 1, data[0]);
    FUZZ_CHECK(pieces.complete == whole.complete);
    for (unsigned i = 0; i < FILES; i++)
        FUZZ_CHECK(memcmp(&pieces.files[i], &whole.files[i],
                          sizeof(whole.files[i])) == 0);
    return 0;
}
