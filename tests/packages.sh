#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Looks at the packages that `make rpm` and `make deb` built, installs them
# into a copy of this machine that is thrown away, uses them there, and
# removes them again:  tests/packages.sh BUILD-DIR
#
# The last line is "N passed, N failed, N skipped".

set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
build=$(realpath "$1")
top=$PWD
version=$(sed -n 's/^VERSION := //p' Makefile)
rpms=$build/rpm/RPMS
passed=0 failed=0 skipped=0
root=

must() { # WHAT COMMAND...
    local what=$1 out
    shift
    if out=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok $what"
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n%s\n' "$what" "$out" | sed '2,$s/^/    /'
    fi
}

skip() { # WHAT
    skipped=$((skipped + 1))
    echo "SKIPPED: $1"
}

# ---- what the packages are ----

clean_rpmlint() {
    local said
    said=$(rpmlint -c examples/packaging/rpmlint.toml "$rpms"/*/*.rpm \
        "$build"/rpm/SRPMS/*.rpm examples/packaging/sallyport.spec)
    echo "$said"
    [[ $said == *" 0 errors, 0 warnings"* ]]
}

# Who releases puts an own address into the packages.
clean_lintian() {
    lintian --allow-root --fail-on error,warning \
        --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog \
        "$build"/deb/*.changes
}

# Two clones in two folders, at two times, by people with two umasks.
same_tarball() {
    local work status one two
    work=$(mktemp -d)
    git clone -q . "$work/one" && git clone -q . "$work/two" || return 1
    (umask 077 && make -s -C "$work/one" dist) >/dev/null
    git -C "$work/two" config tar.umask user
    (umask 002 && make -s -C "$work/two" dist) >/dev/null
    cmp "$work"/{one,two}/"sallyport-$version.tar.gz"
    status=$?
    rm -rf "$work"
    return $status
}

must "rpmlint has nothing to say" clean_rpmlint
must "lintian has nothing to say" clean_lintian
must "make dist gives the same bytes in two clones" same_tarball

# ---- a copy of this machine, thrown away at the end ----

# shellcheck disable=SC2317 # called by the trap
tear_down() {
    for place in "$root/proc" "$root/dev" "$root"; do
        umount "$place" 2>/dev/null
    done
    umount "${root%/root}"
    rmdir "${root%/root}"
}

set_up() {
    local base
    base=$(mktemp -d) || return 1
    mount -t tmpfs -o size=1g sallyport-packages "$base" || return 1
    root=$base/root
    trap tear_down EXIT
    mkdir "$base/upper" "$base/work" "$root"
    mount -t overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" \
        sallyport-packages "$root" &&
        mount -t proc proc "$root/proc" &&
        mount --bind /dev "$root/dev"
}

inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"; }

# Names below / that the packages may have brought, for a look at what stays.
ours() {
    (cd "$root" && find etc usr var/lib var/spool -xdev \
        \( -iname '*sallyport*' -o -name 'qubes*' -o -path '*/qubes/*' \) \
        2>/dev/null | sort)
}

# The database of this machine is dpkg's: rpm knows none of the libraries.
install_rpms() { rpm --root "$root" --nodeps -i "$@"; }
erase_rpms() { rpm --root "$root" --nodeps -e "$@"; }

owner() { inside stat -c %U "$1"; }

is() { # GOT WANT
    [ "$1" = "$2" ] || { echo "got '$1', want '$2'"; return 1; }
}

take_in() {
    inside sallyport ingest --any-request --quiet /bundle
}

trusted_side() {
    local said
    is "$(owner /var/lib/sallyport)" sallyport &&
        is "$(owner /var/spool/sallyport)" sallyport &&
        inside sallyport --version | grep "$version" >/dev/null &&
        inside sallyport doctor --jails --quiet || return 1
    said=$(take_in 2>&1)
    [[ $said == *no-keys* ]] || { echo "$said"; return 1; }
}

publishes() {
    cp "$fixtures/key-rsa.asc" "$root/etc/sallyport/keys/" && take_in &&
        is "$(owner /var/lib/sallyport/updates/generations/1)" sallyport &&
        [ -f "$root/var/lib/sallyport/updates/repodata/repomd.xml" ]
}

packs() {
    is "$(owner /var/spool/sallyport-builder)" sallyport-builder &&
        inside sallyport-builder --quiet build --list /list -o /packed &&
        cmp "$root/packed" "$root/bundle"
}

# What a stock dom0 has: the user, the keys, a repository, a repository file.
make_dom0() {
    inside useradd -m person && inside groupadd -U person qubes || return 1
    mkdir -p "$root"/etc/pki/rpm-gpg "$root"/var/lib/qubes/updates/rpm \
        "$root"/etc/yum.real.repos.d
    cp "$fixtures/key-rsa.asc" \
        "$root/etc/pki/rpm-gpg/RPM-GPG-KEY-qubes-4.3-primary"
    cp "$fixtures/key-foreign.asc" \
        "$root/etc/pki/rpm-gpg/RPM-GPG-KEY-qubes-4.3-unstable"
    echo '# stock' >"$root/etc/yum.real.repos.d/qubes-cached.repo"
    cp "$fixtures"/rpms/hello*.rpm "$root/var/lib/qubes/updates/rpm/old.rpm"
    inside createrepo_c -q /var/lib/qubes/updates
    inside chown -R person:qubes /var/lib/qubes/updates/rpm
    inside chown root:qubes /var/lib/qubes/updates
    chmod 0770 "$root/var/lib/qubes/updates"
    rm -f "$root"/etc/sallyport/keys/*
}

dom0_side() {
    local updates=$root/var/lib/qubes/updates
    is "$(owner /var/lib/qubes/updates)" person &&
        is "$(owner /var/lib/sallyport)" person &&
        is "$(cat "$root/etc/yum.real.repos.d/qubes-cached.repo")" '# stock' &&
        is "$(readlink "$root/usr/local/etc/qubes-rpc/qubes.ReceiveUpdates")" \
            /usr/libexec/sallyport/qubes.ReceiveUpdates &&
        is "$(ls "$root/etc/sallyport/keys")" RPM-GPG-KEY-qubes-4.3-primary &&
        [ -f "$updates/rpm/old.rpm" ] && [ ! -L "$updates/rpm" ] && take_in &&
        is "$(readlink "$updates/repodata")" current/repodata &&
        is "$(inside sallyport status --json |
            grep -c /var/lib/qubes/updates)" 1
}

stock_name() {
    local said
    said=$(inside /usr/local/bin/qubes-dom0-update --help)
    [[ $said == *update* && $said != *rollback* ]] ||
        { echo "$said"; return 1; }
}

# A package that owns the directory, as the stock one does, and brings a key.
make_stock_package() {
    mkdir -p "$build/stock"
    cat >"$build/stock/stock.spec" <<'END'
Name: stock
Version: 1
Release: 1
Summary: Stands for the stock packages of dom0
License: none
BuildArch: noarch
%description
%install
mkdir -p %{buildroot}/var/lib/qubes/updates %{buildroot}/etc/pki/rpm-gpg
cp %{key} %{buildroot}/etc/pki/rpm-gpg/RPM-GPG-KEY-qubes-4.4-primary
%files
%attr(0770,root,qubes) %dir /var/lib/qubes/updates
/etc/pki/rpm-gpg/RPM-GPG-KEY-qubes-4.4-primary
END
    rpmbuild -bb --nodeps --define "_topdir $build/stock" \
        --define "key $fixtures/key-ed25519.asc" "$build/stock/stock.spec"
}

# Its installation makes the directory root's: the trigger sets it right.
again_after_stock() {
    make_stock_package && install_rpms "$build"/stock/RPMS/noarch/*.rpm &&
        is "$(owner /var/lib/qubes/updates)" person &&
        [ -L "$root/etc/sallyport/keys/RPM-GPG-KEY-qubes-4.4-primary" ]
}

back_to_stock() {
    local updates=$root/var/lib/qubes/updates
    [ ! -L "$updates/rpm" ] && [ ! -L "$updates/repodata" ] &&
        is "$(ls -A "$updates")" $'repodata\nrpm' &&
        is "$(ls "$updates/rpm")" "$(ls "$fixtures/rpms")" &&
        zcat "$updates"/repodata/*-primary.xml.gz |
        grep 'location href="rpm/hello' >/dev/null &&
        is "$(inside stat -c '%U:%G %a' /var/lib/qubes/updates)" \
            'root:qubes 770' &&
        is "$(cat "$root/etc/yum.real.repos.d/qubes-cached.repo")" '# stock' &&
        [ ! -e "$root/usr/local/etc/qubes-rpc" ] &&
        [ ! -L "$root/usr/local/bin/qubes-dom0-update" ] &&
        is "$(ls "$root/etc/sallyport/keys")" "" &&
        [ ! -e "$root/etc/tmpfiles.d/sallyport.conf" ]
}

nothing_left() {
    local left
    left=$(ours | grep -v '^var/\|^etc/yum.real' |
        grep -vxF "$before")
    is "$left" ""
}

as_root() {
    set_up || { skip "no overlay here: installing was not tried"; return; }
    fixtures=$("$top/tests/fixtures.sh" "$build/fixtures") || return 1
    before=$(ours)
    cp "$fixtures"/rpms/*.rpm "$root/root/"
    (cd "$root" && printf '/%s\n' root/*.rpm) >"$root/list"
    must "rpm installs the trusted side" install_rpms \
        "$rpms"/*/sallyport{,-common}-"$version"-*.rpm
    must "rpm installs the networked side" install_rpms \
        "$rpms"/*/sallyport-{builder,vchan}-"$version"-*.rpm
    inside sallyport-builder --quiet build --list /list -o /bundle
    must "the networked side packs, its user is there" packs
    must "the trusted side is whole, its jails hold, it has no keys yet" \
        trusted_side
    must "with a key it publishes, as its own user" publishes
    must "nothing that is installed was altered" \
        rpm --root "$root" -V --nodeps --noscripts sallyport sallyport-builder
    rm -rf "$root"/var/lib/sallyport/*
    must "dom0 is set up" make_dom0
    must "rpm installs the side of dom0" install_rpms \
        "$rpms"/*/sallyport-qubes{,-dom0-update}-"$version"-*.rpm
    must "dom0 takes in, beside the stock files" dom0_side
    must "after a stock package it is set right again" again_after_stock
    must "qubes-dom0-update is ours" stock_name
    must "rpm erases the side of dom0" erase_rpms sallyport-qubes \
        sallyport-qubes-dom0-update
    must "the repository is a stock one, with the last packages" back_to_stock
    must "rpm erases the rest" erase_rpms stock sallyport sallyport-builder \
        sallyport-common sallyport-vchan
    must "nothing is left but state" nothing_left
    must "dpkg installs the networked side" inside_dpkg -i \
        "$build"/deb/sallyport-{builder,vchan}_"$version"-*.deb
    must "its user is there and it packs" packs
    must "dpkg purges it" inside_dpkg --purge sallyport-builder sallyport-vchan
    must "nothing is left but state" nothing_left
}

inside_dpkg() { # OPTION FILE...
    local option=$1 file
    shift
    for file; do
        [ ! -f "$file" ] || cp "$file" "$root/"
    done
    inside env DEBIAN_FRONTEND=noninteractive dpkg "$option" "${@##*/}"
}

if [ "$(id -u)" = 0 ]; then
    as_root
else
    skip "not root: installing and removing was not tried"
fi

[ $skipped = 0 ] || echo "$skipped step(s) were SKIPPED: what they prove is not proven here."
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
