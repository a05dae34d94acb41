#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Stops an ingest before every single system call of the parent and looks at
# what is left: the repository must be the old one or the new one, and the
# next run must succeed and leave the same as a run that nobody stopped.
#
#   tests/crash/sweep.sh BUILD-DIR [kill|error] [first|second] [CALL...]
#
# kill    SIGKILL on entering the call (the default)
# error   the call fails instead, with one error code after the other; not
#         those of the loader, and not brk, close and munmap, which are not
#         made at all then: that is no machine's fault
# first   into an empty state; second: over a published generation;
#         without the word: both
# CALL    only these system calls
#
# The last line is "N points, N torn"; the exit status is 1 if any was torn.
# STEP=K takes every Kth point only. SEED_FAULT=unordered loads a library
# that makes the flip come before the generation is in its place, as a
# careless publisher would: then points must be torn. JOBS runs side by side.

set -uo pipefail
umask 022
export LC_ALL=C

die() {
    echo "sweep: $*" >&2
    exit 2
}

top=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
build=$(realpath "$1")
mode=${2:-kill}
rounds=${3:-first second}
only=" ${*:4} "
fixtures=$("$top/tests/fixtures.sh" "$build/fixtures") || die "no fixtures"
work=$(mktemp -d /tmp/sp-sweep.XXXXXX)
trap 'rm -rf "$work"' EXIT
export top build mode fixtures work

errors=(ENOSPC EIO EMFILE ENOMEM EINTR)

preload=
if [ "${SEED_FAULT:-}" = unordered ]; then
    preload=$work/unordered.so
    "${CC:-gcc}" -D_GNU_SOURCE -shared -fPIC -O1 -o "$preload" \
        "$top/tests/crash/unordered.c" || die "cannot build the seeded fault"
fi
export preload

bundle() { # DEST RPM...
    local dest=$1
    shift
    printf '%s\n' "$@" >"$work/list"
    "$build/sallyport-builder" build --list "$work/list" -o "$dest" \
        >/dev/null 2>"$work/said" || die "cannot build a bundle"
}

ingest() { # STATE BUNDLE [PREFIX...]: the command
    local state=$1 source=$2
    shift 2
    "$@" "$build/sallyport" ingest --state-dir "$state" \
        --keys "$work/keys" --policy "$work/policy.conf" --any-request \
        --json --progress=none "$source"
}

# All that a reader sees through the names that dnf opens.
view() { # STATE
    local repo=$1/updates name
    [ -L "$repo/current" ] || {
        echo none
        return
    }
    readlink "$repo/current"
    for name in rpm repodata current/packages; do
        find "$repo/$name" -follow -printf "$name/%P %y %m %T@\n" | sort
        find "$repo/$name" -follow -type f -print0 | sort -z |
            xargs -0r sha256sum | sed "s|$1||"
    done 2>&1
}

digest_of() { # DIR
    (cd "$1" && find . -type f -print0 | sort -z | xargs -0r sha256sum |
        sha256sum)
}

# The generations that one could roll back to: each must be whole.
whole() { # STATE
    local dir
    for dir in "$1"/updates/generations/[0-9]*; do
        [ ! -d "$dir" ] ||
            grep -qxF "${dir##*/} $(digest_of "$dir")" "$work/whole" ||
            echo "half of generation ${dir##*/}"
    done
}

# What a finished state holds besides: floor, clock, ratchet, leftovers. The record of a
# delivery has a name of its own each time; old generations that were to go
# may go with the delivery after.
rest() { # STATE
    (cd "$1" && find . -mindepth 1 ! -path './history/*' ! -name .lock \
        ! -path './updates/generations/[0-9]*' \
        -printf '%P %y %m\n' | sort &&
        cat floor clock highest ratchet 2>&1 &&
        find history -mindepth 1 -name '.*')
}
export -f ingest view rest digest_of whole

# One point, as "CALL NUMBER"; prints what is wrong, if anything is.
point() { # ROUND CALL NUMBER ERROR
    local round=$1 call=$2 number=$3 error=$4 state status now how
    state=$(mktemp -d "$work/point.XXXXXX")
    cp -a "$work/$round.before/." "$state/"
    how=signal=SIGKILL
    [ "$mode" = kill ] || how=error=$error
    ingest "$state" "$work/$round.bundle" env ${preload:+LD_PRELOAD=$preload} \
        timeout --kill-after=5 90 strace -qq -o /dev/null -e "trace=$call" \
        -e "inject=$call:$how:when=$number" -- \
        >"$state.out" 2>"$state.err" </dev/null
    status=$?
    now=$(view "$state")
    torn=
    if [ "$now" = "$(cat "$work/$round.old")" ]; then
        [ "$mode" = error ] && [ "$status" = 0 ] && torn="done, but old"
    elif [ "$now" = "$(cat "$work/$round.new")" ]; then
        [ "$mode" = error ] && [ "$status" != 0 ] &&
            grep -q 'has not changed\|is unchanged\|was not changed' \
                "$state.out" "$state.err" && torn="new, but said unchanged"
    else
        torn="neither old nor new"
    fi
    [ -z "$(whole "$state")" ] || torn="$torn; $(whole "$state")"
    if [ "$mode" = error ]; then
        case $status in
        [0-9] | 1[0-9] | 20) ;;
        *) torn="$torn; exit status $status" ;;
        esac
    fi
    if ! ingest "$state" "$work/$round.bundle" timeout --kill-after=5 90 \
        >"$state.out2" 2>&1 </dev/null; then
        torn="$torn; the next run fails: $(tail -c 300 "$state.out2")"
    elif [ "$(view "$state")" != "$(cat "$work/$round.new")" ]; then
        torn="$torn; the next run makes another repository"
    elif [ "$(rest "$state")" != "$(cat "$work/$round.rest")" ]; then
        torn="$torn; the next run leaves: $(rest "$state" |
            diff - "$work/$round.rest" | grep '^[<>]' | head -3 | tr '\n' ' ')"
    fi
    if [ -n "$torn" ]; then
        echo "torn: $round, $call number $number, $error:" \
            "${torn#; }"
    else
        echo fine
    fi
    rm -rf "$state" "$state.out" "$state.err" "$state.out2"
}
export -f point

# The calls that a run makes, each with its number among its kind.
list_points() { # ROUND
    local trial=$work/trial
    rm -rf "$trial"
    cp -a "$work/$1.before" "$trial"
    ingest "$trial" "$work/$1.bundle" env ${preload:+LD_PRELOAD=$preload} \
        strace -qq -o "$work/trace" -- >/dev/null 2>&1 </dev/null ||
        die "a traced run fails"
    awk -F'(' -v only="$only" -v errors="${errors[*]}" -v step="${STEP:-1}" \
        -v round="$1" -v mode="$mode" '
        BEGIN { n = split(errors, word, " ") }
        /^[a-z_0-9]+\(/ && $1 !~ /^(execve|exit_group)$/ {
            count[$1]++
            started = started || $1 == "rt_sigaction"
            if (mode == "error" && \
                (!started || $1 ~ /^(brk|close|munmap)$/))
                next
            if (only !~ /^ +$/ && index(only, " " $1 " ") == 0)
                next
            if (points++ % step == 0)
                print round, $1, count[$1], \
                    mode == "error" ? word[points % n + 1] : "killed"
        }' "$work/trace"
    rm -rf "$trial"
}

# Notes the generations of a state as whole.
digests() { # STATE
    local dir
    for dir in "$1"/updates/generations/[0-9]*; do
        echo "${dir##*/} $(digest_of "$dir")" >>"$work/whole"
    done
}

prepare() {
    mkdir "$work/keys" "$work/first.before"
    cp "$fixtures/key-rsa.asc" "$work/keys/"
    : >"$work/policy.conf"
    local rpms=("$fixtures"/rpms/*.rpm) newer=("$fixtures"/newer/*.rpm)
    bundle "$work/first.bundle" "${rpms[0]}"
    bundle "$work/second.bundle" "${newer[0]}"
    cp -a "$work/first.before" "$work/second.before"
    ingest "$work/second.before" "$work/first.bundle" >/dev/null ||
        die "an ingest fails"
    local round
    : >"$work/whole"
    digests "$work/second.before"
    # The second run also removes the first generation.
    echo 'keep-generations = 1' >"$work/policy.conf"
    for round in first second; do
        cp -a "$work/$round.before" "$work/after"
        view "$work/$round.before" >"$work/$round.old"
        ingest "$work/after" "$work/$round.bundle" >/dev/null ||
            die "an ingest fails"
        view "$work/after" >"$work/$round.new"
        digests "$work/after"
        rest "$work/after" >"$work/$round.rest"
        rm -rf "$work/after"
    done
}

prepare
for round in $rounds; do
    list_points "$round"
done >"$work/points"
# shellcheck disable=SC2016 # the inner shell expands
xargs -P "${JOBS:-$(nproc)}" -n 4 bash -c 'point "$0" "$@"' \
    <"$work/points" >"$work/results"
grep '^torn' "$work/results"
torn=$(grep -c '^torn' "$work/results")
points=$(wc -l <"$work/points")
[ "$(wc -l <"$work/results")" = "$points" ] || die "some points were not run"
[ "$points" -gt 0 ] || die "no points"
echo "$points points, $torn torn"
[ "$torn" = 0 ]
