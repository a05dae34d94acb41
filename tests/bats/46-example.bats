#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The carrier that docs/TRANSPORTS.md explains: one file and one line make it
# part of the programs, and it works.

load helpers

setup_file() {
    cd "$SP_TOP" || return 1
    [ -f "$SP_BUILD/transports.a" ] || return 0
    local out=$BATS_FILE_TMPDIR file
    export BUILDER=$out/sallyport-builder
    mkdir "$out/transports"
    # The one line.
    sed 's/CARRIER(stdio) /CARRIER(stdio) CARRIER(fd) /' \
        transports/carriers.h >"$out/transports/carriers.h"
    local flags=(-I"$out" -I. -Isrc -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -std=gnu11
        -Wall -Wextra -Wconversion -Wmissing-prototypes -Werror -fPIE)
    ! is_test_build || flags+=(-fsanitize=address -fsanitize=undefined)
    for file in transports/transport examples/transport/fd; do
        gcc "${flags[@]}" -c -o "$out/${file##*/}.o" $file.c || return 1
    done
    # What the builder itself was linked with.
    local libraries
    mapfile -t libraries < <(readelf -d "$SP_BUILD/sallyport-builder" |
        sed -n 's/.*(NEEDED).*\[lib\(.*\)\.so.*/-l\1/p')
    gcc "${flags[@]}" -pie -o "$BUILDER" "$SP_BUILD/cli/builder.o" "$out"/*.o \
        "$SP_BUILD"/{cli,ingest,build,bundle,transports,base}.a \
        "${libraries[@]}" || return 1
}

setup() {
    [ -f "$SP_BUILD/transports.a" ] || skip "needs the archives of make check"
    new_state
    good=$BATS_TEST_TMPDIR/good.bundle
    make_bundle "$good" "$FIXTURES"/rpms/hello*.rpm
}

@test "the example reads and writes a bundle" {
    run_program 0 "$BUILDER" send fd:5 fd:6 5<"$good" \
        6>"$BATS_TEST_TMPDIR/copy"
    cmp "$good" "$BATS_TEST_TMPDIR/copy"
    cat "$good" - </dev/null | run_program 0 "$BUILDER" send fd:5 \
        "$BATS_TEST_TMPDIR/piped" 5<&0
    cmp "$good" "$BATS_TEST_TMPDIR/piped"
}

@test "the example refuses what it cannot carry" {
    for address in fd: fd:x fd:2 fd:-3 fd:99999999 fd:77; do
        run_program 2 "$BUILDER" send "$address" "$BATS_TEST_TMPDIR/copy"
    done
    run_program 2 "$BUILDER" send fd:5 "$BATS_TEST_TMPDIR/copy" \
        5>"$BATS_TEST_TMPDIR/none"
    run_program 5 "$BUILDER" send fd:5 "$BATS_TEST_TMPDIR/copy" \
        5< <(cat "$good" && echo more)
    assert_detail trailing-data
}

@test "help and the list of known addresses show it" {
    run_program 0 "$BUILDER" send --help
    [[ $output == *"an inherited descriptor ('fd:N')"* ]] || fail "$output"
    run_program 2 "$BUILDER" send no:where "$BATS_TEST_TMPDIR/copy"
    [[ $stderr == *", fd:"* ]] || fail "$stderr"
}

@test "docs/TRANSPORTS.md names every slot and every capability" {
    local slot
    for slot in $(sed -n '/^struct sp_transport_ops {/,/^};/p' \
        "$SP_TOP/transports/transport.h" |
        sed -n 's/^ *[a-z_ ]*(\*\([a-z_]*\))(.*/\1/p') \
        $(grep -o 'SP_CAP_[A-Z_]*' "$SP_TOP/transports/transport.h"); do
        grep -q "\`$slot\`" "$SP_TOP/docs/TRANSPORTS.md" ||
            fail "not explained: $slot"
    done
}
