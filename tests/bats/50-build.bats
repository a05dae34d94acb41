#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The builder against a web server that misbehaves in every way that a
# network does. Each case is bounded in time, says the right word, and leaves
# nothing at the destination.

load helpers

bats_require_minimum_version 1.8.0

start_server() {
    local work=$BATS_FILE_TMPDIR
    python3 "$SP_TOP/tests/fake/hostile-server.py" --files "$work/files" \
        --ports "$work/ports" --log "$work/log" \
        --tls "$work/server.pem" "$work/server.key" \
        >"$work/server.out" 2>&1 3>&- &
    echo $! >"$work/server.pid"
    for _ in $(seq 100); do
        [ ! -e "$work/ports" ] || return 0
        sleep 0.1
    done
    cat "$work/server.out" >&2
    return 1
}

# A certificate for the loopback address, of a CA that no system trusts.
make_certificates() { # DIR
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=test CA' \
        -keyout "$1/ca.key" -out "$1/ca.pem" 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -subj '/CN=test server' \
        -keyout "$1/server.key" -out "$1/server.csr" 2>/dev/null
    openssl x509 -req -in "$1/server.csr" -CA "$1/ca.pem" \
        -CAkey "$1/ca.key" -CAcreateserial -days 2 \
        -extfile <(echo 'subjectAltName = IP:127.0.0.1') \
        -out "$1/server.pem" 2>/dev/null
}

setup_file() {
    mkdir "$BATS_FILE_TMPDIR/files"
    cp "$FIXTURES"/rpms/*.rpm "$BATS_FILE_TMPDIR/files/"
    make_certificates "$BATS_FILE_TMPDIR"
    start_server
}

teardown_file() {
    kill "$(cat "$BATS_FILE_TMPDIR/server.pid")" 2>/dev/null || true
}

setup() {
    KEPT=no-delivery # it is the builder that is attacked
    files=$BATS_FILE_TMPDIR/files
    cache=$BATS_TEST_TMPDIR/cache
    list=$BATS_TEST_TMPDIR/list
    out=$BATS_TEST_TMPDIR/out
    log=$BATS_FILE_TMPDIR/log
    hello=$(basename "$files"/hello-*.rpm)
    digest=$(sha256sum "$files/$hello" | cut -d' ' -f1)
    mkdir "$out"
    http=http://127.0.0.1:$(awk '$1 == "http" { print $2 }' \
        "$BATS_FILE_TMPDIR/ports")
    https=https://127.0.0.1:$(awk '$1 == "https" { print $2 }' \
        "$BATS_FILE_TMPDIR/ports")
    unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY
}

# build STATUS [OPTION...]: of $list, with deadlines that a test can wait for.
build() {
    local status=$1
    shift
    spb "$status" build --list "$list" -o "$out/bundle" --cache-dir "$cache" \
        --allow-http --tries 3 --low-speed-time 1 --connect-timeout 5 \
        --timeout 40 --max-file-size 20M "$@" || return # also in front of ||
    [ "$status" = 0 ] || assert_equal "$(ls -A "$out")" '' 'destination'
}

# refused WAY STATUS WORD SECONDS [DIGEST]
refused() {
    local begin=$SECONDS
    echo "$http/$1/$hello?$BATS_TEST_NUMBER ${5:-}" >"$list"
    build "$2"
    assert_detail "$3"
    # shellcheck disable=SC2154 # run sets stderr
    [[ $stderr == *"$http/$1/"* ]] || fail 'the URL is not named' "$stderr"
    [ $((SECONDS - begin)) -le "$4" ] ||
        fail "took $((SECONDS - begin)) s instead of $4"
    case_ended "$2" "$3"
}

# recovers WAY [DIGEST]: the package is in the bundle, unharmed.
recovers() {
    echo "$http/$1/$hello?$BATS_TEST_NUMBER ${2:-}" >"$list"
    build 0
    holds_hello
}

holds_hello() {
    local got
    got=$(tar xOf "$out/bundle" p000001.rpm | sha256sum | cut -d' ' -f1)
    assert_equal "$got" "$digest" 'package in the bundle'
}

requests() { # of this test, from the log
    grep "?$BATS_TEST_NUMBER " "$log"
}

part() { # URL or "" -> name in the cache
    if [ -n "${1:-}" ]; then
        echo "$cache/url-$(printf %s "$1" | sha256sum | cut -d' ' -f1).part"
    else
        echo "$cache/sha256-$digest.part"
    fi
}

# ---- what a hostile or broken server gets ----

@test "an endless body is cut at the ceiling" {
    refused endless 6 file-too-large 10
    [ ! -e "$(part "$http/endless/$hello?$BATS_TEST_NUMBER")" ]
}

@test "L04 a lying length is refused before the body" {
    refused lying 6 file-too-large 5
}

@test "a trickle ends" {
    refused trickle 4 too-slow 20
}

@test "a stall in the body ends" {
    refused stall 4 too-slow 20
}

@test "a server that never answers ends" {
    refused silent 4 too-slow 20
}

@test "all downloads together have a deadline" {
    echo "$http/trickle/$hello?$BATS_TEST_NUMBER" >"$list"
    local begin=$SECONDS
    build 4 --low-speed-time 60 --timeout 2
    assert_detail too-slow
    [ $((SECONDS - begin)) -le 5 ]
}

@test "L05 a changed package is refused by the digest of the list" {
    refused corrupt 8 list-digest 5 "sha256:$digest"
    [[ $stderr == *"$digest"* ]] || fail 'the digest is not named' "$stderr"
    [ ! -e "$(part)" ]
}

@test "a changed package without a listed digest is refused by its own" {
    refused corrupt 8 payload-digest-mismatch 5
}

@test "a body that always breaks off is truncated" {
    refused truncated 4 truncated 10
}

@test "an empty body is truncated" {
    refused empty 4 truncated 10
}

@test "a range nobody asked for is refused" {
    refused wrong-range 4 http-status 10
}

@test "a log-in page is no package" {
    refused portal 5 not-rpm 5
    [[ $stderr == *'web page'* ]] || fail 'no word about the page' "$stderr"
}

@test "a log-in page is not kept as the begin of a package" {
    refused portal 5 not-rpm 5 "sha256:$digest"
    [ ! -e "$(part)" ]
    recovers good "sha256:$digest"
}

@test "an endless page is left at its first bytes" {
    refused endless-page 5 not-rpm 5
}

@test "L10 a missing file is not asked for again" {
    refused missing 4 http-status 5
    [[ $stderr == *404* ]]
    assert_equal "$(requests | wc -l)" 1 'requests'
}

@test "L10 a server that stays busy is given up" {
    refused busy 4 http-status 10
    assert_equal "$(requests | wc -l)" 3 'requests'
}

@test "L01 a redirect to a local file is refused" {
    refused redirect-file 4 redirect 5
}

@test "a redirect to ftp is refused" {
    refused redirect-ftp 4 redirect 5
}

@test "L02 a redirect loop ends after five" {
    refused redirect-loop 4 redirect 5
    assert_equal "$(requests | wc -l)" 6 'requests'
}

@test "a server that is not there is unreachable" {
    echo "http://127.0.0.1:1/$hello" >"$list"
    build 4 --tries 2
    assert_detail unreachable
}

@test "one bad download spoils the whole bundle" {
    echo "$http/good/$hello" >"$list"
    echo "$http/missing/$hello" >>"$list"
    build 4
    assert_detail http-status
}

# ---- what it recovers from ----

@test "a busy server is asked again" {
    recovers busy-twice
    assert_equal "$(requests | wc -l)" 3 'requests'
}

@test "Retry-After is obeyed" {
    local begin=$SECONDS
    recovers retry-after
    [ $((SECONDS - begin)) -ge 2 ]
}

@test "a redirect to another place of the server is followed" {
    recovers redirect-good
}

@test "a body that broke off is resumed where it ended" {
    recovers cut-once
    requests | grep -q ' bytes=[1-9][0-9]*- "one"$'
}

@test "the same with a digest" {
    recovers cut-once "sha256:$digest"
    requests | grep -q ' bytes=[1-9]'
}

@test "a server that ignores Range sends all of it" {
    recovers no-range
}

@test "a server that refuses Range is asked for all of it" {
    recovers range-416 "sha256:$digest"
}

@test "L06 a file that was replaced meanwhile is not mixed" {
    recovers replaced
    case_ended 0 accept
}

@test "a part of the last run is used when a digest vouches for the whole" {
    mkdir -m 700 "$cache"
    head -c 3000 "$files/$hello" >"$(part)"
    recovers good "sha256:$digest"
    requests | grep -q ' bytes=3000- -$'
}

@test "a poisoned part of the last run costs one more try" {
    mkdir -m 700 "$cache"
    { head -c 4 "$files/$hello" && head -c 2996 /dev/zero; } >"$(part)"
    recovers good "sha256:$digest"
    assert_equal "$(requests | wc -l)" 2 'requests'
}

@test "a part that is already whole needs no server" {
    mkdir -m 700 "$cache"
    cp "$files/$hello" "$(part)"
    echo "http://127.0.0.1:1/x.rpm sha256:$digest" >"$list"
    build 0
    holds_hello
}

@test "a link in place of a part is not followed" {
    mkdir -m 700 "$cache"
    echo precious >"$BATS_TEST_TMPDIR/precious"
    ln -s "$BATS_TEST_TMPDIR/precious" "$(part)"
    echo "$http/good/$hello sha256:$digest" >"$list"
    build 3
    assert_equal "$(cat "$BATS_TEST_TMPDIR/precious")" precious
}

# ---- the cache ----

@test "what has a digest is downloaded once" {
    recovers good "sha256:$digest"
    recovers good "sha256:$digest"
    assert_equal "$(requests | wc -l)" 1 'requests'
}

@test "a damaged file in the cache is downloaded again" {
    recovers good "sha256:$digest"
    flip_bit "$cache/sha256-$digest" 5000
    recovers good "sha256:$digest"
    assert_equal "$(requests | wc -l)" 2 'requests'
}

@test "what has no digest is downloaded each time" {
    recovers good
    recovers good
    assert_equal "$(requests | wc -l)" 2 'requests'
}

@test "two builders do not share a cache" {
    mkdir -m 700 "$cache"
    echo "$http/good/$hello" >"$list"
    exec 7>"$cache/lock"
    flock 7
    build 18
    assert_detail busy
}

@test "a cache that others can write to is refused" {
    mkdir -m 777 "$cache"
    chmod 777 "$cache"
    echo "$http/good/$hello" >"$list"
    build 3
    [[ $stderr == *'written by others'* ]]
}

@test "a new cache is private, and old downloads leave it" {
    mkdir -m 700 "$cache"
    touch -d '40 days ago' "$cache/url-old" "$cache/sha256-old.part" \
        "$cache/notes.txt"
    recovers good
    assert_equal "$(cd "$cache" && ls url-old sha256-old.part notes.txt \
        2>/dev/null)" notes.txt
}

@test "the standard cache is below XDG_CACHE_HOME" {
    echo "$http/good/$hello" >"$list"
    XDG_CACHE_HOME=$BATS_TEST_TMPDIR/xdg spb 0 build --list "$list" \
        --allow-http -o "$out/bundle"
    assert_equal "$(stat -c %a "$BATS_TEST_TMPDIR/xdg/sallyport")" 700 mode
}

# ---- TLS ----

@test "L03 a certificate of an unknown CA is refused, once" {
    echo "$https/good/$hello" >"$list"
    build 4
    assert_detail tls
    [[ $stderr != *'after '* ]] || fail 'tried again' "$stderr"
    case_ended 4 tls
}

@test "--cacert trusts a private CA" {
    echo "$https/good/$hello" >"$list"
    build 0 --cacert "$BATS_FILE_TMPDIR/ca.pem"
    holds_hello
}

@test "a certificate for another name is refused" {
    echo "${https/127.0.0.1/localhost}/good/$hello" >"$list"
    build 4 --cacert "$BATS_FILE_TMPDIR/ca.pem"
    assert_detail tls
}

@test "https is never redirected to http" {
    echo "$https/redirect-http/$hello" >"$list"
    build 4 --cacert "$BATS_FILE_TMPDIR/ca.pem"
    assert_detail redirect
}

@test "http without a digest wants --allow-http" {
    echo "$http/good/$hello" >"$list"
    spb 5 build --list "$list" --cache-dir "$cache" -o "$out/bundle"
    assert_detail list-syntax
    [[ $stderr == *--allow-http* ]]
    echo "$http/good/$hello sha256:$digest" >"$list"
    spb 0 build --list "$list" --cache-dir "$cache" -o "$out/bundle"
}

# ---- proxies ----

@test "the proxy of the environment and of --proxy is used" {
    echo "http://192.0.2.1/good/$hello" >"$list"
    http_proxy=http://127.0.0.1:1 build 4 --tries 1
    [[ $stderr == *'port 1 '* ]] || fail 'not through the proxy' "$stderr"
    build 4 --tries 1 --proxy http://127.0.0.1:1
    [[ $stderr == *'port 1 '* ]] || fail 'not through the proxy' "$stderr"
}

# One that answers nothing stands for the proxy: who got the file went round it.
@test "no_proxy names the servers without a proxy, of --proxy as well" {
    local names dead=http://127.0.0.1:1
    echo "$http/good/$hello sha256:$digest" >"$list"
    for names in 127.0.0.1 'example.org,127.0.0.1' '*'; do
        http_proxy=$dead no_proxy=$names build 0
        holds_hello
        rm -rf "$cache" "$out/bundle"
        all_proxy=$dead NO_PROXY=$names build 0
        rm -rf "$cache" "$out/bundle"
        no_proxy=$names build 0 --proxy "$dead"
        rm -rf "$cache" "$out/bundle"
    done
    # Others have the proxy.
    http_proxy=$dead no_proxy=example.org build 4 --tries 1
    [[ $stderr == *'port 1 '* ]] || fail "$stderr"
    no_proxy=27.0.0.1 build 4 --tries 1 --proxy "$dead"
    [[ $stderr == *'port 1 '* ]] || fail "$stderr"
    # An empty one stands for none, whatever the environment names.
    http_proxy=$dead all_proxy=$dead build 0 --proxy ''
}

@test "a name behind socks5h is resolved by the proxy alone" {
    local port
    python3 "$SP_TOP/tests/fake/socks.py" "${http##*:}" \
        "$BATS_TEST_TMPDIR/socks" >"$BATS_TEST_TMPDIR/port" 2>/dev/null 3>&- &
    local pid=$!
    for _ in $(seq 50); do
        [ ! -s "$BATS_TEST_TMPDIR/port" ] || break
        sleep 0.1
    done
    port=$(cat "$BATS_TEST_TMPDIR/port")
    echo "http://packages.onion/good/$hello sha256:$digest" >"$list"
    build 0 --proxy "socks5h://127.0.0.1:$port" || { kill $pid; return 1; }
    holds_hello
    rm -rf "$cache" "$out/bundle"
    all_proxy=socks5h://127.0.0.1:$port build 0 || { kill $pid; return 1; }
    # Nobody can be told to ask for such a name without it.
    rm -rf "$cache" "$out/bundle"
    no_proxy='*' build 0 --proxy "socks5h://127.0.0.1:$port" ||
        { kill $pid; return 1; }
    kill $pid
    assert_equal "$(sort -u "$BATS_TEST_TMPDIR/socks")" \
        'name packages.onion 80' 'asked of the proxy'
}

@test "L07 a name of Tor without a proxy is told apart, and nobody is asked" {
    echo "http://packages.onion/good/$hello sha256:$digest" >"$list"
    build 4
    assert_detail unreachable
    [[ $stderr == *'Tor alone'*socks5h* ]] || fail "$stderr"
    [[ $stderr != *'after '* ]] || fail 'tried again' "$stderr"
    # Nor is there one in a proxy that asks here, or for other addresses.
    build 4 --proxy socks5://127.0.0.1:1
    [[ $stderr == *'Tor alone'* ]] || fail "$stderr"
    echo "https://packages.onion/good/$hello" >"$list"
    http_proxy=http://127.0.0.1:1 build 4
    [[ $stderr == *'Tor alone'* ]] || fail "$stderr"
    case_ended 4 unreachable
}

# tinyproxy is what an update qube offers: CONNECT to some ports.
@test "many files through a proxy need few connections" {
    local dir=$BATS_TEST_TMPDIR port rpm pid
    port=$((20000 + RANDOM % 20000))
    cat >"$dir/conf" <<CONF
Port $port
Listen 127.0.0.1
LogFile "$dir/log"
LogLevel Connect
MaxClients 50
ConnectPort ${https##*:}
CONF
    tinyproxy -d -c "$dir/conf" >/dev/null 2>&1 3>&- &
    pid=$!
    for rpm in "$files"/*.rpm; do
        for n in 1 2 3 4 5 6; do
            echo "$https/good/$(basename "$rpm")?$BATS_TEST_NUMBER-$n"
        done
    done >"$list"
    for _ in $(seq 50); do
        ! curl -s -o /dev/null "http://127.0.0.1:$port/" || break
        sleep 0.1
    done
    # The same package six times makes no bundle; the downloads are there.
    https_proxy=http://127.0.0.1:$port build 7 \
        --cacert "$BATS_FILE_TMPDIR/ca.pem" || { kill $pid; return 1; }
    kill $pid
    assert_detail duplicate-nevra
    assert_equal "$(ls "$cache"/url-* | wc -l)" "$(wc -l <"$list")" downloads
    [ "$(grep -c 'Request.*CONNECT' "$dir/log")" -le 8 ] ||
        fail "$(grep -c 'Request.*CONNECT' "$dir/log") connections"
}

@test "a certificate out of its time points to the clock" {
    local dir=$BATS_TEST_TMPDIR pid port
    openssl req -newkey rsa:2048 -nodes -subj '/CN=old' -keyout "$dir/key" \
        -out "$dir/csr" 2>/dev/null
    printf '%s\n' '[ca]' 'default_ca=d' '[d]' "database=$dir/index" \
        "new_certs_dir=$dir" "serial=$dir/serial" policy=p \
        default_md=sha256 x509_extensions=e \
        '[p]' commonName=supplied '[e]' subjectAltName=IP:127.0.0.1 \
        >"$dir/ca.conf"
    : >"$dir/index"
    echo 01 >"$dir/serial"
    openssl ca -config "$dir/ca.conf" -batch -selfsign -keyfile "$dir/key" \
        -in "$dir/csr" -out "$dir/cert" -notext \
        -startdate 20200101000000Z -enddate 20200102000000Z 2>/dev/null
    python3 "$SP_TOP/tests/fake/hostile-server.py" --files "$files" \
        --ports "$dir/ports" --log "$dir/log" --tls "$dir/cert" "$dir/key" \
        >/dev/null 2>&1 3>&- &
    pid=$!
    for _ in $(seq 50); do
        [ ! -e "$dir/ports" ] || break
        sleep 0.1
    done
    port=$(awk '$1 == "https" { print $2 }' "$dir/ports")
    echo "https://127.0.0.1:$port/good/$hello sha256:$digest" >"$list"
    build 4 --cacert "$dir/cert" || { kill $pid; return 1; }
    kill $pid
    assert_detail tls
    [[ $stderr == *'clock of this machine'* ]] || fail "$stderr"
}

# ---- stopping ----

@test "a signal stops within a second and leaves nothing" {
    echo "$http/stall/$hello?$BATS_TEST_NUMBER" >"$list"
    "$SP_BUILD/sallyport-builder" build --list "$list" -o "$out/bundle" \
        --cache-dir "$cache" --allow-http 2>"$BATS_TEST_TMPDIR/err" 3>&- &
    local pid=$! begin end status=0
    for _ in $(seq 50); do
        ! requests >/dev/null 2>&1 || break
        sleep 0.1
    done
    begin=$(date +%s%3N)
    kill -TERM "$pid"
    wait "$pid" || status=$?
    end=$(date +%s%3N)
    assert_equal "$status" 1 'exit status'
    grep -q 'internal, interrupted' "$BATS_TEST_TMPDIR/err"
    [ $((end - begin)) -lt 1000 ] || fail "took $((end - begin)) ms"
    assert_equal "$(ls -A "$out")" '' 'destination'
}

@test "a reader that goes away stops the downloads" {
    echo "$http/stall/$hello?$BATS_TEST_NUMBER" >"$list"
    local begin=$SECONDS
    { "$SP_BUILD/sallyport-builder" build --list "$list" -o - \
        --cache-dir "$cache" --allow-http 2>"$BATS_TEST_TMPDIR/err" ||
        echo $? >"$BATS_TEST_TMPDIR/status"; } | true
    assert_equal "$(cat "$BATS_TEST_TMPDIR/status")" 4 'exit status'
    grep -q 'transport, peer-gone' "$BATS_TEST_TMPDIR/err"
    [ $((SECONDS - begin)) -le 3 ]
}

# As a call through qvm-run ends when it is cancelled: only its pipes close.
@test "a caller who goes away stops the downloads within a second" {
    local ends=$BATS_TEST_TMPDIR/ends begin end status=0 reader
    echo "$http/stall/$hello?$BATS_TEST_NUMBER" >"$list"
    mkfifo "$ends"
    cat "$ends" >/dev/null &
    reader=$!
    "$SP_BUILD/sallyport-builder" build --list "$list" -o "$out/bundle" \
        --cache-dir "$cache" --allow-http 2>"$ends" >/dev/null 3>&- &
    local pid=$!
    for _ in $(seq 50); do
        ! requests >/dev/null 2>&1 || break
        sleep 0.1
    done
    kill -0 "$pid"
    begin=$(date +%s%3N)
    kill -KILL "$reader"
    wait "$pid" || status=$?
    end=$(date +%s%3N)
    assert_equal "$status" 4 'exit status'
    [ $((end - begin)) -lt 1000 ] || fail "took $((end - begin)) ms"
    assert_equal "$(ls -A "$out")" '' 'destination'
}

@test "L12 a full disk is named with its numbers" {
    requires root
    mkdir -m 700 "$cache"
    mount -t tmpfs -o size=68M,mode=700 none "$cache"
    head -c 8000000 /dev/urandom >"$BATS_TEST_TMPDIR/tail"
    cat "$files/$hello" "$BATS_TEST_TMPDIR/tail" >"$files/large.rpm"
    echo "$http/good/large.rpm" >"$list"
    build 19 || { umount "$cache"; return 1; }
    umount "$cache"
    assert_detail space
    [[ $stderr == *'8.0 MB to store'* ]] || fail "$stderr"
    case_ended 19 space
}
