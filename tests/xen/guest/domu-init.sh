#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The first process of the networked domain. It runs each line that dom0
# writes to data/cmd/N below its home in xenstore; the status goes to
# data/status/N, the end of what was said to data/said/N.

/bin/busybox --install -s /busybox
export PATH=/opt/sallyport:/usr/bin:/busybox LC_ALL=C
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o size=70% tmp /tmp
while read -r module; do
    insmod "$module"
done </modules/order
mount -t xenfs xenfs /proc/xen

run() { # N LINE
    timeout 100 sh -c "$2" >"/tmp/said.$1" 2>&1
    status=$?
    echo "$1: $2: $status"
    cat "/tmp/said.$1"
    xenstore-write "data/said/$1" "$(tail -c 900 "/tmp/said.$1")"
    xenstore-write "data/status/$1" "$status"
}

cd /tmp || exit 1
xenstore-write data/hello up
xenstore-watch data/cmd | while read -r node; do
    number=${node##*/}
    line=$(xenstore-read "$node" 2>/dev/null)
    # A watch also fires once when it is set.
    [ -n "$line" ] && run "$number" "$line" &
done
