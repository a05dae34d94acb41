#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs what is missing:  tests/deps.sh GROUP...
#
#   dom0, builder  compile that side    run   what the programs run
#   test   make check, make demo        lint  make lint
#   bench  what make bench-download compares with
#   xen    vchans (without it, WITH_XEN=0)
#   createrepo  sallyport-index (without it, WITH_CREATEREPO=0)
#   lab    make check-xen
#   package  make rpm, make deb, make check-packages (only when asked for)
#   crash  make check-crash: file systems (only when asked for)
#   prove  make prove, make prove-teeth (only when asked for)
#   cover  make cover, make compile_commands.json (only when asked for)
#
# Says nothing, and needs no network, when nothing is missing. Not as root,
# it prints the command to run and fails. DEPS=skip in the environment leaves
# the whole matter to you.

set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

[ "${DEPS:-}" != skip ] || exit 0
[ $# -gt 0 ] || set -- dom0 builder run test xen createrepo lab lint

# group, probe (a program, a header, a library of clang), Debian's package,
# Fedora's ("-": of no use there; the guests of the laboratory are Debian's).
table='
dom0  gcc                gcc                   gcc
dom0  stdlib.h           libc6-dev             glibc-devel
dom0  archive.h          libarchive-dev        libarchive-devel
dom0  gcrypt.h           libgcrypt20-dev       libgcrypt-devel
dom0  gpgme.h            libgpgme-dev          gpgme-devel
builder gcc              gcc                   gcc
builder stdlib.h         libc6-dev             glibc-devel
builder archive.h        libarchive-dev        libarchive-devel
builder gpgme.h          libgpgme-dev          gpgme-devel
builder curl/curl.h      libcurl4-openssl-dev  libcurl-devel
builder solv/solver.h    libsolv-dev           libsolv-devel
builder solv/repo_rpmmd.h libsolvext-dev       libsolv-devel
builder expat.h          libexpat1-dev         expat-devel
run   gpg                gpg                   gnupg2
run   createrepo_c       createrepo-c          createrepo_c
run   rpm                rpm                   rpm
test  bats               bats                  bats
test  rpmbuild           rpm                   rpm-build
test  rpmsign            rpm                   rpm-sign
test  gpgconf            gnupg                 gnupg2
test  gpg-agent          gpg-agent             gnupg2
test  dnf                dnf                   dnf
test  bsdtar             libarchive-tools      bsdtar
test  tar                tar                   tar
test  strace             strace                strace
test  openssl            openssl               openssl
test  script             bsdutils              util-linux-script
test  hexdump            bsdextrautils         util-linux
test  cpio               cpio                  cpio
test  mandoc             mandoc                mandoc
test  nginx              nginx-light           nginx
test  tinyproxy          tinyproxy             tinyproxy
test  curl               curl                  curl
test  python3            python3               python3
test  ps                 procps                procps-ng
test  setpriv            util-linux            util-linux
test  zstd               zstd                  zstd
test  zsh                zsh                   zsh
test  fish               fish                  fish
test  readelf            binutils              binutils
bench aria2c             aria2                 aria2
xen   libxenvchan.h      libxen-dev            xen-devel
createrepo createrepo_c/version.h libcreaterepo-c-dev createrepo_c-devel
createrepo pkg-config    pkgconf               pkgconf-pkg-config
lab   qemu-system-x86_64 qemu-system-x86       -
lab   busybox            busybox-static        -
lab   modprobe           kmod                  -
lab   xz                 xz-utils              -
lint  clang              clang                 clang
lint  clang-tidy         clang-tidy            clang-tools-extra
lint  clang-format       clang-format          clang-tools-extra
lint  cppcheck           cppcheck              cppcheck
lint  shellcheck         shellcheck            ShellCheck
lint  mandoc             mandoc                mandoc
lint  git                git                   git-core
package rpmbuild         rpm                   rpm-build
package rpmlint          rpmlint               rpmlint
package dpkg-buildpackage dpkg-dev             dpkg-dev
package dh               debhelper             debhelper
package lintian          lintian               lintian
package fakeroot         fakeroot              fakeroot
crash strace             strace                strace
crash losetup            mount                 util-linux
crash mkfs.ext4          e2fsprogs             e2fsprogs
crash mkfs.xfs           xfsprogs              xfsprogs
crash mkfs.btrfs         btrfs-progs           btrfs-progs
cover clang-19           clang-19              clang
cover llvm-cov-19        llvm-19               llvm
cover llvm-profdata-19   libclang-rt-19-dev    compiler-rt
cover valgrind           valgrind              valgrind
cover bear               bear                  bear
prove frama-c            frama-c-base          frama-c
prove ocamlfind          ocaml-findlib         ocaml-findlib
prove python3            python3               python3
'

# The builder can do without its solver: make WITH_SOLV=0.
[ "${WITH_SOLV:-1}" = 1 ] || table=$(grep -v ' solv/' <<<"$table")

if command -v apt-get >/dev/null; then
    column=3
    install='apt-get install -y --no-install-recommends'
elif command -v dnf >/dev/null; then
    column=4
    install='dnf install -y'
else
    column=3
    install=
fi

has() { # PROBE
    case $1 in
    *.h) cc_has "$1" ;;
    libclang_rt.*) clang_has "$1" || clang_has "$1-$(uname -m)" ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

cc_has() { # HEADER
    printf '#include <%s>\n' "$1" |
        "${CC:-gcc}" -E -x c -o /dev/null - 2>/dev/null
}

clang_has() { # LIBRARY
    [ -f "$(clang --print-file-name="$1.a" 2>/dev/null)" ]
}

missing=
for group in "$@"; do
    while read -r probe package; do
        [ "$package" = - ] || has "$probe" || missing+=" $package"
    done < <(awk -v g="$group" -v c=$column '$1 == g { print $2, $c }' \
        <<<"$table")
done
[ -n "$missing" ] || exit 0
missing=$(tr ' ' '\n' <<<"$missing" | sort -u | xargs)

if [ -z "$install" ]; then
    echo "missing, by their Debian names: $missing" >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "some packages are missing; as root, run:" >&2
    echo "  $install $missing" >&2
    exit 1
fi
echo "installing: $missing"
export DEBIAN_FRONTEND=noninteractive
if [ $column = 3 ] && ! apt-cache policy $missing 2>/dev/null |
    awk '/Candidate: \(none\)/ { bad = 1 } /Candidate:/ { n++ }
         END { exit bad || n == 0 }'; then
    apt-get update -q
fi
# shellcheck disable=SC2086 # both are lists of words
$install $missing
