#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Provokes refusals and writes what a person reads of them:
#
#   tests/golden.sh BUILD-DIR OUT-DIR      (make golden: into tests/golden)
#
# OUT-DIR/CLASS.txt has a paragraph for each word of that class: the line as
# it was typed, and all of stderr. Names of folders, ids, keys, ports and
# process numbers are replaced.
# What cannot be provoked here stands in tests/golden/elsewhere.

set -euo pipefail
umask 022
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY

# What is inherited would count where descriptors are few.
for fd in /proc/self/fd/*; do
    fd=${fd##*/}
    [ "$fd" -le 2 ] || [ "$fd" = 255 ] || eval "exec $fd>&-"
done

top=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
build=$(realpath "$1")
out=$2
work=$(mktemp -d /tmp/sp-golden.XXXXXX)
server=
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

fixtures=$("$top/tests/fixtures.sh" "$build/fixtures")
sallyport=$build/sallyport
export SP_TOP=$top SP_BUILD=$build
# shellcheck source=tests/bats/forge.bash
. "$top/tests/bats/forge.bash"
builder=$build/sallyport-builder
state=$work/state
keys=$work/keys
policy=$work/policy.conf
mkdir -p "$out" "$state" "$keys" "$work/said"
cp "$fixtures/key-rsa.asc" "$keys/"
: >"$policy"
options=(--state-dir "$state" --keys "$keys" --policy "$policy"
    --progress=none)
find "$out" -maxdepth 1 -name '*.txt' -delete

# The folders of this run, as they stand in a pattern.
folders=$(printf '%s|' "$work" "$fixtures" "$build" "$top" |
    sed -e 's/[].[\*^$+?(){}#]/\\&/g' -e 's/|$//')

# The line and its stderr, without what is of this run alone.
neutral() {
    sed -E -e "s#$folders#DIR#g" \
        -e 's/\b[0-9a-f]{32,}\b/HEX/g' \
        -e "s/'[0-9a-f]{16}'/'KEY'/g" -e 's/[0-9.]+ [kMGT]?B free/N free/g' \
        -e 's/\b[0-9A-F]{16,40}\b/KEY/g' \
        -e 's/127\.0\.0\.1([: ]port |:| )[0-9]+/127.0.0.1\1PORT/g' \
        -e 's/(pid|process|port|signal) [0-9]+/\1 N/g' \
        -e 's/after [0-9]+ ms/after N ms/g' -e 's/[0-9]+ seconds/N seconds/' \
        -e "s/(cannot download '[^']*'): .* \(/\1: WHAT LIBCURL SAYS (/" \
        -e 's#^\$ DIR/(bin/)?#$ #' \
        -e 's# --state-dir DIR/state --keys DIR/keys --policy DIR/policy.conf##' \
        -e 's# --progress=none##' -e 's# --cache-dir DIR/cache##'
}

# says WORD COMMAND...: the command must fail with the word.
says() {
    local word=$1 status=0
    shift
    "$@" >"$work/stdout" 2>"$work/stderr" || status=$?
    if [ $status = 0 ] || ! grep -q ", $word)" "$work/stderr"; then
        echo "golden: '$word' did not come, status $status:" "$@" >&2
        cat "$work/stderr" >&2
        exit 1
    fi
    record "$word" "$*"
}

record() { # WORD LINE: with $work/stderr
    local class
    class=$(grep -oE "\([a-z]+, $1\)" "$work/stderr" | tail -n 1)
    class=${class#(}
    {
        printf '## %s\n$ %s\n' "$1" "$2"
        cat "$work/stderr"
        echo
    } | neutral >>"$work/said/${class%%,*}.txt"
}

# As says, for the trusted side with its options.
trusted() { # WORD COMMAND ARGS...
    local word=$1 command=$2
    shift 2
    says "$word" "$sallyport" "$command" "${options[@]}" "$@"
}

networked() { # WORD ARGS...
    local word=$1
    shift
    says "$word" "$builder" "$@" --progress=none
}

# Built of packages, by the builder.
bundle_of() { # NAME RPM...
    local dest=$work/$1
    shift
    printf '%s\n' "$@" >"$work/list"
    "$builder" build --list "$work/list" -o "$dest" --progress=none >/dev/null
}

with_policy() { # LINE WORD COMMAND ARGS...
    printf '%s\n' "$1" >"$policy"
    shift
    trusted "$@"
    : >"$policy"
}

# ---- the tables of attacks: one delivery for each word ----------------------

tables() {
    local forge=$top/tests/forge forged
    forged=$(attack_table)
    ln -s "$forged" "$work/forged"
    python3 "$forge/manifests.py" "$work/manifests"
    python3 "$forge/bundle.py" "$work/good.bundle" "$forged/K00.rpm" \
        "$forged/K00d.rpm"
    python3 "$forge/containers.py" "$work/containers" "$work/good.bundle"
    python3 "$forge/golden.py" "$build" "$work" >"$work/table"
    while IFS=$'\t' read -r word id file; do
        cp "$file" "$work/stderr"
        record "$word" "sallyport ingest DELIVERY-$id"
    done <"$work/table"
}

# ---- the trusted side -------------------------------------------------------

command_line() {
    "$sallyport" status extra 2>"$work/stderr" || true
    {
        printf '## usage\n$ sallyport status extra\n'
        cat "$work/stderr"
        echo
    } >>"$work/said/usage.txt"
    trusted no-transport ingest no:where
    trusted not-found ingest "$work/nothing-here"
    trusted not-found history 0123
}

carrier() {
    with_policy 'idle-seconds = 1' idle ingest - < <(sleep 4)
    printf '%s\n' 'idle-seconds = 60' >"$policy"
    mkfifo "$work/fifo"
    sleep 20 >"$work/fifo" &
    "$sallyport" ingest "${options[@]}" - <"$work/fifo" \
        >"$work/stdout" 2>"$work/stderr" &
    local run=$!
    sleep 1.5
    kill -TERM $run
    wait $run || true
    kill %1 2>/dev/null || kill $! 2>/dev/null || true
    grep -q interrupted "$work/stderr"
    record interrupted 'sallyport ingest -       (then Ctrl-C)'
    : >"$policy"
}

policies() {
    bundle_of hello "$fixtures"/rpms/hello-*.rpm
    bundle_of newer "$fixtures"/newer/hello-*.rpm
    with_policy 'no such thing' policy-file ingest --any-request \
        "$work/hello"
    cp "$fixtures/key-ed25519.asc" "$keys/"
    with_policy "allow-key = $(cat "$fixtures/fpr-ed25519")" \
        no-key ingest --any-request "$work/hello"
    rm "$keys/key-ed25519.asc"
    with_policy "allow-key = $(cat "$fixtures/fpr-rsa") other-*" \
        key-pattern ingest --any-request "$work/hello"
    trusted unsolicited ingest "$work/hello"
    with_policy 'reserve-bytes = 1099511627776' space ingest \
        --any-request "$work/hello"
    mkdir "$work/no-keys"
    says no-keys "$sallyport" ingest "${options[@]}" --keys "$work/no-keys" \
        --any-request "$work/hello"
    echo nonsense >"$work/no-keys/bad.asc"
    says key-file "$sallyport" ingest "${options[@]}" --keys \
        "$work/no-keys" --any-request "$work/hello"
    bundle_of foreign "$fixtures"/foreign/hello-*.rpm
    trusted no-key ingest --any-request "$work/foreign"
    "$sallyport" ingest "${options[@]}" --any-request "$work/newer" >/dev/null
    # A total of two seconds, and a sender who takes longer.
    with_policy 'total-seconds = 1' too-slow ingest --any-request - \
        < <(sleep 4)
    trusted no-generation rollback 99
    trusted downgrade ingest --any-request "$work/hello"
    (
        exec 8>>"$state/updates/.lock"
        flock 8
        trusted busy ingest --any-request "$work/hello"
    )
}

# A repository where somebody keeps files of his own.
theirs() { # DIR
    mkdir -p "$1/rpm"
    echo theirs >"$1/rpm/file"
    echo "$1"
}

# A machine that has nothing left, and a clock that goes backwards.
machine() {
    # shellcheck disable=SC2016 # the inner shell expands
    says internal bash -c 'ulimit -n 14; exec "$0" "$@"' "$sallyport" ingest \
        "${options[@]}" --any-request "$work/newer"
    cp "$state/clock" "$work/clock"
    # shellcheck disable=SC2016
    says no-memory bash -c 'ulimit -d 8192; exec "$0" "$@"' "$builder" check \
        --request "$top/tests/corpus/request/small.request"
    cp "$state/floor" "$work/floor"
    echo 'hello what' >>"$state/floor"
    trusted state ingest --any-request "$work/newer"
    cp "$work/floor" "$state/floor"
    says publish "$sallyport" ingest "${options[@]}" --repo \
        "$(theirs "$work/theirs")" --any-request "$work/newer"
    QREXEC_REMOTE_DOMAIN=work says foreign-qube "$sallyport" ingest \
        "${options[@]}" qrexec: <"$work/newer"
    echo 99999999999 >"$state/clock"
    trusted clock doctor
    cp "$work/clock" "$state/clock"
}

# Workers that were taken over or are broken.
workers() {
    mkdir "$work/bin"
    local name mode word programs=("$build"/sallyport-{unpack,check,verify})
    [ ! -x "$build/sallyport-index" ] || programs+=("$build/sallyport-index")
    while read -r name mode word; do
        cp "$build"/sallyport "${programs[@]}" "$work/bin/"
        cp "$top/tests/fake/worker.py" "$work/bin/sallyport-$name"
        echo "$mode" >"$work/bin/MODE"
        says "$word" "$work/bin/sallyport" ingest "${options[@]}" \
            --any-request "$work/newer"
    done <<END
check silent_exit worker-died
check garbage protocol
unpack sigsys forbidden-call
END
    # In a jail that holds nothing back every act gets through.
    printf '#!/bin/sh\n[ "$1" != --list ] || exec %q "$@"\nexit 0\n' \
        "$build/sallyport-escape" >"$work/bin/sallyport-escape"
    chmod +x "$work/bin/sallyport-escape"
    cp "${programs[@]}" "$work/bin/"
    says escape "$work/bin/sallyport" doctor --jails "${options[@]}"
}

# ---- requests and the networked side ----------------------------------------

requests() {
    local db=$work/rpmdb repos=$work/repos
    mkdir "$repos"
    rpm --dbpath "$db" --justdb --nodeps --noscripts --ignorearch \
        --nosignature -i "$fixtures"/rpms/hello-*.rpm 2>/dev/null
    printf '[one]\nname=one\nbaseurl=http://127.0.0.1:9/one\n' \
        >"$repos/one.repo"
    local ask=(--dbpath "$db" --reposdir "$repos" --releasever 41)
    "$sallyport" request "${options[@]}" "${ask[@]}" -o "$work/request" \
        >/dev/null
    printf 'no section\n' >"$repos/two.repo"
    "$sallyport" request "${options[@]}" "${ask[@]}" -o "$work/bad" >/dev/null
    networked repo-file check --request "$work/bad" --cache-dir "$work/cache"
    rm "$repos/two.repo"
    mkdir "$work/empty-db"
    rpm --dbpath "$work/empty-db" --initdb
    trusted request-empty request --dbpath "$work/empty-db" \
        --reposdir "$repos" --releasever 41 -o "$work/none"
    printf '%s\n' "$fixtures"/newer/{hello,sp-arch}-*.rpm >"$work/list"
    "$builder" build --list "$work/list" --request "$work/request" \
        -o "$work/answer" --progress=none >/dev/null
    trusted name-not-wanted ingest "$work/answer"
}

damaged_requests() {
    local check=(check --allow-http --tries 1 --cache-dir "$work/cache"
        --request "$work/damaged")
    sed 's/^@ hello/@ hallo/' "$work/request" >"$work/damaged"
    networked request-digest "${check[@]}"
    head -n 3 "$work/request" >"$work/damaged"
    networked request-truncated "${check[@]}"
    sealed 's/^request 1/request 99/'
    networked request-version "${check[@]}"
    sealed 's/^count .*/count 7/'
    networked request-count "${check[@]}"
    sealed 's/^action .*/action explode/'
    networked request-syntax "${check[@]}"
    head -c 20000000 /dev/zero | tr '\0' x >"$work/damaged"
    networked request-size "${check[@]}"
    networked unreachable check --allow-http --tries 1 --cache-dir \
        "$work/cache" --request "$work/request"
}

# ---- a repository, and what cannot be solved in it ---------------------------

spec_of() { # NAME LINE...
    printf '%s\n' "Name: $1" 'Version: 1' 'Release: 1' 'Summary: one' \
        'License: none' 'BuildArch: noarch' "${@:2}" '%description' One. \
        '%files' >"$work/$1.spec"
    rpmbuild -bb --define "_topdir $work/top" --define "_rpmdir $work/shop" \
        "$work/$1.spec" >/dev/null 2>&1
}

# The request for a spec, sealed as it is or with other lines.
shopping() { # WORD SED-SCRIPT ARGS...
    "$sallyport" request "${options[@]}" --dbpath "$work/rpmdb" --reposdir \
        "$work/shops" --releasever 41 -o "$work/request" "${@:3}" >/dev/null
    sealed "$2"
    rm -rf "$work/cache"
    networked "$1" check --allow-http --tries 1 --cache-dir "$work/cache" \
        --request "$work/damaged"
}

solving() {
    local data=$work/shop/repodata primary
    spec_of needy 'Requires: nobody-has-this'
    spec_of rival 'Conflicts: hello'
    createrepo_c -q --revision 100 --no-database "$work/shop"
    mkdir "$work/shops"
    python3 -u -m http.server --bind 127.0.0.1 --directory "$work/shop" 0 \
        >"$work/shop-port" 2>/dev/null &
    server=$!
    for _ in $(seq 100); do
        [ ! -s "$work/shop-port" ] || break
        sleep 0.1
    done
    printf '[shop]\nname=shop\nbaseurl=http://127.0.0.1:%s/\n' \
        "$(sed -E 's/.* port ([0-9]+) .*/\1/' "$work/shop-port")" \
        >"$work/shops/shop.repo"
    shopping no-match '' needyy
    shopping unsolvable '' needy
    shopping protected 's/^opt allowerasing yes/&\nopt protect hello/' \
        --allowerasing rival
    shopping metadata-rollback 's/^repo-file shop.repo/seen shop 200 1 -\n&/'
    sed -i 's|<open-size>|&9|' "$data/repomd.xml"
    shopping metadata-size ''
    primary=$(echo "$data"/*primary.xml*)
    printf X | dd of="$primary" bs=1 seek=40 conv=notrunc status=none
    shopping metadata-digest ''
    echo '<html/>' >"$data/repomd.xml"
    shopping metadata ''
    kill $server
    server=
}

# The request, changed, with an end line that fits.
sealed() { # SED-SCRIPT
    grep -v '^end ' "$work/request" | sed "$1" >"$work/damaged"
    echo "end $(sha256sum "$work/damaged" | cut -d' ' -f1)" >>"$work/damaged"
}

downloads() {
    local way word http
    "$top/tests/fake/hostile-server.py" --files "$fixtures/rpms" \
        --ports "$work/ports" --log "$work/log" &
    server=$!
    for _ in $(seq 100); do
        [ ! -s "$work/ports" ] || break
        sleep 0.1
    done
    http=http://127.0.0.1:$(awk '$1 == "http" { print $2 }' "$work/ports")
    while read -r word way; do
        echo "$http/$way/hello-1.0-1.fc41.noarch.rpm" >"$work/list"
        networked "$word" build --list "$work/list" --allow-http --tries 2 \
            --low-speed-time 1 --max-file-size 20M \
            --cache-dir "$work/cache" -o "$work/none"
    done <<END
http-status missing
redirect redirect-file
file-too-large endless
END
    kill $server
    python3 "$top/tests/fake/weird-server.py" >"$work/weird" &
    server=$!
    for _ in $(seq 100); do
        [ ! -s "$work/weird" ] || break
        sleep 0.1
    done
    echo "http://127.0.0.1:$(cat "$work/weird")/x.rpm" >"$work/list"
    networked download build --list "$work/list" --allow-http --tries 1 \
        --cache-dir "$work/cache" -o "$work/none"
    kill $server
    server=
    networked unreachable build --list "$work/list" --allow-http --tries 1 \
        --cache-dir "$work/cache" -o "$work/none"
    networked tls check --tries 1 --cache-dir "$work/cache" \
        --request "$work/request"
    echo http://127.0.0.1:9/x.rpm >"$work/list"
    networked list-syntax build --list "$work/list" -o "$work/none"
    echo "$fixtures/rpms/hello-1.0-1.fc41.noarch.rpm sha256:$(
        printf '%064d' 0)" >"$work/list"
    networked list-digest build --list "$work/list" -o "$work/none"
    networked io send "$work/hello" block:/dev/null
}

tables
command_line
carrier
policies
machine
workers
requests
damaged_requests
downloads
solving
cp "$work"/said/*.txt "$out/"
