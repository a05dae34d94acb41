#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Small damage through the whole engine: flipped bits, cuts, one byte more or
# less. Refused, or the published bytes are those of the good bundle. A sample
# runs here; SP_LONG=1 runs all of them (about two hours).

load helpers
load forge

setup_file() {
    FORGED=$(attack_table)
    export FORGED
}

damage() { # KIND STRIDE
    local stride=$2
    [ "${SP_LONG:-}" != 1 ] || stride=1
    run python3 "$FORGE/flips.py" "$SP_BUILD" "$FORGED/keys/trusted.asc" \
        "$FORGED/K00.rpm" "$BATS_TEST_TMPDIR" "$1" "$stride"
    echo "# $output" >&3
    [ "$status" = 0 ] || fail "$output"
}

@test "no flipped bit of a bundle changes what is published" {
    damage bits 53
}

@test "no flipped bit of a package does, in a bundle made to fit" {
    damage repacked 101
}

@test "no shortened bundle is published" {
    damage cuts 53
}

@test "no byte more is overlooked" {
    damage inserted 211
}

@test "no byte less is overlooked" {
    damage deleted 211
}
