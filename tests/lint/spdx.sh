#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each source file names its licence in one of its first three lines.

bad=0
while IFS= read -r file; do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' || {
        echo "$file: no SPDX line" >&2
        bad=1
    }
done < <(find src cli transports tests examples docs .ci Makefile -type f \
    \( -name '*.[ch]' -o -name '*.sh' -o -name '*.bash' -o -name '*.bats' \
    -o -name '*.py' -o -name '*.[1578]' -o -name Makefile -o -path '.ci/*' \) \
    ! -path 'tests/corpus/*' 2>/dev/null)
exit $bad
