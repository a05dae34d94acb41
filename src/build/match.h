/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Package specs as dnf reads them: NAME, NAME.ARCH, NAME-[E:]V,
 * NAME-[E:]V-R and NAME-[E:]V-R.ARCH, each of them also as a glob.
 */
#ifndef SP_BUILD_MATCH_H
#define SP_BUILD_MATCH_H

#include <solv/pool.h>
#include <stdbool.h>

/* In the order in which dnf tries them. */
enum sp_form {
    SP_FORM_NEVRA = 0,
    SP_FORM_NA = 1,
    SP_FORM_NAME = 2,
    SP_FORM_NEVR = 3,
    SP_FORM_NEV = 4,
};
enum { SP_FORMS = 5 };

bool sp_match_form(const Pool *pool, const Solvable *s, const char *spec,
                   enum sp_form form);
bool sp_match_any_form(const Pool *pool, const Solvable *s, const char *spec);
bool sp_match_is_glob(const char *spec);

#endif
