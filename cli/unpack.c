/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport-unpack: see src/ingest/unpack.h. Started by sallyport, not by
 * people. */
#include "ingest/unpack.h"

int
main(int argc, char **argv)
{
    sp_unpack_run(argc, argv);
}
