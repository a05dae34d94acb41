#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Small damage through the whole engine: flipped bits, cuts, one byte more or
# less. Refused, or the published bytes are those of the good bundle. A sample
# runs here; `make check-long` runs all of them.

load helpers
load forge

damage() { # LAYER EVERY
    run python3 "$FORGE/flips.py" "$SP_BUILD" --layer "$1" --every "$2"
    echo "# $output" >&3
    [ "$status" = 0 ] || fail "$output"
}

@test "no damage of a bundle is published" {
    damage bundle 101
}

@test "damage of a package is refused or gone, in a bundle made to fit" {
    damage package 53
}

@test "no damage of a MANIFEST is published, with its digest made right" {
    damage manifest 23
}

@test "a gate that does not look at padding is found out" {
    run python3 "$FORGE/teeth.py" "$SP_BUILD" padding
    [ "$status" = 0 ] || fail "$output"
}
