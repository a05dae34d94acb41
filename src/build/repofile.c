/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/repofile.h"

#include <inttypes.h>
#include <strings.h>

#include "base/auto.h"
#include "base/lines.h"
#include "base/text.h"
#include "build/repovars.h"

/* One file while it is read. */
struct reader {
    struct sp_repos *repos;
    const char *file;
    const struct sp_repo_var *vars;
    size_t n_vars;
    unsigned line;
    bool in_main;     /* in [main], which is no repository */
    bool in_section;  /* in some section */
    char *key;        /* of the value that is gathered, or NULL */
    unsigned started; /* the line of the key */
    struct sp_text value;
};

static int
bad(const struct reader *in, unsigned line, struct sp_error *err,
    const char *what, const char *subject)
{
    char file[SP_SHOWN_MAX], shown[SP_SHOWN_MAX];

    sp_text_show(file, sizeof(file), in->file);
    sp_text_show(shown, sizeof(shown), subject);
    return sp_fail(err, "repo-file", "%s:%u: %s: '%s'", file, line, what,
                   shown);
}

static int
no_memory(struct sp_error *err)
{
    return sp_fail(err, "no-memory", "no memory for the repository files");
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts blanks off both ends. */
static char *
trim(char *s)
{
    size_t len;

    while (is_blank(*s))
        s++;
    len = strlen(s);
    while (len > 0 && is_blank(s[len - 1]))
        s[--len] = '\0';
    return s;
}

/* ---- values ------------------------------------------------------------ */

static int
take_bool(const struct reader *in, const char *value, bool *ret,
          struct sp_error *err)
{
    static const char *const words[][2] = {
        {"0", "1"}, {"no", "yes"}, {"false", "true"}, {"off", "on"}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        for (size_t on = 0; on < 2; on++) {
            if (strcasecmp(value, words[i][on]) != 0)
                continue;
            *ret = on == 1;
            return 0;
        }
    }
    return bad(in, in->started, err, "neither 1 nor 0", value);
}

static int
take_number(const struct reader *in, const char *value, unsigned min,
            unsigned max, unsigned *ret, struct sp_error *err)
{
    uint64_t number = 0;

    if (!sp_text_u64(value, max, &number) || number < min)
        return bad(in, in->started, err, "not a number of this key", value);
    *ret = (unsigned)number;
    return 0;
}

static int
take_text(const char *value, char **ret, struct sp_error *err)
{
    char *copy = strdup(value);

    if (!copy)
        return no_memory(err);
    free(*ret);
    *ret = copy;
    return 0;
}

static int
add_word(struct sp_repo_words *list, const char *word, size_t len,
         struct sp_error *err)
{
    char *copy;

    /* Room grows by doubling: at 0, 1, 2, 4 ... words. */
    if ((list->n & (list->n - 1)) == 0) {
        size_t room = list->n ? 2 * list->n : 1;
        void *grown = reallocarray(list->words, room, sizeof(list->words[0]));

        if (!grown)
            return no_memory(err);
        list->words = grown;
    }
    copy = strndup(word, len);
    if (!copy)
        return no_memory(err);
    list->words[list->n++] = copy;
    return 0;
}

/* Words are parted by blanks, commas and line ends. */
static int
take_words(const struct reader *in, const char *value,
           struct sp_repo_words *list, struct sp_error *err)
{
    static const char gaps[] = " \t\n,";

    for (value += strspn(value, gaps); *value; value += strspn(value, gaps)) {
        size_t len = strcspn(value, gaps);

        if (list->n >= SP_REPO_MAX_WORDS)
            return bad(in, in->started, err, "more than 1024 words", value);
        if (add_word(list, value, len, err) < 0)
            return -1;
        value += len;
    }
    return 0;
}

static void
release_words(struct sp_repo_words *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->words[i]);
    free(list->words);
    *list = (struct sp_repo_words){0};
}

static int
take_proxy(const struct reader *in, const char *value, struct sp_repo *repo,
           struct sp_error *err)
{
    if (strchr(value, '@'))
        return bad(in, in->started, err,
                   "a proxy address must not carry a user name or password",
                   strchr(value, '@'));
    return take_text(strcasecmp(value, "_none_") == 0 ? "" : value,
                     &repo->proxy, err);
}

/* The later of two lines wins, as in every ini file; lists are replaced. */
static int
take_list(const struct reader *in, const char *value,
          struct sp_repo_words *list, struct sp_error *err)
{
    release_words(list);
    return take_words(in, value, list, err);
}

enum key_kind {
    KEY_NONE = 0,
    KEY_TEXT,
    KEY_BOOL,
    KEY_LIST,
    KEY_MORE, /* a list that grows with every line */
    KEY_PROXY,
    KEY_PRIORITY,
    KEY_COST,
};

struct key {
    const char *name;
    enum key_kind kind;
    size_t offset;
};

#define KEY(name, kind, field)                                                 \
    {                                                                          \
        name, kind, offsetof(struct sp_repo, field)                            \
    }

static const struct key keys[] = {
    KEY("name", KEY_TEXT, name),
    KEY("enabled", KEY_BOOL, enabled),
    KEY("gpgcheck", KEY_BOOL, gpgcheck),
    KEY("pkg_gpgcheck", KEY_BOOL, gpgcheck),
    KEY("repo_gpgcheck", KEY_BOOL, repo_gpgcheck),
    KEY("skip_if_unavailable", KEY_BOOL, skip_if_unavailable),
    KEY("priority", KEY_PRIORITY, priority),
    KEY("cost", KEY_COST, cost),
    KEY("baseurl", KEY_LIST, baseurls),
    KEY("metalink", KEY_TEXT, metalink),
    KEY("mirrorlist", KEY_TEXT, mirrorlist),
    KEY("gpgkey", KEY_LIST, gpgkeys),
    KEY("excludepkgs", KEY_MORE, excludepkgs),
    KEY("exclude", KEY_MORE, excludepkgs),
    KEY("includepkgs", KEY_MORE, includepkgs),
    KEY("proxy", KEY_PROXY, proxy),
};

static const struct key *
find_key(const char *name)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static int
apply(const struct reader *in, struct sp_repo *repo, const struct key *key,
      const char *value, struct sp_error *err)
{
    void *field = (char *)repo + key->offset;

    switch (key->kind) {
    case KEY_NONE: break;
    case KEY_TEXT: return take_text(value, field, err);
    case KEY_BOOL: return take_bool(in, value, field, err);
    case KEY_LIST: return take_list(in, value, field, err);
    case KEY_MORE: return take_words(in, value, field, err);
    case KEY_PROXY: return take_proxy(in, value, repo, err);
    case KEY_PRIORITY: return take_number(in, value, 1, 99, field, err);
    case KEY_COST: return take_number(in, value, 0, 1000000, field, err);
    }
    return 0;
}

/* ---- lines ------------------------------------------------------------- */

/* The value is whole: it goes to the repository. */
static int
end_value(struct reader *in, struct sp_error *err)
{
    SP_AUTO_FREE char *name = in->key;
    SP_AUTO_FREE char *expanded = NULL;
    const struct key *key = name ? find_key(name) : NULL;

    in->key = NULL;
    if (in->value.failed)
        return no_memory(err);
    if (!key || in->in_main)
        return 0;
    if (sp_repovars_expand(in->value.bytes, in->vars, in->n_vars, &expanded) <
        0)
        return no_memory(err);
    if (!expanded)
        return bad(in, in->started, err, "a variable makes it too long", name);
    return apply(in, &in->repos->repos[in->repos->n - 1], key, trim(expanded),
                 err);
}

static bool
is_id(const char *s)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_.:";

    /* It becomes part of messages and of a word in the manifest. */
    return *s && strlen(s) <= 128 && s[strspn(s, allowed)] == '\0';
}

static int
add_repo(struct reader *in, const char *id, struct sp_error *err)
{
    struct sp_repos *repos = in->repos;
    struct sp_repo *repo;
    void *grown;

    if (repos->n >= SP_REPO_MAX_REPOS)
        return bad(in, in->line, err, "more than 256 repositories", id);
    grown = reallocarray(repos->repos, repos->n + 1, sizeof(*repos->repos));
    if (!grown)
        return no_memory(err);
    repos->repos = grown;
    repo = &repos->repos[repos->n++];
    *repo = (struct sp_repo){.enabled = true,
                             .priority = SP_REPO_DEFAULT_PRIORITY,
                             .cost = SP_REPO_DEFAULT_COST,
                             .line = in->line};
    if (take_text(id, &repo->id, err) < 0 ||
        take_text(id, &repo->name, err) < 0)
        return -1;
    return take_text(in->file, &repo->file, err);
}

static int
begin_section(struct reader *in, char *line, struct sp_error *err)
{
    SP_AUTO_FREE char *id = NULL;
    char *end = strchr(line, ']');

    if (!end || *trim(end + 1))
        return bad(in, in->line, err, "a section is written [id]", line);
    *end = '\0';
    line = trim(line + 1);
    in->in_section = true;
    in->in_main = strcmp(line, "main") == 0;
    if (in->in_main)
        return 0;
    if (sp_repovars_expand(line, in->vars, in->n_vars, &id) < 0)
        return no_memory(err);
    if (!id || !is_id(id))
        return bad(in, in->line, err, "not an id of a repository", line);
    if (sp_repos_find(in->repos, id))
        return bad(in, in->line, err, "this repository is there twice", id);
    return add_repo(in, id, err);
}

static void
add_value(struct reader *in, const char *s)
{
    sp_text_add_bytes(&in->value, s, strlen(s));
}

static int
begin_value(struct reader *in, char *line, struct sp_error *err)
{
    char *equals = strchr(line, '=');

    if (!in->in_section)
        return bad(in, in->line, err, "stands before the first section", line);
    if (!equals || equals == line)
        return bad(in, in->line, err, "neither '[id]' nor 'key = value'", line);
    *equals = '\0';
    in->key = strdup(trim(line));
    if (!in->key)
        return no_memory(err);
    in->started = in->line;
    sp_text_release(&in->value);
    add_value(in, trim(equals + 1));
    return 0;
}

static int
take_line(struct reader *in, char *line, struct sp_error *err)
{
    bool continues = is_blank(line[0]);

    if (line[0] == '#' || line[0] == ';' || !*trim(line))
        return 0;
    if (continues) {
        if (!in->key)
            return bad(in, in->line, err, "continues no key", trim(line));
        if (in->value.size + strlen(line) > SP_REPO_MAX_VALUE)
            return bad(in, in->started, err, "longer than 65535 bytes",
                       in->key);
        add_value(in, "\n");
        add_value(in, trim(line));
        return 0;
    }
    if (end_value(in, err) < 0)
        return -1;
    return line[0] == '[' ? begin_section(in, line, err)
                          : begin_value(in, line, err);
}

/* Tabs are blanks; every other control character is a mistake. */
static bool
has_control(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7f)
            return true;
    return false;
}

static int
read_lines(struct reader *in, const char *s, size_t left, struct sp_error *err)
{
    char line[SP_REPO_MAX_LINE + 1];

    while (left > 0) {
        const char *lf = memchr(s, '\n', left);
        size_t len = lf ? (size_t)(lf - s) : left;
        size_t step = lf ? len + 1 : len;

        in->line++;
        /* Files that were edited elsewhere end their lines with CR LF. */
        if (len > 0 && s[len - 1] == '\r')
            len--;
        if (len > SP_REPO_MAX_LINE)
            return bad(in, in->line, err, "line", "longer than 4095 bytes");
        memcpy(line, s, len);
        line[len] = '\0';
        if (has_control(s, len))
            return bad(in, in->line, err, "control character", line);
        if (take_line(in, line, err) < 0)
            return -1;
        s += step;
        left -= step;
    }
    return end_value(in, err);
}

/* ---- the whole --------------------------------------------------------- */

/* What dnf may take and we cannot: it is left out, not a mistake. */
static bool
is_foreign_scheme(const char *url)
{
    return strstr(url, "://") && strncasecmp(url, "http://", 7) != 0 &&
           strncasecmp(url, "https://", 8) != 0;
}

static int
check_url(const struct reader *in, const struct sp_repo *repo, const char *url,
          struct sp_error *err)
{
    const char *host = strstr(url, "://");
    size_t len = host ? strcspn(host + 3, "/?#") : 0;

    if (strchr(url, '$'))
        return bad(in, repo->line, err, "unknown variable in an address",
                   strchr(url, '$'));
    if (!host || len == 0 || is_foreign_scheme(url))
        return bad(in, repo->line, err, "not an address of http or https", url);
    if (memchr(host + 3, '@', len))
        return bad(in, repo->line, err,
                   "an address must not carry a user name or password",
                   repo->id);
    if (strlen(url) > SP_REPO_MAX_URL)
        return bad(in, repo->line, err, "an address of more than 2047 bytes",
                   repo->id);
    for (const char *p = url; *p; p++)
        if (*p <= 0x20 || *p >= 0x7f)
            return bad(in, repo->line, err, "an address is not plain ASCII",
                       url);
    return 0;
}

static void
drop_foreign(struct sp_repo_words *list)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->n; i++)
        if (is_foreign_scheme(list->words[i]))
            free(list->words[i]);
        else
            list->words[kept++] = list->words[i];
    list->n = kept;
}

static int
end_in_slash(char **url, struct sp_error *err)
{
    size_t len = strlen(*url);
    char *longer;

    if ((*url)[len - 1] == '/')
        return 0;
    longer = realloc(*url, len + 2);
    if (!longer)
        return no_memory(err);
    memcpy(longer + len, "/", 2);
    *url = longer;
    return 0;
}

static int
check_baseurls(const struct reader *in, struct sp_repo *repo,
               struct sp_error *err)
{
    struct sp_repo_words *list = &repo->baseurls;

    drop_foreign(list);
    for (size_t i = 0; i < list->n; i++)
        if (end_in_slash(&list->words[i], err) < 0 ||
            check_url(in, repo, list->words[i], err) < 0)
            return -1;
    return 0;
}

static int
check_repo(const struct reader *in, struct sp_repo *repo, struct sp_error *err)
{
    if (check_baseurls(in, repo, err) < 0 ||
        (repo->metalink && check_url(in, repo, repo->metalink, err) < 0) ||
        (repo->mirrorlist && check_url(in, repo, repo->mirrorlist, err) < 0))
        return -1;
    if (repo->baseurls.n == 0 && !repo->metalink && !repo->mirrorlist)
        return bad(in, repo->line, err,
                   "no baseurl, metalink or mirrorlist of http or https",
                   repo->id);
    return 0;
}

int
sp_repofile_parse(struct sp_repos *repos, const char *untrusted_text,
                  size_t size, const char *file, const struct sp_repo_var *vars,
                  size_t n_vars, struct sp_error *err)
{
    struct reader in = {
        .repos = repos, .file = file, .vars = vars, .n_vars = n_vars};
    size_t first = repos->n;
    int status;

    if (size > SP_REPO_MAX_BYTES)
        return bad(&in, 1, err, "file", "larger than 1 MiB");
    status = read_lines(&in, untrusted_text, size, err);
    free(in.key);
    sp_text_release(&in.value);
    for (size_t i = first; status == 0 && i < repos->n; i++)
        if (repos->repos[i].enabled)
            status = check_repo(&in, &repos->repos[i], err);
    return status;
}

struct sp_repo *
sp_repos_find(const struct sp_repos *repos, const char *id)
{
    for (size_t i = 0; i < repos->n; i++)
        if (repos->repos[i].id && strcmp(repos->repos[i].id, id) == 0)
            return &repos->repos[i];
    return NULL;
}

void
sp_repos_release(struct sp_repos *repos)
{
    for (size_t i = 0; i < repos->n; i++) {
        struct sp_repo *repo = &repos->repos[i];

        free(repo->id);
        free(repo->name);
        free(repo->metalink);
        free(repo->mirrorlist);
        free(repo->proxy);
        free(repo->file);
        release_words(&repo->baseurls);
        release_words(&repo->gpgkeys);
        release_words(&repo->excludepkgs);
        release_words(&repo->includepkgs);
    }
    free(repos->repos);
    *repos = (struct sp_repos){0};
}
