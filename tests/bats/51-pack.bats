#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Lists to bundles: the same packages give the same bytes, what the trusted
# side would refuse for its form is not packed, and a destination is whole or
# as it was. Downloads here come from an honest server.

load helpers

bats_require_minimum_version 1.8.0

# nginx as an ordinary user, HTTP/2 over TLS included. Its ports cannot be
# left to the kernel, so a few are tried.
start_nginx() { # DIR
    local dir=$1 port user=
    # A worker that gives up root could not read the test's folder.
    [ "$(id -u)" != 0 ] || user='user root;'
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=test' \
        -addext 'subjectAltName = IP:127.0.0.1' -keyout "$dir/key.pem" \
        -out "$dir/cert.pem" 2>/dev/null
    for _ in 1 2 3 4 5 6 7 8; do
        port=$((20000 + RANDOM % 10000 * 2))
        cat >"$dir/nginx.conf" <<END
$user
worker_processes 1;
daemon off;
pid $dir/pid;
error_log stderr warn;
events { worker_connections 256; }
http {
    access_log $dir/access.log;
    client_body_temp_path $dir/t1;
    proxy_temp_path $dir/t2;
    fastcgi_temp_path $dir/t3;
    uwsgi_temp_path $dir/t4;
    scgi_temp_path $dir/t5;
    server {
        listen 127.0.0.1:$port;
        listen 127.0.0.1:$((port + 1)) ssl http2;
        ssl_certificate $dir/cert.pem;
        ssl_certificate_key $dir/key.pem;
        root $dir/www;
    }
}
END
        nginx -p "$dir" -c "$dir/nginx.conf" >"$dir/nginx.out" 2>&1 3>&- &
        echo $! >"$dir/nginx.pid"
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            if [ -s "$dir/pid" ]; then
                echo "$port" >"$dir/port"
                return 0
            fi
            kill -0 "$(cat "$dir/nginx.pid")" 2>/dev/null || break
            sleep 0.1
        done
        kill "$(cat "$dir/nginx.pid")" 2>/dev/null || true
    done
    cat "$dir/nginx.out" >&2
    return 1
}

setup_file() {
    mkdir -p "$BATS_FILE_TMPDIR/www"
    cp "$FIXTURES"/rpms/*.rpm "$BATS_FILE_TMPDIR/www/"
    chmod 755 "$BATS_FILE_TMPDIR" "$BATS_FILE_TMPDIR/www"
    start_nginx "$BATS_FILE_TMPDIR"
}

teardown_file() {
    kill "$(cat "$BATS_FILE_TMPDIR/nginx.pid")" 2>/dev/null || true
}

setup() {
    port=$(cat "$BATS_FILE_TMPDIR/port")
    list=$BATS_TEST_TMPDIR/list
    out=$BATS_TEST_TMPDIR/out
    mkdir "$out"
    hello=$(echo "$FIXTURES"/rpms/hello-*.rpm)
    unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY
}

# refused STATUS WORD: the build of $list leaves the destination empty.
refused() {
    spb "$1" build --list "$list" -o "$out/bundle"
    assert_detail "$2"
    assert_equal "$(ls -A "$out")" '' 'destination'
}

sum() {
    sha256sum "$1" | cut -d' ' -f1
}

# ---- one set of packages, one sequence of bytes ----

@test "path, order, time, zone, locale and umask leave no trace" {
    make_bundle "$out/one" "$FIXTURES"/rpms/*.rpm
    mkdir "$BATS_TEST_TMPDIR/else where"
    for rpm in "$FIXTURES"/rpms/*.rpm; do
        cp "$rpm" "$BATS_TEST_TMPDIR/else where/x$(basename "$rpm")"
    done
    touch -d '2001-02-03' "$BATS_TEST_TMPDIR/else where"/*
    find "$BATS_TEST_TMPDIR/else where" -name '*.rpm' | sort -r >"$list"
    (
        umask 077
        cd /
        TZ=Asia/Tokyo LC_ALL=C.UTF-8 HOME=/nonexistent \
            spb 0 build --list "$list" -o "$out/two"
    )
    assert_equal "$(sum "$out/two")" "$(sum "$out/one")" bundle
}

@test "downloaded or local, the bundle is the same" {
    make_bundle "$out/local" "$FIXTURES"/rpms/*.rpm
    for rpm in "$FIXTURES"/rpms/*.rpm; do
        echo "http://127.0.0.1:$port/$(basename "$rpm") sha256:$(sum "$rpm")"
    done >"$list"
    spb 0 build --list "$list" --cache-dir "$BATS_TEST_TMPDIR/cache" \
        -o "$out/remote"
    assert_equal "$(sum "$out/remote")" "$(sum "$out/local")" bundle
    # The kernel moves what was downloaded, where it can.
    : >"$out/appended"
    for way in '>' '>>' '| cat >'; do
        eval '"$SP_BUILD/sallyport-builder" build --quiet --list "$list" \
            --cache-dir "$BATS_TEST_TMPDIR/cache" -o - '"$way"' "$out/appended"'
        cmp "$out/local" "$out/appended" || fail "other bytes: $way"
        : >"$out/appended"
    done
}

@test "a bundle is what POSIX tar lists" {
    make_bundle "$out/bundle" "$FIXTURES"/rpms/*.rpm
    assert_equal "$(tar tf "$out/bundle" | tr '\n' ' ')" \
        'MANIFEST p000001.rpm p000002.rpm p000003.rpm p000004.rpm p000005.rpm '
    tar xOf "$out/bundle" p000001.rpm | cmp - "$hello"
    assert_equal "$(($(stat -c %s "$out/bundle") % 512))" 0 'rest of a block'
}

@test "many small files arrive over one HTTP/2 connection" {
    local dir=$BATS_FILE_TMPDIR
    : >"$dir/access.log"
    for rpm in "$FIXTURES"/rpms/*.rpm; do
        echo "https://127.0.0.1:$((port + 1))/$(basename "$rpm")"
    done >"$list"
    spb 0 build --list "$list" --cacert "$dir/cert.pem" \
        --cache-dir "$BATS_TEST_TMPDIR/cache" -o "$out/bundle"
    assert_equal "$(grep -c 'HTTP/2.0" 200' "$dir/access.log")" 5 requests
}

# ---- what is not packed ----

@test "a file that is no package" {
    echo 'not a package, but long enough to look like one' >"$out.txt"
    echo "$out.txt" >"$list"
    refused 5 not-rpm
    [[ $stderr == *"'$out.txt'"* ]] || fail 'the file is not named' "$stderr"
}

@test "half a package" {
    head -c 4000 "$hello" >"$out.rpm"
    echo "$out.rpm" >"$list"
    refused 4 truncated
}

@test "a package whose payload is damaged" {
    cp "$hello" "$out.rpm"
    flip_bit "$out.rpm" $(($(stat -c %s "$hello") - 20))
    echo "$out.rpm" >"$list"
    refused 8 payload-digest-mismatch
}

@test "a package that is not the one of the list" {
    echo "$hello sha256:$(printf %064d 0)" >"$list"
    refused 8 list-digest
}

@test "a package with the right digest is packed" {
    echo "$hello sha256:$(sum "$hello" | tr a-f A-F)" >"$list"
    spb 0 build --list "$list" -o "$out/bundle"
}

@test "one package twice, under two names" {
    cp "$hello" "$out.rpm"
    printf '%s\n' "$hello" "$out.rpm" >"$list"
    refused 7 duplicate-nevra
    [[ $stderr == *"'$hello'"*"'$out.rpm'"* ]] || fail "$stderr"
}

@test "an unsigned package" {
    echo "$FIXTURES"/unsigned/*.rpm >"$list"
    refused 10 no-header-signature
}

@test "a directory, a FIFO and a device" {
    mkfifo "$out.fifo"
    for file in "$BATS_TEST_TMPDIR" "$out.fifo" /dev/zero; do
        echo "$file" >"$list"
        refused 3 'not a regular file'
    done
}

@test "a list without packages" {
    echo '# nothing today' >"$list"
    refused 2 usage
    spb 0 build --list "$list" --allow-empty -o "$out/bundle"
    tar xOf "$out/bundle" MANIFEST | grep -qx 'total 0 0'
}

@test "a list with a mistake names the line" {
    printf '# comment\n\n%s\nftp://host/x.rpm\n' "$hello" >"$list"
    refused 5 list-syntax
    [[ $stderr == *"$list:4: "* ]] || fail "$stderr"
}

@test "a list from standard input, and two lists" {
    spb 0 build --list - -o "$out/one" < <(echo "$hello")
    echo "$hello" >"$list"
    printf '%s\n' "$FIXTURES"/rpms/sp-arch-*.rpm >"$list.2"
    spb 0 build --list "$list" --list "$list.2" -o "$out/two"
    assert_equal "$(tar tf "$out/two" | wc -l)" 3 members
}

# ---- the destination ----

@test "an existing bundle stays until the new one is whole" {
    echo old >"$out/bundle"
    echo /nonexistent.rpm >"$list"
    spb 3 build --list "$list" -o "$out/bundle"
    assert_equal "$(ls -A "$out") $(cat "$out/bundle")" 'bundle old'
    echo "$hello" >"$list"
    spb 0 build --list "$list" -o "$out/bundle"
    assert_equal "$(ls -A "$out")" bundle
    [ "$(stat -c %s "$out/bundle")" -gt 4000 ]
}

@test "a bundle on standard output is the bundle" {
    echo "$hello" >"$list"
    spb 0 build --list "$list" -o "$out/bundle"
    "$SP_BUILD/sallyport-builder" build --quiet --list "$list" -o - |
        cmp - "$out/bundle"
    spb 2 build --json --list "$list" -o -
}

@test "send carries a bundle unchanged, and only a bundle" {
    make_bundle "$out/bundle" "$FIXTURES"/rpms/*.rpm
    spb 0 send "$out/bundle" "file:$out/copy"
    cmp "$out/bundle" "$out/copy"
    rm "$out/copy"

    spb 5 send "$hello" "$out/copy"
    assert_detail not-a-bundle
    head -c 9000 "$out/bundle" >"$out/half"
    spb 9 send "$out/half" "$out/copy"
    assert_detail truncated
    { cat "$out/bundle" && echo; } >"$out/long"
    spb 5 send "$out/long" "$out/copy"
    assert_detail trailing-data
    : >"$out/empty"
    spb 5 send "$out/empty" "$out/copy"
    assert_detail empty
    [ ! -e "$out/copy" ]
}

@test "--json is one object with the totals" {
    echo "$hello" >"$list"
    spb 0 build --json --list "$list" -o "$out/bundle"
    python3 -c 'import json, sys
o = json.loads(sys.argv[1])
assert o["sallyport"] == 1 and o["exit"] == 0, o
assert o["packages"] == 1 and o["downloaded"] == 0, o
assert o["bytes"] == int(sys.argv[2]), o' "$output" \
        "$(stat -c %s "$out/bundle")"
    echo /nonexistent.rpm >"$list"
    spb 3 build --json --list "$list" -o "$out/bundle"
    python3 -c 'import json, sys
o = json.loads(sys.argv[1])
assert (o["class"], o["detail"], o["exit"]) == ("io", "not-found", 3), o' \
        "$output"
}

# ---- the command line ----

@test "help and version are answered on every level" {
    spb 0 --help
    [[ $output == *build*send* ]]
    spb 0 build --help
    [[ $output == *--list*--max-file-size*'sha256:HEX'* ]]
    spb 0 send --help
    [[ $output == *SOURCE*DEST* ]]
    spb 0 --version
    [[ $output == 'sallyport-builder '[0-9]* ]]
}

@test "mistakes are one line and a hint" {
    local words
    for words in '' 'frobnicate' 'build' 'build --list x' 'build -o x' \
        'build --list x -o y --tries 0' 'build --list x -o y --tries 1x' \
        'build --list x -o y --max-file-size 9G' \
        'build --list x -o y --max-file-size G' 'send x' 'send x y z' \
        'build --list x -o y --max-file-size 0' \
        'build --list x -o y --max-file-size 0K' \
        'build --list x -o y --connect-timeout 0' \
        'build --list x -o y --low-speed-time x' \
        'build --list x -o y --timeout 999999999' \
        'build --list x -o y --mirror z' 'build --request x -o y --mirror z' \
        'build --mirror x' 'check' 'check --request x --tries 21' \
        "send $SP_TOP/LICENSE nowhere:y" 'build --nonsense'; do
        # shellcheck disable=SC2086 # words
        spb 2 $words </dev/null
        [ -n "$stderr" ] || fail "silent: $words"
    done
    # The largest number that there is, is none.
    spb 3 build --list "$BATS_TEST_TMPDIR/none" -o y --max-file-size 8G
    assert_detail not-found
}
