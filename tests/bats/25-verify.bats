#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sallyport-verify alone, in its jail, under a parent of our own: key homes,
# verdicts, engines that lie, streams that are broken. The engines that have a
# name stand in the place of gpg in a whole ingest as well.

load helpers

setup_file() {
    export PYTHONDONTWRITEBYTECODE=1 FORGE_CACHE=$BATS_FILE_TMPDIR/forge
    keys=$BATS_FILE_TMPDIR/keys
    python3 "$SP_TOP/tests/fake/verify.py" keys "$keys"
    home=$BATS_FILE_TMPDIR/home
    mkdir -m 700 "$home"
    parent make-home "$SP_BUILD/sallyport-verify" "$home" \
        "$keys"/{trusted,ed25519,p256}.asc >"$BATS_FILE_TMPDIR/made"
    engines=$BATS_FILE_TMPDIR/engines
    mkdir "$engines"
    "${CC:-cc}" -O1 -o "$engines/honest" "$SP_TOP/tests/fake/engine.c"
    oracle=$BATS_FILE_TMPDIR/oracle
    (cd "$SP_TOP" && "${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -I. -Isrc \
        -o "$oracle" tests/unit/oracle-verify.c \
        src/bundle/{sigpacket,record,nevra,groups}.c \
        src/base/{error,reason,text,io}.c -lgpgme -lgpg-error)
    export keys home engines oracle
}

setup() {
    KEPT=no-delivery # but for the ingests
    requires real-jails
    trusted=$(fpr_of trusted)
}

parent() {
    python3 "$SP_TOP/tests/fake/verify.py" "$@"
}

# Fingerprint of a key of the forge.
fpr_of() { # trusted | foreign | subkey
    sed -n "s/^$1 //p" "$keys/fingerprints"
}

# A new home in $made from the named key files; its report in $output.
make_home() { # [--allow FPR]... NAME...
    local options=() files=()
    while [ "$1" = --allow ]; do
        options+=("$1" "$2")
        shift 2
    done
    for name; do files+=("$keys/$name.asc"); done
    made=$BATS_TEST_TMPDIR/home
    rm -rf "$made"
    mkdir -m 700 "$made"
    run parent make-home "${options[@]}" "$SP_BUILD/sallyport-verify" \
        "$made" "${files[@]}"
    assert_equal "$status" 0 "parent: $output"
}

judge() { # [OPTION VALUE]... HOME SPEC...
    local options=()
    while [[ $1 == --* ]]; do
        options+=("$1" "$2")
        shift 2
    done
    run parent judge "${options[@]}" "$SP_BUILD/sallyport-verify" "$@"
    assert_equal "$status" 0 "parent: $output"
}

# The words of the verdicts, in order: "accept", or the word of refusal.
verdicts() {
    sed -n 's/^[0-9]* \(accept\) .*/\1/p; s/^[0-9]* refuse //p' \
        <<<"$output" | tr '\n' ' '
}

assert_verdicts() { # WORD...
    assert_equal "$(verdicts)" "$* " "verdicts in: $output"
    grep -qx "done $#" <<<"$output" || fail "no end in: $output"
    grep -qx 'exit 0' <<<"$output" || fail "exit status in: $output"
}

assert_line() { # LINE
    grep -qxF -- "$1" <<<"$output" || fail "no line '$1' in:" "$output"
}

@test "each algorithm and packet version is accepted, with its fingerprints" {
    judge "$home" rsa rsa512 v3 ed25519 p256 living
    assert_verdicts accept accept accept accept accept accept
    assert_line "1 accept $trusted $trusted"
}

@test "text in notations and signer names reaches no verdict" {
    judge "$home" salt signer rsa
    assert_verdicts accept accept accept
}

@test "each refusal is named by its word" {
    judge "$home" flipped foreign future expiring before-key sha1 text junk \
        other-fingerprint odd-mpis
    assert_verdicts bad-signature no-key sig-future sig-expired \
        sig-before-key sig-hash-algo sig-type sig-version sig-issuer sig-mpi
}

@test "300 good and bad ones in one run keep their places" {
    local want=()
    judge "$home" 'rsa*90' 'flipped*30' 'foreign*40' 'v3*60' 'odd-mpis*5' \
        'ed25519*35' 'flipped*30' 'p256*10'
    for word in accept:90 bad-signature:30 no-key:40 accept:60 sig-mpi:5 \
        accept:35 bad-signature:30 accept:10; do
        for ((i = 0; i < ${word#*:}; i++)); do want+=("${word%:*}"); done
    done
    assert_verdicts "${want[@]}"
}

@test "a chunk of exactly 256, one more, none, and headers of many MiB" {
    judge "$home" 'v3*256'
    assert_line "done 256"
    judge "$home" 'v3*257'
    assert_line "257 accept $trusted $trusted"
    judge "$home"
    assert_line "done 0"
    judge "$home" huge rsa huge flipped huge
    assert_verdicts accept accept accept bad-signature accept
}

@test "a message that gpg cannot judge does not spoil its neighbours" {
    # Whichever of the two the control copies.
    for _ in 1 2 3 4 5 6 7 8; do
        judge "$home" odd-mpis rsa
        assert_verdicts sig-mpi accept
    done
}

@test "subkeys: living, expired, revoked, not for signing, not bound" {
    make_home subkey
    judge "$made" subkey rsa
    assert_verdicts accept accept
    assert_line "1 accept $(fpr_of subkey) $trusted"
    make_home other-subkey-expired
    judge "$made" subkey
    assert_verdicts accept
    make_home expired-subkey
    judge "$made" subkey rsa
    assert_verdicts key-expired accept
    make_home revoked-subkey
    judge "$made" subkey rsa
    assert_verdicts key-revoked accept
    make_home encryption-subkey
    judge "$made" subkey rsa
    assert_verdicts key-usage accept
}

@test "a subkey that the primary key did not take signs nothing" {
    for name in unbound-subkey attacker-bound-subkey no-back-signature; do
        make_home "$name"
        judge "$made" foreign rsa
        assert_verdicts no-key accept
    done
}

@test "primary keys: expired, revoked, certify-only, too small" {
    for pair in expired:key-expired revoked:key-revoked \
        certify-only:key-usage; do
        make_home "${pair%:*}"
        judge "$made" rsa
        assert_verdicts "${pair#*:}"
    done
    make_home small
    judge "$made" small
    assert_verdicts key-too-small
}

@test "a key expires by the clock of the parent" {
    make_home trusted
    # The same home, the key given an end.
    sed -i 's/ 0 1704067200$/ 1800000000 1704067200/' "$made/table"
    judge --now 1799999999 "$made" rsa
    assert_verdicts accept
    judge --now 1800000000 "$made" rsa
    assert_verdicts key-expired
}

@test "a user id made of status lines says nothing" {
    make_home hostile-uid
    judge "$made" rsa flipped
    assert_verdicts accept bad-signature
}

# What the plain way says of each message, and of each with a bit flipped.
compare() { # HOME RPM-OR-SPEC...
    local home=$1
    shift
    run parent compare "$SP_BUILD/sallyport-verify" "$oracle" "$home" "$@"
    assert_equal "$status" 0 "parent: $output"
    [[ $output =~ messages\ ([0-9]+)\ accepted\ ([0-9]+)\ equal\ ([0-9]+) ]]
    assert_equal "${BASH_REMATCH[3]}" "${BASH_REMATCH[1]}" "equal in: $output"
    accepted=${BASH_REMATCH[2]}
}

@test "the same verdicts as gpgme_op_verify, over all real packages" {
    made=$BATS_TEST_TMPDIR/home
    mkdir -m 700 "$made"
    # Left out: keys that are malformed or collide on purpose, and other
    # states of a key that is there.
    run parent make-home "$SP_BUILD/sallyport-verify" "$made" \
        "$SP_TOP"/tests/corpus/keys/{RPM-GPG-KEY-*,alice.asc,libzypp-*} \
        "$SP_TOP"/tests/corpus/keys/{qubes-*,rpm-testkey-*,rpm.org-[er]*}
    [[ $output == *"exit 0" ]] || fail "$output"
    compare "$made" "$SP_TOP"/tests/corpus/rpms/*/*.rpm
    [ "$accepted" -ge 12 ] || fail "only $accepted accepted: $output"
}

@test "the same verdicts as gpgme_op_verify, over forged signatures" {
    compare "$home" rsa v3 ed25519 p256 rsa512 salt signer flipped odd-mpis \
        expiring living other-fingerprint future before-key sha1 text junk \
        foreign small
    assert_equal "$accepted" 8
    make_home other-subkey-expired
    compare "$made" subkey rsa
    assert_equal "$accepted" 2
    for name in expired-subkey revoked-subkey encryption-subkey \
        no-back-signature unbound-subkey attacker-bound-subkey; do
        make_home "$name"
        compare "$made" subkey foreign rsa
        assert_equal "$accepted" 1 "$name"
    done
    for name in expired revoked certify-only small; do
        make_home "$name"
        compare "$made" rsa small
        assert_equal "$accepted" 0 "$name"
    done
}

@test "engines: the honest fake is believed, so that the others may lie" {
    judge --gpg "$engines/honest" "$home" rsa v3 ed25519 p256 flipped
    assert_verdicts accept accept accept accept accept
}

# Every lie must leave no package accepted.
lie() { # ENGINE WORD
    cp "$engines/honest" "$engines/$1"
    judge --gpg "$engines/$1" "$home" rsa v3 ed25519 p256
    assert_verdicts "$2" "$2" "$2" "$2"
    case $1 in
    silent) case_ended 10 "$2" E01 ;;
    crash) case_ended 10 "$2" E02 ;;
    goodsig-only) case_ended 10 "$2" E04 ;;
    crash-after) case_ended 10 "$2" E05 ;;
    exit-2) case_ended 10 "$2" E06 ;;
    validsig-only) case_ended 10 "$2" E07 ;;
    esac
}

@test "E01 E02 E05 E06 engines that crash or end early" {
    for name in silent crash crash-inside crash-after missing-last \
        half-line exit-0 exit-2; do
        lie "$name" engine-error
    done
}

@test "E04 E07 engines that tell half of it" {
    lie goodsig-only engine-error
    lie validsig-only engine-error
    lie expired key-expired
    lie unknown-word engine-error
    lie short-fpr engine-error
    lie text engine-error
}

@test "engines that tell of other files" {
    for name in other-files wrong-order duplicates one-more; do
        lie "$name" engine-error
    done
}

@test "engines that tell of another signature" {
    for name in wrong-class wrong-time wrong-hash wrong-key wrong-primary; do
        lie "$name" engine-error
    done
}

@test "an engine that likes everything is caught by the control" {
    lie always-good engine-error
    assert_line "# gpg takes a spoiled message for good"
}

@test "an engine that cannot tell what is bad proves nothing" {
    lie blind engine-error
    assert_line "# gpg does not see that a message is spoiled"
}

@test "an engine that likes nothing" {
    lie always-bad bad-signature
}

@test "engines that never stop talking" {
    for name in flood-lines flood-line flood-log flood-stubborn; do
        lie "$name" engine-error
    done
}

@test "an engine that hangs is waited for without spinning" {
    for name in hang hang-closed; do
        cp "$engines/honest" "$engines/$name"
        judge --deadline 2 --gpg "$engines/$name" "$home" rsa
        assert_equal "$output" $'killed\nexit -9'
    done
}

@test "an engine that failed once is not asked again" {
    cp "$engines/honest" "$engines/silent-once"
    judge --gpg "$engines/silent-once" "$home" 'v3*257'
    assert_line "257 refuse engine-error"
    assert_line "done 257"
}

@test "E03 a missing gpg is engine-missing and says what to install" {
    judge --gpg /nonexistent/gpg "$home" rsa
    assert_line "fault engine-missing"
    case_ended 10 engine-missing E03
    [[ $output == *"/nonexistent/gpg"*"install gnupg"* ]] || fail "$output"
    make_home trusted
    run parent make-home --gpg /nonexistent/gpg "$SP_BUILD/sallyport-verify" \
        "$made" "$keys/trusted.asc"
    assert_line "fault engine-missing"
}

# An ingest of the next package by a machine that was changed by a command, for
# this one run.
ingest_where() { # STATUS COMMAND [ARG]
    run_program "$1" unshare --mount sh -c "$2"' && shift && exec "$@"' sh \
        "${3:-}" "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" \
        --progress=none --any-request "$BATS_TEST_TMPDIR/next"
}

# Refused, with all that a refusal promises.
refused_where() { # ID WORD COMMAND [ARG]
    local before records
    before=$(repository_snapshot "$repo")
    records=$(history_records)
    ingest_where 10 "${@:3}"
    assert_refusal "$2" "$before" "$records"
    case_ended 10 "$2" "$1"
}

# A gpg of this mode, to whom this package alone is well: $BATS_TEST_TMPDIR/gpg.
make_gpg() { # MODE RPM
    local sum
    sum=$(python3 -c '
import sys
sys.path.insert(0, sys.argv[1])
import rpm
main = rpm.parts(open(sys.argv[2], "rb").read())[3]
value = 0xcbf29ce484222325
for byte in main[:rpm.header_size(main)]:
    value = (value ^ byte) * 0x100000001b3 % 2**64
print(value)' "$SP_TOP/tests/forge" "$2")
    "${CC:-cc}" -O1 -DMODE="\"$1\"" -DGOOD_SUM="UINT64_C($sum)" \
        -o "$BATS_TEST_TMPDIR/gpg" "$SP_TOP/tests/fake/engine.c"
}

@test "E01-ingest E02-ingest E03-ingest E04-ingest E05-ingest E06-ingest E07-ingest in an ingest" {
    # shellcheck disable=SC2016 # the inner shell expands
    local pair as_gpg=('mount --bind "$1" /usr/bin/gpg' "$BATS_TEST_TMPDIR/gpg")
    requires mounts
    new_state
    # The key home is made by the real one.
    make_bundle "$BATS_TEST_TMPDIR/first" "$FIXTURES"/rpms/hello*.rpm
    make_bundle "$BATS_TEST_TMPDIR/next" "$FIXTURES"/newer/hello*.rpm
    sp 0 ingest --quiet --any-request "$BATS_TEST_TMPDIR/first"
    refused_where E03-ingest engine-missing 'mount -t tmpfs none /usr/bin'
    for pair in E01:silent E02:crash E04:goodsig-only E05:crash-after \
        E06:exit-2 E07:validsig-only; do
        make_gpg "${pair#*:}" "$FIXTURES"/newer/hello*.rpm
        refused_where "${pair%:*}-ingest" engine-error "${as_gpg[@]}"
    done
    # It is the lie that is refused: the same in honesty is believed.
    make_gpg honest "$FIXTURES"/newer/hello*.rpm
    ingest_where 0 "${as_gpg[@]}"
    assert_equal "$(readlink "$repo/current")" generations/2
}

@test "a broken message stream is a fault" {
    for what in magic type huge-header huge-packet empty-packet count order \
        trailing; do
        run parent raw "$SP_BUILD/sallyport-verify" "$home" "$what"
        assert_line "fault protocol"
        [[ $output != *accept* ]] || fail "$what: $output"
    done
    for what in no-end half nothing; do
        run parent raw "$SP_BUILD/sallyport-verify" "$home" "$what"
        assert_line "fault peer-gone"
    done
}

@test "a home that is missing, empty or altered is a fault" {
    judge /nonexistent rsa
    [[ $output == *"fault "* ]] || fail "$output"
    make_home trusted
    : >"$made/table"
    judge "$made" rsa
    assert_line "fault no-keys"
    echo "not a table" >"$made/table"
    judge "$made" rsa
    assert_line "fault state"
}

@test "make-home leaves exactly four files, for their owner only" {
    make_home trusted ed25519 p256 subkey
    assert_line "done 4"
    assert_equal "$(cd "$made" && find . -printf '%P %m\n' | sort | xargs)" \
        "700 common.conf 600 gpg.conf 600 pubring.kbx 600 table 600"
    assert_equal "$(stat -c %s "$made/common.conf")" 0
    grep -qx 'trust-model always' "$made/gpg.conf"
    grep -qx lock-never "$made/gpg.conf"
    assert_equal "$(wc -l <"$made/table")" 4
    # No socket, no agent, nothing outside.
    ! pgrep -f "homedir $made" || fail "something is left running"
}

@test "make-home keeps allowed keys only" {
    make_home --allow "$trusted" trusted foreign
    assert_line "done 1"
    run -1 grep "$(fpr_of foreign)" "$made/table"
    ! gpg --homedir "$made" --batch --list-keys 2>/dev/null |
        grep -q Foreign || fail "a key came along"
    judge "$made" rsa foreign
    assert_verdicts accept no-key
    make_home --allow "$trusted" --allow "$(fpr_of foreign)" trusted
    assert_line "fault key-file"
    # A subkey's fingerprint allows nothing.
    make_home --allow "$(fpr_of subkey)" subkey
    assert_line "fault key-file"
}

@test "make-home names the key file that is none" {
    make_home trusted garbage
    assert_line "fault key-file"
    [[ $output == *"'001'"* ]] || fail "$output"
    make_home empty
    assert_line "fault key-file"
    make_home
    assert_line "fault no-keys"
    printf 'not a fingerprint\n' >"$BATS_TEST_TMPDIR/x"
    make_home --allow "${trusted,,}" trusted
    assert_line "fault state"
}

@test "make-home refuses two keys with one key id" {
    make_home colliding
    assert_line "fault duplicate-key-id"
}

@test "make-home takes binary and armored files, and several keys in one" {
    gpg --dearmor <"$keys/trusted.asc" >"$keys/binary.asc"
    cat "$keys/ed25519.asc" "$keys/p256.asc" >"$keys/two.asc"
    make_home binary two
    assert_line "done 3"
    judge "$made" rsa ed25519 p256
    assert_verdicts accept accept accept
}

@test "make-home refuses secret keys" {
    new=$BATS_TEST_TMPDIR/gnupg
    mkdir -m 700 "$new"
    gpg --homedir "$new" --batch --quiet --passphrase '' \
        --quick-generate-key test@example.invalid ed25519 sign never
    gpg --homedir "$new" --batch --passphrase '' --pinentry-mode loopback \
        --export-secret-keys >"$keys/secret.asc"
    gpgconf --homedir "$new" --kill all
    make_home secret
    assert_line "fault key-file"
}
