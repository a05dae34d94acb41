#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One clear answer to each fault: class, word, and a message that says what
# happened, what was not changed and what to do next.

load helpers
load forge

setup() {
    new_state
    bundle=$BATS_TEST_TMPDIR/good.bundle
    python3 "$FORGE/bundle.py" "$bundle" "$FIXTURES"/rpms/hello-*.rpm
    sp 0 ingest --any-request "file:$bundle"
    next=$BATS_TEST_TMPDIR/next.bundle
    python3 "$FORGE/bundle.py" "$next" "$FIXTURES"/newer/*.rpm
    before=$(repository_snapshot "$repo")
}

# The message has all three parts, and the old generation is as it was.
assert_fault() { # CLASS WORD WHAT
    [[ $stderr == *"($1, $2)"* ]] || fail "not ($1, $2):" "$stderr"
    [[ $stderr == *"$3"* ]] || fail "it does not name '$3':" "$stderr"
    [[ $stderr == *"is unchanged."* ]] || fail "state is not told:" "$stderr"
    [[ $stderr == *"Next: "* ]] || fail "no next step:" "$stderr"
    assert_equal "$(repository_snapshot "$repo")" "$before" "repository"
    assert_no_leftovers
}

# fault STATUS CLASS WORD WHAT INGEST-ARGS...
fault() {
    local status_wanted=$1 class=$2 word=$3 what=$4
    shift 4
    sp "$status_wanted" ingest --any-request "$@"
    assert_fault "$class" "$word" "$what"
}

# ---- the source -------------------------------------------------------------

@test "an empty file" {
    : >"$BATS_TEST_TMPDIR/empty"
    fault 5 format empty empty "file:$BATS_TEST_TMPDIR/empty"
}

@test "a file that ends early" {
    head -c 3000 "$next" >"$BATS_TEST_TMPDIR/short"
    fault 9 media truncated "breaks off at byte 3000" "file:$BATS_TEST_TMPDIR/short"
}

@test "a file that is no bundle" {
    head -c 3000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/text"
    fault 5 format not-a-bundle bundle "file:$BATS_TEST_TMPDIR/text"
}

@test "a single package in place of a bundle" {
    fault 5 format not-a-bundle bundle \
        "file:$(echo "$FIXTURES"/rpms/hello-*.rpm)"
}

@test "a file that is not there" {
    fault 3 io not-found no-such-file "file:$BATS_TEST_TMPDIR/no-such-file"
}

@test "a directory" {
    sp 3 ingest --any-request "file:$BATS_TEST_TMPDIR"
    [[ $stderr == *"$BATS_TEST_TMPDIR"* ]] || fail "$stderr"
    assert_equal "$(repository_snapshot "$repo")" "$before"
}

@test "a device that never ends" {
    run_program 3 "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" \
        --any-request file:/dev/zero
    [[ $stderr == *"/dev/zero"* ]] || fail "$stderr"
    assert_equal "$(repository_snapshot "$repo")" "$before"
    assert_no_leftovers
}

@test "a name of another program's carrier" {
    sp 2 ingest --any-request "ftp:/x"
    [[ $stderr == *"ftp"* && $stderr == *"file"* ]] || fail "$stderr"
    assert_equal "$(repository_snapshot "$repo")" "$before"
}

@test "closed standard input" {
    # shellcheck disable=SC2016 # the inner shell expands
    run --separate-stderr sh -c '"$@" <&-' sh "$SP_BUILD/sallyport" ingest \
        "${SP_OPTIONS[@]}" --any-request -
    assert_equal "$status" 2
    assert_fault usage usage "standard input is closed"
    assert_equal "$(repository_snapshot "$repo")" "$before"
    assert_no_leftovers
}

@test "standard input that is a folder" {
    run --separate-stderr "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" \
        --any-request - <"$BATS_TEST_TMPDIR"
    assert_equal "$status" 2
    assert_fault usage usage "standard input is a directory"
    assert_equal "$(repository_snapshot "$repo")" "$before"
}

@test "standard input that says nothing more" {
    run --separate-stderr bash -c 'head -c 3000 "$1" | "${@:2}"' bash \
        "$next" "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" \
        --any-request -
    assert_equal "$status" 4
    assert_fault transport truncated "breaks off at byte 3000"
}

@test "a source that may not be read" {
    requires root
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
    chown -R 65534:65534 "$state"
    before=$(repository_snapshot "$repo")
    chmod 600 "$next"
    run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups \
        "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request \
        "file:$next"
    assert_equal "$status" 3
    assert_fault io io "$next"
}

@test "a device that fails in the middle" {
    requires root
    requires program losetup
    cp "$next" "$BATS_TEST_TMPDIR/device"
    truncate -s 1M "$BATS_TEST_TMPDIR/device"
    device=$(losetup --find --show --read-only "$BATS_TEST_TMPDIR/device") ||
        skip "no loop devices here"
    # The file shrinks below its device: reads behind its end fail.
    truncate -s 40960 "$BATS_TEST_TMPDIR/device"
    run --separate-stderr "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" \
        --any-request "file:$device"
    losetup --detach "$device"
    [ "$status" != 0 ] || fail "published"
    assert_equal "$(repository_snapshot "$repo")" "$before"
    assert_no_leftovers
}

# ---- keys -------------------------------------------------------------------

@test "no key files" {
    rm -f "$keys"/*
    fault 14 key no-keys "$keys" "file:$next"
}

@test "no key directory" {
    rm -rf "$keys"
    fault 14 key no-keys "$keys" "file:$next"
}

@test "a key file without a key" {
    echo "no key" >"$keys/key-rsa.asc"
    fault 14 key key-file "no key in it" "file:$next"
}

@test "a key directory that may not be read" {
    requires user
    chmod 0 "$keys"
    run_program 14 "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" \
        --any-request "file:$next"
    chmod 755 "$keys"
    assert_fault key key-file "$keys"
}

@test "a key that is not there any more refuses what it signed" {
    cp "$FIXTURES/key-foreign.asc" "$keys/key-rsa.asc"
    fault 14 key no-key hello "file:$next"
}

# ---- options ----------------------------------------------------------------

@test "wrong options are status 2 and touch nothing" {
    for wrong in "--no-such-option" "--json=yes" "--color=blue" \
        "--progress=loud" "--allow-new" "one two"; do
        # shellcheck disable=SC2086 # words
        sp 2 ingest $wrong
        [[ $stderr == *--help* ]] || fail "$wrong:" "$stderr"
    done
    sp 2 ingest
    assert_equal "$(repository_snapshot "$repo")" "$before"
}

@test "a policy file with an unknown key" {
    echo "trust-everything = yes" >"$BATS_TEST_TMPDIR/policy.conf"
    fault 15 policy policy-file "line 1 of '$BATS_TEST_TMPDIR/policy.conf'" "file:$next"
}

@test "a delivery that nobody asked for names the option" {
    sp 15 ingest "file:$next"
    assert_fault policy unsolicited "--any-request"
}

# ---- ceilings ---------------------------------------------------------------

# A MANIFEST alone is enough: nothing is stored before it is judged.
announce() { # PYTHON-EXPRESSION for the bytes of the bundle
    python3 -c "
import sys
sys.path.insert(0, '$FORGE')
import bundle, manifests
s = manifests.Set()
line = s.one.line(1)
sys.stdout.buffer.write($1)" >"$BATS_TEST_TMPDIR/announced"
}

@test "more packages than the ceiling" {
    announce "bundle.around(bundle.seal('bundle 1\n' + ''.join(
        line.replace('p000001', 'p%06d' % n).replace('alpha', 'a%06d' % n)
        for n in range(1, 16386)) + 'total 0 0\n'), [])"
    fault 6 limit too-many-files many "file:$BATS_TEST_TMPDIR/announced"
}

@test "more bytes than the disk has" {
    announce "bundle.around(bundle.seal('bundle 1\n' + ''.join(
        line.replace('p000001', 'p%06d' % n).replace('alpha', 'a%06d' % n)
        .replace(' %d ' % s.one.size, ' %d ' % (8 * 2**30 - 1))
        for n in range(1, 101)) + 'total 100 %d\n' % (
            100 * (8 * 2**30 - 1))), [])"
    fault 19 space space "free" "file:$BATS_TEST_TMPDIR/announced"
}

# ---- places -----------------------------------------------------------------

@test "a full disk" {
    requires root
    mkdir "$BATS_TEST_TMPDIR/small"
    mount -t tmpfs -o size=900k,mode=700 tmpfs "$BATS_TEST_TMPDIR/small" ||
        skip "no mounts here"
    python3 "$FORGE/bundle.py" "$BATS_TEST_TMPDIR/all" "$FIXTURES"/rpms/*.rpm
    run --separate-stderr "$SP_BUILD/sallyport" ingest --any-request \
        --state-dir "$BATS_TEST_TMPDIR/small" --keys "$keys" \
        --policy "$BATS_TEST_TMPDIR/policy.conf" \
        "file:$BATS_TEST_TMPDIR/all"
    left=$(find "$BATS_TEST_TMPDIR/small" -name '*.UNTRUSTED' -o -name '*.rpm')
    umount "$BATS_TEST_TMPDIR/small"
    assert_equal "$status" 19
    assert_equal "$left" ""
    assert_fault space space "space"
}

@test "a repository that is read-only" {
    requires root
    mount --bind "$repo" "$repo" || skip "no mounts here"
    mount -o remount,bind,ro "$repo"
    run --separate-stderr "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" \
        --any-request "file:$next"
    umount "$repo"
    assert_equal "$status" 3
    [[ $stderr == *"$repo"* || $stderr == *"ead-only"* ]] || fail "$stderr"
    assert_equal "$(repository_snapshot "$repo")" "$before"
    assert_no_leftovers
}

@test "a state directory that is a file" {
    echo x >"$BATS_TEST_TMPDIR/file"
    run_program 3 "$SP_BUILD/sallyport" ingest --any-request \
        --state-dir "$BATS_TEST_TMPDIR/file" --keys "$keys" "file:$next"
    [[ $stderr == *"$BATS_TEST_TMPDIR/file"* ]] || fail "$stderr"
}

# ---- time -------------------------------------------------------------------

# Starts an ingest that waits for its source; $pid is its process.
start_waiting() {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    setsid "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request - \
        <"$BATS_TEST_TMPDIR/fifo" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    pid=$!
    exec 7>"$BATS_TEST_TMPDIR/fifo"
    for _ in $(seq 100); do
        compgen -G "$repo/*.UNTRUSTED" >/dev/null && return
        sleep 0.1
    done
    fail "it did not start" "$(cat "$BATS_TEST_TMPDIR/out")"
}

assert_session_empty() { # SID
    for _ in $(seq 50); do
        [ -n "$(ps -o pid= --sid "$1")" ] || return 0
        sleep 0.1
    done
    fail "left running:" "$(ps -o pid,args --sid "$1")"
}

@test "a second ingest is busy, and the first goes on" {
    start_waiting
    sp 18 ingest --any-request "file:$next"
    [[ $stderr == *"(busy, busy)"* && $stderr == *"$pid"* ]] || fail "$stderr"
    assert_equal "$(find "$repo/" -maxdepth 1 -name '*.UNTRUSTED' | wc -l)" 1
    cat "$next" >&7
    exec 7>&-
    wait "$pid" || fail "the first one: $(cat "$BATS_TEST_TMPDIR/out")"
    assert_equal "$(readlink "$repo/current")" generations/2
    assert_no_leftovers
}

@test "an interrupt ends it with one sentence and leaves nothing" {
    start_waiting
    kill -INT "$pid"
    # Open till then: a carrier that ends first is another fault.
    wait "$pid" && fail "success"
    exec 7>&-
    assert_session_empty "$pid"
    stderr=$(cat "$BATS_TEST_TMPDIR/out")
    assert_fault internal interrupted ""
}

@test "killed while it waits: nothing changes, the next run cleans up" {
    start_waiting
    kill -KILL "$pid"
    exec 7>&-
    wait "$pid" || true
    assert_session_empty "$pid"
    sp 0 ingest --any-request "file:$next"
    assert_equal "$(readlink "$repo/current")" generations/2
    assert_no_leftovers
}

# Old or new, never half; every process goes; the next run is in order.
@test "killed at any moment: the old repository or the new one" {
    old=$(cd "$repo/rpm/" && sha256sum ./*.rpm)
    for moment in 5 15 25 35 50 70 90 120 160 200 260 330 400; do
        setsid "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request \
            "file:$next" >/dev/null 2>&1 3>&- &
        pid=$!
        sleep "$(printf '0.%03d' "$moment")"
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" || true
        assert_session_empty "$pid"
        case $(readlink "$repo/current") in
        generations/1)
            assert_equal "$(cd "$repo/rpm/" && sha256sum ./*.rpm)" "$old"
            ;;
        *)
            for package in "$FIXTURES"/newer/*.rpm; do
                [ -f "$repo/rpm/$(basename "$package")" ] ||
                    fail "half a generation after $moment ms"
            done
            [ -f "$repo/repodata/repomd.xml" ] || fail "no index"
            break
            ;;
        esac
    done
    sp 0 ingest --any-request "file:$next"
    assert_no_leftovers
    for package in "$FIXTURES"/newer/*.rpm; do
        [ -f "$repo/rpm/$(basename "$package")" ] || fail "$package"
    done
}
