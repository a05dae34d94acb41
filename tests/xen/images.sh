#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is booted, and what stands on the stick:
#
#   tests/xen/images.sh BUILD-DIR LAB
#
# LAB/boot/{xen,vmlinux,dom0.img}, LAB/stick.img. Needs packages.sh before.
# The guests are made of two folders each: what Debian has, and what is ours.

set -euo pipefail
umask 022
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

build=$(realpath "$1")
lab=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
kernel=$(<"$lab/kernel")
guest=$lab/guest
boot=$lab/boot
xen_bin=/usr/lib/xen-4.17/bin
mkdir -p "$boot"

# ---- the kernels, once ----

# The ELF inside a bzImage, by the offsets of the boot protocol (setup_sects,
# payload_offset, payload_length; xz, then the size). Neither Xen nor libxl
# has to inflate xz in an emulator then.
vmlinux() { # BZIMAGE
    local setup offset length
    setup=$(od -An -tu1 -j $((0x1f1)) -N 1 "$1")
    offset=$(od -An -tu4 -j $((0x248)) -N 4 "$1")
    length=$(od -An -tu4 -j $((0x24c)) -N 4 "$1")
    dd if="$1" bs=1M iflag=skip_bytes,count_bytes status=none \
        skip=$(((setup + 1) * 512 + offset)) count=$((length - 4)) | xz -dc
}

kernels() {
    [ ! -s "$boot/vmlinux.gz" ] || return 0
    gunzip -c "$guest/boot/xen-4.17-amd64.gz" >"$boot/xen"
    vmlinux "$guest/boot/vmlinuz-$kernel" >"$boot/vmlinux"
    gzip -6 -c "$boot/vmlinux" >"$boot/vmlinux.gz.new"
    mv "$boot/vmlinux.gz.new" "$boot/vmlinux.gz"
}

# ---- the folders of a guest ----

skeleton() { # ROOT
    rm -rf "$1"
    mkdir -p "$1"/{dev,etc,proc,sys,tmp,run,root,usr/{bin,sbin,lib,lib64}} \
        "$1"/{busybox,opt/sallyport,var/{lib,log}}
    ln -s usr/bin usr/sbin usr/lib usr/lib64 "$1/"
    ln -s /run "$1/var/run"
    ln -s /run/lock "$1/var/lock"
    install_program "$1" /usr/bin/busybox "$(command -v busybox)"
    ln -s busybox "$1/usr/bin/sh"
    # glibc opens it when a thread is cancelled: ldd does not tell.
    install -D "$(gcc -print-file-name=libgcc_s.so.1)" \
        "$1/usr/lib/x86_64-linux-gnu/libgcc_s.so.1"
    printf 'root:x:0:0::/root:/bin/sh\nsallyport:x:990:990::/:/bin/sh\n' \
        >"$1/etc/passwd"
    printf 'root:x:0:\nxen:x:990:\n' >"$1/etc/group"
    printf 'root:*:1::::::\n' >"$1/etc/shadow"
}

# A program at a path of the guest, with all that its loader will want.
install_program() { # ROOT PATH [FILE]
    local root=$1 file=${3:-$2} library
    install -D -m 755 "$file" "$root$2"
    # A static one has none.
    { ldd "$file" 2>/dev/null | grep -o '/[^ ]*\.so[^ ]*' || true; } |
        while read -r library; do
            [ -e "$root$library" ] || install_library "$root" "$library"
        done
}

# ICU's tables are 31 MiB that libxml2 brings along and nobody here asks for.
install_library() { # ROOT PATH
    local name=${2##*/}
    case $name in
    libicudata.so.*)
        echo "const char icudt${name##*.}_dat[64];" |
            gcc -shared -fPIC "-Wl,-soname,$name" -x c -o "$1$2" -
        ;;
    *) install -D "$2" "$1$2" ;;
    esac
}

# Modules in the order in which they are loaded: modules/order. Those of
# arch/x86/crypto need a better processor than the emulated one.
install_modules() { # ROOT MODULE...
    local root=$1 module path
    shift
    mkdir -p "$root/modules"
    for module; do
        modprobe -d "$guest" -S "$kernel" --show-depends "$module"
    done | awk '$1 == "insmod" && $2 !~ "/arch/x86/crypto/" && !seen[$2]++ {
        print $2 }' | while read -r path; do
        cp "$path" "$root/modules/"
        echo "/modules/$(basename "$path")"
    done >"$root/modules/order"
}

pack() { # ROOT
    (cd "$1" && find . -print0 | sort -z |
        cpio -0 -o -H newc -R 0:0 --quiet) | gzip -1
}

# ---- packages and bundles ----

# Large enough that a transfer can be stopped in its middle.
big_package() { # DIR
    local work home
    work=$(mktemp -d /tmp/sp-xen.XXXXXX)
    cat >"$work/big.spec" <<END
Name: sp-big
Version: 1.0
Release: 1.fc41
Summary: A package of some size
License: GPL-2.0-or-later
BuildArch: noarch
AutoReqProv: no
%description
It carries bytes that cannot be made smaller.
%prep
%build
%install
mkdir -p %{buildroot}/usr/share
head -c 12M /dev/urandom >%{buildroot}/usr/share/sp-big
%files
%defattr(0644,root,root,0755)
/usr/share/sp-big
END
    rpmbuild -bb --quiet --define "_topdir $work" --define "_rpmdir $1" \
        --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
        --define "_dbpath $work/db" --define '_binary_payload w1.gzdio' \
        --define '__os_install_post %{nil}' --define '_build_id_links none' \
        --define '_source_filedigest_algorithm 8' \
        --define '_binary_filedigest_algorithm 8' \
        "$work/big.spec" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        return 1
    }
    home=$work/home
    cp -r "$fixtures/secret" "$home"
    GNUPGHOME=$home rpmsign --addsign --define '__gpg /usr/bin/gpg' \
        --define '_gpg_name rsa@example.invalid' \
        --define '_gpg_digest_algo sha256' "$1"/sp-big-*.rpm >/dev/null 2>&1
    GNUPGHOME=$home gpgconf --kill all
    rm -rf "$work"
}

# The stick holds the bundle from byte 0, and other bytes behind its end.
bundles() {
    fixtures=$("$here/../fixtures.sh" "$build/fixtures")
    if [ "$(cat "$lab/fixtures" 2>/dev/null)" != "$fixtures" ]; then
        rm -rf "$lab/rpms"
        cp -r "$fixtures/rpms" "$lab/rpms"
        big_package "$lab/rpms"
        echo "$fixtures" >"$lab/fixtures"
    fi
    ls "$lab"/rpms/*.rpm >"$lab/list"
    rm -f "$lab/bundle"
    "$build/sallyport-builder" --quiet build --list "$lab/list" \
        -o "$lab/bundle"
    head -c 2M /dev/urandom | cat "$lab/bundle" - >"$lab/stick.img"
    truncate -s 20M "$lab/stick.img"
}

# ---- the guests ----

# The networked side. Its builder packs the same packages by itself.
domu() {
    local root=$lab/domu program
    skeleton "$root"
    install_modules "$root" xen-evtchn xen-gntdev xen-gntalloc xenfs
    for program in sallyport-builder sallyport-metadata sallyport-vchan; do
        install_program "$root" "/opt/sallyport/$program" "$build/$program"
    done
    install_program "$root" /opt/sallyport/xen-peer "$build/tests/xen-peer"
    for program in read write watch; do
        install_program "$root" "/usr/bin/xenstore-$program" \
            "$guest/usr/bin/xenstore-$program"
    done
    cp -r "$lab/rpms" "$root/rpms"
    install -m 755 "$here/guest/domu-init.sh" "$root/init"
    pack "$root" >"$boot/domu.img"
}

dom0() {
    local root=$lab/dom0 program
    skeleton "$root"
    install_modules "$root" xen-evtchn xen-gntdev xen-gntalloc xen-privcmd \
        xenfs xhci-pci usb-storage sd_mod
    for program in xl xenstored xenconsoled xen-init-dom0; do
        install_program "$root" "$xen_bin/$program" "$guest$xen_bin/$program"
    done
    for program in read write ls exists rm; do
        install_program "$root" "/usr/bin/xenstore-$program" \
            "$guest/usr/bin/xenstore-$program"
    done
    for program in "$build"/sallyport "$build"/sallyport-*; do
        case $program in
        *-builder | *-metadata) ;;
        *) install_program "$root" "/opt/sallyport/${program##*/}" \
            "$program" ;;
        esac
    done
    for program in gpg createrepo_c rpm; do
        install_program "$root" "/usr/bin/$program"
    done
    mkdir -p "$root"/usr/lib/rpm "$root"/etc/xen "$root"/keys "$root"/domu
    cp -r /usr/lib/rpm/{macros,rpmrc,platform} "$root/usr/lib/rpm/"
    cp "$fixtures/key-rsa.asc" "$root/keys/"
    cp "$boot/vmlinux.gz" "$boot/domu.img" "$root/domu/"
    cp "$here/guest/updatevm.cfg" "$root/etc/xen/"
    echo 'autoballoon="off"' >"$root/etc/xen/xl.conf"
    sha256sum <"$lab/bundle" | cut -d' ' -f1 >"$root/domu/bundle.sha256"
    cp "$here/guest/words.sh" "$root/"
    cp "${LAB_SCENARIOS:-$here/guest/scenarios.sh}" "$root/scenarios.sh"
    install -m 755 "$here/guest/dom0-init.sh" "$root/init"
    pack "$root" >"$boot/dom0.img"
}

kernels
bundles
domu
dom0
