#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Others must agree with what we publish: rpm in its strictest mode,
# createrepo_c, rpm2cpio and dnf, over the odd but good packages of the attack
# table and over packages that rpmbuild and rpmsign made.

load helpers
load forge

setup_file() {
    FORGED=$(attack_table)
    export FORGED
}

# Publishes the packages that must be accepted under a key file of the forge.
publish_forged() { # KEY
    new_state
    rm -f "$keys"/*
    cp "$FORGED/keys/$1.asc" "$keys/"
    mapfile -t files < <(awk -F'\t' -v key="keys/$1.asc" -v dir="$FORGED/" \
        '$3 == key && $5 == "accept" { print dir $2 }' "$FORGED/table.tsv")
    [ "${#files[@]}" -gt 0 ] || fail "no rows of key $1"
    python3 "$FORGE/bundle.py" "$BATS_TEST_TMPDIR/bundle" "${files[@]}"
    sp 0 ingest --any-request "file:$BATS_TEST_TMPDIR/bundle"
    assert_equal "$(find "$repo/rpm/" -name '*.rpm' | wc -l)" "${#files[@]}"
}

# rpm with nothing but our key, every check on.
strict_rpmkeys() { # ARGS...
    rpmkeys --dbpath "$BATS_TEST_TMPDIR/rpmdb" \
        --define '_pkgverify_level all' --define '_pkgverify_flags 0x0' "$@"
}

assert_rpm_agrees() {
    local key
    for key in "$keys"/*; do
        strict_rpmkeys --import "$key" || fail "rpm cannot import $key"
    done
    run strict_rpmkeys -K "$repo"/rpm/*.rpm
    [ "$status" = 0 ] || fail "$(grep -v 'signatures OK$' <<<"$output")"
    # "digests signatures OK" and no other wording.
    assert_equal "$(grep -cv ': digests signatures OK$' <<<"$output")" 0
}

@test "rpm, strict, accepts every odd RSA package that we publish" {
    publish_forged trusted
    assert_rpm_agrees
}

@test "rpm, strict, accepts what an Ed25519 key signed" {
    publish_forged ed25519
    assert_rpm_agrees
}

@test "rpm, strict, accepts what a subkey signed" {
    publish_forged subkey
    assert_rpm_agrees
}

@test "rpm, strict, accepts packages of rpmbuild and rpmsign" {
    new_state
    python3 "$FORGE/bundle.py" "$BATS_TEST_TMPDIR/bundle" "$FIXTURES"/rpms/*
    sp 0 ingest --any-request "file:$BATS_TEST_TMPDIR/bundle"
    assert_rpm_agrees
}

@test "what rpm prints of a published package is what it printed before" {
    new_state
    python3 "$FORGE/bundle.py" "$BATS_TEST_TMPDIR/bundle" "$FIXTURES"/rpms/*
    sp 0 ingest --any-request "file:$BATS_TEST_TMPDIR/bundle"
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
