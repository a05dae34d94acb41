#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The packages of the guests, downloaded and unpacked, never installed:
#
#   tests/xen/packages.sh LAB
#
# LAB/guest: their files; LAB/kernel: the version of the kernel. Done once.
# Exit status 77: apt cannot provide them.

set -euo pipefail
umask 022
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

lab=$(realpath -m "$1")
[ ! -s "$lab/kernel" ] || exit 0

unavailable() {
    echo "apt cannot provide the guests: $1" >&2
    exit 77
}

[ "$(uname -m)" = x86_64 ] || unavailable "this is no x86_64 machine"
command -v apt-get >/dev/null || unavailable "there is no apt here"

packages=(xen-hypervisor-4.17-amd64 xen-utils-4.17 xenstore-utils)

# The meta package names the kernel of today. Its cloud flavour will not do:
# that one knows neither dom0 nor USB.
find_kernel() {
    apt-cache depends linux-image-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | head -n 1
}

options=()
# Its own user could not write here.
[ "$(id -u)" != 0 ] || options=(-o APT::Sandbox::User=root)

download() {
    local image
    image=$(find_kernel)
    [ -n "$image" ] || return 1
    rm -rf "$lab/debs"
    mkdir -p "$lab/debs"
    (cd "$lab/debs" &&
        apt-get -qq "${options[@]}" download "$image" "${packages[@]}")
}

# The lists may be missing, or name what is no longer there.
download || {
    [ "$(id -u)" = 0 ] && apt-get -q update && download
} || unavailable "the download failed"

rm -rf "$lab/guest"
mkdir -p "$lab/guest"
for deb in "$lab"/debs/*.deb; do
    dpkg-deb -x "$deb" "$lab/guest"
done
kernel=$(basename "$lab"/guest/lib/modules/*)
depmod -b "$lab/guest" "$kernel"
rm -rf "$lab/debs" "${lab:?}/boot"
echo "$kernel" >"$lab/kernel"
