/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Package groups (bundle/groups.h): the lines that are handed over, printed
 * again, are the text, each passes for a record, and no group stands twice.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bundle/groups.h"
#include "tests/fuzz/fuzz.h"

struct copy {
    const char *text;
    size_t at, size;
    uint32_t section; /* of the last group or environment, and its id */
    char id[SP_NAME_MAX + 1];
};

static void
expect(struct copy *copy, const char *text)
{
    size_t len = strlen(text);

    FUZZ_CHECK(len <= copy->size - copy->at &&
               memcmp(copy->text + copy->at, text, len) == 0);
    copy->at += len;
}

/* Groups, then environments, each by rising ids; members of none are wrong. */
static void
check_order(struct copy *copy, const struct sp_group_line *line)
{
    if (line->word != SP_GROUP_GROUP && line->word != SP_GROUP_ENVIRONMENT) {
        FUZZ_CHECK(copy->section == (line->word == SP_GROUP_NEEDS
                                         ? SP_GROUP_ENVIRONMENT
                                         : SP_GROUP_GROUP));
        return;
    }
    FUZZ_CHECK(line->word > copy->section ||
               (line->word == copy->section && strcmp(copy->id, line->id) < 0));
    copy->section = line->word;
    memcpy(copy->id, line->id, sizeof(copy->id));
}

static int
take(void *data, const struct sp_group_line *line, struct sp_error *err)
{
    char text[sizeof(*line) + 32];

    (void)err;
    FUZZ_CHECK(sp_group_line_ok(line));
    check_order(data, line);
    (void)snprintf(text, sizeof(text), "%s %s%s%s\n",
                   sp_group_word((enum sp_group_word)line->word), line->id,
                   line->title[0] ? " " : "", line->title);
    expect(data, text);
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct copy copy = {.text = (const char *)data, .size = size};
    struct sp_error err = {0};

    if (size >= 9)
        copy.at = 9; /* "groups 1\n", which is compared as a whole */
    if (sp_groups_parse((const char *)data, size, take, &copy, &err) < 0) {
        fuzz_refused(&err);
        return 0;
    }
    FUZZ_CHECK(memcmp(data, "groups 1\n", 9) == 0);
    expect(&copy, "end\n");
    FUZZ_CHECK(copy.at == size);
    return 0;
}
