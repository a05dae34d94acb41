/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport-check: see src/ingest/check.h. Started by sallyport, not by people.
 */
#include <string.h>

#include "ingest/check.h"
#include "ingest/evidence-scan.h"

int
main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--evidence") == 0)
        sp_evidence_scan(argc, argv);
    sp_check_run(argc, argv);
}
