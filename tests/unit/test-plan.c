/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan on its way out of the solver's jail, and what is no plan. */
#include <stdlib.h>

#include "base/auto.h"
#include "build/plan.h"
#include "bundle/limits.h"
#include "tests/unit/tap.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define LINE "package update 0 10 sha256 " HEX " a 0 1 1 noarch\n"
#define GOOD LINE "at x/a.rpm\nreplaces a-0-1.noarch\n"

static struct sp_error err;

static int
parse(struct sp_plan *plan, const char *text)
{
    size_t size = strlen(text);
    SP_AUTO_FREE char *copy = malloc(size + 1);

    memset(&err, 0, sizeof(err));
    if (!copy)
        return -1;
    memcpy(copy, text, size + 1);
    return sp_plan_parse(copy, size, 2, plan, &err);
}

static struct sp_plan_package
package_named(const char *name, const char *version)
{
    static char location[] = "dir/file.rpm", replaces[] = "old-1-1.noarch";
    struct sp_plan_package package = {.why = SP_WHY_DEPENDENCY,
                                      .repo = 1,
                                      .size = 1234,
                                      .location = location,
                                      .replaces = replaces};

    (void)snprintf(package.nevra.name, sizeof(package.nevra.name), "%s", name);
    (void)snprintf(package.nevra.version, sizeof(package.nevra.version), "%s",
                   version);
    (void)snprintf(package.nevra.release, sizeof(package.nevra.release), "1");
    (void)snprintf(package.nevra.arch, sizeof(package.nevra.arch), "noarch");
    package.nevra.epoch = 7;
    package.digest.algo = SP_DIGEST_SHA512;
    package.digest.bytes[63] = 0xab;
    return package;
}

static void
add(struct sp_plan *plan, const char *name, const char *version)
{
    struct sp_plan_package package = package_named(name, version);

    tap_ok(sp_plan_add(plan, &package, &err) == 0, "add %s", name);
}

static void
test_round_trip(void)
{
    struct sp_plan plan = {0}, back = {0};
    const struct sp_nevra *odd = NULL;
    struct sp_text text = {0};

    add(&plan, "zebra", "1");
    add(&plan, "ape", "2");
    add(&plan, "cat", "1~rc1");
    tap_ok(sp_plan_note(&plan, SP_NOTE_HELD, "x-1-1.noarch", "two words",
                        &err) == 0,
           "note");
    tap_ok(sp_plan_note(&plan, SP_NOTE_PROBLEM, "", "no subject", &err) == 0,
           "note without subject");
    sp_plan_sort(&plan);
    tap_is_str(plan.packages[0].nevra.name, "ape", "sorted");
    sp_plan_print(&plan, &text);
    tap_ok(sp_plan_parse(text.bytes, text.size, 2, &back, &err) == 0,
           "reads what it prints: %s", err.msg);
    tap_ok(sp_plan_equal(&plan, &back, &odd), "the same packages");
    tap_is_u64(back.packages[2].size, 1234, "size");
    tap_is_u64(back.packages[2].nevra.epoch, 7, "epoch");
    tap_is_u64(back.packages[2].digest.bytes[63], 0xab, "digest");
    tap_is_str(back.packages[2].location, "dir/file.rpm", "location");
    tap_is_str(back.packages[2].replaces, "old-1-1.noarch", "replaces");
    tap_is_u64(sp_plan_bytes(&back), 3 * 1234, "bytes");
    tap_is_u64(sp_plan_count(&back, SP_NOTE_HELD), 1, "held");
    tap_is_str(back.notes[0].text, "two words", "text of a note");
    tap_is_str(back.notes[1].subject, "", "no subject");
    sp_text_release(&text);
    sp_plan_release(&plan);
    sp_plan_release(&back);
}

static void
test_equal(void)
{
    struct sp_plan a = {0}, b = {0};
    const struct sp_nevra *odd = NULL;

    add(&a, "one", "1");
    add(&a, "two", "1");
    add(&b, "one", "1");
    tap_ok(!sp_plan_equal(&a, &b, &odd), "one is missing");
    tap_is_str(odd->name, "two", "which one");
    tap_ok(!sp_plan_equal(&b, &a, &odd), "one too many");
    tap_is_str(odd->name, "two", "which one");
    add(&b, "two", "2");
    tap_ok(!sp_plan_equal(&a, &b, &odd), "another version");
    sp_plan_release(&a);
    sp_plan_release(&b);
}

static void
test_good(void)
{
    struct sp_plan plan;

    tap_ok(parse(&plan, "end\n") == 0, "an empty plan");
    sp_plan_release(&plan);
    tap_ok(parse(&plan, GOOD "end\n") == 0, "a package: %s", err.msg);
    tap_is_u64(plan.n, 1, "one package");
    sp_plan_release(&plan);
    tap_ok(parse(&plan, "held a-1-1.x \x1b[31mred\nend\n") == 0, "a note");
    tap_is_str(plan.notes[0].text, "\\x1b[31mred", "made printable");
    sp_plan_release(&plan);
}

static void
test_bad(void)
{
    static const char *const bad[] = {
        "",
        "end",
        GOOD,
        GOOD "end\nmore\n",
        "unknown a b\nend\n",
        LINE "end\n",
        LINE "at x/a.rpm\nend\n",
        LINE "at ../a.rpm\nreplaces \nend\n",
        LINE "at /a.rpm\nreplaces \nend\n",
        LINE "at http://h/a.rpm\nreplaces \nend\n",
        "package update 2 10 sha256 " HEX
        " a 0 1 1 noarch\nat x\nreplaces \nend\n",
        "package update -1 10 sha256 " HEX
        " a 0 1 1 noarch\nat x\nreplaces \nend\n",
        "package why 0 10 sha256 " HEX
        " a 0 1 1 noarch\nat x\nreplaces \nend\n",
        "package update 0 10 sha512 " HEX " a 0 1 1 noarch\nat x\n"
        "replaces \nend\n",
        "package update 0 10 md5 " HEX
        " a 0 1 1 noarch\nat x\nreplaces \nend\n",
        "package update 0 10 sha256 0011 a 0 1 1 noarch\nat x\nreplaces "
        "\nend\n",
        "package update 0 10 sha256 " HEX
        " a/b 0 1 1 noarch\nat x\nreplaces \nend\n",
        "package update 0 10 sha256 " HEX
        " a 0 1-2 1 noarch\nat x\nreplaces \nend\n",
        "package update 0 10 sha256 " HEX
        " a 0 1 1 noarch x\nat x\nreplaces \nend\n",
        "package update 0 10 sha256 " HEX " a 4294967296 1 1 noarch\nat x\n"
        "replaces \nend\n",
        LINE,
        "package update 0 99999999999 sha256 " HEX
        " a 0 1 1 noarch\nat x\nreplaces \nend\n",
        "package update 0 10 sha256 " HEX
        " a 0 1 1-1 noarch\nat x\nreplaces \nend\n",
        "package update 0 10 sha256 " HEX
        " a 0 1 1 no-arch\nat x\nreplaces \nend\n",
        "package update 0 10 sha256 " HEX
        " a 0 1 1 aarchitectureofmorethanthirtytwoletters\nat x\nreplaces "
        "\nend\n",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct sp_plan plan;

        tap_ok(parse(&plan, bad[i]) < 0, "refused: number %zu", i);
        tap_is_str(err.detail, "protocol", "reason");
        sp_plan_release(&plan);
    }
}

/* Of no repositories, and of more packages than there may be. */
static void
test_limits(void)
{
    struct sp_plan plan;
    struct sp_text text = {0};

    tap_ok(sp_plan_parse(GOOD "end\n", sizeof(GOOD "end\n") - 1, 0, &plan,
                         &err) < 0,
           "there is no repository");
    sp_plan_release(&plan);
    for (unsigned i = 0; i < SP_MAX_PACKAGES; i++)
        sp_text_add(&text, "%s", GOOD);
    tap_ok(!text.failed, "a long plan");
    sp_text_add(&text, "end\n");
    tap_ok(parse(&plan, text.bytes) == 0, "as many packages as may be");
    tap_is_u64(plan.n, SP_MAX_PACKAGES, "all of them");
    sp_plan_release(&plan);
    text.size -= 4;
    sp_text_add(&text, "%send\n", GOOD);
    tap_ok(parse(&plan, text.bytes) < 0, "and one more");
    tap_is_str(err.detail, "protocol", "its word");
    sp_plan_release(&plan);
    sp_text_release(&text);
}

int
main(void)
{
    test_round_trip();
    test_equal();
    test_good();
    test_bad();
    test_limits();
    return tap_done();
}
