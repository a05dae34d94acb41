/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport-index: see src/ingest/indexer.h. Started by sallyport, not by
 * people. */
#include "ingest/indexer.h"

int
main(int argc, char **argv)
{
    sp_indexer_run(argc, argv);
}
