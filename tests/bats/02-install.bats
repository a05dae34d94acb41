#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make install: what lies where, and that the programs run from there.

load helpers

# A build of its own, because the prefix is compiled in; not optimized,
# because only the places matter here.
setup_file() {
    PREFIX=$BATS_FILE_TMPDIR/prefix
    export PREFIX
    make_install >"$BATS_FILE_TMPDIR/log" 2>&1 ||
        fail "$(cat "$BATS_FILE_TMPDIR/log")"
}

make_install() { # VARIABLE=VALUE...
    env -i PATH="$PATH" DEPS=skip make -s -C "$SP_TOP" \
        -j"$(nproc)" O="$BATS_FILE_TMPDIR/build" PREFIX="$PREFIX" \
        SYSCONFDIR="$PREFIX/etc" LOCALSTATEDIR="$PREFIX/var" \
        CFLAGS='-O0 -g0 -U_FORTIFY_SOURCE' "$@" install
}

setup() {
    new_state
}

@test "each program lies in its place, and nothing else there" {
    local built=$BATS_FILE_TMPDIR/build program
    run -0 ls "$PREFIX/bin"
    assert_equal "$output" $'sallyport\nsallyport-builder'
    for program in "$built"/sallyport*; do
        case ${program##*/} in
        sallyport | sallyport-builder) cmp "$program" \
            "$PREFIX/bin/${program##*/}" ;;
        *) cmp "$program" "$PREFIX/libexec/sallyport/${program##*/}" ;;
        esac
    done
    [ -d "$PREFIX/etc/sallyport/keys" ]
}

@test "every manual page is installed" {
    local page
    for page in "$SP_TOP"/docs/man/*; do
        [ -f "$PREFIX/share/man/man${page##*.}/${page##*/}" ] ||
            fail "${page##*/} is not installed"
    done
}

@test "nothing that is installed may be written by others" {
    run -0 find "$PREFIX" ! -type l -perm /022
    assert_equal "$output" ""
}

@test "DESTDIR holds the same tree and nothing outside changes" {
    local stage=$BATS_TEST_TMPDIR/stage
    make_install DESTDIR="$stage"
    run -0 diff -r "$PREFIX" "$stage$PREFIX"
}

@test "the installed programs find each other: build, verify, ingest" {
    requires landlock
    local SP_BUILD=$PREFIX/bin
    make_bundle "$BATS_TEST_TMPDIR/bundle" "$FIXTURES"/rpms/*.rpm
    sp 0 verify "$FIXTURES"/rpms/*.rpm
    sp 0 ingest --any-request "$BATS_TEST_TMPDIR/bundle"
    [ -s "$repo/repodata/repomd.xml" ]
}

@test "the installed jails hold" {
    requires landlock
    run -0 "$PREFIX/bin/sallyport" doctor --jails
    [[ $output == *" 0 bad" ]] || fail "$output"
}

@test "seeded: without its workers it says which is missing" {
    mkdir "$BATS_TEST_TMPDIR/hidden"
    mv "$PREFIX"/libexec/sallyport/* "$BATS_TEST_TMPDIR/hidden/"
    run "$PREFIX/bin/sallyport" doctor --jails
    mv "$BATS_TEST_TMPDIR"/hidden/* "$PREFIX/libexec/sallyport/"
    [ "$status" -ne 0 ] || fail "$output"
    [[ $output == *"sallyport-escape"*"$PREFIX/libexec/sallyport"* ]] ||
        fail "$output"
}
