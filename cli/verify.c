/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport-verify: see src/ingest/verify.h. Started by sallyport. */
#include <string.h>

#include "ingest/verify.h"

int
main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--make-home") == 0)
        sp_make_home_run(argc, argv);
    sp_verify_run(argc, argv);
}
