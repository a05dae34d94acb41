#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the keys and packages that the tests and the demo use, once:
#
#   tests/fixtures.sh DIR      prints the folder that holds them
#
# The folder is named after this script's digest and the week.
# In it:
#   secret/             a GnuPG home with all three secret keys
#   key-rsa.asc, key-ed25519.asc, key-foreign.asc    public keys
#   fpr-rsa, fpr-ed25519, fpr-foreign                their fingerprints
#   rpms/               packages signed by the RSA key, no two of one name
#   newer/              the same names, newer; signed by the RSA key
#   ed25519/ foreign/ unsigned/    one package each, signed as the name says
#   rpmdb/              an rpm database that trusts key-rsa and key-ed25519

set -euo pipefail
umask 022
export LC_ALL=C

base=$(realpath -m "$1")
# New ones each week: packages and signatures must not be too old.
digest=$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-12)-$(date -u +%G%V)
SOURCE_DATE_EPOCH=$(date -u +%s)
export SOURCE_DATE_EPOCH
final=$base/$digest

mkdir -p "$base"
exec 9>"$base/lock"
flock 9
if [ -d "$final" ]; then
    echo "$final"
    exit 0
fi

# Short: the path of an agent's socket has a limit of about 100 bytes.
work=$(mktemp -d /tmp/sp-fix.XXXXXX)
export GNUPGHOME=$work/secret HOME=$work
cleanup() {
    gpgconf --kill all 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

make_key() { # NAME ALGORITHM
    gpg --batch --quiet --pinentry-mode loopback --passphrase '' \
        --quick-generate-key "Sallyport test $1 <$1@example.invalid>" \
        "$2" sign never 2>/dev/null
    gpg --batch --armor --export "$1@example.invalid" >"$work/key-$1.asc"
    gpg --batch --quiet --with-colons --list-keys "$1@example.invalid" |
        awk -F: '/^fpr/ { print $10 }' >"$work/fpr-$1"
}

# Each line: name version release epoch arch. The first builds the others.
write_spec() { # RELEASE-SUFFIX
    cat <<END
Name: sp-test
Version: 1
Release: 1
Summary: Packages for the tests of Sallyport
License: GPL-2.0-or-later
AutoReqProv: no
%description
Only its sub-packages are built.
%prep
%build
%install
mkdir -p %{buildroot}/usr/share/sp-test
END
    local name version release epoch arch
    while read -r name version release epoch arch; do
        cat <<END
seq ${#name} 9000 >%{buildroot}/usr/share/sp-test/$name
echo "$name $version-$release$1" >>%{buildroot}/usr/share/sp-test/$name
END
    done <<<"$packages"
    while read -r name version release epoch arch; do
        cat <<END
%package -n $name
Version: $version
Release: $release$1
Summary: Test package $name
$([ "$epoch" = 0 ] || echo "Epoch: $epoch")
$([ "$arch" = x86_64 ] || echo "BuildArch: $arch")
%description -n $name
It carries one text file.
%files -n $name
%defattr(0644,root,root,0755)
/usr/share/sp-test/$name
END
    done <<<"$packages"
    printf '%%changelog\n* Wed Jan 01 2025 Sallyport <test@example.invalid>\n'
    printf -- '- a change\n'
}

build_packages() { # DIR RELEASE-SUFFIX
    mkdir -p "$1"
    write_spec "$2" >"$work/test.spec"
    rpmbuild -bb --quiet --target x86_64 \
        --define "_topdir $work/rpmbuild" --define "_rpmdir $1" \
        --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
        --define '_dbpath %{_topdir}/db' --define '_buildhost test.invalid' \
        --define 'use_source_date_epoch_as_buildtime 1' \
        --define '_binary_payload w3.gzdio' --define 'debug_package %{nil}' \
        --define '__os_install_post %{nil}' \
        --define '_build_id_links none' \
        --define '_source_filedigest_algorithm 8' \
        --define '_binary_filedigest_algorithm 8' \
        "$work/test.spec" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        exit 1
    }
    rm -rf "$work/rpmbuild"
}

sign() { # KEY FILE...
    local key=$1
    shift
    rpmsign --addsign --define '__gpg /usr/bin/gpg' \
        --define "_gpg_name $key@example.invalid" \
        --define '_gpg_digest_algo sha256' "$@" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        exit 1
    }
}

mkdir -m 700 "$GNUPGHOME"
make_key rsa rsa2048
make_key ed25519 ed25519
make_key foreign rsa2048

packages='hello 1.0 1 0 noarch
sp-arch 2.0 1 0 x86_64
sp-c++ 3.1.4 2 0 x86_64
sp-epoch 1.2 3 2 noarch
sp-tilde 1.0~rc1 1 0 noarch'
build_packages "$work/rpms" .fc41
cp -r "$work/rpms" "$work/all"
build_packages "$work/newer" .fc42
for kind in ed25519 foreign unsigned; do
    mkdir "$work/$kind"
done
cp "$work"/all/hello-*.rpm "$work/foreign/"
cp "$work"/all/sp-arch-*.rpm "$work/unsigned/"
cp "$work"/all/sp-tilde-*.rpm "$work/ed25519/"
sign rsa "$work"/rpms/*.rpm "$work"/newer/*.rpm
sign foreign "$work"/foreign/*.rpm
sign ed25519 "$work"/ed25519/*.rpm

mkdir "$work/rpmdb"
for key in rsa ed25519; do
    rpmkeys --dbpath "$work/rpmdb" --import "$work/key-$key.asc"
done
rpmkeys --dbpath "$work/rpmdb" --define '_pkgverify_level all' -K \
    "$work"/rpms/*.rpm "$work"/newer/*.rpm "$work"/ed25519/*.rpm \
    >"$work/log" || {
    cat "$work/log" >&2
    exit 1
}

gpgconf --kill all
rm -rf "$work"/{all,test.spec,log} "$GNUPGHOME"/S.*
rm -rf "$final.new"
cp -r "$work" "$final.new"
mv "$final.new" "$final"
echo "$final"
