/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/repovars.h"

#include <strings.h>

#include "base/lines.h"

enum { DEPTH_MAX = 8 };

struct expansion {
    const struct sp_repo_var *vars;
    size_t n_vars;
    bool too_long;
    struct sp_text out;
};

/* No longer than what is read: that ends with '}' or the text. */
static size_t
name_length(const char *s)
{
    return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                     "0123456789_");
}

/* Names are compared without case, as dnf does. */
static const char *
value_of(const struct expansion *e, const char *name, size_t len)
{
    for (size_t i = 0; i < e->n_vars; i++)
        if (strlen(e->vars[i].name) == len &&
            strncasecmp(e->vars[i].name, name, len) == 0)
            return e->vars[i].value;
    return NULL;
}

static void
add(struct expansion *e, const char *s, size_t len)
{
    if (e->out.size + len > SP_REPO_MAX_VALUE)
        e->too_long = true;
    else
        sp_text_add_bytes(&e->out, s, len);
}

/* The length up to the '}' that closes a "${", which was passed; or `len`. */
static size_t
find_close(const char *s, size_t len)
{
    unsigned open = 0;

    for (size_t i = 0; i < len; i++) {
        if (s[i] == '{') {
            open++;
        } else if (s[i] == '}') {
            if (open == 0)
                return i;
            open--;
        }
    }
    return len;
}

static void expand(struct expansion *e, const char *s, size_t len,
                   unsigned depth);

/* Behind "${". Returns how many bytes were used, 0 = this is no variable. */
static size_t
expand_braced(struct expansion *e, const char *s, size_t len, unsigned depth)
{
    size_t close = find_close(s, len);
    size_t name = name_length(s);
    const char *value;
    bool is_set;

    if (close == len || name == 0 || depth >= DEPTH_MAX)
        return 0;
    value = value_of(e, s, name);
    is_set = value && *value;
    if (name == close) {
        if (!value)
            return 0;
        add(e, value, strlen(value));
        return close + 1;
    }
    if (close < name + 2 || s[name] != ':' ||
        (s[name + 1] != '-' && s[name + 1] != '+'))
        return 0;
    if (s[name + 1] == '-' && is_set)
        add(e, value, strlen(value));
    else if ((s[name + 1] == '+') == is_set)
        expand(e, s + name + 2, close - name - 2, depth + 1);
    return close + 1;
}

/* Behind "$". */
static size_t
expand_plain(struct expansion *e, const char *s)
{
    size_t name = name_length(s);
    const char *value = name ? value_of(e, s, name) : NULL;

    if (!value)
        return 0;
    add(e, value, strlen(value));
    return name;
}

static void
expand(struct expansion *e, const char *s, size_t len, unsigned depth)
{
    size_t i = 0;

    while (i < len && !e->too_long) {
        const char *next = s + i + 1;
        size_t left = len - i - 1;
        size_t used = 0;

        if (s[i] == '$' && left > 0 && *next == '{') {
            used = expand_braced(e, next + 1, left - 1, depth);
            used += used ? 1 : 0;
        } else if (s[i] == '$') {
            used = expand_plain(e, next);
        }
        if (used == 0)
            add(e, s + i, 1);
        i += used + 1;
    }
}

int
sp_repovars_expand(const char *text, const struct sp_repo_var *vars,
                   size_t n_vars, char **ret_text)
{
    struct expansion e = {.vars = vars, .n_vars = n_vars};
    bool failed;

    sp_text_add(&e.out, "%s", "");
    expand(&e, text, strlen(text), 0);
    failed = e.out.failed;
    if (failed || e.too_long)
        sp_text_release(&e.out);
    *ret_text = e.out.bytes;
    return failed ? -1 : 0;
}
