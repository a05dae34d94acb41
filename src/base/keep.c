/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/keep.h"

#include "base/path.h"

int
sp_keep_text(int dirfd, const char *name, struct sp_text *text,
             struct sp_error *err)
{
    int status;

    if (text->failed)
        status = sp_fail(err, "no-memory", "no memory for '%s'", name);
    else
        status = sp_path_replace_file(
            dirfd, name, text->bytes ? text->bytes : "", text->size, 0600, err);
    sp_text_release(text);
    return status;
}
