#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The named cases of section E: deliveries without an end, too slow, too many,
# too large, a machine without room, and two who want the same at once.

load helpers
load forge
load policy

setup_file() {
    FORGED=$(attack_table)
    export FORGED
}

setup() {
    new_state
    cp "$FORGED/keys/trusted.asc" "$keys/"
    good=$BATS_TEST_TMPDIR/good
    python3 "$FORGE/bundle.py" "$good" "$FIXTURES"/rpms/*.rpm
    mkdir "$repo"
}

teardown() {
    [ -z "${writer:-}" ] || kill "$writer" 2>/dev/null || true
    [ -z "${small:-}" ] || umount --lazy "$small" 2>/dev/null || true
}

# What says nothing more after this many bytes of a file, as standard input.
silent_after() { # BYTES FILE
    fifo=$BATS_TEST_TMPDIR/fifo
    mkfifo "$fifo"
    exec 9<>"$fifo"
    head -c "$1" "$2" >&9
}

# ---- without an end ----

@test "E01 zeros without an end" {
    refused_case 5 empty --any-request - </dev/zero
}

@test "E02 good members without an end" {
    mkfifo "$BATS_TEST_TMPDIR/endless"
    python3 -c '
import sys
sys.path.insert(0, sys.argv[1])
import bundle
data = open(sys.argv[2], "rb").read()
one = bundle.Package(data, bundle.nevra_of(data))
with open(sys.argv[3], "wb") as out:
    out.write(bundle.member("MANIFEST", bundle.seal(bundle.manifest([one]))))
    number = 0
    while True:
        number += 1
        out.write(bundle.member("p%06d.rpm" % number, data))
' "$FORGE" "$FIXTURES"/rpms/hello*.rpm "$BATS_TEST_TMPDIR/endless" \
        2>/dev/null 3>&- &
    writer=$!
    refused_case 5 manifest-member --any-request - <"$BATS_TEST_TMPDIR/endless"
}

# ---- too slow ----

@test "E03 a byte now and then" {
    policy 'rate-seconds = 1' 'rate-bytes = 100000'
    mkfifo "$BATS_TEST_TMPDIR/slow"
    (
        exec 3>&- >"$BATS_TEST_TMPDIR/slow" 2>/dev/null
        for _ in $(seq 200); do
            head -c 1 || exit 0
            sleep 0.2
        done
    ) <"$good" &
    writer=$!
    refused_case 4 too-slow --any-request - <"$BATS_TEST_TMPDIR/slow"
}

@test "E04 silence before the first byte" {
    policy 'idle-seconds = 1'
    silent_after 0 "$good"
    refused_case 4 idle --any-request - <"$fifo"
}

@test "E05 silence in the data" {
    policy 'idle-seconds = 1'
    silent_after 20000 "$good"
    refused_case 4 idle --any-request - <"$fifo"
}

@test "E06 silence behind the end" {
    policy 'idle-seconds = 1'
    mkfifo "$BATS_TEST_TMPDIR/open"
    { cat "$good" && exec sleep 60; } >"$BATS_TEST_TMPDIR/open" 3>&- &
    writer=$!
    refused_case 4 idle --any-request - <"$BATS_TEST_TMPDIR/open"
}

# ---- too many, too large ----

@test "E07 a hundred thousand tiny packages" {
    python3 -c '
import sys
sys.path.insert(0, sys.argv[1])
import bundle, manifests
line = manifests.Set().one.line(1)
text = "bundle 1\n" + "".join(
    line.replace("p000001", "p%06d" % n).replace("alpha", "a%06d" % n)
    for n in range(1, 100001)) + "total 0 0\n"
sys.stdout.buffer.write(bundle.around(bundle.seal(text), []))' "$FORGE" \
        >"$BATS_TEST_TMPDIR/many"
    refused_case 6 too-many-files --any-request "$BATS_TEST_TMPDIR/many"
}

# 4097 files of a stock sender, each a package that is well. They are signed one
# by one, which takes half a minute: they are kept as long as the attack table.
many_packages() { # prints its path
    local file=$FORGED/many.qfile
    [ -e "$file" ] || python3 -c '
import sys
sys.path[:0] = sys.argv[1:3]
import rpm
from make import sign
from qfile import END, record
with open(sys.argv[3], "wb") as out:
    for n in range(4097):
        spec = rpm.Spec("p%04d" % n, "1", "1", "noarch")
        out.write(record("p%d.rpm" % n, rpm.package(spec, sign)))
    out.write(END)' "$FORGE" "$SP_TOP/tests/fake" "$file.new" || return 1
    [ -e "$file" ] || mv "$file.new" "$file"
    echo "$file"
}

# What a stock sender of this stream hears, in $output: a refusal, with all that
# one promises. To such a sender every refusal has the status 1.
stock_delivery() { # FILE
    local before records
    before=$(repository_snapshot "$repo")
    records=$(history_records)
    run timeout 300 python3 "$SP_TOP/tests/fake/caller.py" --raw "$1" -- \
        "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request qrexec:
    assert_equal "$status" 0 "$output"
    grep -qx 'exit 1' <<<"$output" || fail "$output"
    assert_equal "$(repository_snapshot "$repo")" "$before" repository
    assert_no_leftovers
    one_record "$records"
}

# What the worker alone says: of 4096 that they are not too many.
@test "E08 4097 files of a stock sender" {
    local n
    for n in 4096 4097; do
        python3 -c '
import sys
sys.path.insert(0, sys.argv[1])
from qfile import END, record
sys.stdout.buffer.write(b"".join(
    record("p%d.rpm" % n, b"x") for n in range(int(sys.argv[2]))) + END)' \
            "$SP_TOP/tests/fake" "$n" >"$BATS_TEST_TMPDIR/$n"
        run python3 "$SP_TOP/tests/fake/unpack-parent.py" \
            "$SP_BUILD/sallyport-unpack" "$BATS_TEST_TMPDIR/$n" end=known \
            framing=auto
        [ "$n" = 4097 ] || grep -qx 'done 4096' <<<"$output" || fail "$output"
    done
    [[ $output == *'fault too-many-files '*'exit 6' ]] || fail "$output"
    policy 'updatevm = sys-update'
    stock_delivery "$(many_packages)"
    [[ $output == *'sallyport 1 limit too-many-files'* ]] || fail "$output"
    assert_equal "$(grep -hE '^(class|detail) ' "$state"/history/* | xargs)" \
        'class limit detail too-many-files'
    case_ended 6 too-many-files
}

@test "E09 each limit exactly, and one more" {
    local size largest
    size=$(stat -c %s "$good")
    largest=$(stat -c %s "$FIXTURES"/rpms/*.rpm | sort -n | tail -n 1)
    policy 'max-packages = 4'
    refused_case 6 too-many-files --any-request "$good"
    policy "max-file-bytes = $((largest - 1))"
    refused_case 6 file-too-large --any-request "$good"
    policy "max-bytes = $((size - 1))"
    refused_case 6 too-many-bytes --any-request "$good"
    policy 'max-packages = 5' "max-file-bytes = $largest" "max-bytes = $size"
    sp 0 ingest --any-request "$good"
}

# ---- no room ----

# The state lies on a file system of its own: $small.
small_place() { # MOUNT-OPTION...
    requires mounts
    small=$BATS_TEST_TMPDIR/small
    mkdir "$small"
    mount -t tmpfs -o "mode=700,$1" none "$small"
    state=$small
    repo=$small/updates
    SP_OPTIONS[1]=$small
    mkdir "$repo"
    policy 'reserve-bytes = 0'
}

# Ingests again and again while there is more and more room; each time but
# the last there is too little.
with_more_and_more() { # OPTION FROM STEP BUNDLE
    local room=$2 before records tries=0
    before=$(repository_snapshot "$repo")
    while :; do
        mount -o "remount,$1=$room" "$small"
        records=$(history_records)
        run --separate-stderr "$SP_BUILD/sallyport" ingest --json \
            "${SP_OPTIONS[@]}" --any-request "$4"
        # Behind the flip it may lack room for its notes, and says so.
        [ "$(json published)" = false ] || break
        assert_equal "$(repository_snapshot "$repo")" "$before" "$1=$room"
        assert_no_leftovers
        # A record takes room as well; what failed has given back its own.
        one_record "$records"
        assert_equal "$(json detail)" space "$1=$room"
        case_ended "$status" space
        room=$((room + $3))
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || fail "never enough: $output"
    done
    [ "$tries" -gt 4 ] || fail "there was room at once"
    assert_equal "$(readlink "$repo/current")" generations/1
}

@test "E10 a disk that is full at the start, in the middle, at the index" {
    small_place size=1M
    policy 'reserve-bytes = 1099511627776'
    refused_case 19 space --any-request "$good"
    policy 'reserve-bytes = 0'
    with_more_and_more size 98304 8192 "$good"
}

@test "E11 a disk without inodes" {
    small_place size=8M,nr_inodes=200
    # Its keys are there already; gpg cannot say what it lacks.
    refuse_delivery 5 empty --any-request - </dev/null
    with_more_and_more nr_inodes 22 3 "$good"
}

@test "E12 a quota that is used up" {
    requires program strace
    local before records
    sp 0 ingest --any-request --quiet "$good"
    before=$(repository_snapshot "$repo")
    records=$(history_records)
    # Not every kernel has quotas: the call says so, that makes the quarantine.
    # `make check-crash` has those fail as well that make the record.
    run --separate-stderr env ASAN_OPTIONS=detect_leaks=0 strace -f \
        -o "$BATS_TEST_TMPDIR/log" -e trace=mkdirat \
        -e inject=mkdirat:error=EDQUOT:when=1 "$SP_BUILD/sallyport" ingest \
        "${SP_OPTIONS[@]}" --any-request "$good"
    grep -q INJECTED "$BATS_TEST_TMPDIR/log"
    [[ $stderr == *'Disk quota exceeded (space, space)'* ]] || fail "$stderr"
    assert_equal "$status" 19
    assert_refusal space "$before" "$records"
    case_ended 19 space
}

# ---- two at once ----

@test "E13 a second ingest is busy, and the first goes on" {
    local before
    mkfifo "$BATS_TEST_TMPDIR/first"
    "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request --quiet - \
        <"$BATS_TEST_TMPDIR/first" 3>&- &
    writer=$!
    exec 9>"$BATS_TEST_TMPDIR/first"
    for _ in $(seq 200); do
        ! compgen -G "$repo/*.UNTRUSTED" >/dev/null || break
        sleep 0.05
    done
    before=$(repository_snapshot "$repo")
    sp 18 ingest --any-request "$good" 9>&-
    [[ $stderr == *'(busy, busy)'* ]] || fail "$stderr"
    # The first one's quarantine is there, and nothing of the second.
    assert_equal "$(repository_snapshot "$repo")" "$before" repository
    no_record 0
    assert_equal "$(find "$repo" -maxdepth 1 -name '*.UNTRUSTED' | wc -l)" 1
    cat "$good" >&9
    exec 9>&-
    wait "$writer"
    assert_equal "$(readlink "$repo/current")" generations/1
    assert_no_leftovers
    assert_equal "$(history_records)" 1 'records of the first'
    case_ended 18 busy
}

# ---- what is inside ----

# The largest resident set of an ingest and its descendants, in KiB: $peak.
measured() { # STATUS OPTION...
    local want=$1
    shift
    run --separate-stderr python3 - "$SP_BUILD/sallyport" ingest \
        "${SP_OPTIONS[@]}" --json --any-request "$@" <<'END'
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
END
    assert_equal "$status" "$want" "$stderr $output"
    peak=$(tail -n 1 <<<"$stderr")
    is_test_build || [ "$peak" -lt 65536 ] || fail "a process had $peak KiB"
}

forged() { # NAME [OPTION]...: a bundle of it
    python3 "$FORGE/make.py" "$BATS_TEST_TMPDIR/$1.rpm" "$1" 1-1 noarch "${@:2}"
    python3 "$FORGE/bundle.py" "$BATS_TEST_TMPDIR/$1" "$BATS_TEST_TMPDIR/$1.rpm"
}

@test "E15 a payload that unpacks to a gigabyte is not unpacked" {
    local bomb=$BATS_TEST_TMPDIR/bomb.zst file
    head -c 1G /dev/zero | zstd -q >"$bomb"
    forged bomb --payload="$bomb"
    measured 0 "$BATS_TEST_TMPDIR/bomb"
    file=$repo/rpm/bomb-1-1.noarch.rpm
    cmp <(tail -c "$(stat -c %s "$bomb")" "$file") "$bomb"
    [ "$(du -sk "$repo" | cut -f1)" -lt 1024 ] || fail "something was unpacked"
    assert_no_leftovers
    one_record 0
    case_ended 0 accept
}

@test "E16 headers as large as they may be, and larger" {
    local before records
    forged large --pad=8380000
    measured 0 "$BATS_TEST_TMPDIR/large"
    forged larger --pad=8390000
    before=$(repository_snapshot "$repo")
    records=$(history_records)
    measured 6 "$BATS_TEST_TMPDIR/larger"
    assert_refusal data-size "$before" "$records"
    case_ended 6 data-size
}
