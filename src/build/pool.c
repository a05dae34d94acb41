/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <solv/repo_rpmdb.h>
#include <solv/repo_rpmmd.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "build/match.h"
#include "bundle/rpm.h"

int
sp_pool_open(struct sp_pool *pool, const char *arch, struct sp_error *err)
{
    memset(pool, 0, sizeof(*pool));
    pool->pool = pool_create();
    if (!pool->pool)
        return sp_fail(err, "no-memory", "no memory for the packages");
    /*
     * Some distributions build libsolv for another kind of package: the kind
     * decides how architectures and versions are read, so it comes first.
     */
    if (pool_setdisttype(pool->pool, DISTTYPE_RPM) < 0)
        return sp_fail(err, "internal", "this libsolv does not know rpm");
    /* One that it does not know runs itself and noarch. */
    pool_setarch(pool->pool, arch);
    /* An i686 package does not replace the x86_64 one of the same name. */
    (void)pool_set_flag(pool->pool, POOL_FLAG_IMPLICITOBSOLETEUSESCOLORS, 1);
    pool->installed = repo_create(pool->pool, "@installed");
    pool_set_installed(pool->pool, pool->installed);
    return 0;
}

void
sp_pool_close(struct sp_pool *pool)
{
    if (!pool->pool)
        return;
    pool->pool->considered = NULL;
    map_free(&pool->considered);
    pool_free(pool->pool);
    pool->pool = NULL;
}

/* A descriptor may be read several times: each reader has its own offset. */
static FILE *
open_copy(int fd, struct sp_error *err)
{
    char path[32];
    SP_AUTO_FD copy = -1;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%d", fd);
    copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0 || lseek(copy, 0, SEEK_SET) < 0) {
        (void)sp_fail_sys(err, errno, "io", "cannot read metadata");
        return NULL;
    }
    file = fdopen(copy, "r");
    if (!file) {
        (void)sp_fail(err, "no-memory", "no memory for metadata");
        return NULL;
    }
    (void)sp_steal_fd(&copy);
    return file;
}

static int
load(struct sp_pool *pool, Repo *repo, int fd, const char *what,
     int (*add)(Repo *, FILE *), struct sp_error *err)
{
    SP_AUTO_FILE *file = NULL;
    char shown[SP_SHOWN_MAX], why[SP_SHOWN_MAX];

    if (fd < 0)
        return 0;
    file = open_copy(fd, err);
    if (!file)
        return -1;
    if (add(repo, file) == 0)
        return 0;
    sp_text_show(shown, sizeof(shown), repo->name);
    sp_text_show(why, sizeof(why), pool_errstr(pool->pool));
    return sp_fail(err, "metadata", "%s of repository '%s': %s", what, shown,
                   why);
}

static int
add_primary(Repo *repo, FILE *file)
{
    return repo_add_rpmmd(repo, file, NULL, 0);
}

/* More facts about packages that primary has named. */
static int
add_filelists(Repo *repo, FILE *file)
{
    return repo_add_rpmmd(repo, file, NULL, REPO_EXTEND_SOLVABLES);
}

static Repo *
repo_for(struct sp_pool *set, const struct sp_pool_repo *repo)
{
    /* libsolv keeps the pointer and never writes through it. */
    union {
        const struct sp_pool_repo *ours;
        void *theirs;
    } data = {.ours = repo};
    Pool *pool = set->pool;
    Repo *found;
    Id id;

    FOR_REPOS(id, found)
    if (found->appdata == repo)
        return found;
    found = repo_create(pool, repo->id);
    found->appdata = data.theirs;
    return found;
}

int
sp_pool_add_repo(struct sp_pool *pool, const struct sp_pool_repo *repo,
                 struct sp_error *err)
{
    Repo *added = repo_for(pool, repo);

    /* There the highest wins. */
    added->priority = -repo->priority;
    added->subpriority = -repo->cost;
    if (load(pool, added, repo->primary_fd, "primary metadata", add_primary,
             err) < 0)
        return -1;
    return load(pool, added, repo->filelists_fd, "file lists", add_filelists,
                err);
}

/* libsolv's names of the algorithms. */
static const Id digest_types[] = {
    [SP_DIGEST_SHA256] = REPOKEY_TYPE_SHA256,
    [SP_DIGEST_SHA384] = REPOKEY_TYPE_SHA384,
    [SP_DIGEST_SHA512] = REPOKEY_TYPE_SHA512,
};

bool
sp_pool_digest(Solvable *s, struct sp_digest *ret, const char **ret_type)
{
    const size_t n = sizeof(digest_types) / sizeof(digest_types[0]);
    const unsigned char *bytes;
    Id type = 0;

    bytes = solvable_lookup_bin_checksum(s, SOLVABLE_CHECKSUM, &type);
    *ret_type = bytes ? solv_chksum_type2str(type) : "none";
    for (size_t i = SP_DIGEST_SHA256; bytes && i < n; i++) {
        if (digest_types[i] != type)
            continue;
        *ret = (struct sp_digest){.algo = (enum sp_digest_algo)i};
        memcpy(ret->bytes, bytes, sp_digest_size(ret->algo));
        return true;
    }
    return false;
}

/* What the header does not say of itself. */
static void
set_origin(Repo *repo, Id id, const struct sp_plan_package *planned)
{
    Repodata *data = repo_add_repodata(repo, 0);
    char hex[SP_DIGEST_HEX_MAX];

    sp_digest_hex(&planned->digest, hex);
    repodata_set_checksum(data, id, SOLVABLE_CHECKSUM,
                          digest_types[planned->digest.algo], hex);
    repodata_set_num(data, id, SOLVABLE_DOWNLOADSIZE, planned->size);
    repodata_set_location(data, id, 0, NULL, planned->location);
    repodata_internalize(data);
}

int
sp_pool_add_file(struct sp_pool *set, const struct sp_pool_repo *repo, int fd,
                 const struct sp_plan_package *planned, struct sp_error *err)
{
    Repo *into = repo_for(set, repo);
    SP_AUTO_FILE *file = open_copy(fd, err);
    void *state, *handle;
    Id id = 0;

    if (!file)
        return -1;
    state = rpm_state_create(set->pool, NULL);
    handle = rpm_byfp(state, file, planned->location);
    if (handle)
        id = repo_add_rpm_handle(into, handle, 0);
    (void)rpm_state_free(state);
    if (id == 0)
        return sp_fail(err, "metadata", "the solver cannot read package '%s'",
                       planned->nevra.name);
    set_origin(into, id, planned);
    return 0;
}

static bool
matches_any(const struct sp_pool *pool, const Solvable *s,
            const struct sp_repo_words *specs)
{
    for (size_t i = 0; i < specs->n; i++)
        if (sp_match_any_form(pool->pool, s, specs->words[i]))
            return true;
    return false;
}

static bool
is_excluded(const struct sp_pool *pool, const Solvable *s,
            const struct sp_repo_words *excludes)
{
    const struct sp_pool_repo *repo = sp_pool_repo_of(s);

    if (!repo)
        return false;
    if (repo->includes.n > 0 && !matches_any(pool, s, &repo->includes))
        return true;
    return matches_any(pool, s, &repo->excludes) ||
           matches_any(pool, s, excludes);
}

void
sp_pool_ready(struct sp_pool *set, const struct sp_repo_words *excludes)
{
    Pool *pool = set->pool;
    Id id;

    pool->considered = NULL;
    map_free(&set->considered);
    map_init(&set->considered, pool->nsolvables);
    map_setall(&set->considered);
    FOR_POOL_SOLVABLES(id)
    if (is_excluded(set, pool_id2solvable(pool, id), excludes))
        map_clr(&set->considered, id);
    pool->considered = &set->considered;
    pool_addfileprovides(pool);
    pool_createwhatprovides(pool);
}

const struct sp_pool_repo *
sp_pool_repo_of(const Solvable *s)
{
    return s->repo->appdata;
}

bool
sp_pool_is_installed(const struct sp_pool *pool, const Solvable *s)
{
    return s->repo == pool->installed;
}

bool
sp_pool_is_candidate(const struct sp_pool *pool, const Solvable *s)
{
    Pool *p = pool->pool;

    return s->repo && s->repo != pool->installed &&
           pool_installable(p, pool_id2solvable(p, (Id)(s - p->solvables)));
}

bool
sp_pool_nevra(const struct sp_pool *pool, const Solvable *s,
              struct sp_nevra *ret)
{
    const char *name = pool_id2str(pool->pool, s->name);
    const char *arch = pool_id2str(pool->pool, s->arch);
    const char *version = pool_id2str(pool->pool, s->evr);
    const char *colon = strchr(version, ':');
    const char *dash;
    struct sp_nevra nevra = {0};
    uint64_t epoch = 0;

    if (colon && !sp_text_u64_len(version, (size_t)(colon - version),
                                  UINT32_MAX, &epoch))
        return false;
    if (colon)
        version = colon + 1;
    dash = strchr(version, '-');
    if (!dash || !sp_nevra_name_ok(name, strlen(name)) ||
        !sp_nevra_arch_ok(arch, strlen(arch)) ||
        !sp_nevra_version_ok(version, (size_t)(dash - version)) ||
        !sp_nevra_version_ok(dash + 1, strlen(dash + 1)))
        return false;
    /* Their lengths were judged with them. */
    (void)snprintf(nevra.name, sizeof(nevra.name), "%s", name);
    (void)snprintf(nevra.arch, sizeof(nevra.arch), "%s", arch);
    (void)snprintf(nevra.version, sizeof(nevra.version), "%.*s",
                   (int)(dash - version), version);
    (void)snprintf(nevra.release, sizeof(nevra.release), "%s", dash + 1);
    nevra.epoch = (uint32_t)epoch;
    *ret = nevra;
    return true;
}
