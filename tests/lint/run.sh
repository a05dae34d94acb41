#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# All lints:  tests/lint/run.sh PREPROCESSOR-FLAG...
# LINT="tidy format" runs only those named. Every one runs to its end.

set -uo pipefail
. tests/lint/looks.sh
flags=(-std=gnu11 "$@")
jobs=$(nproc)
mapfile -t code < <(find src cli transports -name '*.c' | sort)
# Those of the proof are for Frama-C, whose headers they include.
mapfile -t tests < <(find tests -name '*.c' ! -path 'tests/corpus/*' \
    ! -path 'tests/prove/*' | sort)
mapfile -t all < <(find src cli transports tests -name '*.[ch]' \
    ! -path 'tests/corpus/*' | sort)

# Runs a command once a file, several side by side; a file with any output
# or a bad status fails.
each() { # COMMAND... -- FILE...
    local command=()
    while [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    shift
    # shellcheck disable=SC2016 # the inner shell expands
    printf '%s\n' "$@" | xargs -d '\n' -n 1 -P "$jobs" bash -c '
        file=${!#}
        out=$("$@" 2>&1) && [ -z "$out" ] && exit 0
        printf "%s\n%s\n" "$file:" "$out"
        exit 1' lint "${command[@]}"
}

lint_arrows() { tests/lint/arrows.sh; }
lint_words() { tests/lint/words.sh; }
lint_spdx() { tests/lint/spdx.sh; }
lint_format() { clang-format --dry-run -Werror "${all[@]}"; }

lint_shell() {
    local -a scripts
    mapfile -t scripts < <(find tests examples .ci -type f \
        \( -name '*.sh' -o -name '*.bats' -o -name '*.bash' \
        -o -path '.ci/run' -o -name qubes-setup \
        -o -name qubes.ReceiveUpdates ! -path '*policy*' ! -path '*config*' \) |
        sort)
    shellcheck -x -S warning -e SC2154,SC2034 "${scripts[@]}"
}

lint_man() {
    find docs/man -type f -print0 | xargs -0r mandoc -Tlint -W warning
}

# It does not know the clean-up attribute, nor C11's word for what does not
# return. The macros are libsolv's, whose headers it lacks. One process: only
# that one looks across files.
lint_cppcheck() {
    cppcheck -q --std=c11 --enable=warning,performance,portability \
        --inline-suppr --suppress='memleak:src/build/*' \
        --suppress='memleak:cli/builder*' --error-exitcode=1 -D__x86_64__ \
        '-D_Noreturn=__attribute__((noreturn))' \
        --include=tests/lint/libsolv.h "${flags[@]:1}" "${code[@]}"
}

# clang-tidy reports on stderr how many warnings it left out: not a finding.
tidy_file() {
    clang-tidy --quiet "${!#}" -- "${@:1:$#-1}" 2>/dev/null
}
export -f tidy_file
lint_tidy() {
    each bash -c 'tidy_file "$@"' tidy "${flags[@]}" -- "${code[@]}"
}

# Not optimized: an inlined clean-up function looks to it like a read of what
# was never set. In the builder it loses sight of strings in a grown array;
# clang-tidy and the leak sanitizer look for leaks there.
lint_analyzer() {
    local -a builder trusted
    mapfile -t builder < <(printf '%s\n' "${code[@]}" | grep '^src/build/')
    mapfile -t trusted < <(printf '%s\n' "${code[@]}" | grep -v '^src/build/')
    each gcc "${flags[@]}" -O0 -fanalyzer -Wno-analyzer-too-complex \
        -DSP_COVER_DIR='"/"' -c -o /dev/null -- "${trusted[@]}" "${tests[@]}" &&
        each gcc "${flags[@]}" -O0 -fanalyzer -Wno-analyzer-too-complex \
            -Wno-analyzer-malloc-leak -c -o /dev/null -- "${builder[@]}"
}

looks lint ${LINT:-arrows words spdx format shell man cppcheck tidy analyzer}
