/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/request-key.h"

#include <string.h>

#include "base/banned.h"
#include "base/text.h"

enum { WORD_MAX = 128, SPEC_MAX = 512, VALUE_MAX = 1024 };

static const char *const action_words[] = {
    [SP_ACTION_UPGRADE] = "upgrade",
    [SP_ACTION_INSTALL] = "install",
    [SP_ACTION_REINSTALL] = "reinstall",
    [SP_ACTION_DOWNGRADE] = "downgrade",
    [SP_ACTION_DISTRO_SYNC] = "distro-sync",
    [SP_ACTION_DOWNLOAD] = "download",
    [SP_ACTION_CHECK] = "check",
    [SP_ACTION_LIST] = "list",
};

const char *
sp_action_word(enum sp_action action)
{
    if (action < SP_ACTION_UPGRADE || action > SP_ACTION_LIST)
        return "-";
    return action_words[action];
}

bool
sp_action_parse(struct sp_view word, enum sp_action *ret)
{
    for (unsigned i = SP_ACTION_UPGRADE; i <= SP_ACTION_LIST; i++) {
        if (sp_view_is(word, action_words[i])) {
            *ret = (enum sp_action)i;
            return true;
        }
    }
    return false;
}

bool
sp_action_needs_spec(enum sp_action action)
{
    return action == SP_ACTION_INSTALL || action == SP_ACTION_REINSTALL ||
           action == SP_ACTION_DOWNGRADE || action == SP_ACTION_DOWNLOAD;
}

/* ---- grammars of values ---- */

/* 1 to `max` bytes of visible ASCII; with `space`, spaces inside it too. */
static bool
printable(struct sp_view v, size_t max, bool space)
{
    if (v.size == 0 || v.size > max || v.bytes[0] == ' ' ||
        v.bytes[v.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < v.size; i++)
        if (v.bytes[i] < (space ? 0x20 : 0x21) || v.bytes[i] > 0x7e)
            return false;
    return true;
}

static bool
is_word(struct sp_view v)
{
    return printable(v, WORD_MAX, false);
}

static bool
is_number(struct sp_view v, uint64_t max)
{
    uint64_t ignored;

    return sp_text_u64_len(v.bytes, v.size, max, &ignored);
}

static bool
is_id(struct sp_view v)
{
    return v.size == SP_REQUEST_ID - 1 && sp_text_is_hex(v.bytes, v.size);
}

/* YYYY-MM-DD; whether the month has such a day is no matter here. */
static bool
is_day(struct sp_view v)
{
    static const char form[] = "dddd-dd-dd";

    if (v.size != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < v.size; i++) {
        bool digit = v.bytes[i] >= '0' && v.bytes[i] <= '9';

        if (form[i] == 'd' ? !digit : v.bytes[i] != '-')
            return false;
    }
    return true;
}

static bool
is_days(struct sp_view v)
{
    return is_number(v, SP_REQUEST_MAX_DAYS) && v.bytes[0] != '0';
}

static bool
is_action(struct sp_view v)
{
    enum sp_action ignored;

    return sp_action_parse(v, &ignored);
}

/* What dnf takes as a package spec or a group; never an option. */
static bool
is_spec(struct sp_view v)
{
    return printable(v, SPEC_MAX, true) && v.bytes[0] != '-';
}

static bool
is_named(struct sp_view v)
{
    struct sp_view name, value;

    return sp_view_split(v, &name, &value) && is_word(name) &&
           printable(value, VALUE_MAX, true);
}

static bool
one_of(struct sp_view v, const char *const *words)
{
    for (; *words; words++)
        if (sp_view_is(v, *words))
            return true;
    return false;
}

static bool
is_opt(struct sp_view v)
{
    static const char *const flags[] = {"weakdeps", "best", "allowerasing",
                                        "vendorchange", NULL};
    static const char *const lists[] = {"installonly", "exclude",     "protect",
                                        "enablerepo",  "disablerepo", "repoid",
                                        NULL};
    struct sp_view name, value;

    if (!sp_view_split(v, &name, &value))
        return false;
    if (one_of(name, flags))
        return sp_view_is(value, "yes") || sp_view_is(value, "no");
    if (sp_view_is(name, "installonly-limit"))
        return is_number(value, 1000);
    return one_of(name, lists) && is_word(value);
}

static bool
is_limit(struct sp_view v)
{
    static const char *const names[] = {"bytes", "files", NULL};
    struct sp_view name, value;

    return sp_view_split(v, &name, &value) && one_of(name, names) &&
           is_number(value, UINT64_MAX - 1);
}

/* REPO REVISION TIME SHA256|- */
static bool
is_seen(struct sp_view v)
{
    struct sp_view repo, revision, time, digest;

    return sp_view_split(v, &repo, &v) && is_word(repo) &&
           sp_view_split(v, &revision, &v) && is_word(revision) &&
           sp_view_split(v, &time, &digest) && is_number(time, UINT64_MAX) &&
           (sp_view_is(digest, "-") ||
            (digest.size == 64 && sp_text_is_hex(digest.bytes, 64)));
}

/* ---- the table ---- */

static const struct {
    const char *word;
    bool (*fits)(struct sp_view value);
    bool once;
    bool block;
} keys[] = {
    [SP_REQUEST_KEY_ID] = {"id", is_id, true, false},
    [SP_REQUEST_KEY_CREATED] = {"created", is_day, true, false},
    [SP_REQUEST_KEY_VALID_DAYS] = {"valid-days", is_days, true, false},
    [SP_REQUEST_KEY_ACTION] = {"action", is_action, true, false},
    [SP_REQUEST_KEY_SPEC] = {"spec", is_spec, false, false},
    [SP_REQUEST_KEY_ARCH] = {"arch", is_word, true, false},
    [SP_REQUEST_KEY_BASEARCH] = {"basearch", is_word, true, false},
    [SP_REQUEST_KEY_RELEASEVER] = {"releasever", is_word, true, false},
    [SP_REQUEST_KEY_VAR] = {"var", is_named, false, false},
    [SP_REQUEST_KEY_OPT] = {"opt", is_opt, false, false},
    [SP_REQUEST_KEY_LIMIT] = {"limit", is_limit, false, false},
    [SP_REQUEST_KEY_SEEN] = {"seen", is_seen, false, false},
    [SP_REQUEST_KEY_REPO_FILE] = {"repo-file", is_word, false, true},
    [SP_REQUEST_KEY_PUBKEY] = {"pubkey", is_word, false, true},
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

enum sp_request_fit
sp_request_key_read(struct sp_view line, struct sp_request_field *ret)
{
    struct sp_view word, value;

    if (!sp_view_split(line, &word, &value))
        return SP_REQUEST_UNKNOWN;
    for (unsigned i = 0; i < KEYS; i++) {
        if (!sp_view_is(word, keys[i].word))
            continue;
        if (!keys[i].fits(value))
            return SP_REQUEST_MISFIT;
        ret->key = (enum sp_request_key)i;
        ret->value = value;
        return SP_REQUEST_FITS;
    }
    return SP_REQUEST_UNKNOWN;
}

const char *
sp_request_key_word(enum sp_request_key key)
{
    return keys[key].word;
}

bool
sp_request_key_once(enum sp_request_key key)
{
    return keys[key].once;
}

bool
sp_request_key_has_block(enum sp_request_key key)
{
    return keys[key].block;
}
