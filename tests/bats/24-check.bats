#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sallyport-check alone, in its jail, under a parent and an unpack of our own:
# what it stores, what it hands on, and how it ends.

load helpers

setup() {
    requires real-jails
    export PYTHONDONTWRITEBYTECODE=1
    store=$BATS_TEST_TMPDIR/store
    mkdir -m 700 "$store"
}

# Runs the scene with all packages stored. The report is in $output.
check() { # SCENE [KEY=VALUE]...
    run python3 "$SP_TOP/tests/fake/check.py" "$SP_BUILD/sallyport-check" \
        "$store" "$1" "${@:2}" store=1 keep="${KEEP:-0}" now=2000000000 space=1000000000
    assert_equal "$status" 0 "parent: $output"
}

assert_line() { # LINE
    grep -qxF -- "$1" <<<"$output" || fail "no line '$1' in:" "$output"
}

assert_stored() { # NAME...
    assert_equal "$(ls "$store" | tr '\n' ' ')" "${*:+$* }" "stored"
}

# The run ends with this word and status, after so many messages.
assert_fault() { # WORD STATUS MESSAGES
    assert_line "fault $1"
    assert_line "exit $2"
    assert_line "messages $3"
}

@test "a bundle: manifest, request, packages, messages, files" {
    check good
    assert_line "manifest 3 1 27808"
    assert_line "request abababababababababababababababab"
    assert_line "1 accept hello 5963"
    assert_line "2 accept kio-stash-lang 2540"
    assert_line "3 accept rpm-basic 7281"
    assert_line "done 3"
    assert_line "messages 3 and an end of 3"
    assert_line "exit 0"
    assert_stored 000001.rpm 000002.rpm 000003.rpm
    assert_equal "$(stat -c %a "$store"/*.rpm | sort -u)" 600 mode
}

@test "evidence is stored as it came" {
    KEEP=1 check good
    assert_stored 000001.rpm 000002.rpm 000003.rpm e0001
    assert_equal "$(cat "$store/e0001")" metadata
    assert_equal "$(stat -c %a "$store/e0001")" 600 mode
}

@test "what is stored has the announced size and is its own canonical form" {
    check good
    assert_equal "$(stat -c %s "$store/000001.rpm")" 5963 size
    mv "$store" "$store.first"
    for file in "$store.first"/*; do
        mkdir -m 700 "$store"
        PACKAGE=$file check file
        cmp "$file" "$store/000001.rpm"
        rm -r "$store"
    done
}

@test "rpm finds digests and signature of a stored package good" {
    requires program rpmkeys
    check rpm
    db=$BATS_TEST_TMPDIR/rpmdb
    rpmkeys --dbpath "$db" --import \
        "$SP_TOP/tests/corpus/keys/rpm.org-rsa-2048-test.pub"
    run rpmkeys --dbpath "$db" --define '_pkgverify_level all' \
        --define '_pkgverify_flags 0x0' -Kv "$store/000001.rpm"
    assert_equal "$status" 0 "rpmkeys: $output"
    grep -q 'Header V4 RSA/SHA256 Signature.*: OK' <<<"$output"
    grep -q 'Payload SHA256 digest: OK' <<<"$output"
}

@test "an empty bundle is no fault" {
    check empty
    assert_line "done 0"
    assert_line "messages 0 and an end of 0"
    assert_stored
}

@test "a qfile: names are hints, a difference is noted" {
    check qfile
    assert_line "1 accept hello 5963"
    assert_line "2 accept kio-stash-lang 2540 noted"
    assert_line "done 3"
}

@test "a refused package ends the run" {
    check payload
    assert_line "2 refuse payload-digest-mismatch kio-stash-lang"
    assert_fault payload-digest-mismatch 8 1
    check unsigned
    assert_line "1 refuse no-header-signature -"
    assert_fault no-header-signature 10 0
}

@test "go-on: a refused package is skipped, its neighbours are judged" {
    check payload go-on=1
    assert_line "1 accept hello 5963"
    assert_line "2 refuse payload-digest-mismatch kio-stash-lang"
    assert_line "3 accept rpm-basic 7281"
    assert_line "done 3"
    assert_line "messages 2 and an end of 2"
    assert_line "exit 0"
}

@test "damage of the medium is told from forgery" {
    check manifest
    assert_fault manifest-digest 9 0
    check evidence
    assert_fault evidence-digest 9 0
    check head go-on=1
    assert_fault head-digest 9 1
}

@test "the bundle is what its MANIFEST says" {
    for scene in longer no-manifest short-head long-head; do
        check "$scene" go-on=1
        assert_fault manifest-member 5 0
        assert_stored
    done
    check fewer go-on=1
    assert_fault manifest-member 5 2
    rm "$store"/*
    check more go-on=1
    assert_fault manifest-member 5 3
    check big-manifest
    assert_fault manifest-size 6 0
}

@test "the name in MANIFEST is the verified one" {
    for scene in other-name other-epoch other-arch; do
        check "$scene"
        assert_line "1 refuse filename-mismatch hello"
        assert_fault filename-mismatch 7 0
        assert_stored
    done
}

@test "ceilings refuse before anything is stored" {
    check good max-files=2
    assert_fault too-many-files 6 0
    check good max-bytes=27807
    assert_fault too-many-bytes 6 0
    check good max-file=10952
    assert_fault file-too-large 6 0
    check good space=27807
    assert_fault space 19 0
    assert_stored
}

@test "without a MANIFEST ceilings hold from package to package" {
    check qfile max-files=2
    assert_fault too-many-files 6 2
    rm "$store"/*
    check qfile space=16846
    assert_fault space 19 1
}

@test "what is no package is refused as such" {
    for scene in text nothing-in-it; do
        check "$scene"
        assert_line "1 refuse not-rpm -"
        assert_fault not-rpm 5 0
    done
    check two-rpms
    assert_fault manifest-member 5 1
}

@test "a broken entry stream ends the run" {
    for scene in nothing breaks-off; do
        check "$scene"
        assert_fault truncated 4 0
        rm -f "$store"/*
    done
    for scene in no-start no-record wrong-sum wrong-count wrong-kind \
        wrong-index; do
        check "$scene"
        assert_fault protocol 1 0
    done
}

@test "a file that is there already is not touched" {
    echo mine >"$store/000001.rpm"
    check rpm
    assert_fault io 3 0
    assert_equal "$(cat "$store/000001.rpm")" mine content
}
