/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repository files of a request (build/repofile.h): addresses that are kept
 * are those of http and https, and numbers are in their range.
 */
#include <strings.h>

#include "build/mirror.h"
#include "build/repofile.h"
#include "tests/fuzz/fuzz.h"

static const struct sp_repo_var vars[] = {
    {"releasever", "41"}, {"basearch", "x86_64"}, {"empty", ""},
    {"a", "$b"},          {"b", "${a}"},
};

static void
check_address(const char *url)
{
    FUZZ_CHECK(strncasecmp(url, "http://", 7) == 0 ||
               strncasecmp(url, "https://", 8) == 0);
    FUZZ_CHECK(strlen(url) <= SP_REPO_MAX_URL + 1);
    for (const char *p = url; *p; p++)
        FUZZ_CHECK(*p > 0x20 && *p < 0x7f);
}

static void
check_words(const struct sp_repo_words *words)
{
    FUZZ_CHECK(words->n <= SP_REPO_MAX_WORDS);
    for (size_t i = 0; i < words->n; i++)
        FUZZ_CHECK(words->words[i] && words->words[i][0]);
}

static void
check_repo(struct sp_repos *repos, struct sp_repo *r)
{
    FUZZ_CHECK(r->id && r->id[0] && r->name && r->file && r->line > 0);
    FUZZ_CHECK(sp_repos_find(repos, r->id) == r);
    FUZZ_CHECK(r->priority >= 1 && r->priority <= 99);
    check_words(&r->gpgkeys);
    check_words(&r->excludepkgs);
    check_words(&r->includepkgs);
    check_words(&r->baseurls);
    for (size_t i = 0; r->enabled && i < r->baseurls.n; i++) {
        const char *url = r->baseurls.words[i];

        check_address(url);
        FUZZ_CHECK(url[strlen(url) - 1] == '/');
    }
    if (r->enabled && r->metalink)
        check_address(r->metalink);
    if (r->enabled && r->mirrorlist)
        check_address(r->mirrorlist);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_repos repos = {NULL, 0};
    struct sp_error err = {0};

    if (sp_repofile_parse(&repos, (const char *)data, size, "a.repo", vars,
                          sizeof(vars) / sizeof(vars[0]), &err) < 0)
        fuzz_refused(&err);
    else
        for (size_t i = 0; i < repos.n; i++)
            check_repo(&repos, &repos.repos[i]);
    sp_repos_release(&repos);
    return 0;
}
