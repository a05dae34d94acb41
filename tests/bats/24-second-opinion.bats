#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Others must agree with what we publish: rpm in its strictest mode,
# createrepo_c, rpm2cpio and dnf, over the odd but good packages of the attack
# table, over the real ones of the corpus and over packages that rpmbuild and
# rpmsign made.

load helpers
load forge

setup_file() {
    FORGED=$(attack_table)
    export FORGED
}

# Publishes the packages that must be accepted under a key file of the forge.
publish_forged() { # KEY
    mapfile -t files < <(awk -F'\t' -v key="keys/$1.asc" -v dir="$FORGED/" \
        '$3 == key && $5 == "accept" { print dir $2 }' "$FORGED/table.tsv")
    [ "${#files[@]}" -gt 0 ] || fail "no rows of key $1"
    publish "$FORGED/keys/$1.asc"
}

# Publishes files in a state of its own, which trusts one key file.
publish() { # KEY-FILE
    rm -rf "$BATS_TEST_TMPDIR/state" "$BATS_TEST_TMPDIR/keys"
    new_state
    rm "$keys"/*
    cp "$1" "$keys/"
    echo 'max-age = 0' >"$BATS_TEST_TMPDIR/policy.conf"
    python3 "$FORGE/bundle.py" "$BATS_TEST_TMPDIR/bundle" "${files[@]}"
    sp 0 ingest --any-request "file:$BATS_TEST_TMPDIR/bundle"
    assert_equal "$(find "$repo/rpm/" -name '*.rpm' | wc -l)" "${#files[@]}"
}

# rpm with nothing but our key, every check on.
strict_rpmkeys() { # ARGS...
    rpmkeys --dbpath "$BATS_TEST_TMPDIR/rpmdb" \
        --define '_pkgverify_level all' --define '_pkgverify_flags 0x0' "$@"
}

import_keys() { # KEY-FILE...
    rm -rf "$BATS_TEST_TMPDIR/rpmdb"
    strict_rpmkeys --import "$@"
}

# What is published, once the keys are imported.
assert_rpm_agrees() {
    run strict_rpmkeys -K "$repo"/rpm/*.rpm
    [ "$status" = 0 ] || fail "$(grep -v 'signatures OK$' <<<"$output")"
    # "digests signatures OK" and no other wording.
    assert_equal "$(grep -cv ': digests signatures OK$' <<<"$output")" 0
    assert_same_names
}

names_by_rpm() { # FORMAT PACKAGE...
    local format=$1
    shift
    rpm --dbpath "$BATS_TEST_TMPDIR/rpmdb" -qp --nosignature \
        --queryformat "$format\n" "$@" | sort
}

# rpm reads the names that `verify` read and ingest published.
assert_same_names() {
    sp 0 verify "${files[@]}"
    assert_equal "$(cut -f5 <<<"$output" | sort)" \
        "$(names_by_rpm '%{nevra}' "${files[@]}")" "names before"
    assert_equal "$(cd "$repo/rpm" && printf '%s\n' *.rpm | sort)" \
        "$(names_by_rpm '%{nvra}.rpm' "$repo"/rpm/*.rpm)" "published names"
}

# A key that rpm cannot read gives it no opinion. Which keys those are is told
# here, so that no other is passed over; an rpm that reads one must agree.
assert_rpm_agrees_or_is_blind() { # KEY-FILE
    if import_keys "$1"; then
        assert_rpm_agrees
    else
        echo "# this rpm cannot read $(basename "$1")" >&3
        assert_same_names
    fi
}

@test "every key of the attack table is asked about here" {
    assert_equal "$(awk -F'\t' '$5 == "accept" { print $3 }' \
        "$FORGED/table.tsv" | sort -u | xargs -n 1 basename -s .asc | xargs)" \
        "ed25519 hostile-uid other-subkey-expired p256 subkey trusted"
}

@test "rpm, strict, accepts every odd RSA package that we publish" {
    publish_forged trusted
    import_keys "$keys"/*
    assert_rpm_agrees
}

@test "rpm, strict, accepts what an Ed25519 key signed" {
    publish_forged ed25519
    import_keys "$keys"/*
    assert_rpm_agrees
}

@test "rpm, strict, accepts what a subkey signed" {
    publish_forged subkey
    import_keys "$keys"/*
    assert_rpm_agrees
}

@test "rpm, strict, accepts what a key with a hostile user id signed" {
    publish_forged hostile-uid
    import_keys "$keys"/*
    assert_rpm_agrees
}

# It cannot read the key file with the expired subkey: the same key without.
@test "rpm, strict, accepts the living subkey beside an expired one" {
    publish_forged other-subkey-expired
    import_keys "$FORGED/keys/subkey.asc"
    assert_rpm_agrees
}

@test "rpm, strict, accepts what a P-256 key signed, where it can" {
    publish_forged p256
    assert_rpm_agrees_or_is_blind "$keys/p256.asc"
}

@test "rpm, strict, accepts every package of the corpus that we publish" {
    local corpus=$SP_TOP/tests/corpus count=0
    while read -r file key; do
        files=("$corpus/rpms/$file")
        publish "$corpus/keys/$key"
        case $key in
        alice.asc) assert_rpm_agrees_or_is_blind "$keys/$key" ;;
        *)
            import_keys "$keys/$key"
            assert_rpm_agrees
            ;;
        esac
        count=$((count + 1))
    done < <(awk -F'\t' '$3 == "accept" { print $1, $2 }' \
        "$corpus/rpms/expect.tsv")
    assert_equal "$count" 7
}

@test "rpm, strict, accepts packages of rpmbuild and rpmsign" {
    files=("$FIXTURES"/rpms/*)
    publish "$FIXTURES/key-rsa.asc"
    import_keys "$keys"/*
    assert_rpm_agrees
}

@test "what rpm prints of a published package is what it printed before" {
    files=("$FIXTURES"/rpms/*)
    publish "$FIXTURES/key-rsa.asc"
    for before in "$FIXTURES"/rpms/*.rpm; do
        after=$repo/rpm/$(basename "$before")
        for query in -qpi -qplv "-qp --scripts --requires --provides" \
            "-qp --changelog"; do
            # shellcheck disable=SC2086 # several options
            assert_equal \
                "$(rpm --dbpath "$BATS_TEST_TMPDIR/db" $query "$after")" \
                "$(rpm --dbpath "$BATS_TEST_TMPDIR/db" $query "$before")"
        done
        cmp <(rpm2cpio "$before") <(rpm2cpio "$after")
    done
}

@test "createrepo_c reads every published package" {
    publish_forged trusted
    mkdir "$BATS_TEST_TMPDIR/again"
    cp "$repo"/rpm/*.rpm "$BATS_TEST_TMPDIR/again/"
    run createrepo_c --no-database "$BATS_TEST_TMPDIR/again"
    [ "$status" = 0 ] || fail "$output"
    [[ ! $output =~ [Ww]arning|[Ee]rror ]] || fail "$output"
    assert_equal "$(zgrep -o 'packages="[0-9]*"' \
        "$BATS_TEST_TMPDIR"/again/repodata/*-primary.xml.gz)" \
        "packages=\"${#files[@]}\""
}

# The status of rpm2cpio compares with the archive size of the signature
# header (tag 1007). Nobody signed it, so we do not pass it on: status 1.
@test "rpm2cpio gives the bytes that the packager packed" {
    publish_forged trusted
    for before in "${files[@]}"; do
        name=forge-$(basename "$before" .rpm | tr '[:upper:]' '[:lower:]')
        rpm2cpio "$before" >"$BATS_TEST_TMPDIR/before" || true
        rpm2cpio "$repo/rpm/$name"-1.0-1.noarch.rpm \
            >"$BATS_TEST_TMPDIR/after" || true
        grep -aq hello "$BATS_TEST_TMPDIR/after" || fail "$name"
        cmp "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
    done
}

@test "dnf lists the published repository, with signature checks on" {
    publish_forged trusted
    mkdir "$BATS_TEST_TMPDIR/log"
    run dnf --quiet --installroot "$BATS_TEST_TMPDIR/root" --releasever 1 \
        --setopt "cachedir=$BATS_TEST_TMPDIR/cache" \
        --setopt "logdir=$BATS_TEST_TMPDIR/log" \
        --setopt "reposdir=$BATS_TEST_TMPDIR/none" \
        --repofrompath "sp,file://$repo" --setopt sp.gpgcheck=1 \
        --repo sp repoquery --queryformat '%{name}'
    [ "$status" = 0 ] || fail "$output" "$stderr"
    want=$(for f in "${files[@]}"; do
        echo "forge-$(basename "$f" .rpm)"
    done | tr '[:upper:]' '[:lower:]' | sort)
    assert_equal "$(grep '^forge-' <<<"$output" | sort)" "$want"
}
