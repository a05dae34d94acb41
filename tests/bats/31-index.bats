#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The metadata of a generation: whoever writes it, it is what createrepo_c
# writes, byte for byte. sallyport-index alone, under a parent of our own,
# over all packages that there are; and what it refuses.

load helpers
load forge

setup_file() {
    FORGED=$(attack_table)
    export FORGED
}

has_indexer() {
    [ -x "$SP_BUILD/sallyport-index" ] ||
        skip "built without sallyport-index (WITH_CREATEREPO=0)"
}

# What createrepo_c writes of a folder that has rpm/, into $theirs.
theirs_of() { # FOLDER NUMBER REVISION [COMPS]
    theirs=$BATS_TEST_TMPDIR/theirs
    rm -rf "$theirs"
    mkdir "$theirs"
    env -i PATH=/usr/bin:/bin LC_ALL=C TZ=UTC createrepo_c --quiet \
        --no-database --general-compress-type=gz --checksum=sha256 \
        --revision "$3" --set-timestamp-to-revision \
        --location-prefix "generations/$2/" ${4:+--groupfile "$4"} \
        --outputdir "$theirs" "$1" 2>/dev/null
}

assert_same_metadata() { # FOLDER
    diff -r "$theirs/repodata" "$1" >&2 || fail "not what createrepo_c writes"
    [ -s "$1/repomd.xml" ]
}

# Publishes packages and compares.
assert_published_is_theirs() { # COMPS RPM...
    local comps=$1 generation revision
    shift
    python3 "$FORGE/bundle.py" "$BATS_TEST_TMPDIR/bundle" "$@"
    sp 0 ingest --any-request "file:$BATS_TEST_TMPDIR/bundle"
    generation=$(readlink -f "$repo/current")
    revision=$(sed -n 's|.*<revision>\(.*\)</revision>|\1|p' \
        "$generation/repodata/repomd.xml")
    theirs_of "$generation" "${generation##*/}" "$revision" "$comps"
    assert_same_metadata "$generation/repodata"
}

@test "what is published is what createrepo_c writes of it" {
    new_state
    assert_published_is_theirs "" "$FIXTURES"/rpms/*.rpm
    # With another number, and a revision that is not now.
    assert_published_is_theirs "" "$FIXTURES"/newer/*.rpm
    assert_equal "$(readlink "$repo/current")" generations/2
}

@test "with package groups it is, too" {
    local comps=$BATS_TEST_TMPDIR/groups.xml
    new_state
    printf '%s\n' '<?xml version="1.0" encoding="UTF-8"?>' '<comps>' \
        '<group><id>one</id><name>One &amp; only</name></group>' \
        '</comps>' >"$comps"
    echo "comps = $comps" >"$BATS_TEST_TMPDIR/policy.conf"
    assert_published_is_theirs "$comps" "$FIXTURES"/rpms/*.rpm
    compgen -G "$repo/repodata/*-groups.xml" >/dev/null || fail "no groups"
}

@test "of odd packages it is, too" {
    new_state
    rm -f "$keys"/*
    cp "$FORGED/keys/trusted.asc" "$keys/"
    mapfile -t files < <(awk -F'\t' -v dir="$FORGED/" \
        '$3 == "keys/trusted.asc" && $5 == "accept" { print dir $2 }' \
        "$FORGED/table.tsv")
    [ "${#files[@]}" -ge 5 ] || fail "only ${#files[@]} packages"
    assert_published_is_theirs "" "${files[@]}"
}

# All that librpm can read, each under a name of its own, in $stage.
gather() { # RPM...
    local file n=0
    stage=$BATS_TEST_TMPDIR/stage
    mkdir -p "$stage/rpm"
    for file in "$@"; do
        rpm --dbpath "$BATS_TEST_TMPDIR/db" --nosignature --nodigest -qp \
            "$file" >/dev/null 2>&1 || continue
        n=$((n + 1))
        cp -p "$file" "$stage/rpm/$n-$(basename "$file")"
    done
}

# Has it written by sallyport-index, into $ours. Sets $output.
write_ours() { # SCENE [KEY=VALUE...]
    ours=$BATS_TEST_TMPDIR/ours
    rm -rf "$ours"
    mkdir "$ours"
    run -0 python3 "$SP_TOP/tests/fake/index.py" "$SP_BUILD/sallyport-index" \
        "$stage" "$ours" "$@"
}

# Control characters stand in no XML: createrepo_c leaves such a package out
# and says so, and we refuse all of them. True when one was taken away.
leave_out_refused() {
    local name alone=$BATS_TEST_TMPDIR/alone
    [[ $output =~ "cannot describe '"([^\']+)"'" ]] || return 1
    name=${BASH_REMATCH[1]}
    rm -rf "$alone"
    mkdir "$alone"
    mv "$stage/rpm/$name" "$alone/"
    run createrepo_c --no-database "$alone"
    [[ $output == *"Cannot dump XML"* ]] || fail "$name: $output"
}

@test "of every real package, old, foreign and odd ones, it is the same" {
    local count
    has_indexer
    requires real-jails
    mapfile -t files < <(find "$SP_TOP/tests/corpus/rpms" "$FIXTURES" \
        "$FORGED" -name '*.rpm' | sort)
    gather "${files[@]}"
    write_ours good number=77 revision=1500000000
    for _ in 1 2 3 4 5; do
        leave_out_refused || break
        write_ours good number=77 revision=1500000000
    done
    count=$(find "$stage/rpm" -type f | wc -l)
    [ "$count" -ge 100 ] || fail "only $count packages"
    [[ $output == *"done $count"*"exit 0" ]] || fail "$output"
    theirs_of "$stage" 77 1500000000
    assert_same_metadata "$ours/repodata"
    echo "# $count packages" >&3
}

@test "groups that are packed already are taken as createrepo_c takes them" {
    local comps=$BATS_TEST_TMPDIR/comps.xml.gz
    has_indexer
    requires real-jails
    gather "$FIXTURES"/rpms/hello*.rpm
    echo '<comps/>' | gzip -n >"$comps"
    write_ours good number=1 revision=5 "comps=$comps"
    [[ $output == *"exit 0" ]] || fail "$output"
    theirs_of "$stage" 1 5 "$comps"
    assert_same_metadata "$ours/repodata"
}

@test "records that are not what they must be are refused" {
    local scene
    has_indexer
    requires real-jails
    gather "$FIXTURES"/rpms/*.rpm
    for scene in less more twice unordered magic reserved slash hidden \
        endless; do
        write_ours "$scene" number=1 revision=5
        [[ $output == *$'jailed\nfault protocol\n'* ]] ||
            fail "$scene: $output"
    done
    write_ours missing number=1 revision=5
    [[ $output == *"fault index"* ]] || fail "$output"
}

@test "a package that is none is no package of an index" {
    has_indexer
    requires real-jails
    gather "$FIXTURES"/rpms/hello*.rpm
    echo 'no package' >"$stage/rpm/zz.rpm"
    write_ours good number=1 revision=5
    [[ $output == *"fault index"*"exit 20"* ]] || fail "$output"
}

@test "what check did not hash is not published" {
    has_indexer
    requires real-jails
    new_state
    make_bundle "$BATS_TEST_TMPDIR/bundle" "$FIXTURES"/rpms/hello*.rpm
    bin=$BATS_TEST_TMPDIR/bin
    mkdir "$bin"
    cp "$SP_BUILD/sallyport" "${SP_WORKERS[@]}" "$bin"
    # The same worker, but nobody asks it for the digest.
    printf '#!/bin/bash\nexec %q "${@/#hash-stored=1/hash-stored=0}"\n' \
        "$SP_BUILD/sallyport-check" >"$bin/sallyport-check"
    run_program 1 "$bin/sallyport" ingest "${SP_OPTIONS[@]}" --any-request \
        --quiet "$BATS_TEST_TMPDIR/bundle"
    assert_detail disagreement
    [ ! -e "$repo/current" ] || fail "published"
}
