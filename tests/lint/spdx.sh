#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each file that can hold a comment names its licence in one of its first three
# lines. Data cannot, and what others read who know no comments.

bad=0
while IFS= read -r file; do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' || {
        echo "$file: no SPDX line" >&2
        bad=1
    }
done < <(find src cli transports tests examples docs .ci Makefile ./*.md -type f \
    \( -name '*.[ch]' -o -name '*.sh' -o -name '*.bash' -o -name '*.bats' \
    -o -name '*.py' -o -name '*.[1578]' -o -name Makefile -o -path '.ci/*' \
    -o -name '*.md' -o -path 'examples/*' \) \
    ! -path 'tests/corpus/*' ! -path '*/rpc-config/*' \
    ! -path 'examples/packaging/debian/*' 2>/dev/null)
exit $bad
