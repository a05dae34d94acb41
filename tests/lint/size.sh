#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Non-blank, non-comment lines of the parts that have a budget.

set -euo pipefail

# What reads bytes that nothing has verified yet, in jails.
unverified='
src/bundle/gate.c src/bundle/gate.h src/bundle/tar.c src/bundle/tar.h
src/bundle/manifest.[ch] src/bundle/nevra*.[ch] src/bundle/rpm*.[ch]
src/bundle/sigpacket*.[ch] src/bundle/record.[ch] src/bundle/limits.h
src/bundle/qfile.[ch]
src/ingest/unpack*.[ch] src/ingest/check*.[ch] src/ingest/stream*.[ch]'


lines() { # FILE...: without comments and blank lines
    [ $# -gt 0 ] || { echo 0; return; }
    gcc -fpreprocessed -dD -E -P -w "$@" 2>/dev/null | grep -c '[^[:space:]]'
}

count() { # FILE...
    local file sum=0
    for file in "$@"; do
        [ -f "$file" ] && sum=$((sum + $(lines "$file")))
    done
    echo $sum
}

report() { # WHAT LINES BUDGET
    printf '  %-46s %5d of %5d%s\n' "$1" "$2" "$3" \
        "$([ "$2" -gt "$3" ] && echo '  OVER' || true)"
}

shopt -s nullglob
# shellcheck disable=SC2086 # lists of patterns
set -- $unverified
mapfile -t all < <(find src cli transports -name '*.[ch]' | sort)
trusted=()
speech=()
for file in "${all[@]}"; do
    # shellcheck disable=SC2254 # patterns
    case $file in
    src/build/* | cli/builder* | */manifest-print.c | */doctor* | */escape*) ;;
    cli/*) speech+=("$file") ;;
    *) trusted+=("$file") ;;
    esac
done

report 'code that touches unverified bytes' "$(count "$@")" 1500
report 'trusted delivery path, this included' "$(count "${trusted[@]}")" 4000
printf '  %-46s %5d\n' 'the command line before it' "$(count "${speech[@]}")"
if [ "${V:-}" ]; then
    for file in "${all[@]}"; do
        printf '    %5d %s\n' "$(lines "$file")" "$file"
    done
fi
