/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The installed packages of a request, into the pool. */
#include <solv/pool_parserpmrichdep.h>
#include <string.h>

#include "base/text.h"
#include "build/pool.h"
#include "bundle/rpm.h"

/* A relation in front of the version; 0 = none of them. */
static int
relation(const char *op, size_t len)
{
    static const struct {
        const char *word;
        int flags;
    } relations[] = {
        {"=", REL_EQ},           {"<", REL_LT},           {">", REL_GT},
        {"<=", REL_LT | REL_EQ}, {">=", REL_GT | REL_EQ},
    };

    for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
        if (strlen(relations[i].word) == len &&
            strncmp(relations[i].word, op, len) == 0)
            return relations[i].flags;
    return 0;
}

/* "name", "name op evr" or "(rich)"; 0 when it is none of them. */
static Id
parse_dependency(Pool *pool, const char *text)
{
    const char *op, *evr;
    Id name, version;
    int flags;

    if (text[0] == '(')
        return pool_parserpmrichdep(pool, text);
    op = strchr(text, ' ');
    if (!op)
        return pool_str2id(pool, text, 1);
    evr = strchr(op + 1, ' ');
    if (!evr || evr[1] == '\0' || strchr(evr + 1, ' '))
        return 0;
    flags = relation(op + 1, (size_t)(evr - op - 1));
    if (flags == 0)
        return 0;
    name = pool_strn2id(pool, text, (unsigned)(op - text), 1);
    version = pool_str2id(pool, evr + 1, 1);
    return pool_rel2id(pool, name, version, flags, 1);
}

/* The list of the package that takes lines of this kind. */
static Offset *
list_of(Solvable *s, char kind)
{
    switch (kind) {
    case 'p':
    case 'f': return &s->provides;
    case 'r': return &s->requires ;
    case 'o': return &s->obsoletes;
    case 'c': return &s->conflicts;
    case 'm': return &s->recommends;
    case 's': return &s->suggests;
    case 'u': return &s->supplements;
    case 'e': return &s->enhances;
    default: return NULL;
    }
}

static int
add_line(struct sp_pool *pool, Id id, char kind, const char *text,
         struct sp_error *err)
{
    Repo *repo = pool->installed;
    Id dependency = parse_dependency(pool->pool, text);
    Offset *list = list_of(pool_id2solvable(pool->pool, id), kind);
    char shown[SP_SHOWN_MAX];

    if (kind == 'f')
        dependency = pool_str2id(pool->pool, text, 1);
    if (!list || dependency == 0) {
        sp_text_show(shown, sizeof(shown), text);
        return sp_fail(err, "request-syntax", "no dependency: '%c %s'", kind,
                       shown);
    }
    *list = repo_addid_dep(repo, *list, dependency,
                           kind == 'f'   ? SOLVABLE_FILEMARKER
                           : kind == 'p' ? -SOLVABLE_FILEMARKER
                                         : 0);
    return 0;
}

static int
add_lines(struct sp_pool *pool, Id id, const struct sp_request_package *package,
          struct sp_error *err)
{
    char text[SP_REQUEST_MAX_LINE];
    struct sp_view value;
    size_t cursor = 0;
    char kind;

    while (sp_request_line(package, &cursor, &kind, &value)) {
        if (value.size >= sizeof(text))
            return sp_fail(err, "request-syntax", "a line is too long");
        memcpy(text, value.bytes, value.size);
        text[value.size] = '\0';
        if (add_line(pool, id, kind, text, err) < 0)
            return -1;
    }
    return 0;
}

static Id
add_package(struct sp_pool *pool, const struct sp_request_package *package)
{
    const struct sp_nevra *nevra = &package->nevra;
    Id id = repo_add_solvable(pool->installed);
    Solvable *s = pool_id2solvable(pool->pool, id);
    char evr[SP_NEVRA_SHOWN_MAX];
    const char *bare = evr;

    sp_nevra_evr(nevra, evr, sizeof(evr));
    if (nevra->epoch == 0)
        bare = evr + 2;
    s->name = pool_str2id(pool->pool, nevra->name, 1);
    s->arch = pool_str2id(pool->pool, nevra->arch, 1);
    s->evr = pool_str2id(pool->pool, bare, 1);
    if (package->vendor.size > 0)
        s->vendor = pool_strn2id(pool->pool, package->vendor.bytes,
                                 (unsigned)package->vendor.size, 1);
    s->provides =
        repo_addid_dep(pool->installed, s->provides,
                       pool_rel2id(pool->pool, s->name, s->evr, REL_EQ, 1), 0);
    return id;
}

int
sp_pool_add_installed(struct sp_pool *pool, const struct sp_request *request,
                      struct sp_error *err)
{
    struct sp_request_package package;
    char shown[SP_NEVRA_SHOWN_MAX];
    size_t cursor = 0;

    while (sp_request_package(request, &cursor, &package)) {
        Id id = add_package(pool, &package);

        if (add_lines(pool, id, &package, err) < 0) {
            sp_nevra_show(&package.nevra, shown, sizeof(shown));
            return sp_fail_prefix(err, "'%s'", shown);
        }
        pool->n_installed++;
    }
    /* A machine without packages is a request that lost them. */
    if (pool->n_installed == 0)
        return sp_fail(err, "request-empty", "no installed package");
    return 0;
}
