/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport-check: see src/ingest/check.h. Started by sallyport, not by people.
 */
#include "ingest/check.h"

int
main(int argc, char **argv)
{
    sp_check_run(argc, argv);
}
