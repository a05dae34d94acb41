#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The edge cases of dependency solving as real packages, made with rpmbuild:
#
#   tests/edge.sh DIR [SECRET-GNUPG-HOME]
#
#   DIR/installed/   what a machine has
#   DIR/main/        a repository with updates, and groups and an environment
#   DIR/low/         a repository with a lower priority
#
# Each set is one spec file with a sub-package for every line below; with a
# secret home the repositories' packages are signed by rsa@example.invalid.

set -euo pipefail
umask 022
export LC_ALL=C

# NAME VERSION[:EPOCH] ARCH | tags, separated by ';'
# i686 packages are built by a second run.
installed='
app        1     x86_64 | Requires: liba.so.1
liba       1     x86_64 | Provides: liba.so.1
epoch      2.0   noarch
anyarch    1     noarch
toarch     1     x86_64
gone       1     noarch
split      1     noarch
kernel     1     x86_64
kernel     2     x86_64
kernel     3     x86_64
broken     1     noarch
needfile   1     noarch
needbin    1     noarch
needgone   1     noarch
richif     1     noarch
richand    1     noarch
richwith   1     noarch
richelse   1     noarch
lang       1     noarch
rec        1     noarch
recold     1     noarch | Recommends: declined
mlib       1     x86_64
mlibone    1     x86_64
excl       1     noarch
prot       1     noarch
same       1     noarch
vend       1     noarch | Vendor: One
toolold    1     noarch
client     1     noarch | Requires: toolold = 1
prio       1     noarch
down       2     noarch
reinst     1     noarch
tilde      2~rc1 noarch
caret      1     noarch
conflicted 1     noarch
selfprov   1     noarch | Provides: service
orphan     1     noarch
twin       1     noarch
'
installed_i686='
mlib       1     i686
'
main='
app        2     x86_64 | Requires: liba.so.2; Recommends: apphelp
apphelp    1     noarch
liba       2     x86_64 | Provides: liba.so.2
epoch      1.0:1 noarch
anyarch    2     x86_64
toarch     2     noarch
heir       1     noarch | Obsoletes: gone < 2; Provides: gone = 2
split      2     noarch
split-data 2     noarch | Obsoletes: split < 2
kernel     4     x86_64
broken     1.5   noarch
broken     2     noarch | Requires: nothing-provides-this
needfile   2     noarch | Requires: /usr/share/filer/data
filer      1     noarch | File: /usr/share/filer/data
needbin    2     noarch | Requires: /usr/bin/edge-tool
tool       1     noarch | File: /usr/bin/edge-tool
needgone   2     noarch | Requires: /usr/share/nowhere
richif     2     noarch | Requires: (langpack if lang)
langpack   1     noarch
richand    2     noarch | Requires: (anda and andb)
anda       1     noarch
andb       1     noarch
richwith   2     noarch | Requires: (multi with multi-extra)
multi-a    1     noarch | Provides: multi
multi-b    1     noarch | Provides: multi; Provides: multi-extra
richelse   2     noarch | Requires: (never if absent else always)
never      1     noarch
always     1     noarch
rec        2     noarch | Recommends: recnew
recnew     1     noarch
recold     2     noarch | Recommends: declined
declined   1     noarch
supold     1     noarch | Supplements: app
supnew     1     noarch | Supplements: filer
mlib       2     x86_64
mlibone    2     x86_64
excl       2     noarch
rival      1     noarch | Conflicts: prot
same       1     noarch
vend       2     noarch | Vendor: Two
toolold    2     noarch
prio       2     noarch
down       1     noarch
reinst     1     noarch
tilde      2     noarch
caret      1^git noarch
conflicted 2     noarch | Conflicts: same
selfprov   1     noarch | Provides: service
newapp     1     noarch | Requires: newlib >= 2; Recommends: newweak
newlib     1     noarch
newlib     2     noarch
newweak    1     noarch
clash      1     noarch | Conflicts: app < 3
member-a   1     noarch
member-b   1     noarch
member-c   1     noarch
selfbad    1     noarch | Requires: selfbad-missing
twin-a     1     noarch | Obsoletes: twin < 2
twin-b     1     noarch | Obsoletes: twin < 2
'
main_i686='
mlib       2     i686
mlibone    2     i686
'
low='
prio       3     noarch
lowonly    1     noarch
'

dir=$(realpath -m "$1")
secret=${2:-}
work=$(mktemp -d /tmp/sp-edge.XXXXXX)
trap 'rm -rf "$work"' EXIT

# Tags of one line, and what they make for %install and %files.
sub_package() { # NAME VERSION[:EPOCH] ARCH TAGS
    local name=$1 version=${2%%:*} epoch=${2#*:} arch=$3 tag file
    [ "$epoch" != "$2" ] || epoch=
    id=$name-$version
    file=/usr/share/edge/$id.$arch
    install+="mkdir -p %{buildroot}/usr/share/edge; echo $id >%{buildroot}$file"$'\n'
    files="$file"
    body="%package -n $name"$'\n'"Version: $version"$'\n'"Summary: $name"$'\n'
    [ -z "$epoch" ] || body+="Epoch: $epoch"$'\n'
    [ "$arch" != noarch ] || body+="BuildArch: noarch"$'\n'
    local IFS=';'
    for tag in $4; do
        tag=$(sed 's/^ *//;s/ *$//' <<<"$tag")
        case $tag in
        '') ;;
        File:*)
            file=${tag#File: }
            install+="mkdir -p %{buildroot}${file%/*}; echo $id >%{buildroot}$file"$'\n'
            files+=$'\n'"$file"
            ;;
        *) body+="$tag"$'\n' ;;
        esac
    done
    body+="%description -n $name"$'\n'"$name"$'\n'"%files -n $name"$'\n'"$files"$'\n'
}

# One spec cannot hold two versions of one name: they go to further specs.
build_set() { # DIR TARGET TABLE
    local rest=$3 round=0 line names next install body files id spec
    while [ -n "${rest//[[:space:]]/}" ]; do
        names=' ' next='' install='' spec=
        while IFS= read -r line; do
            [ -n "$line" ] || continue
            # shellcheck disable=SC2086 # columns
            set -- $1 $2 "$3" ${line%%|*}
            if [[ $names == *" $4 "* ]]; then
                next+=$line$'\n'
                continue
            fi
            names+="$4 "
            [[ $line == *'|'* ]] && tags=${line#*|} || tags=
            sub_package "$4" "$5" "$6" "$tags"
            spec+=$body
        done <<<"$rest"
        round=$((round + 1))
        write_and_build "$1" "$2" "$spec" "$install" $round
        rest=$next
    done
}

write_and_build() { # DIR TARGET SUB-PACKAGES INSTALL ROUND
    local top=$work/build
    rm -rf "$top"
    mkdir -p "$top" "$1"
    cat >"$top/edge.spec" <<END
Name: edge
Version: 1
Release: 1
Summary: Edge cases
License: GPL-2.0-or-later
AutoReqProv: no
%description
Only its sub-packages are built.
%prep
%build
%install
$4
$3
%changelog
* Fri Jan 03 2025 B <b@example.invalid> - 2-1
- the edge is rounded

* Wed Jan 01 2025 A <a@example.invalid> - 1-1
- the first edge
END
    rpmbuild -bb --quiet --target "$2" --define "_topdir $top" \
        --define "_rpmdir $top/out" --define '_binary_payload w1.gzdio' \
        --define '_build_id_links none' --define 'debug_package %{nil}' \
        --define 'source_date_epoch_from_changelog 0' \
        --define '__os_install_post %{nil}' \
        "$top/edge.spec" >"$top/log" 2>&1 || {
        cat "$top/log" >&2
        exit 1
    }
    find "$top/out" -name '*.rpm' -exec mv -t "$1" {} +
}

sign() { # DIR
    [ -n "$secret" ] || return 0
    cp -r "$secret" "$work/gnupg"
    chmod 700 "$work/gnupg"
    GNUPGHOME=$work/gnupg rpmsign --addsign --define '__gpg /usr/bin/gpg' \
        --define '_gpg_name rsa@example.invalid' \
        --define '_gpg_digest_algo sha256' "$1"/*.rpm >/dev/null 2>&1
    GNUPGHOME=$work/gnupg gpgconf --kill all
    rm -rf "$work/gnupg"
}

rm -rf "$dir"
build_set "$dir/installed" x86_64 "$installed"
build_set "$dir/installed" i686 "$installed_i686"
build_set "$dir/main" x86_64 "$main"
build_set "$dir/main" i686 "$main_i686"
build_set "$dir/low" x86_64 "$low"
sign "$dir/main"
sign "$dir/low"

cat >"$work/comps.xml" <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps><group><id>tools</id><name>Some Tools</name>
<description>x</description><default>false</default>
<uservisible>true</uservisible><packagelist>
<packagereq type="mandatory">member-a</packagereq>
<packagereq type="default">member-b</packagereq>
<packagereq type="optional">member-c</packagereq>
<packagereq type="mandatory">member-missing</packagereq>
</packagelist></group>
<group><id>more-tools</id><name>More Tools</name>
<name xml:lang="de">Mehr Werkzeug</name>
<description>x</description><default>false</default>
<uservisible>true</uservisible><packagelist>
<packagereq type="mandatory">member-c</packagereq>
<packagereq type="conditional" requires="app">lowonly</packagereq>
<packagereq type="conditional" requires="nothing-here">newlib</packagereq>
</packagelist></group>
<group><id>never-tools</id><name>No Tools &amp; Things</name>
<description>x</description><default>false</default>
<uservisible>true</uservisible><packagelist>
<packagereq type="mandatory">rival</packagereq>
</packagelist></group>
<environment><id>workshop</id><name>Full Workshop</name>
<description>x</description><display_order>1</display_order>
<grouplist><groupid>tools</groupid><groupid>more-tools</groupid></grouplist>
<optionlist><groupid default="true">never-tools</groupid></optionlist>
</environment></comps>
END
createrepo_c -q --no-database -g "$work/comps.xml" "$dir/main" >/dev/null
createrepo_c -q --no-database "$dir/low" >/dev/null
