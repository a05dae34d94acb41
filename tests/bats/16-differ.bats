#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The gate, libarchive, GNU tar and Python's tarfile read the same streams.
# Whatever the gate accepts, all of them must read alike. A sample runs here,
# with a seed of its own; `make check-long` runs more, with another each time.

load helpers
load forge

setup_file() {
    local made=$BATS_FILE_TMPDIR
    python3 "$FORGE/bundle.py" "$made/good" "$FIXTURES"/rpms/hello-*.rpm \
        "$FIXTURES"/rpms/sp-arch-*.rpm
    python3 "$FORGE/containers.py" "$made/cases" "$made/good"
    python3 "$FORGE/members.py" "$made/small" e:1 e:512 0 1 511 512 513
    python3 "$FORGE/members.py" "$made/manifest-alone"
}

differ() { # STATUS ARGUMENT...
    local want=$1
    shift
    TMPDIR=$BATS_TEST_TMPDIR run python3 "$FORGE/differ.py" "$@"
    [ "$status" = "$want" ] || fail "status $status" "$output"
    echo "# ${lines[-1]}" >&3
}

made() { echo "$BATS_FILE_TMPDIR/$1"; }

@test "hostile containers: what the gate accepts, all read alike" {
    differ 0 "$SP_BUILD/tests/differ/read" "$(made good)" "$(made small)" \
        "$BATS_FILE_TMPDIR"/cases/*.bundle
}

@test "mutants and changed headers too" {
    differ 0 "$SP_BUILD/tests/differ/read" "$(made small)" \
        "$(made manifest-alone)" --mutants 1500 --substitutions 197 --seed 1
}

# Each field that the gate does not look at is a difference that is found.
careless() { # FIELD
    export CARELESS=$1
    differ 1 "$SP_BUILD/tests/differ/read-careless" "$(made small)" \
        --mutants 1000 --seed 1
    [[ $output == *"mutants"*"read differently by"* ]] || fail "$output"
}

@test "a gate that takes sizes in any notation is found out" {
    careless size
}

@test "a gate that does not look at the type is found out" {
    careless type
}

@test "a gate that does not look at the prefix is found out" {
    careless prefix
}

@test "a gate that does not look at the checksum is found out" {
    careless checksum
}
