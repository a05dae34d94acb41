/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/errors.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"

#define ERRORS_NAME "errors"

int
sp_errors_write(struct sp_state *state, const struct sp_error *outcome,
                struct sp_error *err)
{
    char line[SP_MESSAGE_MAX + SP_DETAIL_MAX + 32];
    int len;

    if (outcome->code == SP_OK) {
        if (unlinkat(state->repo_fd, ERRORS_NAME, 0) == 0 || errno == ENOENT)
            return 0;
        return sp_fail_sys(err, errno, "io", "cannot remove '%s'", ERRORS_NAME);
    }
    len = snprintf(line, sizeof(line), "%s (%s, %s)\n", outcome->msg,
                   sp_code_word(outcome->code), outcome->detail);
    return sp_path_replace_file(state->repo_fd, ERRORS_NAME, line, (size_t)len,
                                0644, err);
}
