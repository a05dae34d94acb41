#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command; writes "STATUS SECONDS KIB" into a file:

    measure.py FILE COMMAND...

KIB is the largest resident set that one process among it and its descendants
ever had. Ends with the same status.
"""

import resource
import subprocess
import sys
import time

start = time.monotonic()
status = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w", encoding="ascii") as out:
    print(status, int(time.monotonic() - start),
          resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=out)
sys.exit(status)
