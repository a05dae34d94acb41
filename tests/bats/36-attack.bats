#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Attacks from many sides that once got further than they should have.

load helpers

setup() {
    new_state
}

ingest() { # STATUS SOURCE [OPTION]...
    local want=$1
    shift
    sp "$want" ingest --any-request --quiet "$@"
}

# old, new: hello 1.0-1.fc41 and fc42; other: a package of another name.
three_bundles() {
    old=$BATS_TEST_TMPDIR/old new=$BATS_TEST_TMPDIR/new
    other=$BATS_TEST_TMPDIR/other
    make_bundle "$old" "$FIXTURES"/rpms/hello*.rpm
    make_bundle "$new" "$FIXTURES"/newer/hello*.rpm
    make_bundle "$other" "$FIXTURES"/rpms/sp-e*.rpm
}

# The power fails between the flip and the notes about it.
forget_notes() {
    rm -f "$state/floor" "$state/clock" "$state/highest"
}

@test "a crash before the notes does not lower the floor for the one after" {
    three_bundles
    ingest 0 "$new"
    forget_notes
    ingest 0 "$other"
    ingest 15 "$old"
    assert_detail downgrade
}

@test "a crash before the notes does not lower the floor by a rollback" {
    three_bundles
    ingest 0 "$other"
    ingest 0 "$new"
    forget_notes
    sp 0 rollback
    assert_equal "$(readlink "$repo/current")" generations/1
    ingest 15 "$old"
    assert_detail downgrade
    # And the number is not given out again.
    [ -e "$repo/generations/2/packages" ] || fail "generation 2 is gone"
}

@test "a crash before the notes: a run with nothing to do makes up for them" {
    three_bundles
    ingest 0 "$new"
    cp -r "$state" "$BATS_TEST_TMPDIR/kept"
    forget_notes
    ingest 0 "$new"
    for file in floor clock highest; do
        cmp "$state/$file" "$BATS_TEST_TMPDIR/kept/$file" || fail "$file"
    done
}

@test "what runs that died left in the state goes" {
    three_bundles
    ingest 0 "$old"
    local digest name=.00000000000000000000000000000000.new
    digest=$(basename "$state"/keyhome/*)
    mkdir -p "$state/keyhome/$digest.new/keys" "$repo/generations/.removed/rpm"
    : >"$state/keyhome/$digest.new/keys/000"
    : >"$state/history/$name"
    : >"$repo/generations/.removed/rpm/half"
    ingest 0 "$old"
    assert_no_leftovers
    [ ! -e "$repo/generations/.removed" ] || fail "a half generation is left"
}

@test "an old kernel alone is a rollback, beside a newer one it is not" {
    three_bundles
    echo 'installonly = hello' >"$BATS_TEST_TMPDIR/policy.conf"
    both=$BATS_TEST_TMPDIR/both
    make_bundle "$both" "$FIXTURES"/rpms/hello*.rpm "$FIXTURES"/newer/hello*.rpm
    ingest 0 "$new"
    ingest 15 "$old"
    assert_detail downgrade
    ingest 0 "$both"
    ingest 0 "$old" --allow-downgrade hello
}

@test "a worker that never stops reporting is not waited for" {
    three_bundles
    bin=$BATS_TEST_TMPDIR/bin
    mkdir "$bin"
    cp "$SP_BUILD/sallyport" "$SP_BUILD"/sallyport-{check,verify} "$bin"
    cp "$SP_TOP/tests/fake/worker.py" "$bin/sallyport-unpack"
    echo progress_flood >"$bin/MODE"
    echo 'idle-seconds = 2' >"$BATS_TEST_TMPDIR/policy.conf"
    SECONDS=0
    run_program 4 "$bin/sallyport" ingest "${SP_OPTIONS[@]}" \
        --any-request --quiet "$old"
    assert_detail idle
    [ "$SECONDS" -lt 6 ] || fail "the deadline came after $SECONDS s"
}

@test "no file takes the place of a closed standard descriptor" {
    mkfifo "$BATS_TEST_TMPDIR/slow"
    bash -c 'exec 3<>"$0" <"$0" >&- 2>&-; exec "$@"' \
        "$BATS_TEST_TMPDIR/slow" "$SP_BUILD/sallyport" ingest \
        "${SP_OPTIONS[@]}" --any-request - &
    pid=$!
    for _ in {1..50}; do
        [ -e "$repo/.lock" ] && break
        sleep 0.1
    done
    places=$(readlink "/proc/$pid/fd/1" "/proc/$pid/fd/2")
    kill -TERM "$pid"
    wait "$pid" || :
    assert_equal "$places" $'/dev/null\n/dev/null'
}

@test "an index that leaves a package out is not published" {
    requires program gcc
    requires real-jails
    make_bundle "$BATS_TEST_TMPDIR/all" "$FIXTURES"/rpms/*.rpm
    gcc -D_GNU_SOURCE -shared -fPIC -o "$BATS_TEST_TMPDIR/unreadable.so" \
        "$SP_TOP/tests/fake/unreadable.c"
    LD_PRELOAD=$BATS_TEST_TMPDIR/unreadable.so \
        run_program 20 "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" \
        --any-request --quiet "$BATS_TEST_TMPDIR/all"
    assert_detail index
    [ ! -e "$repo/current" ] || fail "something was published"
    assert_no_leftovers
}

@test "SIGTERM while the index is made: interrupted at once, nothing changed" {
    requires mounts # a slow index tool is put in the place of the real one
    tool=/usr/bin/createrepo_c
    [ ! -x "$SP_BUILD/sallyport-index" ] || tool=$SP_BUILD/sallyport-index
    slow=$BATS_TEST_TMPDIR/slow
    printf '%s\n' '#include <unistd.h>' 'int main(void) { return pause(); }' |
        cc -x c -o "$slow" -
    make_bundle "$BATS_TEST_TMPDIR/index.bundle" "$FIXTURES"/rpms/hello*.rpm
    unshare --mount sh -c 'mount --bind "$1" "$2" &&
        shift 2 && exec "$@"' sh "$slow" "$tool" \
        "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request --quiet \
        "$BATS_TEST_TMPDIR/index.bundle" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
    job=$!
    for _ in $(seq 600); do
        pgrep -f "${tool##*/}.*$state" >/dev/null && break
        sleep 0.05
    done
    SECONDS=0
    pkill -TERM -f "^$SP_BUILD/sallyport ingest.*$state"
    wait "$job" || true
    [ "$SECONDS" -lt 5 ] || fail "it took $SECONDS s"
    grep -q interrupted "$BATS_TEST_TMPDIR/err" ||
        fail "$(cat "$BATS_TEST_TMPDIR/err")"
    [ ! -e "$repo/current" ] || fail "published"
    assert_no_leftovers
}

@test "a clock that cannot be read is no clock that knows nothing" {
    three_bundles
    ingest 0 "$other"
    local before
    before=$(repository_snapshot "$repo")
    for text in '' x -1 99999999999999999999; do
        echo "$text" >"$state/clock"
        ingest 3 "$new"
        assert_detail state
        assert_equal "$(repository_snapshot "$repo")" "$before"
    done
    sp 0 state reset clock --reason 'a bad disk'
    ingest 0 "$new"
}
