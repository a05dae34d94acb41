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
#   replays       parsers in it, over the inputs that are kept
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

# Without the leaks of variables that are declared with a clean-up, and without
# the values that only it reads: the analyzer does not know that attribute.
# Another name may point there: then the line that took the memory says where it
# was put. What it says of a stream names none; it stands where the stream is
# lost.
cleaned_up() { # FILE, findings on stdin
    awk '
    # Whether a line declares it so.
    function declares(line, name) {
        if (line !~ /AUTO_[A-Z]+ |__attribute__\(\(cleanup/)
            return 0
        while (gsub(/\([^()]*\)/, "", line))
            continue
        gsub(/=[^,;]*/, "", line)
        return line ~ "(^|[^a-zA-Z0-9_])" name "($|[^a-zA-Z0-9_])"
    }
    # Of this name, or what a stream is in, from the start of the function on.
    function cleaned(name, line,   at) {
        for (at = line; at > start[line]; at--)
            if (name ? declares(code[at], name) : code[at] ~ /AUTO_FILE /)
                return 1
        return 0
    }
    FNR == NR {
        code[FNR] = $0
        if (/^{/)
            opened = FNR
        start[FNR] = opened + 0
        next
    }
    { split($0, place, ":") }
    / (warning|error): / {
        if (finding)
            print finding
        finding = $0
        name = ""
        if (match($0, /(pointed to by|read from) \047[a-z_0-9]+\047/)) {
            split(substr($0, RSTART, RLENGTH), word, "\047")
            name = word[2]
        }
        if ((name || /Opened stream never closed/) && cleaned(name, place[2]))
            finding = ""
    }
    / note: Memory is allocated/ && finding ~ /leak/ && place[1] == ARGV[1] &&
        match(code[place[2]], /getline\(&[a-z_0-9]+|[a-z_0-9]+ = /) {
        name = substr(code[place[2]], RSTART, RLENGTH)
        gsub(/getline\(&| = /, "", name)
        if (cleaned(name, place[2]))
            finding = ""
    }
    END {
        if (finding)
            print finding
    }
    ' "$1" -
}

# Findings of one file, and how it went.
analyze_file() { # CPP-FLAG... FILE
    local said status
    said=$("$CLANG" --analyze -Xclang -analyzer-output=text -o /dev/null \
        -std=gnu11 "$@" 2>&1)
    status=$?
    said=$(cleaned_up "${!#}" <<<"$said")
    [ -z "$said" ] || echo "$said"
    return $status
}
export -f analyze_file cleaned_up
export CLANG=$clang

# Clang's own, with all it looks for at first.
analyze_clang() {
    local said
    # shellcheck disable=SC2016 # the inner shell expands
    said=$(trusted | grep '\.c$' | sort |
        xargs -P "$jobs" -n 1 bash -c 'analyze_file "$@"' clang \
            "${flags[@]}") && [ -z "$said" ] && return
    echo "$said"
    return 1
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

in_valgrind() { # PROGRAM
    local said
    said=$(valgrind -q --error-exitcode=9 --leak-check=full "$1" \
        2>&1 >/dev/null </dev/null) && return
    printf '%s:\n%s\n' "$1" "$said"
    return 1
}
export -f in_valgrind

each_in_valgrind() { # PROGRAM...
    # shellcheck disable=SC2016 # the inner shell expands
    printf '%s\n' "$@" | xargs -P "$jobs" -n 1 bash -c 'in_valgrind "$1"' valgrind
}

# Left out: what enters jails or starts programs, since valgrind 3.19 knows
# neither Landlock nor pidfd_open, and what counts every byte of much. What is
# done in the jails of unpack and check is done by replays as well, and all of
# it under the address sanitizer, which looks for leaks too.
analyze_valgrind() {
    local -a programs
    make -j"$jobs" unit-programs >/dev/null || return 1
    mapfile -t programs < <(find build/tests/unit -name 'test-*' \
        ! -name '*.[od]' | sort |
        grep -vE -- '-(sandbox|spawn|ask|call|preview|update|vchan-channel)$' |
        grep -vE -- '-(check|unpack|evidence-scan|flip|gate|confirm)$')
    each_in_valgrind "${programs[@]}"
}

analyze_replays() {
    local -a programs
    make -j"$jobs" replay-programs >/dev/null || return 1
    mapfile -t programs < <(find build/tests/fuzz -name 'replay-*' \
        ! -name '*.[od]' | sort)
    each_in_valgrind "${programs[@]}"
}

looks analyze ${ANALYZE:-suppressions threads clang memory valgrind replays}
