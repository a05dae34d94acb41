/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/match.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "bundle/rpm.h"

bool
sp_match_is_glob(const char *spec)
{
    return strpbrk(spec, "*?[") != NULL;
}

/* One way to write the version. */
static bool
match_version(const char *spec, enum sp_form form, const char *name,
              const char *evr, const char *arch)
{
    char text[SP_NEVRA_SHOWN_MAX];
    const char *dash = strrchr(evr, '-');
    int evr_len = (int)strlen(evr);
    int len;

    if (form == SP_FORM_NEV && dash)
        evr_len = (int)(dash - evr);
    len = form == SP_FORM_NEVRA
              ? snprintf(text, sizeof(text), "%s-%s.%s", name, evr, arch)
              : snprintf(text, sizeof(text), "%s-%.*s", name, evr_len, evr);
    return (size_t)len < sizeof(text) && fnmatch(spec, text, 0) == 0;
}

/* The epoch may be left out, and an absent one may be written as 0. */
static bool
match_versions(const char *spec, enum sp_form form, const char *name,
               const char *evr, const char *arch)
{
    const char *colon = strchr(evr, ':');
    char with_zero[SP_NEVRA_SHOWN_MAX];

    if (match_version(spec, form, name, colon ? colon + 1 : evr, arch))
        return true;
    if (!strchr(spec, ':'))
        return false;
    if (colon)
        return match_version(spec, form, name, evr, arch);
    (void)snprintf(with_zero, sizeof(with_zero), "0:%s", evr);
    return match_version(spec, form, name, with_zero, arch);
}

bool
sp_match_form(const Pool *pool, const Solvable *s, const char *spec,
              enum sp_form form)
{
    const char *name = pool_id2str(pool, s->name);
    const char *arch = pool_id2str(pool, s->arch);
    char text[SP_NEVRA_SHOWN_MAX];
    int len;

    /* Cheap, and true for nearly all packages. */
    if (spec[0] != name[0] && !sp_match_is_glob(spec))
        return false;
    switch (form) {
    case SP_FORM_NAME: return fnmatch(spec, name, 0) == 0;
    case SP_FORM_NA:
        len = snprintf(text, sizeof(text), "%s.%s", name, arch);
        return (size_t)len < sizeof(text) && fnmatch(spec, text, 0) == 0;
    case SP_FORM_NEVRA:
    case SP_FORM_NEVR:
    case SP_FORM_NEV:
        return match_versions(spec, form, name, pool_id2str(pool, s->evr),
                              arch);
    }
    return false;
}

bool
sp_match_any_form(const Pool *pool, const Solvable *s, const char *spec)
{
    for (int form = 0; form < SP_FORMS; form++)
        if (sp_match_form(pool, s, spec, (enum sp_form)form))
            return true;
    return false;
}
