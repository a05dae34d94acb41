#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The fail-fast set: the programs are there, start, and say who they are.

load helpers

@test "every program is built" {
    for program in sallyport sallyport-unpack sallyport-check \
        sallyport-verify sallyport-escape sallyport-builder; do
        [ -x "$SP_BUILD/$program" ] || fail "missing: $program"
    done
}

@test "--version says name and number, on stdout" {
    for program in sallyport sallyport-builder; do
        run_program 0 "$SP_BUILD/$program" --version
        [[ $output =~ ^$program\ [0-9]+\.[0-9]+\.[0-9]+ ]] || fail "$output"
        assert_equal "$stderr" "" "stderr"
    done
}

@test "--help goes to stdout and is no mistake" {
    for program in sallyport sallyport-builder; do
        run_program 0 "$SP_BUILD/$program" --help
        [[ $output == *sage:* ]] || fail "$output"
        assert_equal "$stderr" "" "stderr"
    done
}

@test "a mistake is status 2 and says where help is" {
    for program in sallyport sallyport-builder; do
        run_program 2 "$SP_BUILD/$program" no-such-command
        assert_equal "$output" "" "stdout"
        [[ $stderr == *--help* ]] || fail "$stderr"
    done
}

@test "the version under test is the version of this tree" {
    want=$(sed -n 's/^VERSION := //p' "$SP_TOP/Makefile")
    run_program 0 "$SP_BUILD/sallyport" --version
    [[ $output == "sallyport $want"* ]] || fail "$output is not $want"
}

@test "fixtures: rpm accepts every package that we hold for good" {
    rpmkeys --dbpath "$FIXTURES/rpmdb" --define '_pkgverify_level all' -K \
        "$FIXTURES"/rpms/*.rpm "$FIXTURES"/ed25519/*.rpm
}

@test "helpers: a snapshot sees a changed byte, mode, time and name" {
    dir=$BATS_TEST_TMPDIR/r
    mkdir -p "$dir/a"
    echo one >"$dir/a/f"
    before=$(repository_snapshot "$dir")
    assert_equal "$(repository_snapshot "$dir")" "$before"
    flip_bit "$dir/a/f" 1
    [ "$(repository_snapshot "$dir")" != "$before" ] || fail "byte"
    flip_bit "$dir/a/f" 1
    touch -d @1000000000 "$dir/a/f" "$dir/a"
    before=$(repository_snapshot "$dir")
    chmod 600 "$dir/a/f"
    [ "$(repository_snapshot "$dir")" != "$before" ] || fail "mode"
    chmod 644 "$dir/a/f"
    touch -d @1000000001 "$dir/a/f"
    [ "$(repository_snapshot "$dir")" != "$before" ] || fail "time"
    touch -d @1000000000 "$dir/a/f"
    assert_equal "$(repository_snapshot "$dir")" "$before"
    mv "$dir/a/f" "$dir/a/g"
    [ "$(repository_snapshot "$dir")" != "$before" ] || fail "name"
}

@test "helpers: a process that stays behind is seen" {
    run run_program 0 sh -c 'sleep 30 >/dev/null 2>&1 &'
    assert_equal "$status" 1
    [[ $output == *"left running"* ]] || fail "$output"
    pkill --session "$(cat "$BATS_TEST_TMPDIR/session")"
}
