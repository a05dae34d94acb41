#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A worker is taken over, or broken: the parent gives the right reason, in
# time, publishes nothing and leaves no process behind.

load helpers

setup() {
    new_state
    bin=$BATS_TEST_TMPDIR/bin
    mkdir "$bin"
    cp "$SP_BUILD/sallyport" "${SP_WORKERS[@]}" "$bin"
    good=$BATS_TEST_TMPDIR/good.bundle
    make_bundle "$good" "$FIXTURES"/rpms/hello*.rpm "$FIXTURES"/rpms/sp-e*.rpm
    run_program 0 "$bin/sallyport" ingest "${SP_OPTIONS[@]}" --any-request \
        --quiet "$good"
    make_bundle "$good" "$FIXTURES"/newer/*.rpm
    printf '%s\n' 'idle-seconds = 2' >"$BATS_TEST_TMPDIR/policy.conf"
}

# taken_over WORKER MODE STATUS WORD
taken_over() {
    local before records
    before=$(repository_snapshot "$repo")
    records=$(history_records)
    cp "${SP_WORKERS[@]}" "$bin"
    cp "$SP_TOP/tests/fake/worker.py" "$bin/sallyport-$1"
    echo "$2" >"$bin/MODE"
    run_program "$3" "$bin/sallyport" ingest "${SP_OPTIONS[@]}" \
        --any-request --quiet "$good"
    assert_refusal "$4" "$before" "$records"
    case_ended "$3" "$4"
}

@test "a worker that ends without a word" {
    taken_over check silent_exit 1 worker-died
    taken_over unpack exit_three 1 worker-died
    taken_over check no_done 1 worker-died
    taken_over check half_record 1 protocol
}

@test "a worker that dies by a signal" {
    taken_over check killed 1 worker-died
    taken_over unpack killed 1 worker-died
    taken_over unpack sigsys 17 forbidden-call
}

@test "a worker that does not speak the language" {
    taken_over check garbage 1 protocol
    taken_over check other_worker 1 protocol
    taken_over check early 1 protocol
    taken_over check done_twice 1 protocol
    taken_over unpack unknown_reason 1 protocol
}

@test "CVE-2019-3462 text in a report is no report" {
    taken_over check escape_text 1 protocol
}

@test "a worker that never begins, or never ends" {
    taken_over unpack never_jailed 4 idle
    taken_over check hang 4 idle
}

@test "J38 a fork bomb: all of it goes with its group" {
    taken_over verify fork_bomb 4 idle
}

@test "J40 a worker that fills a processor: the deadline ends it" {
    taken_over verify spin 4 idle
}

@test "a worker that leaves a child behind: it goes with its group" {
    taken_over check children 14 no-key
    sleep 0.2
    ! pgrep -f "$bin/sallyport-check" || fail "a child is left"
}

@test "a check that is content with nothing" {
    taken_over check done_nothing 1 disagreement
}

@test "a check that invents packages" {
    taken_over check invented_package 1 disagreement
    taken_over check flood 1 protocol
}

@test "a real package, but a verdict from nowhere" {
    # The key home is built by the real one: it is there already.
    taken_over verify invented_verdict 1 disagreement
    taken_over verify done_nothing 1 disagreement
    taken_over verify hang 4 idle
}
