#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The walk-through of an update by stick does what it says.

load helpers

@test "examples/sneakernet.sh as root, on a device" {
    requires loop
    run "$SP_TOP/examples/sneakernet.sh" "$SP_BUILD" "$FIXTURES"
    assert_equal "$status" 0 "$output"
    [[ $output == *"Done: 8 steps, 0 skipped."* ]] || fail "$output"
    [[ $output == *"A loop device plays it"* ]] || fail "$output"
    ! losetup --list | grep sneakernet || fail "a device is left"
}

@test "examples/sneakernet.sh as a user, on a file, counts what is missing" {
    as=()
    if [ "$(id -u)" = 0 ]; then
        # A plain user cannot read every folder that root builds in.
        cp -r "$FIXTURES" "$BATS_TEST_TMPDIR/fixtures"
        mkdir "$BATS_TEST_TMPDIR/build"
        cp "$SP_BUILD"/sallyport "$SP_BUILD"/sallyport-* \
            "$BATS_TEST_TMPDIR/build/"
        mkdir -p "$BATS_TEST_TMPDIR/top/examples"
        cp "$SP_TOP/examples/sneakernet.sh" "$BATS_TEST_TMPDIR/top/examples/"
        chmod -R a+rX "$BATS_RUN_TMPDIR"
        as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
        set -- "$BATS_TEST_TMPDIR/top" "$BATS_TEST_TMPDIR/build" \
            "$BATS_TEST_TMPDIR/fixtures"
    else
        set -- "$SP_TOP" "$SP_BUILD" "$FIXTURES"
    fi
    run "${as[@]}" "$1/examples/sneakernet.sh" "$2" "$3"
    assert_equal "$status" 0 "$output"
    [[ $output == *"Done: 6 steps, 2 skipped."* ]] || fail "$output"
}
