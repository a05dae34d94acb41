#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An update by stick, on this machine, in a folder of its own that is removed
# at the end:   examples/sneakernet.sh [BUILD-DIR [FIXTURES]]
#
# Root gets a loop device for a stick. Without root a file plays the stick;
# the steps that are not shown then are counted. FIXTURES is a folder that
# tests/fixtures.sh has made. Status 0 only if all that it says has happened.

set -euo pipefail
umask 022
export LC_ALL=C

top=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
build=$(realpath "${1:-$top/build}")
work=$(mktemp -d /tmp/sallyport-sneakernet.XXXXXX)
chmod 755 "$work"
loop=
steps=0
skipped=0

cleanup() {
    local status=$?
    [ -z "$loop" ] || losetup --detach "$loop" || true
    rm -rf "$work"
    [ $status = 0 ] || echo "SNEAKERNET FAILED" >&2
}
trap cleanup EXIT

step() {
    steps=$((steps + 1))
    printf '\n%d. %s\n' $steps "$1"
}

say() { printf '   %s\n' "$@"; }

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Shows a command and what it says. Sets $status.
run() { # PROGRAM ARGS...
    local shown="$*"
    status=0
    [ "$1" != sallyport ] || shown="$* --any-request"
    say "\$ ${shown//$work\//}"
    case $1 in
    sallyport) "$build/sallyport" "$2" "${trusted[@]}" "${@:3}" ;;
    *) "$build/$1" "${@:2}" --progress=none ;;
    esac >"$work/said" 2>&1 || status=$?
    sed 's/^/   | /' "$work/said"
}

# The same, and it must do well.
must() {
    run "$@"
    [ "$status" = 0 ] || die "exit status $status"
}

repository() {
    (cd "$work/state/updates" &&
        find . -type f ! -path ./.lock ! -path './errors*' -print0 |
        sort -z | xargs -0 sha256sum)
}

fixtures=${2:-$("$top/tests/fixtures.sh" "$work/distribution")}
mkdir "$work/keys" "$work/state" "$work/bin"
# The programs run in place from any folder; this one any user can read.
cp "$build"/sallyport "$build"/sallyport-* "$work/bin/"
build=$work/bin
cp "$fixtures/key-rsa.asc" "$work/keys/"
: >"$work/policy.conf"
ls "$fixtures"/rpms/*.rpm >"$work/list"
trusted=(--state-dir "$work/state" --keys "$work/keys"
    --policy "$work/policy.conf" --any-request --progress=none)

# ---------------------------------------------------------------------------
step 'A stick'
truncate -s 16M "$work/stick"
if [ "$(id -u)" = 0 ] && loop=$(losetup --find --show "$work/stick"); then
    chown 65534:65534 "$work/state"
    stick=block:$loop
    given=(--yes-really="${loop#/dev/}")
    say "A loop device plays it: $loop, 16 MB."
    say 'A true stick needs no --yes-really: its serial number is asked for.'
else
    loop=
    stick=$work/stick
    given=()
    say "A file plays it: $stick."
fi

# ---------------------------------------------------------------------------
step 'Networked machine: which sticks may be written?'
must sallyport-builder devices
say 'What is mounted, built in or in use is never written.'

# ---------------------------------------------------------------------------
step 'Networked machine: build the bundle on the stick'
must sallyport-builder build --list "$work/list" \
    ${given[@]+"${given[@]}"} -o "$stick"
say 'It was written, read back from the stick and compared.'

# ---------------------------------------------------------------------------
step 'Carry the stick to the machine without network'
say '... and let nothing mount it: see examples/qubes/10-sallyport-noprobe.rules'

# ---------------------------------------------------------------------------
step 'Trusted machine: look at it first'
must sallyport inspect "$stick"

# ---------------------------------------------------------------------------
step 'Trusted machine: take it in'
must sallyport ingest "$stick"
published=$(find "$work/state/updates/rpm/" -name '*.rpm' | wc -l)
[ "$published" = "$(wc -l <"$work/list")" ] || die "$published packages"
if [ -n "$loop" ]; then
    others=$(find "$work/state" ! -user 65534)
    [ -z "$others" ] || die "not the owner's:" "$others"
    say 'Started by root, it opened the stick and became the owner of its'
    say "state (user 65534) before it read the first byte."
else
    skipped=$((skipped + 1))
    say '*** SKIPPED: that root gives itself up is shown only to root ***'
fi

# ---------------------------------------------------------------------------
step 'Any imaging tool can write the stick'
if [ -n "$loop" ]; then
    must sallyport-builder build --list "$work/list" -o "$work/updates.bundle"
    dd if="$work/updates.bundle" of="$loop" conv=fsync status=none
    say "\$ dd if=updates.bundle of=$loop conv=fsync"
    must sallyport ingest "$stick"
    grep -q 'nothing to do' "$work/said" || die "it was not the same"
    say 'The same bytes: there is nothing to do.'
else
    skipped=$((skipped + 1))
    say '*** SKIPPED: writing a device needs root ***'
fi

# ---------------------------------------------------------------------------
step 'A stick with one bad bit'
before=$(repository)
offset=$(($(wc -c <"$(head -n 1 "$work/list")") / 2 + 2048))
byte=$(od -An -tu1 -j $offset -N 1 "${loop:-$stick}")
# shellcheck disable=SC2059 # the format is the byte
printf "\\$(printf %03o $((byte ^ 1)))" |
    dd of="${loop:-$stick}" bs=1 seek=$offset conv=notrunc,fsync status=none
run sallyport ingest "$stick"
[ "$status" != 0 ] || die "THE CHANGED BUNDLE WAS ACCEPTED"
[ "$(repository)" = "$before" ] || die "the repository has changed"
say "Refused, exit status $status; the repository is as it was."

printf '\nDone: %d steps, %d skipped.\n' $((steps - skipped)) $skipped
