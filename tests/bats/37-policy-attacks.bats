#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The attacks that The Update Framework and Uptane name, one test each. Where
# another suite has the test, the table says which one.

load helpers
load policy

# attack | what a trusted machine does | suite, if not this one: name of the test
table='
arbitrary installation|no-header-signature, no-key|21-hostile-container: N33 unsigned package
wrong software|filename-mismatch|21-hostile-container: N06 MANIFEST calls a package
extraneous dependencies|name-not-wanted|32-request: a name that is neither installed nor
endless data|too-many-bytes|21-hostile-container: N14 more than a tebibyte
slow retrieval|too-slow|30-publish: a trickle is ended, by name
rollback|downgrade, metadata-rollback|
fast-forward|state reset|
indefinite freeze|too-old|
mix-and-match|mix-and-match|
partial bundle|manifest-member, withheld|
malicious mirror prevents updates|another mirror or carrier brings them|
key compromise|key-not-allowed, key-revoked|
eavesdrop|request --hide|32-request: a hidden package is not told
drop request|the age stands in every summary|
replay|unsolicited|
detection names the attack|a word and a status of its own|
'

setup() {
    new_state
    mkdir -p "$repo"
    old=("$FIXTURES"/rpms/hello*.rpm)
    new=("$FIXTURES"/newer/hello*.rpm)
    other=("$FIXTURES"/rpms/sp-epoch*.rpm)
}

ingest() { # STATUS BUNDLE ARGS...
    local want=$1 bundle=$BATS_TEST_TMPDIR/$2
    shift 2
    sp "$want" ingest --json --any-request "$@" "$bundle"
}

# Two publications of one repository: old and new.
two_publications() {
    signed_repository r1 1700000000 "$FIXTURES"/rpms/*.rpm
    signed_repository r2 1700000500 "$FIXTURES"/newer/*.rpm
    pack b1 repo updates "$BATS_TEST_TMPDIR/r1" package "${old[0]}"
    pack b2 repo updates "$BATS_TEST_TMPDIR/r2" package "${new[0]}"
}

refused() { # WORD STATUS BUNDLE ARGS...
    local word=$1 want=$2 before
    shift 2
    before=$(repository_snapshot "$repo")
    ingest "$want" "$@"
    assert_equal "$(json detail)" "$word"
    assert_equal "$(repository_snapshot "$repo")" "$before"
    assert_no_leftovers
}

@test "every attack of the table has its test" {
    local attack suite
    while IFS='|' read -r attack _ suite; do
        [ -n "$attack" ] || continue
        if [ -n "$suite" ]; then
            grep -qF "@test \"${suite#*: }" \
                "$SP_TOP/tests/bats/${suite%%: *}.bats" ||
                fail "no test '$suite'"
        else
            grep -q "^@test \"$attack: " "$BATS_TEST_FILENAME" ||
                fail "no test for '$attack'"
        fi
    done <<<"$table"
}

# ---- rollback ----

@test "rollback: a package below the floor is refused" {
    make_bundle "$BATS_TEST_TMPDIR/new" "${new[0]}"
    make_bundle "$BATS_TEST_TMPDIR/old" "${old[0]}"
    ingest 0 new
    refused downgrade 15 old
    ingest 0 old --allow-downgrade hello
}

@test "rollback: signed metadata that goes back is refused, without a package" {
    two_publications
    pack back repo updates "$BATS_TEST_TMPDIR/r1" package "${other[0]}"
    ingest 0 b2
    assert_equal "$(json freshness.repositories.0.first)" true
    refused metadata-rollback 16 back
    assert_equal "$(json message)" "the signed metadata of 'updates' has \
revision 1700000000, but 1700000500 was seen here before"
    # An empty bundle with old metadata says "no updates": it is no better.
    pack empty repo updates "$BATS_TEST_TMPDIR/r1"
    refused metadata-rollback 16 empty
    # The same publication again is none; another repository is another.
    ingest 0 b2
    pack fresh repo other "$BATS_TEST_TMPDIR/r1" package "${other[0]}"
    ingest 0 fresh
}

@test "rollback: what was proven stays proven when the delivery is refused" {
    two_publications
    pack bad repo updates "$BATS_TEST_TMPDIR/r2" package "${old[0]}"
    ingest 0 b1
    cp "$state/ratchet" "$BATS_TEST_TMPDIR/ratchet"
    refused mix-and-match 16 bad
    # Only a delivery that passes raises it.
    cmp "$state/ratchet" "$BATS_TEST_TMPDIR/ratchet"
    sp 0 inspect --any-request "$BATS_TEST_TMPDIR/b2"
    cmp "$state/ratchet" "$BATS_TEST_TMPDIR/ratchet"
    ingest 0 b2
    grep -q '^revision updates [0-9A-F]\{40\} 1700000500 ' "$state/ratchet"
}

@test "rollback: a damaged ratchet is named, not guessed around" {
    two_publications
    ingest 0 b2
    echo nonsense >>"$state/ratchet"
    refused state 3 b2
    sp 3 status
    assert_detail state
}

# ---- mix-and-match ----

@test "mix-and-match: a package that the metadata lists in another version" {
    two_publications
    pack mix repo updates "$BATS_TEST_TMPDIR/r2" package "${old[0]}"
    refused mix-and-match 16 mix
    [[ $(json message) == *"'updates' lists 0:1.0-1.fc42, not \
'hello-1.0-1.fc41.noarch'"* ]] || fail "$output"
    sp 16 inspect --json --any-request "$BATS_TEST_TMPDIR/mix"
    assert_equal "$(json detail)" mix-and-match
    assert_equal "$(json packages.0.detail)" mix-and-match
}

@test "mix-and-match: another file under the same version" {
    two_publications
    mkdir "$BATS_TEST_TMPDIR/again"
    cp "${new[0]}" "$BATS_TEST_TMPDIR/again/"
    local again=("$BATS_TEST_TMPDIR"/again/*.rpm)
    sleep 1 # another time of signature, another file
    rpmsign --delsign "${again[0]}" >/dev/null
    sign_packages rsa "${again[0]}"
    ! cmp -s "${again[0]}" "${new[0]}" || fail "the same file"
    pack mix repo updates "$BATS_TEST_TMPDIR/r2" package "${again[0]}"
    refused mix-and-match 16 mix
    [[ $(json message) == *'is another file than'* ]] || fail "$output"
}

@test "mix-and-match: metadata of another signer says nothing of a package" {
    cp "$FIXTURES/key-ed25519.asc" "$keys/"
    signed_repository r2 5 "$FIXTURES"/newer/*.rpm
    sign_metadata "$BATS_TEST_TMPDIR/r2" ed25519
    pack mix repo updates "$BATS_TEST_TMPDIR/r2" package "${old[0]}"
    ingest 0 mix
    assert_equal "$(json freshness.repositories.0.primary_fingerprint)" \
        "$(cat "$FIXTURES/fpr-ed25519")"
}

# ---- what is no evidence ----

no_evidence() { # BUNDLE WORD: published, and said to be no evidence
    rm -rf "$state"
    mkdir "$state"
    ingest 0 "$1"
    assert_equal "$(json freshness.repositories.0.evidence)" false "$1"
    assert_equal "$(json freshness.repositories.0.detail)" "$2" "$1"
    assert_equal "$(json freshness.newest_evidence)" null "$1"
    ! grep -q ^revision "$state/ratchet" || fail "$(cat "$state/ratchet")"
    policy 'require-evidence = updates'
    refused no-evidence 16 "$1"
    policy ''
}

@test "metadata whose signature is not good is no evidence" {
    local dir=$BATS_TEST_TMPDIR/r2
    two_publications
    sign_metadata "$dir" foreign
    pack foreign repo updates "$dir" package "${new[0]}"
    no_evidence foreign no-key
    sign_metadata "$dir" rsa --textmode
    pack text repo updates "$dir" package "${new[0]}"
    no_evidence text sig-type
    sign_metadata "$dir" rsa --digest-algo SHA1
    pack sha1 repo updates "$dir" package "${new[0]}"
    no_evidence sha1 sig-hash-algo
    sign_metadata "$dir" rsa
    sed -i 's/1700000500/1700000900/' "$dir/repodata/repomd.xml"
    pack changed repo updates "$dir" package "${new[0]}"
    no_evidence changed bad-signature
    rm "$dir/repodata/repomd.xml.sig"
    pack unsigned repo updates "$dir" package "${new[0]}"
    no_evidence unsigned metadata
}

# Metadata that is signed, but not of the one shape: each line is a sed
# script for repomd.xml, or for primary.xml after "p:".
shapes='
s/<revision>.*</<revision>1.5</
s/<revision>.*</<revision>-1</
/<revision>/d
s/<open-checksum type="sha256">/<open-checksum type="sha512">/
/<open-checksum/d
s/encoding="UTF-8"/encoding="latin1"/
s/^<repomd .*/<repomd>/
$s/.*/<!-- a comment -->\n&/
$d
$s/$/\nmore/
s/<data type="primary">/<data type="primary2">/
s/<open-checksum type="sha256">[0-9a-f]\{8\}/<open-checksum type="sha256">00000000/
p:s/<name>hello</<name>he\&amp;llo</
p:s/epoch="0" ver/epoch="x" ver/
p:s/  <arch>noarch/ <arch>noarch/
p:s/packages="5"/packages="4"/
p:s/pkgid="YES"/pkgid="NO"/
p:/<\/metadata>/d
p:s/<package type="rpm">/<package type="srpm">/
p:s/<summary>/<!--&/
p:s/^<\/package>$/&\n<!DOCTYPE x>/
'

@test "metadata of another shape than the one is no evidence" {
    local script dir=$BATS_TEST_TMPDIR/odd.d
    signed_repository shape 7 "$FIXTURES"/newer/*.rpm
    while read -r script; do
        [ -n "$script" ] || continue
        rm -rf "$dir"
        cp -r "$BATS_TEST_TMPDIR/shape" "$dir"
        gzip -dc "$dir"/repodata/*-primary.xml.gz >"$dir/repodata/primary.xml"
        cp "$dir/repodata/repomd.xml" "$dir/repodata/primary.xml" \
            "$BATS_TEST_TMPDIR/"
        if [[ $script == p:* ]]; then
            sed -i "${script#p:}" "$dir/repodata/primary.xml"
            # The open checksum fits the lie.
            sed -i "/<data type=\"primary\">/,/<\/data>/s/\(<open-checksum.*>\)\
[0-9a-f]*</\1$(sha256sum <"$dir/repodata/primary.xml" | cut -d' ' -f1)</" \
                "$dir/repodata/repomd.xml"
            ! cmp -s "$dir/repodata/primary.xml" \
                "$BATS_TEST_TMPDIR/primary.xml" || fail "no change: $script"
        else
            sed -i "$script" "$dir/repodata/repomd.xml"
            ! cmp -s "$dir/repodata/repomd.xml" \
                "$BATS_TEST_TMPDIR/repomd.xml" || fail "no change: $script"
        fi
        sign_metadata "$dir"
        pack odd repo updates "$dir" package "${new[0]}"
        echo "shape: $script" # bats shows it when the next line fails
        no_evidence odd metadata
    done <<<"$shapes"
    # And unchanged it is evidence.
    rm -rf "$state"
    mkdir "$state"
    pack even repo updates "$BATS_TEST_TMPDIR/shape" package "${new[0]}"
    ingest 0 even
    assert_equal "$(json freshness.repositories.0.evidence)" true
    assert_equal "$(json freshness.repositories.0.packages)" 5
}

@test "members without their neighbours are no evidence" {
    two_publications
    local dir=$BATS_TEST_TMPDIR/r2
    rm "$dir"/repodata/*-primary.xml.gz
    pack b repo updates "$dir" package "${new[0]}"
    no_evidence b metadata
    rm "$dir/repodata/repomd.xml"
    pack b repo updates "$dir" package "${new[0]}"
    no_evidence b metadata
}

# ---- fast-forward ----

@test "fast-forward: only the owner turns back what an attacker turned up" {
    two_publications
    signed_repository far.d 9000000000000 "$FIXTURES"/newer/*.rpm
    pack far repo updates "$BATS_TEST_TMPDIR/far.d" package "${new[0]}"
    ingest 0 far
    refused metadata-rollback 16 b2
    sp 0 state show --json
    assert_equal "$(json ratchet.0.revision)" 9000000000000
    assert_equal "$(json ratchet.0.repository)" updates
    # No carrier, no option of ingest: only this, and with a reason.
    sp 2 state reset ratchet:updates
    sp 2 state reset ratchet:updates --reason ''
    sp 2 state reset ratchet:updates --reason $'two\nlines'
    sp 2 state reset everything --reason test
    sp 3 state reset ratchet:other --reason 'there is none'
    sp 0 state reset ratchet:updates --reason 'the repository was reset'
    sp 0 history --json
    assert_equal "$(json deliveries.0.did)" state-reset
    assert_equal "$(json deliveries.0.source)" ratchet:updates
    assert_equal "$(json deliveries.0.result_message)" 'the repository was reset'
    ingest 0 b2
    # What is published counts again at once.
    sp 0 state reset floor --reason test
    pack plain package "${old[0]}"
    refused downgrade 15 plain
    sp 0 state reset floor:hello --reason test
    refused downgrade 15 plain
    for what in clock ratchet floor; do
        sp 0 state reset "$what" --reason test
        [ ! -e "$state/$what" ] || fail "$what is there"
        sp 3 state reset "$what" --reason test
        assert_detail not-found
    done
    sp 0 state show
    [[ $output == *'hello 0:1.0-1.fc42'* ]] || fail "$output"
}

# ---- freeze ----

@test "indefinite freeze: what is too old is published, and the status says so" {
    two_publications
    policy 'max-age = 30'
    make_bundle "$BATS_TEST_TMPDIR/plain" "${old[0]}"
    sp_at +2678400 16 ingest --json --any-request "$BATS_TEST_TMPDIR/plain"
    assert_equal "$(json detail)" too-old
    assert_equal "$(json reason)" stale
    assert_equal "$(json published)" true
    assert_equal "$(json freshness.too_old)" true
    assert_equal "$(json freshness.age)" "$(($(json freshness.age)))"
    assert_equal "$(readlink "$repo/current")" generations/1
    sp_at +2678400 16 status --json
    assert_equal "$(json detail)" too-old
    sp_at +2678400 16 status
    [[ $output == *'newest known here: '*'(age: 31 days)'* ]] || fail "$output"
    # The same frozen thing again, and "no updates" for ever.
    sp_at +2678400 16 ingest --json --any-request "$BATS_TEST_TMPDIR/plain"
    assert_equal "$(json published)" false
    assert_equal "$(json nothing_to_do)" true
    sp_at +2678400 16 inspect --any-request "$BATS_TEST_TMPDIR/plain"
    sp 0 status
    # Something newer thaws it, for an old package that comes later as well.
    ingest 0 b2
    sp_at +2505600 0 status
    sp_at +2505600 0 ingest --any-request --allow-downgrade hello \
        "$BATS_TEST_TMPDIR/plain"
    policy 'max-age = 0'
    sp_at +26784000 0 status
}

@test "indefinite freeze: the age stands in every summary" {
    two_publications
    ingest 0 b1
    assert_equal "$(json freshness.max_age)" $((60 * 86400))
    sp 0 inspect --any-request "$BATS_TEST_TMPDIR/b2"
    [[ $output == *'newest package was built: '*'(age: '* ]] || fail "$output"
    [[ $output == *"signed metadata of 'updates': revision 1700000500, signed "\
*'(age: '* ]] || fail "$output"
    sp 0 ingest --any-request "$BATS_TEST_TMPDIR/b2"
    [[ $output == *'newest known here: '*'(age: '* ]] || fail "$output"
    sp 0 status
    [[ $output == *'newest known here: '*'(age: '* ]] || fail "$output"
    sp 0 history
    [[ $output == *'AGE THEN'*minute* ]] || fail "$output"
    sp 0 history --json
    [ "$(json deliveries.0.newest)" -gt 1700000000 ] || fail "$output"
}

# ---- the clock ----

@test "a clock that is behind is named as such, not as a signature of the future" {
    make_bundle "$BATS_TEST_TMPDIR/plain" "${old[0]}"
    # On a machine that has seen nothing but its keys.
    sp_at @86400 16 ingest --json --any-request "$BATS_TEST_TMPDIR/plain"
    assert_equal "$(json detail)" clock
    [[ $(json message) == *'shows 1970-01-02, but one of its keys was made on '* ]] ||
        fail "$output"
    ingest 0 plain
    for command in ingest inspect; do
        sp_at -5184000 16 $command --json --any-request \
            "$BATS_TEST_TMPDIR/plain"
        assert_equal "$(json detail)" clock
    done
    sp_at -5184000 16 status
    assert_detail clock
    # An hour is no fault.
    sp_at -3600 0 ingest --any-request "$BATS_TEST_TMPDIR/plain"
}

@test "signed metadata raises the clock as packages do" {
    two_publications
    ingest 0 b2
    local seen
    seen=$(awk '$1 == "revision" { print $5 }' "$state/ratchet")
    [ "$(cat "$state/clock")" -ge "$seen" ] || fail "$(cat "$state/clock")"
}

# ---- partial ----

@test "partial bundle: updates that were asked for and did not come are named" {
    rpmdb=$BATS_TEST_TMPDIR/db
    mkdir "$BATS_TEST_TMPDIR/repos"
    cp -r "$FIXTURES/rpmdb" "$rpmdb"
    rpm --dbpath "$rpmdb" --nosignature --justdb --nodeps --noscripts -i \
        "$FIXTURES"/rpms/*.rpm 2>/dev/null
    two_publications
    ask() {
        sp 0 request --dbpath "$rpmdb" --reposdir "$BATS_TEST_TMPDIR/repos" \
            --releasever 41 -o "$BATS_TEST_TMPDIR/request" "$@"
        id=$(sed -n 's/^id //p' "$BATS_TEST_TMPDIR/request")
        pack part request "$id" repo updates "$BATS_TEST_TMPDIR/r2" \
            package "${new[0]}"
    }
    ask
    sp 0 inspect --json "$BATS_TEST_TMPDIR/part"
    assert_equal "$(json freshness.withheld | grep -o '"name": "[^"]*"' |
        cut -d'"' -f4 | xargs)" 'sp-arch sp-c++ sp-epoch sp-tilde'
    assert_equal "$(json freshness.withheld.0.release)" 1.fc42
    policy 'withheld = refuse'
    sp 16 ingest --json "$BATS_TEST_TMPDIR/part"
    assert_equal "$(json detail)" withheld
    policy 'withheld = warn'
    sp 0 ingest "$BATS_TEST_TMPDIR/part"
    [[ $output == *"did not come: sp-arch-2.0-1.fc42.x86_64, listed by \
'updates'"* ]] || fail "$output"
    grep -q '^withheld sp-arch-2.0-1.fc42.x86_64 updates$' "$state"/history/*
    # Who asked for one, or wanted none of these, misses nothing.
    ask --exclude 'sp-*'
    sp 0 inspect --json "$BATS_TEST_TMPDIR/part"
    assert_equal "$(json freshness.withheld)" '[]'
    ask --action upgrade hello
    sp 0 inspect --json "$BATS_TEST_TMPDIR/part"
    assert_equal "$(json freshness.withheld)" '[]'
    ask --action upgrade hello sp-arch
    sp 0 inspect --json "$BATS_TEST_TMPDIR/part"
    assert_equal "$(json freshness.withheld.0.name)" sp-arch
}

@test "partial bundle: a member that MANIFEST names must be there" {
    two_publications
    # Without the package: the end marker follows the evidence.
    size=$(stat -c %s "$BATS_TEST_TMPDIR/b2")
    package=$(stat -c %s "${new[0]}")
    head -c $((size - 1024 - 512 - (package + 511) / 512 * 512)) \
        "$BATS_TEST_TMPDIR/b2" >"$BATS_TEST_TMPDIR/part"
    head -c 1024 /dev/zero >>"$BATS_TEST_TMPDIR/part"
    refused manifest-member 5 part
}

# ---- mirrors, keys, requests ----

@test "malicious mirror prevents updates: the same comes another way" {
    two_publications
    ingest 0 b1
    # By whatever carrier: a stick, a pipe, another machine.
    sp 0 ingest --any-request - <"$BATS_TEST_TMPDIR/b2"
    assert_equal "$(readlink "$repo/current")" generations/2
}

@test "key compromise: a key that is not named, or only for other names" {
    make_bundle "$BATS_TEST_TMPDIR/plain" "${old[0]}"
    policy "allow-key = $(cat "$FIXTURES/fpr-ed25519")"
    cp "$FIXTURES/key-ed25519.asc" "$keys/"
    refused no-key 14 plain
    policy "allow-key = $(cat "$FIXTURES/fpr-rsa") sp-* kernel*"
    refused key-pattern 15 plain
    policy "allow-key = $(cat "$FIXTURES/fpr-rsa") hel?o"
    ingest 0 plain
}

@test "drop request: silence shows as age" {
    two_publications
    ingest 0 b2
    sp_at +5270400 16 status
    assert_detail too-old
    [[ $stderr == *'the newest thing known here is 6'*' days old'* ]] ||
        fail "$stderr"
}

@test "replay: an answer is taken once" {
    rpmdb=$BATS_TEST_TMPDIR/db
    mkdir "$BATS_TEST_TMPDIR/repos"
    cp -r "$FIXTURES/rpmdb" "$rpmdb"
    rpm --dbpath "$rpmdb" --nosignature --justdb --nodeps --noscripts -i \
        "$FIXTURES"/rpms/*.rpm 2>/dev/null
    sp 0 request --dbpath "$rpmdb" --reposdir "$BATS_TEST_TMPDIR/repos" \
        --releasever 41 -o "$BATS_TEST_TMPDIR/request"
    id=$(sed -n 's/^id //p' "$BATS_TEST_TMPDIR/request")
    two_publications
    pack one request "$id" package "${new[0]}"
    pack two request "$id" package "${new[0]}" package "$(echo \
        "$FIXTURES"/newer/sp-arch*.rpm)"
    sp 0 ingest "$BATS_TEST_TMPDIR/one"
    sp 15 ingest "$BATS_TEST_TMPDIR/two"
    assert_detail unsolicited
    pack other request 00112233445566778899aabbccddeeff package "${new[0]}" \
        package "${other[0]}"
    sp 15 ingest "$BATS_TEST_TMPDIR/other"
    assert_detail unsolicited
}

@test "detection names the attack: each word has an advice and one status" {
    local word
    for word in metadata-rollback too-old clock mix-and-match withheld \
        no-evidence; do
        sp 0 explain --json "$word"
        assert_equal "$(json words.0.class)" stale
        assert_equal "$(json words.0.exit)" 16
        [ -n "$(json words.0.next)" ] || fail "$output"
    done
}
