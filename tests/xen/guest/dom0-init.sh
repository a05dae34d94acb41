#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The first process of dom0: brings up the tool stack, then runs the
# scenarios. Results go to the second serial port, one line each:
#
#   ok N - NAME | not ok N - NAME | # text      as in TAP
#   REQ device_del ID | REQ device_add SPEC     asks the host's monitor
#   1..N                                        the end

/bin/busybox --install -s /busybox
export PATH=/opt/sallyport:/usr/bin:/usr/sbin:/usr/lib/xen-4.17/bin:/busybox
export LC_ALL=C
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm /run/lock /run/xen /var/lib/xen /var/log/xen
mkdir -p /var/lib/xenstored /var/lib/sallyport
mount -t devpts -o ptmxmode=666 pts /dev/pts
mount -t tmpfs -o size=60% tmp /tmp
mount -t tmpfs -o size=60% state /var/lib/sallyport
chmod 1777 /tmp
ip link set lo up
echo 1 >/proc/sys/kernel/printk

. /words.sh


while read -r module; do
    insmod "$module" || out "# cannot load $module"
done </modules/order
mount -t xenfs xenfs /proc/xen
xenstored --pid-file /run/xenstored.pid
for _ in $(seq 100); do
    xenstore-exists / 2>/dev/null && break
    sleep 0.1
done
xen-init-dom0 >/dev/null
xenconsoled --pid-file=/run/xenconsoled.pid --log=guest --log-dir=/var/log/xen

. /scenarios.sh
finish
