#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One request, two builders that share nothing, one bundle:
#
#   examples/two-builders.sh [BUILD-DIR [FIXTURES]]
#
# The builders have folders, mirrors, time zones, locales and umasks of their
# own. When both are honest and their mirrors in step, the bundles are equal,
# byte for byte. A third builder has a mirror that holds an update back: the
# difference is shown, by package. All happens on this machine, in a folder
# that is removed at the end. FIXTURES is a folder that tests/fixtures.sh has
# made. Status 0 only if all that it says has happened.

set -euo pipefail
umask 022
export LC_ALL=C
unset http_proxy https_proxy all_proxy no_proxy

top=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
build=$(realpath "${1:-$top/build}")
work=$(mktemp -d /tmp/sallyport-two-builders.XXXXXX)
servers=()

cleanup() {
    local status=$? pid
    for pid in ${servers[@]+"${servers[@]}"}; do
        kill "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
    [ $status = 0 ] || echo "TWO BUILDERS FAILED" >&2
}
trap cleanup EXIT

say() { printf '   %s\n' "$@"; }

step() { printf '\n%s\n' "$1"; }

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Serves a folder. Sets $port.
serve() { # DIR
    local log=$work/log.${#servers[@]}
    (cd "$1" && exec python3 -u -m http.server --bind 127.0.0.1 0) \
        >"$log" 2>&1 &
    servers+=($!)
    for _ in $(seq 100); do
        port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$log")
        [ -z "$port" ] || return 0
        sleep 0.1
    done
    die "no web server"
}

# A repository of these packages, its metadata signed by the distribution.
publish() { # DIR RPM...
    local dir=$1 home=$work/sign
    shift
    mkdir -p "$dir"
    cp "$@" "$dir/"
    createrepo_c -q --no-database --revision 1 --set-timestamp-to-revision \
        "$dir" >/dev/null
    mkdir -m 700 "$home"
    cp -r "$fixtures/secret/." "$home"
    gpg --homedir "$home" --batch --quiet --digest-algo SHA256 --armor \
        -u rsa@example.invalid --detach-sign "$dir/repodata/repomd.xml" \
        2>/dev/null
    GNUPGHOME=$home gpgconf --kill all
    rm -rf "$home"
}

fixtures=${2:-$("$top/tests/fixtures.sh" "$work/distribution")}
newer=("$fixtures"/newer/*.rpm)
publish "$work/first/repo" "${newer[@]}"
cp -rp "$work/first" "$work/second"
publish "$work/short/repo" "${newer[@]:1}"
serve "$work/first"
first=$port
serve "$work/second"
second=$port
serve "$work/short"
short=$port

# ---------------------------------------------------------------------------
step '1. The machine without network writes one request.'
mkdir "$work/repos" "$work/state" "$work/keys"
cp "$fixtures/key-rsa.asc" "$work/keys/"
cat >"$work/repos/updates.repo" <<END
[updates]
name=Updates
baseurl=http://127.0.0.1:$first/repo http://127.0.0.1:$second/repo
END
cp -r "$fixtures/rpmdb" "$work/rpmdb"
rpm --dbpath "$work/rpmdb" --nosignature --justdb --nodeps --noscripts -i \
    "$fixtures"/rpms/*.rpm 2>/dev/null
"$build/sallyport" request --state-dir "$work/state" --keys "$work/keys" \
    --dbpath "$work/rpmdb" --reposdir "$work/repos" --releasever 41 --quiet \
    -o "$work/request"
say "It has $(grep -c '^@' "$work/request") packages and asks for updates."

# Runs a builder as another machine would: nothing of the others is there.
# shellcheck disable=SC2030,SC2031,SC2163 # VARIABLE=VALUE, each in its own shell
builder() ( # NAME UMASK [VARIABLE=VALUE...]
    name=$1
    umask "$2"
    shift 2
    export HOME=$work/$name/home "$@"
    mkdir -p "$HOME" "$work/$name/a folder of its own"
    cd "$work/$name/a folder of its own"
    "$build/sallyport-builder" build --request "${REQUEST:-$work/request}" \
        --cache-dir "$HOME/cache" --allow-http --tries 1 --progress=none \
        -o "$work/$name.bundle" >"$work/$name.said" 2>&1 ||
        die "builder $name failed:" "$(cat "$work/$name.said")"
)

# ---------------------------------------------------------------------------
step '2. Two builders answer it, one after the other.'
builder alice 022 TZ=UTC LC_ALL=C
say 'alice: first mirror, UTC, umask 022.'
kill "${servers[0]}"
wait "${servers[0]}" 2>/dev/null || true
builder bob 077 TZ=Pacific/Kiritimati LC_ALL=C.utf8 SOURCE_DATE_EPOCH=1
say 'bob: second mirror, 14 hours later, another locale, umask 077.'

# Shows what differs, by the lines of MANIFEST.
compare() { # NAME NAME
    if cmp -s "$work/$1.bundle" "$work/$2.bundle"; then
        say "equal: $(sha256sum <"$work/$1.bundle" | cut -d' ' -f1)"
        return 0
    fi
    say "DIFFERENT: '<' is $1, '>' is $2"
    diff <(contents "$1") <(contents "$2") | grep '^[<>]' | sed 's/^/   | /'
    return 1
}

# Without numbers of members and totals, which only follow from the rest.
contents() { # NAME
    tar -xOf "$work/$1.bundle" MANIFEST | awk '
        $1 == "package" { print $1, $6, $7, $8, $9, $5 }
        $1 == "evidence" { print $1, $6, $5, $4 }'
}

# ---------------------------------------------------------------------------
step '3. Are they equal?'
compare alice bob || die "two honest builders made different bundles"
tar -tf "$work/alice.bundle" | grep '^e0001$' >/dev/null ||
    die "the signed metadata is not in the bundle"

# ---------------------------------------------------------------------------
step '4. A third one, whose mirror holds an update back.'
kill "${servers[1]}"
wait "${servers[1]}" 2>/dev/null || true
sed -e "s/127.0.0.1:$first/127.0.0.1:$short/; /^end /d" "$work/request" \
    >"$work/request.mallory"
echo "end $(sha256sum <"$work/request.mallory" | cut -d' ' -f1)" \
    >>"$work/request.mallory"
REQUEST=$work/request.mallory builder mallory 022 TZ=UTC
if compare alice mallory; then
    die "a missing update was not seen"
fi

printf '\nDone: equal where both are honest, named where one is not.\n'
