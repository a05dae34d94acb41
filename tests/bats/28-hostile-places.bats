#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The named cases of section I: what lies in the way where a delivery is
# stored and published, and an index tool that fails or lies.

load helpers

setup() {
    new_state
    good=$BATS_TEST_TMPDIR/good
    newer=$BATS_TEST_TMPDIR/newer
    make_bundle "$good" "$FIXTURES"/rpms/*.rpm
    make_bundle "$newer" "$FIXTURES"/newer/*.rpm
    mkdir "$repo"
    victim=$BATS_TEST_TMPDIR/victim
    mkdir "$victim"
    echo precious >"$victim/file"
    lost=0123456789abcdef0123456789abcdef.UNTRUSTED
}

teardown() {
    exec 9>&-
    [ -z "${mounted:-}" ] || umount --lazy "$mounted" 2>/dev/null || true
    [ -z "${frozen:-}" ] || chattr -i "$frozen" 2>/dev/null || true
}

untouched() {
    assert_equal "$(ls "$victim") $(cat "$victim/file")" 'file precious' victim
}

# It is done in spite of what lay there, once, and nothing is left of it.
taken_case() { # OPTION...
    local records
    records=$(history_records)
    sp 0 ingest --quiet --any-request "${@:-$good}"
    untouched
    assert_no_leftovers
    one_record "$records"
    case_ended 0 accept
}

refused() { # STATUS WORD [BUNDLE]
    refused_case "$1" "$2" --any-request "${3:-$good}"
    untouched
}

# The same, when it ends before there is a delivery of which to keep a record.
not_begun() { # STATUS WORD
    refuse_unbegun "$1" "$2" --any-request "$good"
    untouched
    case_ended "$1" "$2"
}

# An ingest that waits behind half of the bundle, a package in quarantine.
begin_half() {
    mkfifo "$BATS_TEST_TMPDIR/half"
    setsid "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request - \
        <"$BATS_TEST_TMPDIR/half" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
    job=$!
    exec 9>"$BATS_TEST_TMPDIR/half"
    half=$(($(stat -c %s "$good") / 2))
    head -c $half "$good" >&9
    for _ in $(seq 200); do
        ! compgen -G "$repo/*.UNTRUSTED/packages/*2.rpm" >/dev/null || return 0
        sleep 0.05
    done
    fail "nothing was stored: $(cat "$BATS_TEST_TMPDIR/said")"
}

# The rest of it, and how it ended.
end_half() { # STATUS WORD
    tail -c +$((half + 1)) "$good" >&9
    exec 9>&-
    status=0
    wait "$job" || status=$?
    output='' stderr=$(cat "$BATS_TEST_TMPDIR/said")
    assert_equal "$status" "$1" "$stderr"
    assert_refusal "$2" '' 0
    untouched
    case_ended "$1" "$2"
}

# Another program in the place of what writes the index, for one ingest.
with_index_tool() { # STATUS WORD [COMPILER-OPTION]
    local before real=/usr/bin/createrepo_c
    requires mounts
    [ ! -x "$SP_BUILD/sallyport-index" ] || real=$SP_BUILD/sallyport-index
    cc -D_GNU_SOURCE -I"$SP_TOP/src" "${@:3}" -o "$BATS_TEST_TMPDIR/tool" \
        "$SP_TOP/tests/fake/index-tool.c"
    before=$(repository_snapshot "$repo")
    run_program "$1" unshare --mount sh -c 'mount --bind "$1" "$2" &&
        shift 2 && exec "$@"' sh \
        "$BATS_TEST_TMPDIR/tool" "$real" "$SP_BUILD/sallyport" ingest \
        "${SP_OPTIONS[@]}" --progress=none --any-request "$good"
    assert_refusal "$2" "$before" 0
    case_ended "$1" "$2"
}

# ---- what was planted ----

@test "I01 a link in the place of a quarantine" {
    ln -s "$victim" "$repo/$lost"
    taken_case
}

@test "I02 links in the place of the repository and of its folders" {
    requires root
    # One that the owner made is followed; to another user's it is not.
    rmdir "$repo"
    ln -s "$victim" "$repo"
    chown -h 65534 "$victim"
    not_begun 3 state
    rm "$repo"
    mkdir "$repo"
    ln -s "$victim" "$repo/generations"
    refused 3 state # of the folders it hears when it publishes
    assert_equal "$(readlink "$repo/generations")" "$victim"
}

@test "I03 CVE-2021-35937 a repository of another user" {
    requires root
    chown 65534 "$repo"
    not_begun 3 state
}

@test "I04 a repository that others may write to" {
    chmod 777 "$repo"
    not_begun 3 state
    # A group may be the owner's own: doctor asks.
    chmod 775 "$repo"
    run "$SP_BUILD/sallyport" doctor "${SP_OPTIONS[@]}"
    [[ $output == *'others may write to it (mode 0775)'* ]] || fail "$output"
}

@test "I05 a second link to a package in quarantine" {
    begin_half
    ln "$repo"/*.UNTRUSTED/packages/000001.rpm "$BATS_TEST_TMPDIR/link"
    end_half 1 disagreement
}

@test "I06 a fifo in the place of a package in quarantine" {
    local package
    begin_half
    package=$(echo "$repo"/*.UNTRUSTED/packages/000001.rpm)
    rm "$package"
    mkfifo "$package"
    end_half 1 disagreement
}

@test "I07 a folder that cannot be changed" {
    requires root
    requires program chattr
    sp 0 ingest --quiet --any-request "$good"
    frozen=$repo/generations
    chattr +i "$frozen" || fail "no such attribute here"
    refused 20 publish "$newer"
    chattr -i "$frozen"
    sp 0 ingest --quiet --any-request "$newer"
}

@test "I08 a file system that is read-only" {
    requires mounts
    sp 0 ingest --quiet --any-request "$good"
    local before records
    before=$(repository_snapshot "$repo")
    records=$(history_records)
    run_program 3 unshare --mount sh -c 'mount --bind "$1" "$1" &&
        mount -o remount,bind,ro "$1" && shift && exec "$@"' sh "$repo" \
        "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --progress=none \
        --any-request "$newer"
    [[ $stderr == *'Read-only file system (io, state)'* ]] || fail "$stderr"
    assert_unchanged state "$before"
    no_record "$records"
    case_ended 3 state
}

@test "I09 another file system where the generations are" {
    requires mounts
    mkdir "$repo/generations"
    mounted=$repo/generations
    mount -t tmpfs -o mode=755 none "$mounted"
    refused 20 publish
}

@test "I10 no exchange of two names, and real folders of another tool" {
    requires program strace
    # What stock tools leave there becomes links by such an exchange, behind
    # the flip. Where there is none, the old folders stay whole and seen.
    mkdir "$repo/rpm" "$repo/repodata"
    cp "$FIXTURES"/rpms/hello*.rpm "$repo/rpm/"
    echo old >"$repo/repodata/repomd.xml"
    run --separate-stderr env ASAN_OPTIONS=detect_leaks=0 strace \
        -o "$BATS_TEST_TMPDIR/log" -e trace=renameat2 \
        -e inject=renameat2:error=EINVAL:when=9+ "$SP_BUILD/sallyport" ingest \
        "${SP_OPTIONS[@]}" --any-request --json "$good"
    grep -q 'EXCHANGE.*INJECTED' "$BATS_TEST_TMPDIR/log" ||
        fail "$(cat "$BATS_TEST_TMPDIR/log")"
    assert_equal "$status" 20
    [[ $output == *'"detail":"publish"'*'"published":true'* ||
        $output == *'"published":true'*'"detail":"publish"'* ]] ||
        fail "$output"
    assert_equal "$(ls "$repo/rpm") $(cat "$repo/repodata/repomd.xml")" \
        "$(basename "$FIXTURES"/rpms/hello*.rpm) old"
    assert_no_leftovers
    one_record 0
    case_ended 20 '!publish'
    # The next run mends it.
    sp 0 ingest --quiet --any-request "$good"
    assert_equal "$(readlink "$repo/rpm" "$repo/repodata" | xargs)" \
        'current/rpm current/repodata'
}

@test "I11 what runs that died left half done" {
    sp 0 ingest --quiet --any-request "$good"
    cp -r "$repo/generations/1" "$repo/generations/2"
    mkdir -p "$repo/$lost/packages" "$repo/generations/.removed/rpm"
    echo half >"$repo/$lost/packages/000001.rpm"
    ln -s generations/2 "$repo/.current.new"
    : >"$state/history/.00000000000000000000000000000000.new"
    taken_case "$newer"
    assert_equal "$(cd "$repo" && echo .[a-z]* generations/*)" \
        '.lock generations/1 generations/2'
    assert_equal "$(cd "$repo/rpm" && ls)" "$(cd "$FIXTURES/newer" && ls)"
}

@test "I12 the lock of a process that was killed" {
    begin_half
    kill -KILL -- "$(pgrep -f "^$SP_BUILD/sallyport ingest.*$state")"
    wait "$job" || true
    exec 9>&-
    grep -qx '[0-9]*' "$repo/.lock"
    taken_case
}

# ---- the process itself ----

# Modes, times and bytes of what is published by an ingest that is run so.
published_by() { # COMMAND...
    rm -rf "$state"
    mkdir -p "$state"
    "$@" "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request --quiet \
        "$good" || fail "it failed"
    (cd "$repo/generations" && repository_snapshot .)
}

@test "I13 a umask of 000, of 077" {
    local want mask
    want=$(published_by env)
    for mask in 000 077; do
        # shellcheck disable=SC2016 # the inner shell expands
        assert_equal "$(published_by sh -c 'umask '$mask' && exec "$@"' sh)" \
            "$want" "umask $mask"
        assert_equal "$(find "$repo" -perm /022 ! -type l)" '' 'writable'
        assert_no_leftovers
        one_record 0
        case_ended 0 accept
    done
}

@test "I14 closed standard descriptors" {
    local want
    want=$(published_by env)
    # shellcheck disable=SC2016 # the inner shell expands
    assert_equal "$(published_by sh -c 'exec "$@" <&- >&- 2>&-' sh)" "$want"
    assert_no_leftovers
    one_record 0
    case_ended 0 accept
}

# ---- the index ----

@test "I15 the index tool fails" {
    with_index_tool 20 index -DFAILS
}

@test "I16 the index tool writes what is no index" {
    with_index_tool 20 index
}

# ---- labels ----

@test "I17 labels that a folder hands down give nobody a right" {
    # A default list: read, write and search for the group and for user 65534.
    python3 - "$repo" <<'END' || skip "this file system has no such lists"
import os, struct, sys
entry = struct.Struct("<HHI")
NOBODY = 0xFFFFFFFF
os.setxattr(sys.argv[1], "system.posix_acl_default", struct.pack("<I", 2) +
            entry.pack(1, 7, NOBODY) + entry.pack(2, 7, 65534) +
            entry.pack(4, 7, NOBODY) + entry.pack(16, 7, NOBODY) +
            entry.pack(32, 5, NOBODY))
END
    taken_case
    assert_equal "$(find "$repo/generations/1" -perm /022 ! -type l)" '' \
        'writable by the mask of a list'
}
