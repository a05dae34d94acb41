#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What looks longer than a lint does:  tests/lint/analyze.sh CPP-FLAG...
#
#   suppressions  none on the trusted side
#   threads       none, so that there is nothing for the thread sanitizer
#   clang         its analyzer
#   memory        parsers under the memory sanitizer
#   valgrind      the unit programs that may run in it
#
# ANALYZE="threads memory" runs only those named. Every one runs to its end.

set -uo pipefail
. tests/lint/looks.sh
flags=("$@")
jobs=$(nproc)
clang=$(command -v clang-19 || echo clang)

# The networked side is not trusted with anything.
trusted() {
    find src cli transports -name '*.[ch]' ! -path 'src/build/*' \
        ! -name 'builder*'
}

analyze_suppressions() {
    ! trusted | xargs grep -nE \
        'NOLINT|cppcheck-suppress|#pragma (GCC|clang) diagnostic|no_sanitize|coverity\['
}

# Libraries may start some; own code shares nothing with them.
analyze_threads() {
    ! grep -rnE '\b(pthread_create|thrd_create|CLONE_THREAD)\b|<pthread\.h>|<threads\.h>' \
        src cli transports &&
        echo '  no threads in own code: nothing for the thread sanitizer'
}

# Clang's own, with all it looks for at first. It does not know the clean-up
# attribute: a leak and a value that nobody reads are no finding, unlike what
# is freed twice or used after that. Leaks are for gcc's (run.sh).
analyze_clang() {
    local said
    said=$(trusted | grep '\.c$' | xargs -P "$jobs" -n 1 "$clang" --analyze \
        -Xclang -analyzer-output=text -o /dev/null \
        -Xclang -analyzer-disable-checker=deadcode.DeadStores \
        -std=gnu11 "${flags[@]}" 2>&1) ||
        { echo "$said"; return 1; }
    ! grep -E 'warning:|error:' <<<"$said" |
        grep -vE 'Potential (memory leak|leak of memory|resource leak)|never closed'
}

# Those that need the two lowest rooms alone: they call libc and no library.
# Left out is `path`, whose test stands in front of libc, so that what readdir
# gives is not known to be written; valgrind looks at it.
analyze_memory() {
    local -a names=(evr gate json lines manifest nevra qfile record request rpm
        sha256 sigpacket tar)
    local -a programs=("${names[@]/#/build-memory/tests/unit/test-}")
    make -j"$jobs" O=build-memory MEMORY=1 CC="$clang" "${programs[@]}" \
        >/dev/null || return 1
    local program said
    for program in "${programs[@]}"; do
        said=$("$program" 2>&1 </dev/null) ||
            { printf '%s:\n%s\n' "$program" "$said" | tail -n 40; return 1; }
    done
}

# Left out: what enters jails, and what counts every byte of much.
analyze_valgrind() {
    local program
    make -j"$jobs" unit-programs >/dev/null || return 1
    for program in build/tests/unit/test-*; do
        case $program in
        *.o | *.d | *-sandbox | *-spawn | *-check | *-unpack | \
            *-evidence-scan | *-flip | *-gate | *-confirm)
            continue ;;
        esac
        valgrind -q --error-exitcode=9 --leak-check=full "$program" \
            >/dev/null 2>build/valgrind.log </dev/null || {
            echo "$program:"
            cat build/valgrind.log
            return 1
        }
    done
}

looks analyze ${ANALYZE:-suppressions threads clang memory valgrind}
