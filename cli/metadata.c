/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport-metadata: see src/build/metadata-reader.h. Started by
 * sallyport-builder, not by people. */
#include "build/metadata-reader.h"

int
main(int argc, char **argv)
{
    sp_metadata_reader_run(argc, argv);
}
