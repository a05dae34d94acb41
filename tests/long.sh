#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# All of what `make check` takes a sample of:  tests/long.sh BUILD-DIR
#
# Every damage of a bundle through the whole engine; checks taken out, to see
# that it would notice; streams for four readers; every byte and every two
# fields of a header at the gate. Damages that are done stay done: another run
# goes on where this one ends (BUILD-DIR/long). Shows counts; the exit status
# is 1 if any part has failed.

set -uo pipefail
build=$1
here=$(dirname "${BASH_SOURCE[0]}")
forge=$here/forge
export PYTHONDONTWRITEBYTECODE=1
fixtures=$("$here/fixtures.sh" "$build/fixtures") || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$build/long"
failed=0

part() { # NAME COMMAND...
    echo "== $1"
    shift
    "$@" || failed=1
}

python3 "$forge/bundle.py" "$scratch/good" \
    "$fixtures"/rpms/{hello,sp-arch}-*.rpm &&
    python3 "$forge/containers.py" "$scratch/cases" "$scratch/good" &&
    python3 "$forge/members.py" "$scratch/small" e:1 e:512 0 1 511 512 513 &&
    python3 "$forge/members.py" "$scratch/manifest-alone" || exit 1

part 'every damage, through the engine' \
    python3 "$forge/flips.py" "$build" --keep "$build/long/flips"
part 'checks taken out' python3 "$forge/teeth.py" "$build"
part 'four readers' python3 "$forge/differ.py" "$build/tests/differ/read" \
    "$scratch"/{small,manifest-alone} "$scratch"/cases/*.bundle \
    --mutants "${MUTANTS:-100000}" --substitutions 1
part 'headers at the gate' "$build/tests/unit/test-fields"
exit "$failed"
