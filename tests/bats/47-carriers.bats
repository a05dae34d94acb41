#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every carrier side by side: the same bundle publishes the same repository,
# every source goes to every destination, and every way to go wrong ends in
# time, in little memory, by name, with the repository as it was.

load helpers

DISK=$SP_TOP/tests/fake/disk.py
FAULTY=$SP_TOP/tests/fake/faulty.py
MEASURE=$SP_TOP/tests/fake/measure.py

CEILING_KIB=$((32 * 1024)) # as 65-memory
CEILING_SECONDS=40         # a machine at work; the deadlines are of 3 s

setup_file() {
    export GOOD=$BATS_FILE_TMPDIR/good.bundle QFILE=$BATS_FILE_TMPDIR/good.qfile
    export READY=$BATS_FILE_TMPDIR/ready
    printf '%s\n' "$FIXTURES"/rpms/*.rpm >"$GOOD.list"
    printf '%s\n' "$FIXTURES"/rpms/hello-*.rpm >"$GOOD.first"
    local builder=("$SP_BUILD/sallyport-builder" --quiet)
    "${builder[@]}" build --list "$GOOD.list" -o "$GOOD"
    "${builder[@]}" build --list "$GOOD.first" -o "$GOOD.old"
    "${builder[@]}" send --framing=qfile "$GOOD" "$QFILE"
    # A state in which something is published and the keys are known.
    mkdir -p "$READY/keys" "$READY/state"
    cp "$FIXTURES/key-rsa.asc" "$READY/keys/"
    : >"$READY/policy.conf"
    "$SP_BUILD/sallyport" ingest --quiet --any-request \
        --state-dir "$READY/state" --keys "$READY/keys" \
        --policy "$READY/policy.conf" "$GOOD.old"
    start_xen
}

# Two machines in two domains, on the stand-in for Xen.
start_xen() {
    export NAME=sp-carriers-$$-$RANDOM PEER=$((RANDOM % 30000 + 100))
    export TRUSTED=$BATS_FILE_TMPDIR/trusted OTHER=$BATS_FILE_TMPDIR/other
    local fake=$SP_BUILD/tests/sallyport-vchan-fake machine
    [ -x "$fake" ] || return 0
    mkdir "$TRUSTED" "$OTHER"
    for machine in "$TRUSTED" "$OTHER"; do
        cp "$SP_BUILD"/sallyport "$SP_BUILD"/sallyport-* "$machine/"
        cp "$fake" "$machine/sallyport-vchan"
    done
    echo "0 $NAME" >"$TRUSTED/xen"
    echo "$PEER $NAME" >"$OTHER/xen"
    python3 "$SP_TOP/tests/fake/hypervisor.py" "$NAME" 3>&- &
    export XEN=$!
    for _ in $(seq 100); do
        python3 "$SP_TOP/tests/fake/hypervisor.py" "$NAME" domain "$PEER" \
            2>/dev/null && break
        sleep 0.05
    done
}

teardown_file() {
    [ -z "${XEN:-}" ] || kill "$XEN"
}

setup() {
    new_state
    undo=$BATS_TEST_TMPDIR/undo
    : >"$undo"
}

# Whatever happened: the last thing that was set up goes first.
teardown() {
    [ -s "${undo:-}" ] || return 0
    tac "$undo" >"$undo.reversed"
    while read -r line; do
        eval "$line" >/dev/null 2>&1 || true
    done <"$undo.reversed"
}

requires_vchan() {
    [ ! -d "$TRUSTED" ] || return 0
    [ "${CI:-}" != true ] || fail "built without Xen, and CI=true"
    skip "built without Xen"
}

# ---- carriers ---------------------------------------------------------------

# Each of these delivers what faulty.py does with a file, into the state of the
# folder $cell. What is said goes to $cell/said, the measures of the ingest to
# $cell/measured.

measured() { # FOLDER-OF-PROGRAMS ADDRESS
    python3 "$MEASURE" "$cell/measured" "$1/sallyport" ingest \
        --state-dir "$cell/state" --keys "$cell/keys" \
        --policy "$cell/policy.conf" --progress=none --any-request "$2"
}

by_stdin() { # FAULT
    measured "$SP_BUILD" - < <(exec 3>&-; exec "$FAULTY" "$1" "$GOOD")
}

by_qrexec() { # FAULT [FILE]
    export FAKE_SERVICES=$cell/services
    mkdir "$FAKE_SERVICES"
    cat >"$FAKE_SERVICES/qubes.ReceiveUpdates" <<END
#!/bin/bash
cell=$cell MEASURE=$MEASURE
$(declare -f measured)
measured $SP_BUILD qrexec:
END
    chmod +x "$FAKE_SERVICES/qubes.ReceiveUpdates"
    "$SP_TOP/tests/fake/qrexec-client-vm" dom0 qubes.ReceiveUpdates \
        < <(exec 3>&-; exec "$FAULTY" "$1" "${2:-$GOOD}") | tr -c ' -~\n' '\n'
}

by_qfile() { by_qrexec "$1" "$QFILE"; }

by_qube() { # FAULT
    local bin=$cell/bin
    mkdir "$bin"
    ln "$SP_BUILD/sallyport" "${SP_WORKERS[@]}" "$bin"
    cp "$SP_TOP/tests/fake/qvm-run" "$bin"
    echo good >"$bin/MODE"
    printf '#!/bin/sh\nexec %s %s %s\n' "$FAULTY" "$1" "$GOOD" \
        >"$bin/sallyport-builder"
    chmod +x "$bin/sallyport-builder"
    measured "$bin" qube:sys-usb/block:/dev/sda
}

by_vchan() { # FAULT
    local client
    "$OTHER/sallyport-vchan" connect 0 "$1" >"$cell/answer" 2>/dev/null \
        < <(exec 3>&-; exec "$FAULTY" "$1" "$GOOD") &
    client=$!
    measured "$TRUSTED" "vchan:$PEER/$1"
    wait $client
    cat "$cell/answer"
}

# The bytes of a medium with this fault: a terabyte where it has no end.
write_medium() { # FAULT FILE
    local half=$(($(stat -c %s "$GOOD") / 2 / 4096 * 4096))
    case $1 in
    truncated) head -c $half "$GOOD" >"$2" ;;
    flood)
        { head -c $half "$GOOD" && "$FAULTY" garbage "$GOOD"; } |
            head -c 1M >"$2"
        truncate -s 1T "$2"
        ;;
    behind) cp "$GOOD" "$2" && truncate -s 1T "$2" ;;
    garbage) "$FAULTY" garbage "$GOOD" | head -c 1M >"$2" ;;
    *) cp "$GOOD" "$2" && truncate -s 4M "$2" ;;
    esac
}

# Sets $medium: a file on a disk that stalls or is slow from its half on, or
# one that is as it is.
put_medium() { # FAULT
    local half=$(($(stat -c %s "$GOOD") / 2 / 4096 * 4096))
    medium=$cell/medium
    write_medium "$1" "$medium"
    case $1 in
    silence) faulty_disk stall=$half ;;
    trickle) faulty_disk drip=$half ;;
    esac
}

faulty_disk() { # FAULT
    local disk
    mkdir "$cell/fuse"
    python3 "$DISK" "$cell/fuse" "$medium" "$1" 3>&- >/dev/null 2>&1 &
    disk=$!
    echo "umount --lazy $cell/fuse" >>"$undo"
    for _ in $(seq 100); do
        [ ! -e "$cell/fuse/disk" ] || break
        sleep 0.05
    done
    medium=$cell/fuse/disk
    echo "kill $disk" >"$cell/unplug"
}

by_file() { # FAULT
    put_medium "$1"
    [ ! -e "$cell/unplug" ] || cat "$cell/unplug" >>"$undo"
    [ "$1" != good ] || cp "$GOOD" "$medium"
    measured "$SP_BUILD" "$medium"
}

by_block() { # FAULT
    local device
    put_medium "$1"
    device=$(losetup --find --show "$medium")
    echo "losetup --detach $device" >>"$undo"
    [ ! -e "$cell/unplug" ] || cat "$cell/unplug" >>"$undo"
    blockdev --setra 8 "$device"
    measured "$SP_BUILD" "block:$device"
}

# ---- going well -------------------------------------------------------------

# What a repository holds, without the times of its folders.
contents() { # DIR
    (cd "$1" && find . -type f ! -path ./.lock -printf '%P %m %T@\n' | sort &&
        find . -type l -printf '%P %l\n' | sort &&
        find . -type f ! -path ./.lock -print0 | sort -z | xargs -0 sha256sum)
}

# The state of a machine on which nothing was published yet.
make_new_cell() { # NAME
    cell=$BATS_TEST_TMPDIR/$1
    mkdir -p "$cell/state"
    cp -r "$READY/keys" "$cell/"
    echo 'updatevm = sys-update' >"$cell/policy.conf"
}

@test "one bundle, every carrier: the same repository, byte for byte" {
    local carriers=(file stdin qrexec qfile qube) carrier want=
    [ ! -d "$TRUSTED" ] || carriers+=(vchan)
    [ "$(id -u)" != 0 ] || ! losetup --find >/dev/null || carriers+=(block)
    for carrier in "${carriers[@]}"; do
        make_new_cell "$carrier"
        "by_$carrier" good >"$cell/said" 2>&1 ||
            fail "$carrier:" "$(cat "$cell/said")"
        said=$(contents "$cell/state/updates")
        [[ $said == *repomd.xml*"/rpm/hello-"* ]] || fail "$carrier: $said"
        assert_equal "$said" "${want:=$said}" "$carrier"
        echo "# $carrier: $(sha256sum <<<"$said" | cut -c1-16)" >&3
    done
    # Said, not left out in silence; 70-block insists under check-root.
    requires_vchan
    requires loop
}

# ---- from anywhere to anywhere ----------------------------------------------

@test "send: files, streams, another qube" {
    cd "$BATS_TEST_TMPDIR"
    spb 0 send "$GOOD" file:one
    spb 0 send - two < <(cat one)
    "$SP_BUILD/sallyport-builder" --quiet send two - | cat >three
    mkdir bin
    ln "$SP_BUILD/sallyport-builder" bin
    cp "$SP_TOP/tests/fake/qvm-run" bin
    echo good >bin/MODE
    PATH=$PWD/bin:$PATH run_program 0 bin/sallyport-builder send \
        "qube:sys-usb/$PWD/three" four
    cmp "$GOOD" four
    echo late-failure >bin/MODE
    PATH=$PWD/bin:$PATH run_program 4 bin/sallyport-builder send \
        "qube:sys-usb/$PWD/three" five
    assert_detail peer-gone
    [ ! -e five ] || fail "half a delivery became a file"
}

# One program calls, the other one is called.
@test "send: out by qrexec and in by qrexec, the answer goes back" {
    export FAKE_SERVICES=$BATS_TEST_TMPDIR
    local service=$FAKE_SERVICES/qubes.ReceiveUpdates
    printf '#!/bin/sh\nexec %s --quiet send qrexec: %s\n' \
        "$SP_BUILD/sallyport-builder" "$BATS_TEST_TMPDIR/arrived" >"$service"
    chmod +x "$service"
    PATH=$SP_TOP/tests/fake:$PATH
    spb 0 send "$GOOD" qrexec:dom0
    cmp "$GOOD" "$BATS_TEST_TMPDIR/arrived"
    sed -i 's,/arrived,/none/arrived,' "$service"
    spb 3 send "$GOOD" qrexec:dom0
    assert_detail not-found
    [[ $stderr == *"'qrexec:dom0' refused the delivery"* ]] || fail "$stderr"
}

@test "send: out by vchan and in by vchan, the answer goes back" {
    requires_vchan
    local arrived=$BATS_TEST_TMPDIR/arrived status=0
    "$OTHER/sallyport-builder" --quiet send "$GOOD" vchan:0/relay 3>&- &
    run_program 0 "$TRUSTED/sallyport-builder" send "vchan:$PEER/relay" \
        "$arrived"
    wait $!
    cmp "$GOOD" "$arrived"
    "$OTHER/sallyport-vchan" connect 0 relay >"$arrived.answer" 2>/dev/null \
        < <(exec 3>&-; exec "$FAULTY" truncated "$GOOD") &
    run_program 4 "$TRUSTED/sallyport-builder" send "vchan:$PEER/relay" \
        "$arrived.no"
    assert_detail truncated
    wait $!
    assert_equal "$(cat "$arrived.answer")" "sallyport 1 transport truncated"
    [ ! -e "$arrived.no" ] || fail "half a delivery became a file"
}

@test "send: out to a block device and in from it" {
    requires loop
    local device
    truncate -s 4M "$BATS_TEST_TMPDIR/stick"
    device=$(losetup --find --show "$BATS_TEST_TMPDIR/stick")
    echo "losetup --detach $device" >>"$undo"
    spb 0 send - "block:$device" --yes-really="${device#/dev/}" <"$GOOD"
    "$SP_BUILD/sallyport-builder" --quiet send "block:$device" - |
        cmp - "$GOOD"
}

@test "send: a source that says nothing has a deadline" {
    spb 4 send --idle=1 - "$BATS_TEST_TMPDIR/out" \
        < <(exec 3>&-; exec "$FAULTY" silence "$GOOD")
    assert_detail idle
    [ ! -e "$BATS_TEST_TMPDIR/out" ]
    spb 2 send --idle=soon "$GOOD" "$BATS_TEST_TMPDIR/out"
    # Whoever says something is waited for.
    { head -c 600 "$GOOD" && sleep 0.7 && tail -c +601 "$GOOD" | {
        head -c 600 && sleep 0.7 && cat; }; } |
        spb 0 send --idle=1 - "$BATS_TEST_TMPDIR/out"
    cmp "$GOOD" "$BATS_TEST_TMPDIR/out"
}

@test "send: a signal ends it while it waits to read, and to write" {
    python3 - "$SP_BUILD/sallyport-builder" "$GOOD" <<'END'
import os, signal, socket, subprocess, sys, time
builder, good = sys.argv[1:]
source, _ = os.pipe()
_source, sink = socket.socketpair()  # a pipe would be made larger
sink.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
for words, streams in (((good, "-"), {"stdout": sink}),
                       (("-", "-"), {"stdin": source, "stdout": sink})):
    process = subprocess.Popen([builder, "send", *words], **streams,
                               stderr=subprocess.PIPE)
    time.sleep(0.7)
    assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=20)[1]
    assert process.returncode == 1 and b"interrupted" in said, said
END
}

# ---- going wrong ------------------------------------------------------------

# What a row of the table is about: a fresh copy of the ready state.
make_cell() { # NAME
    cell=$BATS_TEST_TMPDIR/$1
    cp -a "$READY" "$cell"
    case $1 in
    silence) echo 'idle-seconds = 3' >"$cell/policy.conf" ;;
    trickle)
        printf '%s\n' 'idle-seconds = 10' 'rate-seconds = 3' \
            'rate-bytes = 65536' >"$cell/policy.conf"
        ;;
    esac
    echo 'updatevm = sys-update' >>"$cell/policy.conf"
}

# All rows of one carrier at once, for most of them wait.
goes_wrong() { # CARRIER TABLE: lines of FAULT STATUS CLASS WORDS
    local fault status class words cell
    while read -r fault _; do
        make_cell "$fault"
        (
            exec 3>&-
            "by_$1" "$fault" >"$cell/said" 2>&1 || true
            : >"$cell/ended"
        ) &
    done <<<"$2"
    wait_for_cells "$2"
    while read -r fault status class words; do
        judge_cell "$1" "$fault" "$status" "$class" "$words"
    done <<<"$2"
}

wait_for_cells() { # TABLE
    local fault
    while read -r fault _; do
        for _ in $(seq $((CEILING_SECONDS * 5))); do
            [ ! -e "$BATS_TEST_TMPDIR/$fault/ended" ] || break
            sleep 0.2
        done
    done <<<"$1"
}

judge_cell() { # CARRIER FAULT STATUS CLASS WORDS
    local cell=$BATS_TEST_TMPDIR/$2 status seconds peak said
    [ -s "$cell/measured" ] || fail "$1, $2: it does not end"
    read -r status seconds peak <"$cell/measured"
    said=$(cat "$cell/said")
    [[ $status =~ ^($3)$ ]] || fail "$1, $2: status $status, not $3" "$said"
    [ "$seconds" -lt $CEILING_SECONDS ] || fail "$1, $2: after $seconds s"
    is_test_build || [ "$peak" -lt $CEILING_KIB ] || fail "$1, $2: $peak KiB"
    if [ "$4" = ok ]; then
        assert_equal "$(readlink "$cell/state/updates/current")" generations/2
        return
    fi
    [[ $said =~ \(($4),\ ($5)\) || $said =~ "sallyport 1 "($4)" "($5) ]] ||
        fail "$1, $2: not ($4, $5)" "$said"
    assert_equal "$(repository_snapshot "$cell/state/updates")" \
        "$(repository_snapshot "$READY/state/updates")" "$1, $2: repository"
    state=$cell/state assert_no_leftovers
}

@test "standard input goes wrong" {
    goes_wrong stdin "truncated 4 transport truncated
silence 4 transport idle
trickle 4 transport too-slow
flood 5|8 format|digest member-padding|payload-digest-mismatch
behind 5 format trailing-data
garbage 5 format not-a-bundle"
}

@test "a qube that is pulled from goes wrong" {
    goes_wrong qube "truncated 4 transport truncated
silence 4 transport idle
trickle 4 transport too-slow
flood 5|8 format|digest member-padding|payload-digest-mismatch
behind 5 format trailing-data
garbage 5 format not-a-bundle"
}

@test "a qrexec call with a bundle goes wrong" {
    goes_wrong qrexec "truncated 1 transport truncated
silence 1 transport idle
trickle 1 transport too-slow
flood 1 format|digest member-padding|payload-digest-mismatch
behind 1 format trailing-data
garbage 1 name name-too-long"
}

@test "a qrexec call with a qfile stream goes wrong" {
    goes_wrong qfile "truncated 1 transport truncated
silence 1 transport idle
trickle 1 transport too-slow
flood 1 name|digest name-too-long|payload-digest-mismatch
behind 0 ok -
garbage 1 name name-too-long"
}

@test "a vchan goes wrong" {
    requires_vchan
    goes_wrong vchan "truncated 4 transport truncated
silence 4 transport idle
trickle 4 transport too-slow
flood 5|8 format|digest member-padding|payload-digest-mismatch
behind 5 format trailing-data
garbage 5 format not-a-bundle"
}

@test "a file goes wrong" {
    goes_wrong file "truncated 9 media truncated
flood 5|8 format|digest member-padding|payload-digest-mismatch
behind 5 format trailing-data
garbage 5 format not-a-bundle"
}

@test "a file on a disk that goes wrong" {
    requires fuse
    goes_wrong file "silence 4 transport idle
trickle 4 transport too-slow"
}

@test "a block device goes wrong" {
    requires fuse
    goes_wrong block "truncated 9 media truncated
silence 4 transport idle
trickle 4 transport too-slow
flood 5|8 format|digest member-padding|payload-digest-mismatch
behind 0 ok -
garbage 5 format not-a-bundle"
}
