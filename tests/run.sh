#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs unit programs and bats files side by side and adds up their TAP:
#
#   tests/run.sh BUILD-DIR TEST...      a TEST is a program or a .bats file
#
# Shows what failed and what was skipped. The last line is
# "N passed, N failed, N skipped"; the exit status is 1 if anything failed.

set -uo pipefail

usage() {
    echo "tests/run.sh: $1" >&2
    echo 'usage: tests/run.sh BUILD-DIR TEST...' >&2
    exit 2
}

[ $# -ge 2 ] || usage 'a build directory and at least one test are needed'
[ -x "${1:-}/sallyport" ] || usage "no build directory: '$1'"
build=$(realpath "$1")
shift
for test; do
    case $test in
    *.bats) [ -f "$test" ] || usage "no such suite: '$test'" ;;
    *) [ -f "$test" ] && [ -x "$test" ] || usage "no such program: '$test'" ;;
    esac
done
results=$build/results
rm -rf "$results"
mkdir -p "$results"
export SP_BUILD=$build
export results

# Where python3 is a script that looks for an interpreter, the search costs ten
# times what a short program costs: it is done once.
if python=$(python3 -c 'import sys; print(sys.executable)'); then
    PATH=$(dirname "$python"):$PATH
fi

# The limit is for a whole suite: the timer that bats starts for each test
# may miss the end of a short one (1.8.2), and then all wait for the timer.
run_one() { # TEST
    local tap status start=$SECONDS command=("$1")
    tap=$results/$(basename "$1").tap
    [[ $1 != *.bats ]] || command=(bats --formatter tap "$1")
    timeout --kill-after=10 "${SUITE_SECONDS:-900}" "${command[@]}" \
        >"$tap" 2>&1 </dev/null
    status=$?
    echo "# exit $status" >>"$tap"
    printf '  %-7s %s (%d s)\n' "$([ $status = 0 ] && echo PASS || echo FAIL)" \
        "$1" $((SECONDS - start))
    # At once as well: a run may be ended, or its record cut, before the end.
    [ $status = 0 ] ||
        awk '/^(not )?ok /{ bad = /^not/ } bad { print "    " $0 }' "$tap" |
        head -n 60
}
export -f run_one

case " $* " in
*.bats\ *) "$(dirname "$0")/fixtures.sh" "$build/fixtures" >/dev/null || exit 1 ;;
esac

# Suites wait for servers and clocks a good part of their time: with one more of
# them than processors, those stood idle for a quarter of it.
printf '%s\0' "$@" | xargs -0 -n 1 -P "${JOBS:-$(($(nproc) + 2))}" \
    bash -c 'run_one "$1"' run_one

# How the named attacks ended, when every suite that holds one was run.
named_attacks() { # TEST...
    local cases suite said ended=0
    cases=$(dirname "$0")/cases.py
    for suite in $("$cases" suites); do
        [[ " $* " == *" $suite "* ]] || return 0
    done
    said=$("$cases" verdict "$build") || ended=1
    grep -E '^[^ ]+ +WRONG|named cases' <<<"$said"
    return "$ended"
}

named=0
named_attacks "$@" || [ "${SP_CHECK_ROOT:-}" != 1 ] || named=1

# A file that ends with a bad status without a failed line, or with fewer
# lines than it planned, is one failure more.
awk -v dir="$results/" -v named="$named" '
function close_file() {
    if (file == "")
        return
    if (bad == 0 && (status != 0 || seen != plan)) {
        failed++
        printf "not ok: %s ended with status %d after %d of %d tests\n",
            file, status, seen, plan
        for (i = 1; i <= kept; i++)
            print "    " tail[i]
    }
    bad = seen = plan = status = kept = 0
}
FNR == 1 { close_file(); file = substr(FILENAME, length(dir) + 1); showing = 0 }
/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; next }
/^# exit / { status = $3; next }
/^ok .*# (skip|SKIP)/ {
    seen++; skipped++; showing = 0
    printf "SKIPPED: %s: %s\n", file, $0
    next
}
/^ok / { seen++; passed++; showing = 0; next }
/^not ok / {
    seen++; bad++; failed++; showing = 1
    printf "FAILED: %s: %s\n", file, $0
    next
}
{ if (showing) print "    " $0; if (kept < 40) tail[++kept] = $0 }
END {
    close_file()
    if (skipped)
        printf "\n%d test(s) were SKIPPED: what they prove is not proven here.\n",
            skipped
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0 || passed == 0 || named
}' "$results"/*.tap
