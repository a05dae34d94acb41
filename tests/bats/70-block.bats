#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bundles on raw block devices, on loop devices: what is read and how often,
# what a bad medium does, and what is never written over. H01 to H20 are the
# rows of the attack list.

load helpers
load forge

DISK=$SP_TOP/tests/fake/disk.py

setup_file() {
    python3 "$FORGE/bundle.py" "$BATS_FILE_TMPDIR/good" \
        "$FIXTURES"/rpms/hello-*.rpm
    python3 "$FORGE/bundle.py" "$BATS_FILE_TMPDIR/next" \
        "$FIXTURES"/newer/*.rpm
    # A container of many chunks; the packages in it are none.
    python3 - "$BATS_FILE_TMPDIR/large" <<'END'
import random, sys
sys.path.insert(0, __import__("os").environ["SP_TOP"] + "/tests/forge")
import bundle
packages = [bundle.Package(random.Random(n).randbytes(3000001 + n),
                           f"large{n} 0:1-1 noarch") for n in range(4)]
with open(sys.argv[1], "wb") as out:
    out.write(bundle.around(bundle.seal(bundle.manifest(packages)),
                            [p.data for p in packages]))
END
}

setup() {
    requires loop
    new_state
    good=$BATS_FILE_TMPDIR/good
    next=$BATS_FILE_TMPDIR/next
    large=$BATS_FILE_TMPDIR/large
    undo=$BATS_TEST_TMPDIR/undo
    image=$BATS_TEST_TMPDIR/image
    : >"$undo"
}

# Whatever happened: the last thing that was set up goes first.
teardown() {
    [ -s "${undo:-}" ] || return 0
    exec 8<&- 9<&-
    tac "$undo" >"$undo.reversed"
    while read -r line; do
        eval "$line" >/dev/null 2>&1 || true
    done <"$undo.reversed"
}

teardown_file() {
    local left
    left=$(losetup --list --noheadings --output NAME,BACK-FILE |
        grep -F "$BATS_FILE_TMPDIR" || true)
    [ -z "$left" ] || fail "loop devices are left:" "$left"
    ! grep -F "$BATS_RUN_TMPDIR" /proc/self/mounts || fail "mounts are left"
}

# ---- devices ----------------------------------------------------------------

# Sets $device and $name ("loop7").
attach() { # FILE [LOSETUP-OPTION...]
    device=$(losetup --find --show "${@:2}" "$1")
    echo "losetup --detach $device" >>"$undo"
    name=${device#/dev/}
}

# A device of SIZE with the bundle written from byte 0 by dd.
stick() { # BUNDLE [SIZE [LOSETUP-OPTION...]]
    rm -f "$image"
    truncate -s "${2:-4M}" "$image"
    attach "$image" "${@:3}"
    dd if="$1" of="$device" bs=4096 conv=notrunc,fsync status=none
}

# A device on a disk with faults; $image is its memory.
faulty() { # SIZE FAULT...
    local where=$BATS_TEST_TMPDIR/fuse
    requires fuse
    mkdir "$where"
    [ -e "$image" ] || truncate -s "$1" "$image"
    python3 "$DISK" "$where" "$image" "${@:2}" 3>&- &
    disk=$!
    echo "umount --lazy $where" >>"$undo"
    echo "kill $disk" >>"$undo"
    for _ in $(seq 100); do
        [ ! -e "$where/disk" ] || break
        sleep 0.05
    done
    attach "$where/disk"
    # A machine with udev looks at what is new.
    udevadm settle 2>/dev/null || true
    kill -USR1 "$disk"
}

# The first package is published from a file, for the tests that refuse.
published() {
    sp 0 ingest --any-request "$good"
    before=$(repository_snapshot "$repo")
}

# Refused with class and word, named, and nothing has changed.
refused() { # STATUS CLASS WORD TEXT ADDRESS
    local records
    [ -n "${before:-}" ] || published
    records=$(history_records)
    sp "$1" ingest --any-request "$5"
    [[ $stderr == *"($2, $3)"* ]] || fail "not ($2, $3):" "$stderr"
    [[ $stderr == *"$4"* ]] || fail "it does not say '$4':" "$stderr"
    assert_unchanged "$3" "$before"
    case $3 in
    # It was never opened: there is no delivery.
    no-medium | io | not-found | usage | device-in-use) no_record "$records" ;;
    *) one_record "$records" ;;
    esac
    case_ended "$1" "$3"
}

# Taken in, once, and nothing is left of it.
taken() { # RECORDS-BEFORE
    assert_no_leftovers
    one_record "$1"
    case_ended 0 accept
}

# What a repository holds, without the times of its folders.
contents() { # DIR
    (cd "$1" && find . -type f ! -path ./.lock -printf '%P %m %T@\n' | sort &&
        find . -type f ! -path ./.lock -print0 | sort -z | xargs -0 sha256sum)
}

# The writer refuses, and not one byte of the image is another one.
not_written() { # STATUS CLASS WORD TEXT ARGS-OF-SEND...
    local sum
    sum=$(sha256sum <"$image")
    spb "$1" send "$good" "${@:5}"
    [[ $stderr == *"($2, $3)"* ]] || fail "not ($2, $3):" "$stderr"
    [[ $stderr == *"$4"* ]] || fail "it does not say '$4':" "$stderr"
    [[ $stderr == *"Nothing new is in"* ]] || fail "$stderr"
    sync "$image"
    assert_equal "$(sha256sum <"$image")" "$sum" "the device"
    kept=no-delivery # it is sent, not brought
    case_ended "$1" "$3"
}

# ---- reading ----------------------------------------------------------------

@test "H10 file, 512 and 4096 bytes a sector: the same repository" {
    sp 0 ingest --any-request "$good"
    want=$(contents "$repo")
    for sector in 512 4096; do
        stick "$good" 4M --sector-size "$sector"
        state=$BATS_TEST_TMPDIR/state-$sector
        mkdir "$state"
        sp 0 ingest --state-dir "$state" --any-request "block:$device"
        assert_equal "$(contents "$state/updates")" "$want" "$sector"
        taken 0
    done
}

@test "H19 an older, larger bundle behind the marker is not looked at" {
    truncate -s 16M "$image"
    dd if="$large" of="$image" conv=notrunc status=none
    attach "$image"
    dd if="$good" of="$device" conv=notrunc,fsync status=none
    sp 0 ingest --any-request "block:$device"
    assert_equal "$(readlink "$repo/current")" generations/1
    taken 0
}

@test "H01 a device without a medium" {
    device=$(losetup --find)
    refused 9 media no-medium "no medium" "block:$device"
}

@test "H02 a device that is shorter than a header" {
    head -c 512 "$good" >"$image"
    attach "$image"
    refused 9 media truncated "byte 512" "block:$device"
}

@test "H03 a bundle that is longer than the device" {
    head -c 8192 "$good" >"$image"
    attach "$image"
    refused 9 media truncated "byte 8192" "block:$device"
}

@test "H04 a device that answers the second question otherwise" {
    truncate -s 4M "$image"
    dd if="$good" of="$image" conv=notrunc status=none
    faulty 4M changes=1 log="$BATS_TEST_TMPDIR/log"
    : >"$BATS_TEST_TMPDIR/log"
    sp 0 ingest --any-request "block:$device"
    # Every byte once, in order.
    awk '$1 < end { bad = 1 } { end = $1 + $2 } END { exit bad || NR == 0 }' \
        "$BATS_TEST_TMPDIR/log" || fail "$(cat "$BATS_TEST_TMPDIR/log")"
    taken 0
}

# Puts the next bundle under a device that somebody keeps open and has read.
swap_medium() {
    published
    stick "$good"
    exec 8<"$device"
    cat <&8 >/dev/null
    dd if="$next" of="$image" conv=notrunc,fsync status=none
    cmp -n 512 "$device" "$good" || fail "nothing stale: the test is blind"
}

@test "H05 what the kernel keeps of an earlier medium is not read" {
    swap_medium
    sp 0 ingest --any-request "block:$device"
    assert_equal "$(readlink "$repo/current")" generations/2
    cmp -n 512 "$device" "$next"
    taken 1
}

@test "H05 nor is it by an ordinary user" {
    swap_medium
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR"
    chown -R 65534:65534 "$state"
    echo "chmod $(stat -c %a "$device") $device" >>"$undo"
    chmod 666 "$device"
    bin=$(programs_for_all)
    echo "rm -r $bin" >>"$undo"
    run_program 0 setpriv --reuid 65534 --regid 65534 --clear-groups \
        "$bin/sallyport" ingest "${SP_OPTIONS[@]}" --any-request \
        "block:$device"
    assert_equal "$(readlink "$repo/current")" generations/2
    taken 1
}

@test "H06 a read error in the middle names the byte" {
    truncate -s 4M "$image"
    dd if="$next" of="$image" conv=notrunc status=none
    faulty 4M eio=8192
    refused 9 media read-error "byte 8192" "block:$device"
}

@test "H06 an error behind the end marker is none" {
    truncate -s 4M "$image"
    dd if="$good" of="$image" conv=notrunc status=none
    faulty 4M eio=$((($(stat -c %s "$good") + 4095) / 4096 * 4096))
    sp 0 ingest --any-request "block:$device"
}

@test "H07 pulled out while it is read" {
    published
    truncate -s 4M "$image"
    dd if="$next" of="$image" conv=notrunc status=none
    faulty 4M stall=8192 log="$BATS_TEST_TMPDIR/log"
    : >"$BATS_TEST_TMPDIR/log"
    "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request \
        "block:$device" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    pid=$!
    for _ in $(seq 100); do
        [ ! -s "$BATS_TEST_TMPDIR/log" ] || break
        sleep 0.1
    done
    kill "$disk"
    status=0
    wait "$pid" || status=$?
    assert_equal "$status" 9
    grep -q '(media, read-error)' "$BATS_TEST_TMPDIR/out" ||
        fail "$(cat "$BATS_TEST_TMPDIR/out")"
    assert_equal "$(repository_snapshot "$repo")" "$before"
    assert_no_leftovers
    one_record 1
    case_ended 9 read-error
}

@test "H07 pulled out before: a device that became shorter" {
    stick "$next"
    truncate -s 8192 "$image"
    losetup --set-capacity "$device"
    refused 9 media truncated "byte 8192" "block:$device"
}

@test "H07 a device whose memory is gone" {
    stick "$next"
    truncate -s 8192 "$image"
    blockdev --flushbufs "$device"
    refused 9 media read-error "byte 8192" "block:$device"
}

# A read cannot be called back from a device; the kernel gives up some day.
@test "a stick that says nothing more is idle" {
    published
    truncate -s 4M "$image"
    dd if="$next" of="$image" conv=notrunc status=none
    faulty 4M slow=8192
    echo 'idle-seconds = 1' >"$BATS_TEST_TMPDIR/policy.conf"
    refused 4 transport idle "" "block:$device"
}

# The kernel waits for such a read when the device is closed: whoever closes
# it last cannot be ended, and that must not be the one who answers.
@test "a stick that says nothing for ever: in time, named, told what is left" {
    published
    truncate -s 4M "$image"
    dd if="$next" of="$image" conv=notrunc status=none
    faulty 4M stall=8192
    echo "kill $disk" >>"$undo" # or taking it down waits as well
    echo 'idle-seconds = 1' >"$BATS_TEST_TMPDIR/policy.conf"
    start=$SECONDS
    "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request --json \
        "block:$device" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    pid=$!
    until ! kill -0 "$pid" 2>/dev/null; do
        [ $((SECONDS - start)) -lt 60 ] || fail "it does not end"
        sleep 0.2
    done
    status=0
    wait "$pid" || status=$?
    assert_equal "$status" 4
    output=$(cat "$BATS_TEST_TMPDIR/out")
    [[ $output == *'"detail":"idle"'*'processes do not end: '* ]] ||
        fail "$output"
    assert_equal "$(repository_snapshot "$repo")" "$before" "repository"
    assert_no_leftovers
    # What is left keeps no lock, and ends with the device.
    : >"$BATS_TEST_TMPDIR/policy.conf"
    sp 0 ingest --any-request "$next"
}

# One MBR partition of Linux from 1 MiB on.
write_table() { # IMAGE
    python3 - "$1" <<'END'
import struct, sys
with open(sys.argv[1], "r+b") as disk:
    disk.seek(446)
    disk.write(struct.pack("<B3sB3sII", 0, b"\0\2\0", 0x83, b"\0\2\0",
                           2048, 4096))
    disk.seek(510)
    disk.write(b"\x55\xaa")
END
}

# Sets $part, the node of a partition from 1 MiB on. Not every kernel reads
# tables, and not every /dev makes nodes.
add_partition() {
    requires program addpart
    # A run that was killed leaves its partition on the loop device.
    delpart "$device" 1 2>/dev/null || true
    addpart "$device" 1 2048 4096 || skip "no partitions here"
    echo "delpart $device 1" >>"$undo"
    part=${device}p1
    [ -b "$part" ] || {
        part=$BATS_TEST_TMPDIR/${name}p1
        # shellcheck disable=SC2046 # two numbers
        mknod "$part" b $(tr : ' ' <"/sys/class/block/${name}p1/dev")
    }
}

@test "H08 a partition table in place of a bundle" {
    truncate -s 4M "$image"
    write_table "$image"
    attach "$image"
    refused 5 format not-a-bundle bundle "block:$device"
}

@test "H08 a partition table in the bundle's first sector" {
    truncate -s 4M "$image"
    dd if="$good" of="$image" conv=notrunc status=none
    write_table "$image"
    attach "$image"
    refused 5 format noncanonical-header "byte 0" "block:$device"
}

@test "H08 what GPT leaves at the end of a device is not looked at" {
    stick "$good"
    printf 'EFI PART' | dd of="$device" bs=1 seek=$((4194304 - 512)) \
        conv=notrunc,fsync status=none
    sp 0 ingest --any-request "block:$device"
}

@test "H09 a bundle in a partition is taken from the partition alone" {
    truncate -s 4M "$image"
    write_table "$image"
    dd if="$next" of="$image" bs=1M seek=1 conv=notrunc status=none
    attach "$image"
    add_partition
    refused 5 format not-a-bundle bundle "block:$device"
    not_written 2 usage device-unsafe "is a partition" "block:$part" \
        --yes-really="${name}p1"
    sp 0 ingest --any-request "block:$part"
    assert_equal "$(readlink "$repo/current")" generations/2
}

@test "H11 a read-only device is read, and not written" {
    stick "$good"
    losetup --detach "$device"
    attach "$image" --read-only
    sp 0 ingest --any-request "block:$device"
    not_written 2 usage device-unsafe read-only "block:$device" \
        --yes-really="$name"
}

@test "H12 a character device" {
    refused 3 io io "no block device" block:/dev/zero
}

@test "H13 a file, a folder, a fifo, nothing" {
    refused 3 io io "no block device" "block:$good"
    refused 3 io io "no block device" "block:$BATS_TEST_TMPDIR"
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    refused 3 io io "no block device" "block:$BATS_TEST_TMPDIR/fifo"
    refused 3 io not-found "cannot open" "block:$BATS_TEST_TMPDIR/none"
    refused 2 usage usage "names no device" "block:"
    stick "$good"
    refused 3 io io "block:PATH" "file:$device"
}

@test "H14 a link is followed" {
    stick "$good"
    ln -s "$device" "$BATS_TEST_TMPDIR/by-id"
    sp 0 ingest --any-request "block:$BATS_TEST_TMPDIR/by-id"
    taken 0
}

@test "H14 a link that is swapped never leads to another device" {
    local link=$BATS_TEST_TMPDIR/by-id
    truncate -s 4M "$image.other" "$image"
    attach "$image.other"
    other=$device
    attach "$image"
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    ln -s "$device" "$link"
    python3 - "$link" "$device" "$other" "$BATS_TEST_TMPDIR/fifo" 3>&- <<'END' &
import itertools, os, sys
link, *targets = sys.argv[1:]
for target in itertools.cycle(targets):
    os.symlink(target, link + ".new")
    os.rename(link + ".new", link)
END
    swapper=$!
    echo "kill $swapper" >>"$undo"
    for _ in $(seq 30); do
        timeout 20 "$SP_BUILD/sallyport-builder" send "$good" "block:$link" \
            --yes-really="$name" --progress=none >/dev/null 2>&1 &&
            written=1
    done
    kill "$swapper"
    [ "${written:-}" = 1 ] || fail "it was never written"
    cmp -n "$(stat -c %s "$good")" "$good" "$image"
    cmp -n 4194304 "$image.other" /dev/zero
    kept=no-delivery
    case_ended 0 accept
}

@test "H15 a mounted device" {
    requires program mkfs.ext4
    truncate -s 4M "$image"
    mkfs.ext4 -q "$image"
    attach "$image"
    mkdir "$BATS_TEST_TMPDIR/a mount"
    mount -o ro "$device" "$BATS_TEST_TMPDIR/a mount"
    echo "umount '$BATS_TEST_TMPDIR/a mount'" >>"$undo"
    refused 18 busy device-in-use mounted "block:$device"
    not_written 18 busy device-in-use "is mounted at '$BATS_TEST_TMPDIR/a mo" \
        "block:$device" --yes-really="$name"
}

@test "H15 a device of which a partition is mounted" {
    requires program mkfs.ext4
    truncate -s 4M "$image"
    write_table "$image"
    attach "$image"
    add_partition
    mkfs.ext4 -q "$part"
    mkdir "$BATS_TEST_TMPDIR/mnt"
    mount -o ro "$part" "$BATS_TEST_TMPDIR/mnt"
    echo "umount $BATS_TEST_TMPDIR/mnt" >>"$undo"
    refused 18 busy device-in-use mounted "block:$device"
    not_written 18 busy device-in-use "'${device}p1' is mounted" \
        "block:$device" --yes-really="$name"
}

# Holds a device as a file system or LVM does.
hold() { # DEVICE
    python3 -c 'import os, sys, time
fd = os.open(sys.argv[1], os.O_RDONLY | os.O_EXCL)
print("held", flush=True)
time.sleep(100)' "$1" >"$BATS_TEST_TMPDIR/held" 3>&- &
    echo "kill $!" >>"$undo"
    for _ in $(seq 100); do
        [ ! -s "$BATS_TEST_TMPDIR/held" ] || return 0
        sleep 0.05
    done
    fail "not held"
}

@test "H16 a held device" {
    stick "$good"
    hold "$device"
    refused 18 busy device-in-use held "block:$device"
    not_written 18 busy device-in-use held "block:$device" \
        --yes-really="$name"
}

@test "H16 a device that is swapped to" {
    requires program mkswap
    truncate -s 4M "$image"
    attach "$image"
    mkswap "$device" >/dev/null 2>&1
    swapon "$device" || skip "no swap here"
    echo "swapoff $device" >>"$undo"
    refused 18 busy device-in-use held "block:$device"
    not_written 18 busy device-in-use "used as swap" "block:$device" \
        --yes-really="$name"
}

@test "H17 the disk of the running system" {
    # In a chroot there may be no line for it.
    root=$(findmnt --noheadings --output SOURCE / || true)
    [ -b "$root" ] || skip "the root of this machine is no plain device"
    : >"$image"
    # Not even the right answer is given here.
    not_written 18 busy device-in-use "running system" "block:$root" \
        --yes-really=no-such-serial
    # Some machines let nobody read it.
    head -c 1 "$root" >/dev/null 2>&1 || return 0
    refused 18 busy device-in-use mounted "block:$root"
}

@test "H18 the loop device of the bundle itself" {
    cp "$good" "$image"
    size=$(stat -c %s "$image")
    attach "$image"
    spb 0 send "$image" "block:$device" --yes-really="$name"
    assert_equal "$(stat -c %s "$image")" "$size"
    cmp "$image" "$good"
    kept=no-delivery
    case_ended 0 accept
}

# ---- writing ----------------------------------------------------------------

@test "what was written is read by us and by dd" {
    truncate -s 4M "$image"
    for sector in 512 4096; do
        attach "$image" --sector-size "$sector"
        spb 0 send "$good" "block:$device" --yes-really="$name"
        cmp -n "$(stat -c %s "$good")" "$good" "$image"
        sp 0 inspect --any-request "block:$device"
        spb 0 send "block:$device" "$BATS_TEST_TMPDIR/back"
        cmp "$good" "$BATS_TEST_TMPDIR/back"
        losetup --detach "$device"
    done
}

@test "a bundle of many chunks, zeros up to the end of its sector" {
    yes | head -c 16M >"$image"
    attach "$image" --sector-size 4096
    spb 0 send "$large" "block:$device" --yes-really="$name"
    size=$(stat -c %s "$large")
    [ $((size % 4096)) != 0 ] || fail "the test is blind"
    cmp -n "$size" "$large" "$image"
    padded=$(((size + 4095) / 4096 * 4096))
    cmp -n $((padded - size)) -i "$size:0" "$image" /dev/zero
    cmp -n $((16777216 - padded)) -i "$padded:0" "$image" <(yes | head -c 16M)
}

@test "build writes the device itself" {
    truncate -s 4M "$image"
    attach "$image"
    printf '%s\n' "$FIXTURES"/rpms/hello-*.rpm >"$BATS_TEST_TMPDIR/list"
    spb 0 build --list "$BATS_TEST_TMPDIR/list" -o "block:$device" \
        --yes-really="$name"
    sp 0 ingest --any-request "block:$device"
}

@test "H20 a stick with less memory than it says" {
    for lie in wrap=1048576 forget=1048576; do
        (
            truncate -s 16M "$image"
            faulty 16M "$lie"
            spb 9 send "$large" "block:$device" --yes-really="$name"
            [[ $stderr == *"(media, read-back)"* ]] || fail "$stderr"
            [[ $stderr == *"is lost, and no bundle is there"* ]] ||
                fail "$stderr"
            run ! cmp -n 512 -s "$large" "$image"
            kept=no-delivery
            case_ended 9 read-back
        )
        teardown
        : >"$undo"
        rm -rf "$BATS_TEST_TMPDIR/fuse" "$image"
    done
}

@test "H20 an error when it is written, or read back" {
    for lie in weio=1048576 eio=1048576; do
        (
            truncate -s 16M "$image"
            faulty 16M "$lie"
            spb 9 send "$large" "block:$device" --yes-really="$name"
            [[ $stderr == *"(media, write-error)"* && $lie == weio* ||
                $stderr == *"(media, read-error)"* && $lie == eio* ]] ||
                fail "$stderr"
            [[ $stderr == *"between bytes 0 and 4194304"* ]] || fail "$stderr"
            cmp -n 512 "$image" /dev/zero
        )
        teardown
        : >"$undo"
        rm -rf "$BATS_TEST_TMPDIR/fuse" "$image"
    done
}

@test "a bundle that does not fit is refused before the first byte" {
    yes | head -c 8192 >"$image"
    attach "$image"
    not_written 19 space space "too small" "block:$device" \
        --yes-really="$name"
    printf '%s\n' "$FIXTURES"/rpms/hello-*.rpm >"$BATS_TEST_TMPDIR/list"
    spb 19 build --list "$BATS_TEST_TMPDIR/list" -o "block:$device" \
        --yes-really="$name"
    cmp "$image" <(yes | head -c 8192)
    # More than one chunk of it would fit.
    yes | head -c 8M >"$image.8M"
    attach "$image.8M"
    spb 19 send "$large" "block:$device" --yes-really="$name"
    cmp "$image.8M" <(yes | head -c 8M)
}

@test "a stream that does not fit is never a success" {
    yes | head -c 8M >"$image"
    attach "$image"
    run --separate-stderr bash -c 'cat "$1" | "${@:2}"' bash "$large" \
        "$SP_BUILD/sallyport-builder" send - "block:$device" \
        --yes-really="$name"
    assert_equal "$status" 19
    [[ $stderr == *"is too small"* ]] || fail "$stderr"
    [[ $stderr == *"is lost, and no bundle is there"* ]] || fail "$stderr"
    refused 5 format empty "" "block:$device"
}

@test "a device is written only by those who name it" {
    truncate -s 4M "$image"
    attach "$image"
    not_written 2 usage device-unsafe "only with --yes-really=$name" \
        "block:$device"
    not_written 2 usage not-confirmed "says 'wrong'" "block:$device" \
        --yes-really=wrong
    not_written 2 usage not-confirmed "says ''" "block:$device" --yes-really=
}

@test "a source that is no bundle harms no device" {
    yes | head -c 1M >"$image"
    attach "$image"
    head -c 3000 /dev/urandom >"$BATS_TEST_TMPDIR/noise"
    spb 5 send "$BATS_TEST_TMPDIR/noise" "block:$device" --yes-really="$name"
    cmp "$image" <(yes | head -c 1M)
}

# ---- the request out, the bundle back --------------------------------------

# A machine on which hello is installed asks: ask STATUS OPTION...
ask() {
    db=$BATS_TEST_TMPDIR/db
    [ -d "$db" ] || {
        cp -r "$FIXTURES/rpmdb" "$db"
        rpm --dbpath "$db" --nosignature --justdb --nodeps --noscripts -i \
            "$FIXTURES"/rpms/hello-*.rpm 2>/dev/null
        mkdir "$BATS_TEST_TMPDIR/repos"
    }
    sp "$1" request --dbpath "$db" --reposdir "$BATS_TEST_TMPDIR/repos" \
        --releasever 41 -o "block:$device" "${@:2}"
}

@test "one stick carries the request out and the bundle back" {
    printf '%s\n' "$FIXTURES"/newer/hello-*.rpm >"$BATS_TEST_TMPDIR/list"
    truncate -s 16M "$image"
    for sector in 512 4096; do
        rm -rf "$state" && mkdir "$state"
        attach "$image" --sector-size "$sector"
        yes | head -c 16M >"$device" # what was on it before
        ask 0 --yes-really="$name"
        spb 0 build --request "block:$device" --list "$BATS_TEST_TMPDIR/list" \
            -o "block:$device" --yes-really="$name"
        sp 0 ingest "block:$device"
        assert_equal "$(ls "$repo/rpm")" "$(cd "$FIXTURES/newer" && echo hello-*)"
        assert_equal "$(ls "$state/pending")" "" "pending"
        losetup --detach "$device"
    done
}

@test "a request is written only on the device that was named, and if it fits" {
    yes | head -c 512 >"$image"
    attach "$image"
    ask 2
    assert_detail device-unsafe
    ask 2 --yes-really=wrong
    assert_detail not-confirmed
    ask 19 --yes-really="$name"
    [[ $stderr == *"(space, space)"* ]] || fail "$stderr"
    cmp "$image" <(yes | head -c 512)
    assert_equal "$(ls "$state/pending" 2>/dev/null)" "" "pending"
}

@test "a request on a stick that forgets is not pending" {
    truncate -s 4M "$image"
    faulty 4M forget=512
    ask 9 --yes-really="$name"
    assert_detail read-back
    [[ $stderr == *"is lost, and no request is there"* ]] || fail "$stderr"
    assert_equal "$(ls "$state/pending" 2>/dev/null)" "" "pending"
}

# ---- root, and the list -----------------------------------------------------

@test "root opens the device and becomes the owner of the state" {
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR"
    chown -R 65534:65534 "$state"
    stick "$good"
    bin=$(programs_for_all)
    echo "rm -r $bin" >>"$undo"
    SP_BUILD=$bin sp 0 ingest --any-request "block:$device"
    assert_equal "$(find "$state" ! -user 65534)" "" "files of others"
    run_program 3 setpriv --reuid 65534 --regid 65534 --clear-groups \
        "$bin/sallyport" ingest "${SP_OPTIONS[@]}" --any-request \
        "block:$device"
    [[ $stderr == *"Permission denied"* ]] || fail "$stderr"
}

@test "devices names what may not be written, and opens nothing" {
    stick "$good"
    hold "$device"
    spb 0 devices
    [[ $output == *"$device "*"only with --yes-really=$name"* ]] ||
        fail "$output"
    spb 0 devices --json
    python3 - "$device" "$output" <<'END'
import json, sys
told = json.loads(sys.argv[2])
[mine] = [d for d in told["devices"] if d["device"] == sys.argv[1]]
assert mine["bytes"] == 4194304 and mine["bus"] == "loop", mine
assert not mine["writable"] and mine["detail"] == "device-unsafe", mine
assert mine["serial"] is None and told["exit"] == 0, told
END
    run strace -f -e trace=open,openat "$SP_BUILD/sallyport-builder" devices
    [ "$status" = 127 ] || ! grep '"/dev/[^n]' <<<"$output"
}
