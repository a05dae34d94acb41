#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Vchans: the program that Xen machines run, linked with a stand-in for Xen
# (tests/fake/libxenvchan-socket.c, hypervisor.py). The peer is the same
# program, or one that writes what it likes into the shared pages.

load helpers

setup_file() {
    FAKE=$SP_BUILD/tests/sallyport-vchan-fake
    [ -x "$FAKE" ] || return 0
    export BUILT=$SP_BUILD NAME=sp-xen-$$-$RANDOM
    export TRUSTED=$BATS_FILE_TMPDIR/trusted OTHER=$BATS_FILE_TMPDIR/other
    # One number a run: two runs on this machine must not meet.
    export PEER=$((RANDOM % 30000 + 100))
    make_machine "$TRUSTED" 0
    make_machine "$OTHER" $PEER
    python3 "$SP_TOP/tests/fake/hypervisor.py" "$NAME" 3>&- \
        2>"$BATS_FILE_TMPDIR/hypervisor.err" &
    export XEN=$!
    for _ in $(seq 100); do
        xen domain $PEER 2>/dev/null && break
        sleep 0.05
    done
    export GOOD=$BATS_FILE_TMPDIR/good.bundle
    printf '%s\n' "$FIXTURES"/rpms/*.rpm >"$GOOD.list"
    "$SP_BUILD/sallyport-builder" --quiet build --list "$GOOD.list" -o "$GOOD"
}

teardown_file() {
    [ -z "${XEN:-}" ] || kill "$XEN"
}

# A folder of programs that lies in a domain.
make_machine() { # DIR DOMID
    mkdir -p "$1"
    cp "$SP_BUILD"/sallyport "$SP_BUILD"/sallyport-* "$1/"
    cp "$FAKE" "$1/sallyport-vchan"
    echo "$2 $NAME" >"$1/xen"
}

xen() { python3 "$SP_TOP/tests/fake/hypervisor.py" "$NAME" "$@"; }

setup() {
    if [ ! -d "${TRUSTED:-/none}" ]; then
        [ "${CI:-}" != true ] || fail "built without Xen, and CI=true"
        skip "built without Xen"
    fi
    new_state
    SP_BUILD=$TRUSTED
}

teardown() {
    [ -z "${hostile:-}" ] || kill -9 "$hostile" 2>/dev/null || true
    # Nothing stays in xenstore, whatever happened.
    if [ -d "${TRUSTED:-/none}" ]; then
        assert_equal "$(xen list)" "" "xenstore"
    fi
}

policy() { # LINE...
    printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/policy.conf"
}

# Starts the hostile peer: $hostile; what it says goes to $said.
peer() { # ACT [FILE]
    said=$BATS_TEST_TMPDIR/said
    : >"$said"
    timeout 60 python3 "$SP_TOP/tests/fake/vchan-peer.py" "$NAME" \
        "${DOMID:-$PEER}" 0 sallyport "$@" >"$said" 2>&1 3>&- &
    hostile=$!
}

ingest() { # STATUS [OPTION]...
    local want=$1
    shift
    sp "$want" ingest --any-request --quiet "vchan:$PEER" "$@"
}

# An act that ends in a refusal: status, word, nothing changed, nothing left,
# one record.
refused() { # STATUS WORD ACT [CASE]
    local records
    records=$(history_records)
    peer "$3" "$GOOD"
    ingest "$1"
    kill "$hostile" 2>/dev/null || true
    assert_refusal "$2" "$before" "$records"
    [ -z "${4:-}" ] || case_ended "$1" "$2" "$4"
}

# An act that does no harm: published, and the peer heard so.
taken() { # ACT [WHAT-THE-PEER-SAYS] [CASE]
    new_state_again
    peer "$1" "$GOOD"
    ingest 0
    wait "$hostile"
    assert_equal "$(cat "$said")" "${2:-sallyport 1 ok -}" "$1"
    assert_equal "$(published)" "$reference" "$1"
    assert_no_leftovers
    one_record 0
    [ -z "${3:-}" ] || case_ended 0 accept "$3"
}

new_state_again() {
    rm -rf "$state" "$keys"
    new_state
}

published() { (cd "$repo/generations" && repository_snapshot .); }

from_file() {
    sp 0 ingest --any-request --quiet "$GOOD"
    reference=$(published)
}

@test "the same bundle by vchan and by file: the same repository" {
    from_file
    new_state_again
    "$OTHER/sallyport-builder" --quiet send "$GOOD" vchan:0 3>&- &
    sender=$!
    ingest 0
    wait $sender
    assert_equal "$(published)" "$reference"
    # Many rings full, through one small name.
    head -c 9000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
    (
        exec 3>&-
        "$TRUSTED/sallyport-vchan" serve $PEER small \
            < <(sleep 1; echo "sallyport 1 ok -") >"$BATS_TEST_TMPDIR/out"
    ) &
    server=$!
    "$OTHER/sallyport-vchan" connect 0 small <"$BATS_TEST_TMPDIR/in" \
        >"$BATS_TEST_TMPDIR/answer"
    wait $server
    head -c "$(stat -c %s "$BATS_TEST_TMPDIR/out")" "$BATS_TEST_TMPDIR/in" |
        cmp - "$BATS_TEST_TMPDIR/out"
}

@test "the sender hears the truth: published, refused, by class and word" {
    "$OTHER/sallyport-builder" send "$GOOD" vchan:0 >"$BATS_TEST_TMPDIR/sent" \
        2>&1 3>&- &
    sender=$!
    sp 15 ingest --quiet "vchan:$PEER"
    assert_detail unsolicited
    status=0
    wait $sender || status=$?
    assert_equal "$status" 15
    grep -q unsolicited "$BATS_TEST_TMPDIR/sent"
    [ ! -e "$repo/current" ] || fail "published"
}

@test "G01 G02 G03 indexes and sizes that cannot be" {
    from_file
    before=$(repository_snapshot "$repo")
    policy 'idle-seconds = 1'
    refused 4 idle index-jumps G01
    refused 4 idle index-goes-back G02
    refused 4 idle index-of-the-server
    taken orders-change "sallyport 1 ok -" G03
    taken lies-about-life
}

@test "G04 G05 frames of no length, of too much" {
    from_file
    before=$(repository_snapshot "$repo")
    refused 5 empty zero-first G04
    refused 4 truncated zero-in-the-middle G04
    refused 5 frame huge-frame G05
    refused 5 frame one-too-many G05
}

@test "G06 G07 a peer that closes, dies, or comes again" {
    from_file
    before=$(repository_snapshot "$repo")
    refused 4 truncated closes-in-a-frame G06
    refused 4 truncated closes-in-a-head
    refused 4 peer-gone closes-at-once
    refused 4 truncated no-end
    refused 4 truncated reconnects G07
    refused 4 truncated dies
}

@test "G08 G09 G10 other bytes behind the reader, too many events, none" {
    from_file
    before=$(repository_snapshot "$repo")
    taken rewrites "sallyport 1 ok -" G08
    taken no-events "sallyport 1 ok -" G10
    from_file
    before=$(repository_snapshot "$repo")
    policy 'idle-seconds = 1'
    refused 4 idle storm G09
}

@test "G11 a domain that does not exist, one that was not meant, ourselves" {
    from_file
    refused_case 4 peer-gone --any-request vchan:99
    # Which domain this is Xen alone says, when it has begun.
    refuse_delivery 2 usage --any-request vchan:0
    refuse_unbegun 2 usage --any-request vchan:x
    xen domain 77
    policy 'idle-seconds = 1'
    DOMID=77 peer send "$GOOD"
    refused_case 4 idle --any-request "vchan:$PEER"
    [ ! -s "$said" ] || fail "$(cat "$said")"
}

@test "G12 G13 G14 a second client, pages taken away, bytes behind the end" {
    from_file
    taken second-client "sallyport 1 ok -" G12
    taken takes-pages-away "sallyport 1 ok -" G13
    taken goes-on-behind-the-end "sallyport 1 ok -" G14
}

@test "a peer that leaves no room for the answer: published all the same" {
    from_file
    taken blocks-the-answer closed
}

@test "silence, a trickle and a flood end by name and in time" {
    from_file
    before=$(repository_snapshot "$repo")
    policy 'idle-seconds = 1'
    refused 4 idle silence
    policy 'idle-seconds = 30'
    refused 5 trailing-data flood
    policy 'rate-seconds = 1' 'rate-bytes = 100000'
    refused 4 too-slow trickle
}

@test "the program has deadlines of its own" {
    cd "$BATS_TEST_TMPDIR"
    run_program 4 "$TRUSTED/sallyport-vchan" serve $PEER sallyport idle=1
    assert_detail idle
    peer trickle "$GOOD"
    run_program 4 "$TRUSTED/sallyport-vchan" serve $PEER sallyport \
        rate-seconds=1 rate-bytes=100000
    assert_detail too-slow
    run_program 4 "$OTHER/sallyport-vchan" connect 0 sallyport wait=1
    assert_detail peer-gone
}

@test "a sender that is destroyed is noticed, although no event comes" {
    peer waits "$GOOD"
    (
        exec 3>&-
        for _ in $(seq 200); do
            [ ! -s "$said" ] || break
            sleep 0.05
        done
        xen destroy $PEER
    ) &
    before=$SECONDS
    ingest 4
    assert_detail peer-gone
    [ $((SECONDS - before)) -lt 10 ] || fail "too late"
    xen domain $PEER
}

@test "two servers of one path: the second is told, the first goes on" {
    "$TRUSTED/sallyport-vchan" serve $PEER sallyport >"$BATS_TEST_TMPDIR/out" \
        </dev/null 3>&- &
    first=$!
    for _ in $(seq 100); do
        [ -z "$(xen list)" ] || break
        sleep 0.05
    done
    ingest 18
    assert_detail busy
    peer send "$GOOD"
    wait $first
    cmp "$GOOD" "$BATS_TEST_TMPDIR/out"
}

@test "killed: the next server cleans up; ended: it does so itself" {
    "$TRUSTED/sallyport-vchan" serve $PEER sallyport </dev/null >/dev/null \
        3>&- &
    first=$!
    for _ in $(seq 100); do
        [ -z "$(xen list)" ] || break
        sleep 0.05
    done
    kill -9 $first
    wait $first || true
    [ -n "$(xen list)" ] || fail "the test has no stale nodes"
    "$TRUSTED/sallyport-vchan" serve $PEER sallyport </dev/null >/dev/null \
        2>"$BATS_TEST_TMPDIR/err" 3>&- &
    second=$!
    sleep 0.3
    kill -TERM $second
    wait $second || true
    grep -q interrupted "$BATS_TEST_TMPDIR/err"
    assert_equal "$(xen list)" ""
}

@test "SIGKILL of the parent: the vchan is taken down behind it" {
    peer waits "$GOOD"
    (
        exec 3>&-
        exec setsid "$TRUSTED/sallyport" ingest "${SP_OPTIONS[@]}" \
            --any-request --quiet "vchan:$PEER"
    ) 2>/dev/null &
    parent=$!
    for _ in $(seq 200); do
        [ ! -s "$said" ] || break
        sleep 0.05
    done
    pkill -KILL -f "^$TRUSTED/sallyport ingest" || fail "no parent"
    wait $parent || true
    for _ in $(seq 100); do
        [ -n "$(xen list)" ] || break
        sleep 0.05
    done
    ! pgrep -f "sallyport-vchan serve $PEER" || fail "left running"
}

@test "where pages are short the small ring does; a crash is a fault" {
    from_file
    xen set_limit 100
    taken send
    xen set_limit 5
    sp 3 ingest --any-request --quiet "vchan:$PEER"
    assert_detail io
    xen set_limit 1024
}

@test "the mover is jailed: no file, no socket, no signal" {
    requires real-jails
    peer waits "$GOOD"
    "$TRUSTED/sallyport-vchan" serve $PEER sallyport </dev/null >/dev/null \
        2>&1 3>&- &
    keeper=$!
    for _ in $(seq 200); do
        [ ! -s "$said" ] || break
        sleep 0.05
    done
    mover=$(pgrep -P $keeper)
    status=$(grep -E '^(NoNewPrivs|Seccomp|CapEff):' "/proc/$mover/status" |
        tr -s '\t ' ' ' | paste -sd' ')
    assert_equal "$status" \
        "CapEff: 0000000000000000 NoNewPrivs: 1 Seccomp: 2"
    kill -TERM $keeper
    wait $keeper || true
}

@test "command line: what cannot be is usage" {
    for args in '' 'serve' 'serve 1' 'listen 1 a' 'serve x a' 'serve 1 a/b' \
        'serve 1 a idle=x' 'serve 1 a more=1' 'serve 40000 a' --help \
        'serve 1 a idleness=1' \
        "connect 1 $(printf 'x%.0s' $(seq 40))"; do
        # shellcheck disable=SC2086 # words
        run_program 2 "$TRUSTED/sallyport-vchan" $args
        assert_detail usage
    done
}

@test "command line: the version, and that it could not be written" {
    run_program 0 "$TRUSTED/sallyport-vchan" --version
    [[ $output == 'sallyport-vchan '[0-9]* ]] || fail "$output"
    run_program 3 sh -c 'exec "$0" --version >/dev/full' \
        "$TRUSTED/sallyport-vchan"
}
