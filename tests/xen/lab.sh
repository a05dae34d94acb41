#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The laboratory: Xen, dom0, a second domain and a USB stick in an emulator.
#
#   tests/xen/lab.sh BUILD-DIR
#
# Shows the results as TAP; the last line is "N passed, N failed, N skipped".
# What the machines said is in BUILD-DIR/xen/log. Ends within LAB_SECONDS.

set -uo pipefail
export LC_ALL=C
build=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
lab=$build/xen
log=$lab/log
mkdir -p "$lab"

skip() { # WHY
    echo "SKIPPED: the Xen laboratory: $1"
    if [ "${CI:-}" = true ]; then
        echo "0 passed, 1 failed, 0 skipped"
        exit 1
    fi
    echo "What it proves is not proven here."
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}

prepare() {
    local status=0 tool why
    [ -x "$build/sallyport-vchan" ] || skip "built without Xen"
    for tool in qemu-system-x86_64 busybox modprobe cpio xz; do
        PATH=$PATH:/sbin:/usr/sbin command -v $tool >/dev/null ||
            skip "no $tool"
    done
    why=$("$here/packages.sh" "$lab" 2>&1) || status=$?
    [ $status != 77 ] || skip "${why##*$'\n'}"
    [ $status = 0 ] || { echo "$why"; exit 1; }
    "$here/images.sh" "$build" "$lab" || {
        echo "not ok - the images could not be made"
        exit 1
    }
}

# One processor: with more of them each event wakes another thread of the
# emulator. What Xen does against faults of real processors costs most of the
# time and is no matter here. Nehalem: later ones let Xen or dom0 stumble.
# The throttled stick is slow enough to be pulled out while it is read.
boot() {
    rm -rf "$log"
    mkdir -p "$log"
    : >"$log/results"
    mkfifo "$log/monitor.in"
    exec 8<>"$log/monitor.in"
    timeout -k 5 "${LAB_SECONDS:-1800}" qemu-system-x86_64 \
        -machine pc,accel=tcg,usb=off -cpu Nehalem -smp 1 -m 1408 \
        -nodefaults -display none -no-reboot -kernel "$lab/boot/xen" \
        -append "console=com1 com1=115200,8n1 dom0_mem=896M,max:896M \
dom0_max_vcpus=1 loglvl=warning guest_loglvl=warning spec-ctrl=no xpti=no \
pv-l1tf=no" \
        -initrd "$lab/boot/vmlinux console=hvc0 quiet mitigations=off,\
$lab/boot/dom0.img" \
        -serial "file:$log/console" -serial "file:$log/results" \
        -object '{"qom-type":"throttle-group","id":"slow",
            "limits":{"bps-read":4194304}}' \
        -blockdev '{"driver":"throttle","node-name":"stick",
            "throttle-group":"slow","read-only":true,
            "file":{"driver":"raw","read-only":true,
            "file":{"driver":"file","filename":"'"$lab/stick.img"'",
            "read-only":true}}}' \
        -device qemu-xhci,id=xhci \
        -device usb-storage,bus=xhci.0,port=1,drive=stick,id=stick,serial=LABSTICK \
        -monitor stdio <&8 >"$log/monitor" 2>"$log/qemu" &
    machine=$!
    trap 'kill $machine 2>/dev/null' EXIT
}

# Shows the results as they come; does for dom0 what only the host can do.
follow() {
    local line
    while read -r line; do
        line=${line%$'\r'}
        case $line in
        'REQ device_del stick' | 'REQ device_add usb-storage,'*)
            echo "${line#REQ }" >&8
            ;;
        *) echo "$line" ;;
        esac
    done < <(tail -n +1 -s 0.1 --pid="$machine" -f "$log/results")
    wait "$machine"
    trap - EXIT
    # Of the emulator and what made its images; the load of others is not in it.
    times >"$log/times"
    echo "# processor time, user and system: $(tail -n 1 "$log/times")"
}

# Every check that began must have ended, and so must all of it.
judge() {
    local passed failed plan
    passed=$(grep -c '^ok ' "$log/results")
    failed=$(grep -c '^not ok ' "$log/results")
    plan=$(sed -n 's/^1\.\.//p' "$log/results")
    if [ "${plan:-none}" != $((passed + failed)) ]; then
        echo "not ok - the laboratory came to no end; its console:"
        tail -n 25 "$log/console" | sed 's/^/#   /'
        cat "$log/qemu"
        failed=$((failed + 1))
    fi
    echo "$passed passed, $failed failed, 0 skipped"
    [ "$failed" = 0 ]
}

prepare
boot
follow
judge
