/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/rpm.h"
#include "tap.h"

static const struct {
    const char *text;
    bool name, version, arch;
} words[] = {
    {"bash", true, true, true},
    {"gtk+", true, true, false},
    {"libstdc++-devel", true, false, false},
    {"_x", true, true, true},
    {"0ad", true, true, true},
    {"x86_64", true, true, true},
    {"1.0~rc1", true, true, false},
    {"1.0^git1", false, true, false},
    {"", false, false, false},
    {"-dash", false, false, false},
    {"--import", false, false, false},
    {".hidden", false, true, false},
    {"+plus", false, true, false},
    {"..", false, true, false},
    {"../../etc/x", false, false, false},
    {"a/b", false, false, false},
    {"a b", false, false, false},
    {"a\nb", false, false, false},
    {"a:b", false, false, false},
    {"a%b", false, false, false},
    {"a\\b", false, false, false},
    {"caf\xc3\xa9", false, false, false},
};

static void
test_grammar(void)
{
    char longest[SP_NAME_MAX + 2];

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *s = words[i].text;
        size_t len = strlen(s);

        tap_ok(sp_nevra_name_ok(s, len) == words[i].name, "%zu as name", i);
        tap_ok(sp_nevra_version_ok(s, len) == words[i].version,
               "%zu as version", i);
        tap_ok(sp_nevra_arch_ok(s, len) == words[i].arch, "%zu as arch", i);
    }
    tap_ok(!sp_nevra_name_ok("a\0b", 3), "a NUL inside is refused");
    memset(longest, 'a', sizeof(longest));
    tap_ok(sp_nevra_name_ok(longest, 128), "128 letters are a name");
    tap_ok(!sp_nevra_name_ok(longest, 129), "129 are too many");
    tap_ok(sp_nevra_arch_ok(longest, 32), "32 letters are an architecture");
    tap_ok(!sp_nevra_arch_ok(longest, 33), "33 are too many");
}

/* Each byte, alone and behind a letter. */
static void
test_bytes(void)
{
    static const char alnum[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789";
    unsigned wrong = 0;

    for (int byte = 1; byte < 256; byte++) {
        const char text[] = {'a', (char)byte};
        bool plain = strchr(alnum, byte) != NULL;

        wrong += sp_nevra_name_ok(text, 2) != (plain || strchr("_.+~-", byte));
        wrong += sp_nevra_name_ok(text + 1, 1) != (plain || byte == '_');
        wrong +=
            sp_nevra_version_ok(text, 2) != (plain || strchr("._+~^", byte));
        wrong += sp_nevra_arch_ok(text, 2) != (plain || byte == '_');
    }
    tap_is_u64(wrong, 0, "no other byte is one of a name");
}

static void
test_texts(void)
{
    struct sp_nevra n = {.name = "bash",
                         .version = "5.2",
                         .release = "1.fc41",
                         .arch = "x86_64"};
    char text[SP_NEVRA_SHOWN_MAX], file[SP_FILENAME_MAX + 1];

    tap_ok(sp_nevra_filename(&n, file, sizeof(file)), "a file name");
    tap_is_str(file, "bash-5.2-1.fc41.x86_64.rpm", "without epoch");
    sp_nevra_show(&n, text, sizeof(text));
    tap_is_str(text, "bash-5.2-1.fc41.x86_64", "epoch 0 is not shown");
    sp_nevra_evr(&n, text, sizeof(text));
    tap_is_str(text, "0:5.2-1.fc41", "but written in an EVR");
    n.epoch = 4294967295;
    sp_nevra_show(&n, text, sizeof(text));
    tap_is_str(text, "bash-4294967295:5.2-1.fc41.x86_64", "an epoch is shown");
    tap_ok(sp_nevra_filename(&n, file, sizeof(file)), "a file name");
    tap_is_str(file, "bash-5.2-1.fc41.x86_64.rpm", "never has an epoch");
}

static void
test_long(void)
{
    struct sp_nevra n = {.release = "1", .arch = "noarch"};
    char file[512];

    memset(n.name, 'n', SP_NAME_MAX);
    memset(n.version, '1', 255 - SP_NAME_MAX - strlen("--1.noarch.rpm"));
    tap_ok(sp_nevra_filename(&n, file, sizeof(file)), "255 bytes are a name");
    tap_is_u64(strlen(file), SP_FILENAME_MAX, "all of them are there");
    n.version[strlen(n.version)] = '1';
    tap_ok(!sp_nevra_filename(&n, file, sizeof(file)), "256 are too many");
    n.name[8] = '\0';
    tap_ok(!sp_nevra_filename(&n, file, 20), "nor may it be cut");
}

/* A text that does not fit is cut, and ends within its room. */
static void
test_room(void)
{
    const struct sp_nevra n = {
        .name = "bash", .version = "5.2", .release = "1", .arch = "noarch"};
    char text[16];

    for (int show = 0; show <= 1; show++) {
        memset(text, 'x', sizeof(text));
        (show ? sp_nevra_show : sp_nevra_evr)(&n, text, 6);
        tap_is_u64(strlen(text), 5, "a text is cut");
        tap_is_mem(text + 6, "xxxxxxxxxx", 10, "nothing behind is touched");
    }
}

int
main(void)
{
    test_grammar();
    test_bytes();
    test_room();
    test_texts();
    test_long();
    return tap_done();
}
