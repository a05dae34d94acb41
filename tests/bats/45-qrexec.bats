#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Qubes OS: the service that other qubes call, the sender that calls one, and
# the pull. The other side is a stand-in written from the description.

load helpers

bats_require_minimum_version 1.8.0

setup_file() {
    export GOOD=$BATS_FILE_TMPDIR/good.bundle
    make_bundle_file "$GOOD" "$FIXTURES"/rpms/*.rpm
}

make_bundle_file() { # DEST RPM...
    local dest=$1
    shift
    printf '%s\n' "$@" >"$dest.list"
    "$SP_BUILD/sallyport-builder" --quiet build --list "$dest.list" -o "$dest"
}

setup() {
    new_state
    mkdir "$repo"
    policy 'updatevm = sys-update'
}

policy() { # LINE...
    printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/policy.conf"
}

# call [OPTION]... [FILE]...: what the other qube heard, in $output
call() {
    run timeout 60 python3 "$SP_TOP/tests/fake/caller.py" "$@" -- \
        "${PROGRAM:-$SP_BUILD/sallyport}" ingest \
        "${SP_OPTIONS[@]}" ${ASK---any-request} qrexec:
    [ "$status" = 0 ] || fail "$output"
}

heard() { # PATTERN
    grep -Eq "^$1$" <<<"$output" || fail "not heard: $1" "$output"
}

# Refused, with this answer; nothing is published, nothing is left, and there
# is one record: none of what never began (LEAVES=no_record).
refused() { # PATTERN [OPTION]... [FILE]...
    local want=$1 before records
    shift
    before=$(repository_snapshot "$repo")
    records=$(history_records)
    call "$@"
    heard "$want"
    heard 'exit 1'
    assert_equal "$(repository_snapshot "$repo")" "$before" repository
    assert_no_leftovers
    "${LEAVES:-one_record}" "$records"
}

# Published all the same, with one record: nobody takes the answer.
published_in_silence() { # GENERATION FILE...
    local records generation=$1
    shift
    records=$(history_records)
    call --deaf "$@"
    heard 'exit 0'
    assert_equal "$(readlink "$repo/current")" "generations/$generation"
    assert_no_leftovers
    one_record "$records"
}

# A bin folder in which stand-ins stand beside our programs.
make_bin() { # STAND-IN...
    bin=$BATS_TEST_TMPDIR/bin
    mkdir -p "$bin"
    cp "$SP_BUILD/sallyport" "${SP_WORKERS[@]}" \
        "$SP_BUILD"/sallyport-builder "$bin"
    local name
    for name in "$@"; do
        cp "$SP_TOP/tests/fake/$name" "$bin"
    done
    echo good >"$bin/MODE"
}

pull() { # STATUS ADDRESS
    run_program "$1" "$bin/sallyport" ingest "${SP_OPTIONS[@]}" --any-request \
        "$2"
}

# The service that the stand-in of qrexec-client-vm runs.
make_service() { # COMMAND...
    export FAKE_SERVICES=$BATS_TEST_TMPDIR/services
    mkdir -p "$FAKE_SERVICES"
    printf '#!/bin/sh\nexec %s\n' "$*" >"$FAKE_SERVICES/qubes.ReceiveUpdates"
    chmod +x "$FAKE_SERVICES/qubes.ReceiveUpdates"
    PATH=$SP_TOP/tests/fake:$PATH
}

# Bytes without a sender of ours: 47-carriers.
@test "our sender over a call, and a pull: the same repository as a file" {
    sp 0 ingest --any-request "$GOOD"
    want=$(repository_snapshot "$repo")
    for way in service-bundle service-qfile pull; do
        new_state
        policy 'updatevm = sys-update'
        state=$BATS_TEST_TMPDIR/$way repo=$BATS_TEST_TMPDIR/$way/updates
        mkdir -p "$repo"
        SP_OPTIONS[1]=$state
        case $way in
        service-*)
            make_service "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" \
                --any-request qrexec:
            spb 0 send --framing="${way#service-}" "$GOOD" qrexec:dom0
            ;;
        pull)
            make_bin qvm-run
            pull 0 "qube:sys-usb/$GOOD"
            grep -q '^sys-usb -- sallyport-builder send .* None$' "$bin/CALLED"
            ;;
        esac
        assert_equal "$(repository_snapshot "$repo" |
            sed -E 's/ [0-9]{10}\.[0-9]+ / /')" \
            "$(sed -E 's/ [0-9]{10}\.[0-9]+ / /' <<<"$want")" "$way"
    done
}

@test "the answer comes behind publishing, not before" {
    call --watch="$repo/current/repodata/repomd.xml" --raw "$GOOD"
    heard 'line sallyport 1 ok -'
    heard 'watched yes'
    heard 'exit 0'
    call --watch="$repo/generations/2/packages" "$FIXTURES"/newer/*.rpm
    heard 'result 0 ok '
    heard 'watched yes'
}

@test "a refusal is told in the language of the sender" {
    refused 'result 126 (ok|differs) sallyport 1 key no-key' \
        "$FIXTURES"/rpms/hello*.rpm "$FIXTURES"/foreign/*.rpm
    grep -q 'key, no-key' "$repo/errors"
    assert_equal "$(wc -l <"$repo/errors") $(stat -c %a "$repo/errors")" \
        '1 644'
    make_bundle "$BATS_TEST_TMPDIR/foreign" "$FIXTURES"/foreign/*.rpm
    refused 'line sallyport 1 key no-key' --raw "$BATS_TEST_TMPDIR/foreign"
    # What is well takes the note away.
    call --raw "$GOOD"
    [ ! -e "$repo/errors" ] || fail "errors is still there"
    call --raw "$GOOD"
    heard 'line sallyport 1 ok -'
}

@test "nothing but the answer goes to the caller" {
    call --raw "$GOOD"
    heard 'line sallyport 1 ok -'
    SP_OPTIONS+=(--json --progress=json)
    call "$FIXTURES"/newer/*.rpm
    heard 'result 0 ok '
    # A pipe or a file cannot be shut down: there it shows.
    answer=$BATS_TEST_TMPDIR/answer
    QREXEC_REMOTE_DOMAIN=sys-update "$SP_BUILD/sallyport" ingest \
        "${SP_OPTIONS[@]}" --any-request qrexec: <"$GOOD" >"$answer" || true
    assert_equal "$(cat "$answer")" 'sallyport 1 policy downgrade'
}

@test "F01 only the update qube may call" {
    local LEAVES=no_record # nothing was read of it
    refused 'result 1 differs sallyport 1 policy foreign-qube' --from=work \
        "$FIXTURES"/rpms/*.rpm
    [ ! -e "$repo/errors" ] || fail "a stranger wrote a note"
    [ -z "$(ls -A "$repo")" ] || fail "a stranger changed the repository"
    refused 'result 1 differs sallyport 1 policy foreign-qube' \
        --from=sys-update2 "$FIXTURES"/rpms/*.rpm
    policy ''
    refused 'result 1 differs sallyport 1 policy foreign-qube' \
        "$FIXTURES"/rpms/*.rpm
    case_ended 15 foreign-qube
}

@test "F01 without a policy the system says which qube it is" {
    policy ''
    make_bin
    printf '#!/bin/sh\n[ "$1" = updatevm ] && echo sys-update\n' \
        >"$bin/qubes-prefs"
    chmod +x "$bin/qubes-prefs"
    PROGRAM=$bin/sallyport call --raw "$GOOD"
    heard 'line sallyport 1 ok -'
    PROGRAM=$bin/sallyport call --from=work --raw "$GOOD"
    heard 'result 1 differs sallyport 1 policy foreign-qube'
    printf '#!/bin/sh\nexit 1\n' >"$bin/qubes-prefs"
    PROGRAM=$bin/sallyport call --raw "$GOOD"
    heard 'result 125 differs sallyport 1 internal internal'
}

@test "F02 nobody asked: refused" {
    local LEAVES=no_record # nothing was read of it
    ASK='' refused 'result 1 (ok|differs) sallyport 1 policy unsolicited' \
        "$FIXTURES"/rpms/*.rpm
    ASK='' refused 'result 1 (ok|differs) sallyport 1 policy unsolicited' --raw "$GOOD"
    case_ended 15 unsolicited
}

@test "F03 early close and truncation" {
    refused 'result 121 ok sallyport 1 format empty' --cut=0 --raw /dev/null
    for n in 32 5000; do
        refused 'result 121 differs sallyport 1 transport truncated' \
            --cut=$n "$FIXTURES"/rpms/*.rpm
    done
    size=$(stat -c %s "$GOOD")
    refused 'line sallyport 1 transport truncated' --cut=$((size - 1)) \
        --raw "$GOOD"
    case_ended 5 empty
    case_ended 4 truncated
}

@test "F03 a stream without its end marker is not published" {
    whole=$(cat "$FIXTURES"/rpms/hello*.rpm | wc -c)
    name=$(basename "$FIXTURES"/rpms/hello*.rpm)
    refused 'result 121 differs sallyport 1 transport truncated' \
        --cut=$((32 + ${#name} + 1 + whole)) "$FIXTURES"/rpms/hello*.rpm
    case_ended 4 truncated
}

# In a bundle it cannot be described.
@test "X18 a package of 95 bytes" {
    head -c 95 "$FIXTURES"/rpms/hello*.rpm >"$BATS_TEST_TMPDIR/short.rpm"
    refused 'result 121 (ok|differs) sallyport 1 transport truncated' \
        "$BATS_TEST_TMPDIR/short.rpm"
    case_ended 4 truncated
}

@test "F04 F10 nobody takes the answer: published all the same" {
    published_in_silence 1 --raw "$GOOD"
    published_in_silence 2 "$FIXTURES"/newer/*.rpm
    case_ended 0 accept
}

@test "F06 a qfile sender keeps the call open: answered at its end" {
    policy 'updatevm = sys-update' 'idle-seconds = 20'
    call --open "$FIXTURES"/rpms/*.rpm
    heard 'result 0 ok '
    heard 'seconds 1?[0-9]'
}

# More of silence and trickles is in 47-carriers.
@test "F06 behind a bundle the next read must be the end" {
    policy 'updatevm = sys-update' 'idle-seconds = 1'
    refused 'line sallyport 1 transport idle' --open --raw "$GOOD"
    case_ended 4 idle
}

@test "bytes behind the end: refused for a bundle, dropped for a qfile" {
    refused 'line sallyport 1 format trailing-data' --append=x --raw "$GOOD"
    call --append='sallyport' "$FIXTURES"/rpms/*.rpm
    heard 'result 0 ok '
    call --flood "$FIXTURES"/newer/*.rpm
    heard 'result 0 ok '
    heard 'seconds [0-9]{1,2}'
    # Whoever is in the middle of a write can end it.
    heard 'flooded [0-9]{7,}'
}

@test "unpack never reads behind the end marker of a qfile" {
    python3 - "$SP_TOP/tests/fake" "$BATS_TEST_TMPDIR/q" \
        "$FIXTURES"/rpms/*.rpm <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import qfile
with open(sys.argv[2], "wb") as f:
    f.write(qfile.stream(sys.argv[3:]) + b"behind")
END
    exec 7<"$BATS_TEST_TMPDIR/q"
    (cd "$BATS_TEST_TMPDIR" && QREXEC_REMOTE_DOMAIN=sys-update \
        "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request --quiet \
        qrexec: <&7 >answer)
    # The rest was drained behind the answer; unpack's count says how far it
    # went itself.
    sp 0 history --json
    [[ $output == *"\"bytes\":$(($(stat -c %s "$BATS_TEST_TMPDIR/q") - 6))"* ||
        $output == *"\"bytes\": $(($(stat -c %s "$BATS_TEST_TMPDIR/q") - 6))"* ]] ||
        fail "$output"
    exec 7<&-
}

@test "hostile qfile streams: the table of the stock receiver, our codes" {
    python3 - "$SP_TOP/tests/fake" "$BATS_TEST_TMPDIR" \
        "$FIXTURES"/rpms/hello*.rpm <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from qfile import record, END
data = open(sys.argv[3], "rb").read()
rows = {
    "22 qfile-header link": record("a.rpm", b"x", mode=0o120777),
    "22 qfile-header dir": record("a.rpm", b"", mode=0o040755),
    "22 qfile-header fifo": record("a.rpm", b"", mode=0o010644),
    "22 qfile-header mode0": record("a.rpm", b"", mode=0),
    "22 qfile-header nsec": record("a.rpm", b"x", nsec=10**9),
    "84 member-name dots": record("../x.rpm", data),
    "84 member-name root": record("/x.rpm", data),
    "84 member-name slash": record("a/b.rpm", data),
    "84 member-name newline": record("a\nb.rpm", data),
    "84 member-name escape": record("\x1b[2J.rpm", data),
    "84 member-name empty": record(b"\0", data),
    "84 member-name nul": record(b"a\0b.rpm\0", data),
    "84 member-name other": record("hello.sh", data),
    "84 member-name dash": record("-rf.rpm", data),
    "36 name-too-long 16384": record("a.rpm", data, name_size=16384),
    "36 name-too-long 257": record("a" * 252 + ".rpm", data),
    "36 name-too-long nonul": record(b"a" * 252 + b".rpm", data),
    "36 name-too-long garbage": b"\xff" * 4096,
    "36 name-too-long gzip": b"\x1f\x8b\x08\0" + bytes(4096),
    "27 file-too-large huge": record("a.rpm", b"", size=2**63),
    "27 file-too-large max": record("a.rpm", b"", size=2**64 - 1),
    "17 duplicate-nevra twice":
        record("a.rpm", data) + record("b.rpm", data) + END,
    "22 not-rpm bytes": record("a.rpm", b"x" * 5000) + END,
    "22 not-rpm none": record("a.rpm", b"") + END,
}
with open(sys.argv[2] + "/rows.tsv", "w") as table:
    for i, (row, stream) in enumerate(rows.items()):
        print(row, f"row-{i}", "", sep="\t", file=table)
        open(f"{sys.argv[2]}/row-{i}", "wb").write(stream)
END
    # What unpack alone can see, all of it; what the sender hears, some.
    run python3 "$SP_TOP/tests/fake/unpack-parent.py" --table \
        "$SP_BUILD/sallyport-unpack" "$BATS_TEST_TMPDIR/rows.tsv" end=known \
        framing=auto
    said=$output
    while IFS=$'\t' read -r row file _; do
        read -r code word name <<<"$row"
        case $name in
        twice | bytes | none)
            refused "result $code (ok|differs) sallyport 1 [a-z]+ $word" \
                --raw "$BATS_TEST_TMPDIR/$file" || fail "$name"
            ;;
        *)
            grep -Fqx "$row $word" <<<"$said" || fail "$row" "$said"
            ;;
        esac
    done <"$BATS_TEST_TMPDIR/rows.tsv"
}

@test "qfile: setuid and foreign names are hints, NEVRA decides" {
    cp "$FIXTURES"/rpms/hello*.rpm "$BATS_TEST_TMPDIR/kernel-99-1.x86_64.rpm"
    call "$BATS_TEST_TMPDIR/kernel-99-1.x86_64.rpm"
    heard 'result 0 ok '
    assert_equal "$(ls "$repo/rpm")" "$(cd "$FIXTURES/rpms" && echo hello*)"
    # Nothing at all is an empty delivery: the repository is kept.
    call
    heard 'result 0 ok '
    assert_equal "$(readlink "$repo/current")" generations/1
}

@test "qfile: ceilings of files and bytes" {
    policy 'updatevm = sys-update' 'max-packages = 2'
    refused 'result 27 (ok|differs) sallyport 1 limit too-many-files' \
        "$FIXTURES"/rpms/*.rpm
    policy 'updatevm = sys-update' 'max-bytes = 20000'
    refused 'result 27 (ok|differs) sallyport 1 limit too-many-bytes' \
        "$FIXTURES"/rpms/*.rpm
}

@test "F07 the policy denies, the service is missing: told as such" {
    PATH=$SP_TOP/tests/fake:$PATH
    spb 4 send "$GOOD" qrexec:dom0
    assert_detail unreachable
    [[ $stderr == *"does not let this qube call 'qubes.ReceiveUpdates' in"* ]]
    make_service true
    spb 4 send "$GOOD" qrexec:dom0/none.Such
    [[ $stderr == *"there is no service 'none.Such' in 'dom0'"* ]]
    PATH=/usr/bin:/bin
    spb 3 send "$GOOD" qrexec:dom0
    assert_detail not-found
    [ -z "$(ls -A "$repo")" ] || fail "it came as far as the repository"
    assert_equal "$(history_records)" 0 records
    kept=no-delivery
    case_ended 4 unreachable
}

@test "F08 addresses that are none" {
    sp 0 ingest --any-request "$GOOD"
    for address in qrexec:dom0 qrexec:-x; do
        QREXEC_REMOTE_DOMAIN=sys-update refuse_unbegun 2 usage --any-request \
            "$address" <"$GOOD"
    done
    case_ended 2 usage
    for address in qrexec: qrexec:-x 'qrexec:a b' 'qrexec:dom0/-x' \
        'qrexec:dom0/a b' qrexec:dom0/ qrexec:1a qrexec:@ \
        "qrexec:$(printf 'a%.0s' {1..32})"; do
        spb 2 send "$GOOD" "$address"
        assert_detail usage
    done
    kept=no-delivery
    case_ended 2 usage
    make_bin qvm-run
    SP_BUILD=$bin
    for address in qube: qube:sys-usb qube:sys-usb/ 'qube:sys-usb/a b' \
        'qube:sys-usb/$(id)' "qube:sys-usb/a'b" 'qube:sys-usb/a;b' \
        'qube:sys-usb/-x' 'qube:-x/a' 'qube:@adminvm/a' 'qube:a b/c'; do
        refuse_unbegun 2 usage --any-request "$address"
    done
    [ ! -e "$bin/CALLED" ]
    case_ended 2 usage
}

@test "F09 a poisoned environment changes nothing" {
    local LEAVES=no_record # nothing was read of it
    refused 'result 1 differs sallyport 1 policy foreign-qube' \
        --from=$'sys-update\n\e[2Jx' "$FIXTURES"/rpms/*.rpm
    refused 'result 1 differs sallyport 1 policy foreign-qube' \
        --from="$(head -c 5000 /dev/zero | tr '\0' a)" "$FIXTURES"/rpms/*.rpm
    call --from= "$FIXTURES"/rpms/*.rpm
    heard silence
    [ -z "$(ls -A "$repo")" ] || fail "a stranger changed the repository"
    no_record 0
    case_ended 15 foreign-qube
    PROGRAM=$BATS_TEST_TMPDIR/poisoned
    printf '#!/bin/sh\n%s exec %s "$@"\n' \
        'PATH=/no HOME=/no GNUPGHOME=/no TMPDIR=/no IFS=/ POSIXLY_CORRECT=1' \
        "$SP_BUILD/sallyport" >"$PROGRAM"
    chmod +x "$PROGRAM"
    call --raw "$GOOD"
    heard 'line sallyport 1 ok -'
}

@test "a taken-over unpack cannot choose the framing" {
    make_bin
    cp "$SP_TOP/tests/fake/worker.py" "$bin/sallyport-unpack"
    echo other_framing >"$bin/MODE"
    pull 1 "$GOOD"
    assert_detail protocol
    PROGRAM=$bin/sallyport
    echo changes_framing >"$bin/MODE"
    refused 'result 125 (ok|differs) sallyport 1 internal protocol' \
        --raw "$GOOD"
    echo qfile_alone >"$bin/MODE"
    refused 'line sallyport 1 internal disagreement' --raw "$GOOD"
}

@test "two calls at once: one is busy, and its sender hears that" {
    local LEAVES=no_record
    call --raw "$GOOD"
    exec 7>>"$repo/.lock"
    flock 7
    refused 'result 16 differs sallyport 1 busy busy' "$FIXTURES"/newer/*.rpm
    exec 7>&-
}

@test "a stock dom0 takes what the builder sends" {
    make_service "python3 $SP_TOP/tests/fake/stock-receiver.py"
    export RECEIVED=$BATS_TEST_TMPDIR/received
    for how in send build; do
        rm -rf "$RECEIVED"
        mkdir "$RECEIVED"
        if [ $how = send ]; then
            spb 0 send --framing=qfile "$GOOD" qrexec:dom0
        else
            spb 0 build --framing=qfile --list "$GOOD.list" -o qrexec:@adminvm
        fi
        diff -r "$FIXTURES/rpms" "$RECEIVED"
    done
    spb 0 send --framing=qfile "$GOOD" "$BATS_TEST_TMPDIR/one"
    spb 0 build --framing=qfile --list "$GOOD.list" -o "$BATS_TEST_TMPDIR/two"
    cmp "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
}

@test "what a stock dom0 refuses is told, with its class" {
    make_service "python3 $SP_TOP/tests/fake/stock-receiver.py"
    export RECEIVED=$BATS_TEST_TMPDIR RECEIVER_MODE
    for RECEIVER_MODE in crc:4:'received other bytes' full:6:'big.rpm' \
        late:4:'arrived and then were refused' mute:4:'exit status 1'; do
        IFS=: read -r RECEIVER_MODE class text <<<"$RECEIVER_MODE"
        rm -f "$BATS_TEST_TMPDIR"/*.rpm
        spb "$class" send --framing=qfile "$GOOD" qrexec:dom0
        [[ $stderr == *"$text"* ]] || fail "$RECEIVER_MODE: $stderr"
    done
    # It does not know a bundle.
    RECEIVER_MODE=full spb 6 send "$GOOD" qrexec:dom0
}

@test "the builder tells what our own side refused, and exits alike" {
    make_service "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" \
        --any-request qrexec:
    make_bundle "$BATS_TEST_TMPDIR/foreign" "$FIXTURES"/foreign/*.rpm
    for framing in bundle qfile; do
        spb 14 send --framing=$framing "$BATS_TEST_TMPDIR/foreign" qrexec:dom0
        assert_detail no-key
        [[ $stderr == *"'qrexec:dom0' refused the delivery"* ]] || fail "$stderr"
    done
    policy 'updatevm = another'
    for framing in bundle qfile; do
        spb 15 send --framing=$framing "$GOOD" qrexec:dom0
        assert_detail foreign-qube
    done
}

@test "a pull that fails says why, in printable text" {
    make_bin qvm-run
    pull 4 "qube:sys-usb/nothing-here"
    assert_detail peer-gone
    [[ $stderr == *"the sender in 'sys-usb' failed: sallyport-builder send:"*"No such file"* ]] ||
        fail "$stderr"
    echo no-qube >"$bin/MODE"
    pull 4 "qube:sys-usb/$GOOD"
    [[ $stderr == *'no such domain: \x1b[2J'* ]] || fail "$stderr"
    echo killed >"$bin/MODE"
    pull 4 "qube:sys-usb/$GOOD"
    assert_detail peer-gone
}

@test "a pull counts only when its sender ended well" {
    make_bin qvm-run
    echo late-failure >"$bin/MODE"
    pull 4 "qube:sys-usb/$GOOD"
    assert_detail peer-gone
    [ ! -e "$repo/current" ]
    pull 2 qrexec:
}

@test "F05 a flood of complaints neither blocks nor fills anything" {
    make_bin qvm-run
    echo stderr-flood >"$bin/MODE"
    pull 0 "qube:sys-usb/$GOOD"
    assert_equal "$(readlink "$repo/current")" generations/1
    assert_no_leftovers
    one_record 0
    case_ended 0 accept
}
