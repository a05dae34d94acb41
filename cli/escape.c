/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport-escape: see src/ingest/escape.h. Started by sallyport doctor. */
#include <stdio.h>
#include <string.h>

#include "ingest/escape.h"

int
main(int argc, char **argv)
{
    struct sp_error err = {0};

    if (argc == 3 && strcmp(argv[1], "--list") == 0) {
        if (sp_escape_list(argv[2], &err) == 0)
            return 0;
    } else if (argc == 4) {
        (void)sp_escape_run(argv[1], argv[2], argv[3], &err);
    } else {
        (void)sp_fail(&err, "usage",
                      "usage: sallyport-escape --list JAIL | JAIL ACT DIR");
    }
    (void)fprintf(stderr, "sallyport-escape: %s\n", err.msg);
    return err.code == SP_E_SANDBOX ? SP_ESCAPE_NO_JAIL : SP_ESCAPE_SETUP;
}
