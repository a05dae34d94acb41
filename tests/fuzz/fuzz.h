/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share. A target is one file, fuzz-NAME.c, with the one
 * function below. It gives the bytes to one parser and states what must hold
 * of the answer; a statement that does not hold ends the program, as a
 * sanitizer does. The same file is linked with libFuzzer, with AFL++'s
 * driver, and with replay.c, which only runs over files.
 *
 * A target keeps nothing from one call to the next.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

/* `data` has exactly `size` bytes and no NUL behind them. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

_Noreturn void fuzz_broken(const char *file, int line, const char *what);

/* What must hold for every input. */
#define FUZZ_CHECK(what)                                                       \
    do {                                                                       \
        if (!(what))                                                           \
            fuzz_broken(__FILE__, __LINE__, #what);                            \
    } while (0)

/*
 * A refusal is complete: its word is in the table, its class that of the word,
 * its text one printable line that ends.
 */
void fuzz_refused(const struct sp_error *err);

/* Makes the checksum of a tar header right: a field that was changed is then
 * judged for itself. */
void fuzz_fix_checksum(uint8_t block[512]);

/* A copy with a NUL behind it; the caller's to free. */
char *fuzz_text(const uint8_t *data, size_t size);

#endif
