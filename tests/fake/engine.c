/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A gpg that can lie. Takes the arguments of a `--multifile --verify` run and
 * answers as its own file name says, or MODE where it stands in the place of
 * the real one. "honest" knows a spoiled header without any cryptography: the
 * headers of the test repeat every 14 bytes, or GOOD_SUM is that of the one.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILES = 300, PREFIX = 27, PERIOD = 14 };

static char names[MAX_FILES][32];
#ifndef MODE
#define MODE NULL
#endif
#ifndef GOOD_SUM
#define GOOD_SUM 0
#endif

static int n_names;
static const char *mode;
static const char *home;

struct facts {
    char fpr[41], primary[41], key_id[17];
    unsigned version, pk, hash;
    unsigned long created;
    bool whole;
};

static bool
is(const char *word)
{
    return strcmp(mode, word) == 0;
}

/* The jail lets nobody send signals, not even to himself. */
static void
crash(void)
{
    fflush(stdout);
    __builtin_trap();
}

/* Body of a new-format packet. */
static const uint8_t *
packet_body(const uint8_t *p)
{
    if (p[1] < 192)
        return p + 2;
    return p[1] < 224 ? p + 3 : p + 6;
}

static unsigned long
u32(const uint8_t *p)
{
    return (unsigned long)p[0] << 24 | (unsigned long)p[1] << 16 |
           (unsigned long)p[2] << 8 | p[3];
}

static unsigned long
created_v4(const uint8_t *body)
{
    const uint8_t *p = body + 6;

    while ((p[1] & 0x7f) != 2)
        p += 1 + p[0];
    return u32(p + 2);
}

static void
find_key(struct facts *f)
{
    char path[4096], line[512];
    FILE *table;

    snprintf(path, sizeof(path), "%s/table", home);
    table = fopen(path, "r");
    while (table && fgets(line, sizeof(line), table))
        if (strncmp(line + 24, f->key_id, 16) == 0) {
            snprintf(f->fpr, sizeof(f->fpr), "%.40s", line);
            snprintf(f->primary, sizeof(f->primary), "%.40s", line + 41);
        }
    if (table)
        fclose(table);
}

/* FNV-1a */
static uint64_t
sum(const uint8_t *p, size_t n)
{
    uint64_t value = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < n; i++)
        value = (value ^ p[i]) * UINT64_C(0x100000001b3);
    return value;
}

static bool
is_periodic(const uint8_t *p, size_t n)
{
    for (size_t i = PERIOD; i < n; i++)
        if (p[i] != p[i - PERIOD])
            return false;
    return true;
}

static void
look(const char *name, struct facts *f)
{
    static uint8_t bytes[1 << 20];
    FILE *file = fopen(name, "r");
    size_t size = file ? fread(bytes, 1, sizeof(bytes), file) : 0;
    size_t header = size > PREFIX ? u32(bytes + 17) - 6 : 0;
    const uint8_t *body = packet_body(bytes + PREFIX + header);

    memset(f, 0, sizeof(*f));
    f->hash = bytes[4];
    f->pk = bytes[5];
    for (int i = 0; i < 8; i++)
        snprintf(f->key_id + 2 * i, 3, "%02X", bytes[6 + i]);
    f->version = body[0];
    f->created = f->version == 3 ? u32(body + 3) : created_v4(body);
    f->whole = GOOD_SUM ? sum(bytes + PREFIX, header) == GOOD_SUM
                        : is_periodic(bytes + PREFIX, header);
    if (file)
        fclose(file);
    find_key(f);
}

static void
validsig(struct facts *f)
{
    unsigned class = is("wrong-class") ? 1 : 0;

    if (is("wrong-time"))
        f->created++;
    if (is("wrong-hash"))
        f->hash = 10;
    if (is("wrong-key"))
        memset(f->fpr, 'A', 24);
    if (is("wrong-primary"))
        memset(f->primary, 'A', 40);
    if (is("short-fpr"))
        memmove(f->fpr, f->fpr + 24, 17);
    printf("[GNUPG:] VALIDSIG %s 2026-01-01 %lu 0 %u 0 %u %u %02u %s\n", f->fpr,
           f->created, f->version, f->pk, f->hash, class, f->primary);
}

static void
block(const char *name)
{
    struct facts f;
    bool good;

    look(name, &f);
    good = f.whole || is("always-good");
    if (is("other-files"))
        name = "7";
    printf("[GNUPG:] FILE_START 1 %s\n[GNUPG:] NEWSIG\n", name);
    if (is("text"))
        printf("gpg: hello\n");
    if (is("unknown-word"))
        printf("[GNUPG:] EXCELLENTSIG %s\n", f.key_id);
    if (is("expired"))
        printf("[GNUPG:] EXPKEYSIG %s x\n", f.key_id);
    if (!good && is("blind"))
        printf("[GNUPG:] NODATA 4\n");
    else if (!good || is("always-bad"))
        printf("[GNUPG:] BADSIG %s x\n", f.key_id);
    else if (!is("validsig-only") && !is("expired"))
        printf("[GNUPG:] GOODSIG %s x\n", f.key_id);
    if (good && !is("goodsig-only") && !is("always-bad"))
        validsig(&f);
    if (is("crash-inside"))
        crash();
    printf("[GNUPG:] FILE_DONE\n");
}

/* Never ends by itself. */
static void
flood(const char *text, FILE *to, bool stubborn)
{
    for (;;)
        if (fputs(text, to) < 0 && !stubborn)
            exit(1);
}

/* The working directory is the one place where a mark can be left. */
static bool
is_first_run(void)
{
    return open("0", O_WRONLY | O_CREAT | O_EXCL, 0600) >= 0;
}

static void
before_blocks(void)
{
    if (is("silent") || (is("silent-once") && is_first_run()))
        exit(0);
    if (is("crash"))
        crash();
    if (is("flood-lines")) {
        printf("[GNUPG:] FILE_START 1 %s\n", names[0]);
        flood("[GNUPG:] KEY_CONSIDERED A 0\n", stdout, false);
    }
    if (is("flood-line"))
        flood("[GNUPG:] KEY_CONSIDERED", stdout, false);
    if (is("flood-log"))
        flood("gpg: hello\n", stderr, false);
    if (is("flood-stubborn"))
        flood("[GNUPG:] FILE_START 1 ", stdout, true);
}

/* A gpg that says such things ends with 2. */
static bool
faulty(void)
{
    return is("goodsig-only") || is("validsig-only") || is("expired") ||
           is("unknown-word") || is("short-fpr") || is("blind");
}

static int
after_blocks(void)
{
    if (is("failure"))
        printf("[GNUPG:] FAILURE verify 1\n");
    if (is("half-line"))
        printf("[GNUPG:] FAIL");
    fflush(stdout);
    if (is("crash-after"))
        crash();
    if (is("hang"))
        pause();
    if (is("hang-closed")) {
        fclose(stdout);
        fclose(stderr);
        close(1);
        close(2);
        pause();
    }
    if (is("exit-0"))
        return 0;
    return is("exit-2") || faulty() ? 2 : 1;
}

int
main(int argc, char **argv)
{
    mode = MODE;
    if (!mode)
        mode = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--homedir") == 0)
            home = argv[i + 1];
    while (n_names < MAX_FILES && fgets(names[n_names], 32, stdin)) {
        names[n_names][strcspn(names[n_names], "\n")] = '\0';
        n_names++;
    }
    before_blocks();
    for (int i = 0; i < n_names; i++) {
        if (is("missing-last") && i == n_names - 1)
            break;
        block(names[is("wrong-order") ? n_names - 1 - i : i]);
        if (is("duplicates"))
            block(names[i]);
    }
    if (is("one-more"))
        block(names[0]);
    return after_blocks();
}
