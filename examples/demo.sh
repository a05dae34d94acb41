#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The whole way of an update, on this machine, in a folder of its own that is
# removed at the end:   examples/demo.sh BUILD-DIR      (make demo)
#
# It ends with status 0 only if everything that it says has happened.

set -euo pipefail
umask 022
export LC_ALL=C

top=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
build=$(realpath "${1:-$top/build}")
work=$(mktemp -d /tmp/sallyport-demo.XXXXXX)
chmod 755 "$work"
server=
nginx=
done_steps=0
skipped=0
started=$(date +%s)

cleanup() {
    local status=$?
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$nginx" ] || kill "$(cat "$nginx")" 2>/dev/null || true
    rm -rf "$work"
    [ $status = 0 ] || echo "DEMO FAILED" >&2
}
trap cleanup EXIT

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' plain=$'\e[0m'
else
    bold='' plain=''
fi

step() { # TITLE
    done_steps=$((done_steps + 1))
    printf '\n%s%d. %s%s\n' "$bold" $done_steps "$1" "$plain"
}

say() { printf '   %s\n' "$@"; }

show() { sed 's/^/   | /'; }

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

# The trusted side runs as an ordinary user; if root started the demo, that
# is nobody.
as_user() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \
            env -i PATH="$PATH" HOME="$work/user" "$@"
    else
        "$@"
    fi
}

# Names, kinds, modes, times and bytes of a repository.
fingerprint() { # DIR
    (cd "$1" &&
        find . -mindepth 1 ! -path ./.lock ! -path './errors*' \
            -printf '%P %y %m %T@ %l\n' | sort &&
        find . -type f ! -path ./.lock ! -path './errors*' -print0 |
        sort -z | xargs -0 sha256sum) | sha256sum | cut -d' ' -f1
}

# The programs run in place from any folder; this one a plain user can read.
mkdir "$work/bin" "$work/user" "$work/state" "$work/bundle"
cp "$build"/sallyport "$build"/sallyport-* "$work/bin/"
sallyport=$work/bin/sallyport
builder=$work/bin/sallyport-builder
[ "$(id -u)" != 0 ] ||
    chown 65534:65534 "$work/user" "$work/state" "$work/bundle"

cat <<END
${bold}Sallyport: updates for a machine that has no network and trusts nobody.${plain}
Two machines are played here. The UNTRUSTED one has the network: it downloads
and packs. The TRUSTED one has none: it unpacks in jails, checks every
signature itself, and publishes a repository that dnf installs from.
END

# ---------------------------------------------------------------------------
step 'A distribution makes and signs packages'
fixtures=$("$top/tests/fixtures.sh" "$work/distribution")
say "Made with rpmbuild, signed by rpmsign with a throw-away key:"
(cd "$fixtures/rpms" && ls -1 ./*.rpm) | sed 's|^./||' | show
mkdir "$work/keys"
cp "$fixtures/key-rsa.asc" "$work/keys/"
say "The trusted machine was given the public key, once, by hand:"
say "$(cat "$fixtures/fpr-rsa")"

# ---------------------------------------------------------------------------
step 'A web server offers them'
(cd "$fixtures/rpms" &&
    exec python3 -u -m http.server --bind 127.0.0.1 0) \
    >"$work/server.log" 2>&1 &
server=$!
port=
for _ in $(seq 100); do
    port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$work/server.log")
    [ -z "$port" ] || break
    sleep 0.05
done
[ -n "$port" ] || die "the web server did not start:" "$(cat "$work/server.log")"
for rpm in "$fixtures"/rpms/*.rpm; do
    name=$(basename "$rpm")
    echo "http://127.0.0.1:$port/${name//+/%2B}" \
        "sha256:$(sha256sum "$rpm" | cut -d' ' -f1)"
done >"$work/list"
say "http://127.0.0.1:$port/ (python3 -m http.server)"

# ---------------------------------------------------------------------------
step 'UNTRUSTED side: download and pack'
bundle=$work/bundle/updates.sallyport
say '$ sallyport-builder build --list URLS -o updates.sallyport'
as_user "$builder" build --list "$work/list" --cache-dir "$work/user/cache" \
    -o "$bundle" 2>&1 | show
fetched=$(grep -c '"GET .*\.rpm.* 200' "$work/server.log")
[ "$fetched" = "$(wc -l <"$work/list")" ] ||
    die "the web server answered $fetched requests for packages"
say "$fetched packages came over HTTP; the bundle has $(stat -c %s "$bundle") bytes."
kill "$server"
server=
say 'The web server is gone now. What follows needs no network.'

# ---------------------------------------------------------------------------
step 'TRUSTED side: unpack, check, verify, publish'
ingest=("$sallyport" ingest --state-dir "$work/state" --keys "$work/keys"
    --policy "$work/policy.conf" --any-request)
: >"$work/policy.conf"
say "\$ sallyport ingest --any-request updates.sallyport   (as $(as_user id -un 2>/dev/null || echo 'user 65534'))"
as_user "${ingest[@]}" "$bundle" >"$work/out" 2>&1 || {
    show <"$work/out"
    die "the good bundle was refused"
}
show <"$work/out"
repo=$work/state/updates
say 'The bundle went through three jailed processes: one unpacks, one checks'
say 'the structure and the digests, one verifies the signatures. None of them'
say 'can reach the network, and the one that publishes parses none of it.'

# ---------------------------------------------------------------------------
step 'The repository that was published'
(cd "$repo" && find . \( -name '*.rpm' -o -name repomd.xml \) -print \
    -o -type l -printf '%p -> %l\n') | sed 's|^\./||' | sort | show
published=$(find "$repo/rpm/" -name '*.rpm' | wc -l)
[ "$published" = "$fetched" ] || die "$published packages were published"
[ -s "$repo/repodata/repomd.xml" ] || die "no repository metadata"
for rpm in "$repo"/rpm/*.rpm; do
    rpmkeys --dbpath "$fixtures/rpmdb" --define '_pkgverify_level all' \
        -K "$rpm" >/dev/null || die "rpm does not accept $rpm"
done
say "rpm itself agrees: all $published signatures and digests are good."

# ---------------------------------------------------------------------------
installed=(hello sp-arch sp-c++ sp-epoch)
root=$work/root
mkdir "$root"
cat >"$work/dnf.conf" <<END
[main]
gpgcheck=1
install_weak_deps=0
plugins=0
[sallyport]
name=Sallyport
baseurl=file://$repo
enabled=1
gpgcheck=1
gpgkey=file://$work/keys/key-rsa.asc
END

in_root() { # DNF-ARGUMENT...
    dnf -y -q -c "$work/dnf.conf" --setopt=reposdir=/dev/null \
        --setopt=cachedir="$work/dnf-cache" --setopt=logdir="$work" \
        --setopt=persistdir="$work/dnf-persist" --setopt=metadata_expire=0 \
        --releasever=41 --forcearch=x86_64 --installroot "$root" \
        "$@" >"$work/out" 2>&1 || {
        show <"$work/out"
        die "dnf $1 failed"
    }
}

skip() { # WHAT
    skipped=$((skipped + 1))
    say "*** SKIPPED: $1 needs root. Run \"sudo make demo\" to see it. ***"
}

step 'dnf installs from it, and checks the signatures again'
if [ "$(id -u)" = 0 ]; then
    say "\$ dnf --installroot ROOT install ${installed[*]}"
    in_root install "${installed[@]}"
    for name in "${installed[@]}"; do
        [ -s "$root/usr/share/sp-test/$name" ] || die "$name is not installed"
        tail -n 1 "$root/usr/share/sp-test/$name"
    done | show
    say 'These lines come from files that are installed now.'
    database=$(dirname "$(find "$root" -name rpmdb.sqlite)")
else
    skip installing
    # What follows needs a machine that has something: on paper at least.
    database=$work/root/rpmdb
    for name in "${installed[@]}"; do
        rpm --dbpath "$database" --justdb --nodeps --noscripts --ignorearch \
            --nosignature -i "$fixtures/rpms/$name"-[0-9]*.rpm \
            2>"$work/out" || die "rpm failed:" "$(cat "$work/out")"
    done
    say 'Only the list of what is installed was written.'
fi

have() {
    rpm --dbpath "$database" -qa \
        --qf '%{name} %{epochnum}:%{version}-%{release} %{arch}\n' |
        grep -v ^gpg-pubkey | LC_ALL=C sort
}
have >"$work/before"

# ---------------------------------------------------------------------------
step 'Weeks later: the distribution publishes newer packages'
mkdir "$work/web" "$work/nginx" "$work/repos"
cp "$fixtures"/newer/*.rpm "$work/web/"
createrepo_c -q "$work/web" 2>/dev/null
start_nginx() { # on a port that is free
    local port user=
    # Else its workers are nobody, who may not write here.
    [ "$(id -u)" != 0 ] || user='user root;'
    for _ in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 20000))
        cat >"$work/nginx/conf" <<END
daemon on;
$user
pid $work/nginx/pid;
error_log $work/nginx/error.log;
events { }
http {
    access_log $work/nginx/access.log;
    client_body_temp_path $work/nginx;
    proxy_temp_path $work/nginx;
    fastcgi_temp_path $work/nginx;
    uwsgi_temp_path $work/nginx;
    scgi_temp_path $work/nginx;
    server { listen 127.0.0.1:$port; root $work/web; }
}
END
        if PATH=$PATH:/usr/sbin nginx -c "$work/nginx/conf" \
            -e "$work/nginx/error.log" 2>/dev/null; then
            nginx=$work/nginx/pid
            mirror=http://127.0.0.1:$port/
            return 0
        fi
    done
    die "nginx did not start:" "$(cat "$work/nginx/error.log")"
}
start_nginx
cat >"$work/repos/distribution.repo" <<END
[distribution]
name=The distribution
baseurl=$mirror
gpgcheck=1
END
(cd "$work/web" && ls -1 ./*.rpm) | sed 's|^./||' | show
say "A repository at $mirror (createrepo_c, nginx)"

# ---------------------------------------------------------------------------
step 'TRUSTED side: write what this machine has and wants'
as_user cp -r "$database" "$work/user/rpmdb"
request=$work/user/request
say '$ sallyport request -o request'
as_user "$sallyport" request --state-dir "$work/state" \
    --dbpath "$work/user/rpmdb" --reposdir "$work/repos" --releasever 41 \
    -o "$request" >"$work/out" 2>&1 || {
    show <"$work/out"
    die "no request"
}
show <"$work/out"
sed -n '/^request/p; /^id/p; /^action/p; /^@/p' "$request" | show
say 'It goes to the other side by the way that the last bundle came. This side'
say 'remembers its number, and takes in nothing that does not answer it.'

# ---------------------------------------------------------------------------
step 'UNTRUSTED side: find out what that means, download, prove, pack'
bundle=$work/bundle/answer.sallyport
say '$ sallyport-builder build --request request --allow-http -o answer.sallyport'
as_user "$builder" build --request "$request" --cache-dir "$work/user/cache" \
    --allow-http -o "$bundle" >"$work/out" 2>&1 || {
    show <"$work/out"
    die "the builder gave up"
}
show <"$work/out"
tar xOf "$bundle" MANIFEST |
    awk '$1 == "package" { print $6, $7, $8 }' | LC_ALL=C sort >"$work/plan"
say "sp-tilde is newer too, but is not installed: it stays away."
! grep -q '^sp-tilde ' "$work/plan" || die "it came"

# ---------------------------------------------------------------------------
step 'TRUSTED side: take in the answer'
say '$ sallyport ingest answer.sallyport'
as_user "$sallyport" ingest --state-dir "$work/state" --keys "$work/keys" \
    --policy "$work/policy.conf" "$bundle" >"$work/out" 2>&1 || {
    show <"$work/out"
    die "the answer was refused"
}
show <"$work/out"
say 'No --any-request this time: the bundle answers what was asked.'

# ---------------------------------------------------------------------------
step 'dnf upgrades to exactly the plan'
if [ "$(id -u)" = 0 ]; then
    say '$ dnf --installroot ROOT upgrade'
    in_root upgrade
    have >"$work/after"
    comm -13 "$work/before" "$work/after" >"$work/came"
    comm -23 "$work/before" "$work/after" | sed 's/^/was  /' | show
    sed 's/^/is   /' "$work/came" | show
    cmp "$work/came" "$work/plan" ||
        die "what dnf did is not what was planned:" "$(cat "$work/plan")"
    [ "$(wc -l <"$work/before")" = "$(wc -l <"$work/after")" ] ||
        die "something is gone, or something more has come"
    say "These are the $(wc -l <"$work/plan") packages of the bundle, no more and no less."
else
    skip upgrading
fi
kill "$(cat "$nginx")"
nginx=

# ---------------------------------------------------------------------------
step 'An attacker flips one bit of the bundle'
before=$(fingerprint "$repo")
bad=$work/bundle/evil.sallyport
offset=$(($(stat -c %s "$bundle") * 3 / 5))
python3 - "$bundle" "$bad" "$offset" <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[3])] ^= 1
open(sys.argv[2], "wb").write(data)
END
[ "$(cmp -l "$bundle" "$bad" | wc -l)" = 1 ] || die "the bit was not flipped"
say "Bit 0 of byte $offset is the other way round now. Everything else is equal."
say '$ sallyport ingest --any-request evil.sallyport'
status=0
as_user "${ingest[@]}" "$bad" >"$work/out" 2>&1 || status=$?
show <"$work/out"
[ $status != 0 ] || die "THE CHANGED BUNDLE WAS ACCEPTED"
say "Refused, exit status $status."
after=$(fingerprint "$repo")
[ "$before" = "$after" ] || die "the repository has changed"
say 'The repository is what it was, to the byte and the second:'
say "before $before" "after  $after"
left=$(find "$work/state" -name '*.UNTRUSTED')
[ -z "$left" ] || die "left behind: $left"
say 'Nothing of the refused bundle is left on the trusted machine.'

# ---------------------------------------------------------------------------
printf '\n%sDone%s: %d steps in %d seconds, %d skipped.\n' "$bold" "$plain" \
    $((done_steps - skipped)) $(($(date +%s) - started)) $skipped
if [ $skipped -gt 0 ]; then
    printf '%d step(s) were SKIPPED: see above what was not shown.\n' $skipped
fi
printf 'Read on: README.md, docs/TRUST.md, and build/sallyport --help.\n'
