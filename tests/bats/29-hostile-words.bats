#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The named cases of section K: text from outside on its way to a terminal, a
# record, the journal and to programs that read JSON.

load helpers
load forge

setup_file() {
    FORGED=$(attack_table)
    export FORGED
}

setup() {
    new_state
    good=$BATS_TEST_TMPDIR/good
    python3 "$FORGE/bundle.py" "$good" "$FIXTURES"/rpms/*.rpm
    mkdir "$repo"
}

only_printable() { # TEXT WHAT
    ! LC_ALL=C grep -qP '[^\x20-\x7e\n\t]' <<<"$1" ||
        fail "control bytes in $2:" "$(cat -v <<<"$1")"
}

is_json() { # TEXT: each line is an object
    python3 -c 'import json, sys
lines = [json.loads(line) for line in sys.stdin.buffer.read().split(b"\n") if line]
assert lines and all(isinstance(line, dict) for line in lines)' <<<"$1" ||
        fail "no JSON:" "$1"
}

@test "K01 an escape sequence in the user id of the key" {
    local command
    cp "$FORGED/keys/hostile-uid.asc" "$keys/key-rsa.asc"
    python3 "$FORGE/bundle.py" "$BATS_TEST_TMPDIR/b" "$FORGED/K00.rpm"
    echo 'max-age = 0' >"$BATS_TEST_TMPDIR/policy.conf"
    for command in "inspect --any-request $BATS_TEST_TMPDIR/b" \
        "ingest --any-request $BATS_TEST_TMPDIR/b" "verify $FORGED/K00.rpm" \
        'history 0' status doctor; do
        # shellcheck disable=SC2086 # words
        run "$SP_BUILD/sallyport" "${SP_OPTIONS[@]}" $command
        [ "$status" = 0 ] || [ "$command" = doctor ] || fail "$command: $output"
        only_printable "$output" "$command"
        [[ $output != *VALIDSIG* ]] || fail "$command: $output"
    done
    only_printable "$(cat "$state"/history/*)" 'the record'
    assert_equal "$(readlink "$repo/current")" generations/1
    assert_no_leftovers
    one_record 0
    case_ended 0 accept
}

# What a name with every kind of trouble is refused with, as text and JSON.
evil_name() { # NAME
    local dir=$BATS_TEST_TMPDIR/$1
    mkdir "$dir"
    head -c 3000 "$good" >"$dir/$1"
    refuse_delivery 9 truncated --any-request "$dir/$1"
    only_printable "$stderr" message
    refuse_delivery 9 truncated --json --progress=json --any-request "$dir/$1"
    is_json "$output"
    is_json "$stderr"
    only_printable "$output$stderr" JSON
    only_printable "$(cat "$state"/history/* "$repo/errors")" 'the record'
    sp 0 history --json
    is_json "$output"
    only_printable "$output" history
}

# How it reaches the journal is in the unit test of that name.
@test "K02 line ends in what is recorded" {
    evil_name $'a\nclass done\ndetail published\nMESSAGE=x'
    assert_equal "$(grep -c '^class ' "$state"/history/* | cut -d: -f2 |
        sort -u)" 1
    ! grep -q '^detail published' "$state"/history/* || fail 'a line came in'
    assert_equal "$(wc -l <"$repo/errors")" 1
    case_ended 9 truncated
}

@test "K03 bytes that break JSON" {
    evil_name $'a"b\\c\t\b\x01\x7f\xff\xc0\xaf\xed\xa0\x80\xe2\x80\xae<script>'
    case_ended 9 truncated
}

@test "K04 percent signs" {
    evil_name '%s%n%999999999d%x%p'
    grep -qF '%s%n%999999999d%x%p' "$state"/history/* || fail 'not as it is'
    case_ended 9 truncated
}

@test "K05 ten megabytes of complaints" {
    local bin=$BATS_TEST_TMPDIR/bin before records
    mkdir "$bin"
    cp "$SP_BUILD"/sallyport "$SP_BUILD"/sallyport-{unpack,check,verify} "$bin"
    # shellcheck disable=SC2016 # the other shell expands
    printf '%s\n' '#!/bin/sh' 'head -c 10000000 /dev/zero | tr "\0" "\033" >&2' \
        'exit 1' >"$bin/qvm-run"
    chmod +x "$bin/qvm-run"
    before=$(repository_snapshot "$repo")
    records=$(history_records)
    run_program 4 "$bin/sallyport" ingest "${SP_OPTIONS[@]}" --progress=none \
        --any-request qube:sys-usb/x
    assert_refusal peer-gone "$before" "$records"
    only_printable "$stderr" message
    [ "${#stderr}" -lt 2000 ] || fail "${#stderr} bytes are shown"
    [ "$(cat "$state"/history/* "$repo/errors" | wc -c)" -lt 4000 ] ||
        fail 'it was recorded'
    case_ended 4 peer-gone
}

@test "K06 terminals of no width, of one column, of as many as there can be" {
    requires program script
    local columns line
    line=$(printf '%q ' "$SP_BUILD/sallyport" inspect "${SP_OPTIONS[@]}" \
        --any-request --progress=bar "$good")
    for columns in 0 1 7 65535; do
        run script -qec "stty cols $columns; $line" /dev/null
        assert_equal "$status" 0 "$columns columns: $output"
        # 65,535 columns of blanks a step would be megabytes.
        [ "${#output}" -lt 2000000 ] || fail "${#output} bytes"
        [[ $output == *hello* ]] || fail "$output"
    done
    kept=no-delivery # who looks takes nothing in
    assert_equal "$(history_records)" 0 records
    case_ended 0 accept
}
