#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What frames, rings and the jail cost: bytes over the stand-in for a vchan
# against the same bytes over a plain local socket.
#
#   tests/bench/vchan.sh BUILD-DIR [MIB]      exit 1 below half the speed
set -euo pipefail

build=$(realpath "$1")
mib=${2:-256}
top=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d)
name=sp-bench-$$
hypervisor=$top/tests/fake/hypervisor.py
export LC_ALL=C

mkdir "$work/a" "$work/b"
cp "$build/tests/sallyport-vchan-fake" "$work/a/sallyport-vchan"
cp "$build/tests/sallyport-vchan-fake" "$work/b/sallyport-vchan"
echo "0 $name" >"$work/a/xen"
echo "7 $name" >"$work/b/xen"
head -c "${mib}M" /dev/zero >"$work/in"
python3 "$hypervisor" "$name" &
xen=$!
trap 'kill $xen; rm -rf "$work"' EXIT
for _ in $(seq 100); do
    python3 "$hypervisor" "$name" domain 7 2>/dev/null && break
    sleep 0.05
done

# Both ends run a program that reads a file and one that counts bytes.
now() { date +%s%N; }

by_vchan() { # microseconds
    "$work/a/sallyport-vchan" serve 7 bench </dev/null >"$work/pipe" &
    cat "$work/pipe" >/dev/null &
    local reader=$! start
    while [ -z "$(python3 "$hypervisor" "$name" list)" ]; do sleep 0.01; done
    start=$(now)
    "$work/b/sallyport-vchan" connect 0 bench <"$work/in" >/dev/null \
        2>/dev/null || true # nobody answers here
    wait $reader
    echo $((($(now) - start) / 1000))
    wait
}

by_socket() {
    python3 - "$work/in" <<'PYTHON'
import os, socket, sys, time

source = os.open(sys.argv[1], os.O_RDONLY)
ours, theirs = socket.socketpair()
start = time.monotonic_ns()
if os.fork() == 0:
    ours.close()
    while data := os.read(source, 262144):
        theirs.sendall(data)
    os._exit(0)
theirs.close()
room = bytearray(262144)
null = os.open("/dev/null", os.O_WRONLY)
while n := ours.recv_into(room):
    os.write(null, memoryview(room)[:n])
print((time.monotonic_ns() - start) // 1000)
PYTHON
}

best() { # FUNCTION: the best of three, in microseconds
    for _ in 1 2 3; do "$1"; done | sort -n | head -n 1
}

mkfifo "$work/pipe"
vchan=$(best by_vchan)
plain=$(best by_socket)
awk -v v="$vchan" -v s="$plain" -v m="$mib" 'BEGIN {
    printf "vchan stand-in %.0f MiB/s, plain socket %.0f MiB/s, ratio %.2f\n",
        m * 1e6 / v, m * 1e6 / s, s / v
    exit s / v < 0.5
}'
