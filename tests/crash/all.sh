#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every way to be cut short, one after the other, to the end:
#
#   tests/crash/all.sh BUILD-DIR FAULT-BUILD-DIR
#
# STEP=K takes a Kth of all points. Of what is not a list of points one may
# ask for less: STATES=N so many states of lost power on each file system
# (22000, or a Kth), SETTINGS=S so many of the errors at each call (all), and
# TWICE=N pairs of kills (6000, or a Kth). Shows what each part ends with; the
# exit status is 1 if any has failed. What needs root is skipped without it.

set -uo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
build=$1
fault=$2
step=${STEP:-1}
states=${STATES:-$((22000 / step))}
settings=${SETTINGS:-0}
twice=${TWICE:-$((6000 / step))}
summary="STEP=$step STATES=$states SETTINGS=$settings TWICE=$twice"$'\n'
failed=0

part() { # NAME COMMAND...
    local name=$1 log status
    shift
    echo "== $name: $*"
    log=$(mktemp)
    "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    [ "$status" = 0 ] || failed=1
    summary+="$name: $(tail -n 1 "$log") (exit $status)"$'\n'
    rm -f "$log"
}

as_root() { # NAME COMMAND...
    if [ "$(id -u)" = 0 ]; then
        part "$@"
    else
        summary+="SKIPPED: $1 needs root"$'\n'
    fi
}

as_root 'power loss' "$here/power.py" "$build" --states "$states"
as_root 'power loss, seeded faults' "$here/power.py" "$build" --states 800 \
    --teeth
as_root 'full disk' "$here/full.py" "$build" --step "$step"
part 'no call is forgotten' "$here/calls.py" "$fault"
part 'calls and memory' "$here/inject.py" "$fault" --step "$step" \
    --settings "$settings"
part 'calls, seeded fault' "$here/inject.py" "$fault" --teeth
part 'killed twice' "$here/inject.py" "$fault" --twice "$twice"
part 'killed at each system call' "$here/sweep.py" "$build" --step "$step"
part 'killed, seeded fault' "$here/sweep.py" "$build" --teeth
echo
printf '%s' "$summary"
exit "$failed"
