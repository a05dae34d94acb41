#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The named cases of section D: packages that are validly signed and must not
# come in all the same, or not unnoticed. What is too old is the one thing
# that is published with an alarm: it may be all that there is.

load helpers
load forge
load policy

setup_file() {
    FORGED=$(attack_table)
    export FORGED
}

setup() {
    new_state
    mkdir "$repo"
    cp "$FORGED/keys/trusted.asc" "$keys/"
    old=("$FIXTURES"/rpms/hello*.rpm)
    new=("$FIXTURES"/newer/hello*.rpm)
    other=("$FIXTURES"/rpms/sp-epoch*.rpm)
}

# ---- what is built ----

# Two publications of one repository, r1 and r2, and a bundle of each.
two_publications() {
    signed_repository r1 1700000000 "$FIXTURES"/rpms/*.rpm
    signed_repository r2 1700000500 "$FIXTURES"/newer/*.rpm
    pack b1 repo updates "$BATS_TEST_TMPDIR/r1" package "${old[0]}"
    pack b2 repo updates "$BATS_TEST_TMPDIR/r2" package "${new[0]}"
}

forged() { # NAME EVR [ARCH [OPTION]...]: prints its path
    local out=$BATS_TEST_TMPDIR/$1-$2.rpm
    python3 "$FORGE/make.py" "$out" "$1" "$2" "${3:-noarch}" "${@:4}"
    echo "$out"
}

# A request of a machine on which these are installed: $id.
ask() { # [OPTION]... -- RPM...
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    rm -rf "$BATS_TEST_TMPDIR/db"
    cp -r "$FIXTURES/rpmdb" "$BATS_TEST_TMPDIR/db"
    rpm --dbpath "$BATS_TEST_TMPDIR/db" --nosignature --nodigest --justdb \
        --nodeps --noscripts --ignorearch -i "$@" 2>/dev/null
    mkdir -p "$BATS_TEST_TMPDIR/repos"
    sp 0 request --dbpath "$BATS_TEST_TMPDIR/db" \
        --reposdir "$BATS_TEST_TMPDIR/repos" --releasever 41 \
        -o "$BATS_TEST_TMPDIR/request" "${options[@]}"
    id=$(sed -n 's/^id //p' "$BATS_TEST_TMPDIR/request")
}

take() { # BUNDLE [OPTION]...
    local bundle=$BATS_TEST_TMPDIR/$1
    shift
    sp 0 ingest --quiet --any-request "$@" "$bundle"
}

refused() { # STATUS WORD BUNDLE [OPTION]...
    refused_case "$1" "$2" "${@:4}" "$BATS_TEST_TMPDIR/$3"
}

# refused, with another clock.
refused_at() { # CLOCK STATUS WORD BUNDLE
    local before records
    before=$(repository_snapshot "$repo")
    records=$(history_records)
    sp_at "$1" "$2" ingest --progress=none --any-request \
        "$BATS_TEST_TMPDIR/$4"
    assert_refusal "$3" "$before" "$records"
    case_ended "$2" "$3"
}

# Published, with the status of an alarm, in the summary and in `status` too.
alarmed_at() { # CLOCK BUNDLE
    local records
    records=$(history_records)
    sp_at "$1" 16 ingest --json --any-request "$BATS_TEST_TMPDIR/$2"
    assert_equal "$(json detail) $(json published)" 'too-old true'
    one_record "$records"
    assert_no_leftovers
    sp_at "$1" 16 status --json
    assert_equal "$(json detail)" too-old
    case_ended 16 '!too-old'
}

# ---- keys ----

@test "C03 a known key signs what is not its to sign" {
    policy "allow-key = $(cat "$FIXTURES/fpr-rsa") sp-* kernel*"
    rm "$keys/trusted.asc"
    pack b package "${new[0]}"
    refused 15 key-pattern b --any-request
}

# ---- versions ----

@test "D01 older than what is installed" {
    ask -- "${new[0]}"
    pack b request "$id" package "${old[0]}"
    refused 15 downgrade b
    # Of something else it asked to follow the distribution.
    ask --action distro-sync sp-epoch -- "${new[0]}" "${other[0]}"
    pack b request "$id" package "${old[0]}"
    refused 15 downgrade b
    # Unless the machine asked to follow the distribution.
    for spec in '' hello; do
        new_state
        ask --action distro-sync $spec -- "${new[0]}"
        pack b request "$id" package "${old[0]}"
        sp 0 ingest "$BATS_TEST_TMPDIR/b"
    done
}

@test "an old one of many that may stand side by side, alone" {
    policy 'installonly = hello'
    ask -- "${new[0]}"
    pack b request "$id" package "${old[0]}"
    refused 15 downgrade b
    pack b request "$id" package "${old[0]}" package "${new[0]}"
    sp 0 ingest "$BATS_TEST_TMPDIR/b"
}

@test "D02 older than what was ever published here" {
    pack new package "${new[0]}"
    pack other package "${other[0]}"
    pack old package "${old[0]}"
    take new
    take other
    refused 15 downgrade old --any-request
}

@test "D03 a higher version of a lower epoch" {
    pack high package "$(forged trick 1:1.0-1)"
    pack low package "$(forged trick 9.9-1)"
    take high
    refused 15 downgrade low --any-request
}

@test "D04 the bundle of last month again" {
    two_publications
    take b1
    take b2
    refused 15 downgrade b1 --any-request
}

@test "D05 the same, made to answer the request of today" {
    two_publications
    take b2
    ask -- "${new[0]}"
    pack again request "$id" repo updates "$BATS_TEST_TMPDIR/r1" \
        package "${old[0]}"
    refused 15 downgrade again
}

# ---- time ----

@test "D06 the answer to a request that has expired" {
    ask -- "${old[0]}"
    pack late request "$id" package "${new[0]}"
    sed -i "s/^created .*/created $(($(date +%s) - 86400 * 30 - 600))/" \
        "$state/pending/$id"
    refused 15 unsolicited late
}

@test "D07 nothing that says how old it is" {
    policy 'require-evidence = updates'
    pack bare package "${new[0]}"
    refused 16 no-evidence bare --any-request
}

@test "D08 the clock says 1970" {
    pack b package "${new[0]}"
    refused_at @86400 16 clock b
}

@test "D09 the clock says 2100" {
    two_publications
    alarmed_at @4102444800 b1
    # And the machine is not spoiled when its clock is right again.
    take b2
    sp 0 status
}

@test "D10 the clock jumps back between two runs" {
    # A key that is older than that, or it would be the key that tells.
    policy 'max-age = 0'
    rm "$keys/key-rsa.asc"
    pack first package "$(forged thing 1-1)"
    pack second package "$(forged thing 2-1)"
    take first
    refused_at -2592000 16 clock second
}

@test "D11 the note of what was published is deleted" {
    pack new package "${new[0]}"
    pack old package "${old[0]}"
    take new
    rm "$state"/{floor,highest,clock}
    refused 15 downgrade old --any-request
}

@test "D12 the notes are cut short, or rubbish" {
    local file
    two_publications
    take b1
    cp -r "$state" "$BATS_TEST_TMPDIR/kept"
    for file in floor clock ratchet; do
        head -c -1 "$BATS_TEST_TMPDIR/kept/$file" >"$state/$file"
        refused 3 state b2 --any-request
        head -c 200 /dev/urandom >"$state/$file"
        refused 3 state b2 --any-request
        cp "$BATS_TEST_TMPDIR/kept/$file" "$state/$file"
    done
    take b2
}

@test "D13 signed metadata that is older than it may be" {
    two_publications
    policy 'max-age = 30'
    alarmed_at +2851200 b1
}

@test "D14 metadata whose signature is not good" {
    two_publications
    policy 'require-evidence = updates'
    sed -i 's/1700000500/1700000900/' \
        "$BATS_TEST_TMPDIR/r2/repodata/repomd.xml"
    pack b repo updates "$BATS_TEST_TMPDIR/r2" package "${new[0]}"
    refused 16 no-evidence b --any-request
}

@test "D15 metadata of a lower revision than was seen" {
    two_publications
    take b2
    pack back repo updates "$BATS_TEST_TMPDIR/r1" package "${other[0]}"
    refused 16 metadata-rollback back --any-request
    pack none repo updates "$BATS_TEST_TMPDIR/r1"
    refused 16 metadata-rollback none --any-request
}

# ---- the set ----

@test "D16 a package of the set is missing" {
    local size rest
    pack b package "${new[0]}" package "${other[0]}"
    size=$(stat -c %s "$BATS_TEST_TMPDIR/b")
    rest=$(((($(stat -c %s "${other[0]}") + 511) / 512 + 1) * 512 + 1024))
    head -c $((size - rest)) "$BATS_TEST_TMPDIR/b" >"$BATS_TEST_TMPDIR/less"
    head -c 1024 /dev/zero >>"$BATS_TEST_TMPDIR/less"
    refused 5 manifest-member less --any-request
}

@test "D17 a package that nobody asked for" {
    ask -- "${old[0]}"
    pack more request "$id" package "${new[0]}" package "${other[0]}"
    refused 15 name-not-wanted more
}

@test "D19 what was asked for, for another machine" {
    case $(uname -m) in x86_64) ;; *) skip "the package is for aarch64" ;; esac
    ask --action install thing -- "${old[0]}"
    pack b request "$id" package "$(forged thing 1-1 aarch64)"
    refused 15 foreign-arch b
}

@test "D20 the answer to a request that was never made" {
    ask -- "${old[0]}"
    pack b request 00112233445566778899aabbccddeeff package "${new[0]}"
    refused 15 unsolicited b
}

@test "D21 the answer to another machine" {
    ask -- "${old[0]}"
    mkdir "$BATS_TEST_TMPDIR/here"
    SP_OPTIONS[1]=$BATS_TEST_TMPDIR/here
    state=$BATS_TEST_TMPDIR/here repo=$state/updates
    pack b request "$id" package "${new[0]}"
    ask -- "${old[0]}"
    refused 15 unsolicited b
}

@test "D22 Xen goes back on the occasion of an install" {
    pack now package "$(forged xen 2001:4.19.2-1)"
    take now
    ask --action install thing -- "$(forged xen 2001:4.19.2-1)"
    pack b request "$id" package "$(forged thing 1-1)" \
        package "$(forged xen 2001:4.17.5-1)"
    refused 15 downgrade b
}

@test "D23 a package that puts itself in the place of a protected one" {
    policy 'protected = hello'
    ask -- "${old[0]}"
    pack b request "$id" package "${new[0]}" \
        package "$(forged helper 1-1 noarch --obsoletes=hello)"
    refused 15 name-not-wanted b
}

@test "D24 an update that was signed and is held back" {
    policy 'withheld = refuse'
    ask -- "$FIXTURES"/rpms/*.rpm
    signed_repository r2 1700000500 "$FIXTURES"/newer/*.rpm
    pack part request "$id" repo updates "$BATS_TEST_TMPDIR/r2" \
        package "${new[0]}"
    refused 16 withheld part
}
