#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The metadata of repositories: all compressions from an honest web server,
# and every way in which a mirror can be wrong. A bad mirror is bounded and
# named, with its repository; a good one behind it saves the run.

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

# nginx as an honest mirror, on a port that is free.
start_nginx() {
    local work=$BATS_FILE_TMPDIR port user=
    # Else its workers are nobody, who may not read here.
    [ "$(id -u)" != 0 ] || user='user root;'
    mkdir -p "$work/nginx"
    for _ in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 20000))
        cat >"$work/nginx/conf" <<CONF
daemon on;
$user
pid $work/nginx/pid;
error_log $work/nginx/error.log;
events { }
http {
    access_log off;
    client_body_temp_path $work/nginx;
    proxy_temp_path $work/nginx;
    fastcgi_temp_path $work/nginx;
    uwsgi_temp_path $work/nginx;
    scgi_temp_path $work/nginx;
    server { listen 127.0.0.1:$port; root $work/files; }
}
CONF
        if PATH=$PATH:/usr/sbin nginx -c "$work/nginx/conf" \
            -e "$work/nginx/error.log" 3>&- 2>/dev/null; then
            echo $port >"$work/nginx/port"
            return 0
        fi
    done
    return 1
}

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
    local work=$BATS_FILE_TMPDIR c
    mkdir -p "$work/files" "$work/bin"
    # The driver finds sallyport-metadata beside itself.
    cp "$SP_BUILD/tests/unit/test-metadata" "$SP_BUILD/sallyport-metadata" \
        "$work/bin/"
    for c in gz xz bz2; do
        mkdir "$work/files/real-$c"
        cp "$FIXTURES"/rpms/*.rpm "$work/files/real-$c/"
        createrepo_c -q --general-compress-type=$c "$work/files/real-$c"
    done
    make_certificates "$work"
    start_server
    start_nginx
}

teardown_file() {
    kill "$(cat "$BATS_FILE_TMPDIR/server.pid")" 2>/dev/null || true
    kill "$(cat "$BATS_FILE_TMPDIR/nginx/pid")" 2>/dev/null || true
}

setup() {
    KEPT=no-delivery # it is the builder that is attacked
    files=$BATS_FILE_TMPDIR/files
    cache=$BATS_TEST_TMPDIR/cache
    log=$BATS_FILE_TMPDIR/log
    # A name of its own, so that the server's counts start again.
    repo=t$BATS_TEST_NUMBER
    http=http://127.0.0.1:$(awk '$1 == "http" { print $2 }' \
        "$BATS_FILE_TMPDIR/ports")
    https=https://127.0.0.1:$(awk '$1 == "https" { print $2 }' \
        "$BATS_FILE_TMPDIR/ports")
    nginx=http://127.0.0.1:$(cat "$BATS_FILE_TMPDIR/nginx/port")
    unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY
}

repodata() { # NAME [OPTION...]: a small repository
    local name=$1
    shift
    python3 "$SP_TOP/tests/fake/repodata.py" "$files/$name" "$@"
}

repo_file() { # LINE...
    printf '%s\n' "[$repo]" "$@" >"$BATS_TEST_TMPDIR/repo"
}

fetch() { # STATUS [OPTION...]
    local want=$1
    shift
    run_program "$want" "$BATS_FILE_TMPDIR/bin/test-metadata" "$cache" \
        "$BATS_TEST_TMPDIR/repo" -t 2 "$@"
}

# refused WAY STATUS WORD SECONDS: alone it is a fault that names repository
# and mirror; with a good mirror behind it the run goes well.
refused() {
    local begin=$SECONDS
    repo_file "baseurl=$http/$1/$repo/"
    fetch "$2" -x
    # shellcheck disable=SC2154 # run sets stderr
    [[ $stderr == "$3: repository '$repo': "* ]] ||
        fail "expected '$3' and the repository in:" "$stderr"
    [[ $stderr == *"$http/$1/$repo/"* ]] || fail 'no mirror:' "$stderr"
    [ $((SECONDS - begin)) -le "$4" ] || fail "took $((SECONDS - begin)) s"
}

#
# Only files come from the good mirror when repomd.xml of the first was good.
recovers() { # WAY [MIRROR]
    [ -d "$files/$repo-good" ] || repodata "$repo-good"
    rm -rf "$cache"
    repo_file "baseurl=$http/$1/$repo/ $http/repo/$repo-good/"
    fetch 0 -x
    [[ $output == *"repo $repo available"* ]] || fail "$output"
    assert_equal "$(told mirror)" "${2:-$http/repo/$repo-good/}" mirror
    [ -s "$cache/$(told primary | cut -d' ' -f1)" ] || fail "no primary"
}

told() { # WORD -> the rest of its line
    sed -n "s/^$1 //p" <<<"$output"
}

# The cached file is what its name says, and holds the unpacked metadata.
assert_file() { # WORD ORIGINAL
    local name
    name=$(told "$1" | cut -d' ' -f1)
    assert_equal "$name" "sha256-$(sha256sum <"$2" | cut -d' ' -f1)" "$1"
    cmp "$cache/$name" "$2"
}

# ---- honest ----

@test "gzip, xz and bzip2, as createrepo_c writes them" {
    for c in gz xz bz2; do
        repo_file "baseurl=$nginx/real-$c/"
        fetch 0 -x
        cat "$files/real-$c/repodata/"*-primary.xml.* |
            python3 -c 'import sys, gzip, lzma, bz2
open = {"gz": gzip, "xz": lzma, "bz2": bz2}[sys.argv[1]].decompress
sys.stdout.buffer.write(open(sys.stdin.buffer.read()))' $c \
                >"$BATS_TEST_TMPDIR/primary"
        assert_file primary "$BATS_TEST_TMPDIR/primary"
        assert_file repomd "$files/real-$c/repodata/repomd.xml"
        grep -q '<name>hello</name>' "$BATS_TEST_TMPDIR/primary"
    done
}

@test "zstd" {
    local dir=$files/$repo/repodata old new
    repodata "$repo"
    gzip -dc "$dir"/*-primary.xml.gz >"$BATS_TEST_TMPDIR/primary"
    bsdtar -cf "$dir/primary.xml.zst" --format=raw --zstd \
        -C "$BATS_TEST_TMPDIR" primary
    old=$(basename "$dir"/*-primary.xml.gz)
    new=$(sha256sum <"$dir/primary.xml.zst" | cut -d' ' -f1)
    sed -i "s|$old|primary.xml.zst|; s|${old%%-*}|$new|; /<size>/d" \
        "$dir/repomd.xml"
    repo_file "baseurl=$nginx/$repo/"
    fetch 0 -x
    assert_file primary "$BATS_TEST_TMPDIR/primary"
}

@test "SHA-384 and SHA-512, which name the files of the cache" {
    local algorithm dir name
    for algorithm in sha384 sha512; do
        dir=$files/$repo-$algorithm
        mkdir "$dir"
        cp "$FIXTURES"/rpms/*.rpm "$dir/"
        createrepo_c -q --checksum $algorithm "$dir"
        repo_file "baseurl=$http/repo/$repo-$algorithm/"
        fetch 0 -x
        gzip -dc "$dir"/repodata/*-primary.xml.gz >"$BATS_TEST_TMPDIR/p"
        name=$(told primary | cut -d' ' -f1)
        assert_equal "$name" \
            "$algorithm-$("${algorithm}sum" <"$BATS_TEST_TMPDIR/p" | cut -d' ' -f1)"
        cmp "$cache/$name" "$BATS_TEST_TMPDIR/p"
        # Nor does it travel again, unless it was damaged.
        fetch 0 -x
        echo >>"$cache/$name"
        fetch 0 -x
        cmp "$cache/$name" "$BATS_TEST_TMPDIR/p"
        assert_equal "$(grep -c "/$repo-$algorithm/.*primary" "$log")" 1
    done
}

@test "a wrong SHA-512 of packed and of unpacked metadata" {
    local part dir=$files/$repo/repodata
    repodata "$repo" --checksum sha512
    cp "$dir/repomd.xml" "$BATS_TEST_TMPDIR/repomd.xml"
    for part in checksum open-checksum; do
        # The last digit: behind what the shorter algorithms have.
        python3 - "$part" "$BATS_TEST_TMPDIR/repomd.xml" \
            "$dir/repomd.xml" <<'PY'
import re, sys
text = open(sys.argv[2]).read()
new = re.sub('(<%s type="sha512">[0-9a-f]*)([0-9a-f])<' % sys.argv[1],
             lambda m: m[1] + "%x<" % (int(m[2], 16) ^ 1), text)
assert new != text
open(sys.argv[3], "w").write(new)
PY
        rm -rf "$cache"
        refused repo 8 metadata-digest 10
    done
    [[ $stderr == *'unpacks to something else'* ]] || fail "$stderr"
    rm -rf "$files/${repo:?}" "$cache"
    repodata "$repo" --checksum sha1
    refused repo 5 metadata 10
    [[ $stderr == *"type 'sha1', only sha256, sha384 and sha512"* ]] ||
        fail "$stderr"
}

@test "L08 of the hashes of a metalink the strongest counts" {
    local dir=$files/$repo/repodata wrong
    wrong=$(printf '%0128d' 0)
    repodata "$repo"
    write_metalink "$dir/repomd.xml" "$https/repo/$repo/"
    sed -i "s|<hash type=\"sha256\">|<hash type=\"sha512\">$(sha512sum \
        <"$dir/repomd.xml" | cut -d' ' -f1)</hash>&|" "$files/$repo/metalink"
    repo_file "metalink=$https/repo/$repo/metalink"
    fetch 0 -c "$BATS_FILE_TMPDIR/ca.pem"
    sed -i "s|\"sha512\">[0-9a-f]*|\"sha512\">$wrong|" "$files/$repo/metalink"
    fetch 8 -c "$BATS_FILE_TMPDIR/ca.pem"
    [[ $stderr == "metadata-digest: repository '$repo': "* ]] || fail "$stderr"
    case_ended 8 metadata-digest
}

@test "what is unpacked in the cache does not travel again" {
    repodata "$repo"
    repo_file "baseurl=$http/repo/$repo/"
    fetch 0 -x
    fetch 0 -x
    assert_equal "$(grep -c "/$repo/repodata/repomd.xml " "$log")" 2
    assert_equal "$(grep -c "/$repo/.*primary" "$log")" 1
}

@test "repositories are asked side by side, each file once" {
    local i seen
    : >"$BATS_TEST_TMPDIR/repo"
    for i in 1 2 3 4; do
        repodata "$repo-$i" --revision "$i"
        printf '%s\n' "[r$i]" "baseurl=$http/repo/$repo-$i/" \
            >>"$BATS_TEST_TMPDIR/repo"
    done
    fetch 0 -x
    assert_equal "$(told revision | xargs)" '1 2 3 4' revisions
    seen=$(grep "/$repo-" "$log" | cut -d' ' -f1)
    assert_equal "$(sort <<<"$seen" | uniq -d)" '' 'asked for twice'
    # No primary is asked for while a repomd.xml is not.
    assert_equal "$(head -n 8 <<<"$seen" | grep -c repomd)" 8 "$seen"
    assert_equal "$(tail -n +9 <<<"$seen" | grep -c primary)" 4 "$seen"
}

@test "one of several repositories that is not there" {
    repodata "$repo"
    repodata "$repo-more"
    printf '%s\n' '[one]' "baseurl=$http/repo/$repo/" \
        '[dead]' 'baseurl=http://127.0.0.1:1/x/' 'skip_if_unavailable=1' \
        '[broken]' "baseurl=$http/portal/$repo/ $http/repo/$repo-more/" \
        >"$BATS_TEST_TMPDIR/repo"
    fetch 0 -x
    [[ $output == *'repo dead missing'$'\n''problem unreachable '* ]] ||
        fail "$output"
    assert_equal "$(told mirror | xargs)" \
        "$http/repo/$repo/ $http/repo/$repo-more/"
    # Nor may it be missing silently.
    sed -i /skip_if/d "$BATS_TEST_TMPDIR/repo"
    fetch 4 -x
    [[ $stderr == "unreachable: repository 'dead': "* ]] || fail "$stderr"
}

@test "file lists are cut down to the path that is asked for" {
    local name
    repo_file "baseurl=$nginx/real-gz/"
    path=$(rpm -qpl "$FIXTURES"/rpms/hello-*.rpm 2>/dev/null | head -1)
    fetch 0 -x -f "$path"
    name=$(told filelists | cut -d' ' -f1)
    python3 - "$cache/$name" "$path" <<'PY'
import sys, xml.dom.minidom as m
d = m.parse(sys.argv[1])
files = {f.firstChild.data for f in d.getElementsByTagName("file")}
assert files == {sys.argv[2]}, files
p = d.getElementsByTagName("package")[0]
assert p.getAttribute("name") == "hello" and len(p.getAttribute("pkgid")) == 64
PY
}

@test "a metalink, its mirrors, and a mirror list" {
    local dir=$files/$repo/repodata
    repodata "$repo"
    write_metalink "$dir/repomd.xml" "$http/missing/$repo/" "$https/repo/$repo/"
    repo_file "metalink=$https/repo/$repo/metalink"
    fetch 0 -c "$BATS_FILE_TMPDIR/ca.pem"
    assert_equal "$(told mirror)" "$https/repo/$repo/"
    assert_equal "$(told fresh)" 1
    printf '# list\nrsync://x/\n%s\n' "$https/repo/$repo" >"$files/$repo/list"
    repo_file "mirrorlist=$https/repo/$repo/list"
    fetch 0 -c "$BATS_FILE_TMPDIR/ca.pem"
    assert_equal "$(told mirror)" "$https/repo/$repo/"
}

# Lists of mirrors are read a step ahead when there are several repositories.
@test "lists of mirrors are asked for side by side, each once" {
    repodata "$repo"
    write_metalink "$files/$repo/repodata/repomd.xml" "$https/repo/$repo/"
    printf '%s\n' "$https/repo/$repo" >"$files/$repo/list"
    cp "$files/$repo/metalink" "$files/$repo/list-of-metalink"
    printf '%s\n' '[one]' "metalink=$https/repo/$repo/metalink" \
        '[two]' "mirrorlist=$https/repo/$repo/list" \
        '[three]' "mirrorlist=$https/repo/$repo/list-of-metalink" \
        '[four]' "baseurl=$https/repo/$repo/" \
        "mirrorlist=$https/repo/$repo/list?4" >"$BATS_TEST_TMPDIR/repo"
    fetch 0 -c "$BATS_FILE_TMPDIR/ca.pem"
    assert_equal "$(told repo | xargs)" \
        'one available two available three available four available'
    assert_equal "$(told mirror | sort -u)" "$https/repo/$repo/"
    for list in metalink list list-of-metalink; do
        assert_equal "$(grep -c "/$repo/$list " "$log")" 1 "$list"
    done
    # Over plain http they are asked only where that is allowed.
    sed -i "s#=$https\(/.*\)/\(list\|metalink\|list-of-metalink\)\$#=$http\\1/\\2#" \
        "$BATS_TEST_TMPDIR/repo"
    rm -rf "$cache"
    fetch 0 -x -c "$BATS_FILE_TMPDIR/ca.pem"
    assert_equal "$(told repo | xargs)" \
        'one available two available three available four available'
    rm -rf "$cache"
    fetch 4 -c "$BATS_FILE_TMPDIR/ca.pem"
    [[ $stderr == "tls: repository 'one': "*'not https'* ]] || fail "$stderr"
}

@test "a list of mirrors that cannot be had, or is none" {
    repodata "$repo"
    head -c 1100000 /dev/zero | tr '\0' '#' >"$files/$repo/large"
    head -c 4200000 /dev/zero | tr '\0' '#' >"$files/$repo/larger"
    echo '<html></html>' >"$files/$repo/page"
    echo '<metalink><files/></metalink>' >"$files/$repo/metalink-of-nothing"
    printf '%s\n' '[good]' "baseurl=$https/repo/$repo/" \
        >"$BATS_TEST_TMPDIR/good"
    while read -r key path want word part; do
        repo_file "$key=${path/HTTPS/$https}"
        for several in false true; do
            ! $several || cat "$BATS_TEST_TMPDIR/good" >>"$BATS_TEST_TMPDIR/repo"
            rm -rf "$cache"
            fetch "$want" -c "$BATS_FILE_TMPDIR/ca.pem"
            [[ $stderr == "$word: repository '$repo': "*"$part"* ]] ||
                fail "$key=$path" "$stderr"
        done
        # The others come without it, where it may be missing.
        sed -i '2i skip_if_unavailable=1' "$BATS_TEST_TMPDIR/repo"
        fetch 0 -c "$BATS_FILE_TMPDIR/ca.pem"
        [[ $output == "repo $repo missing"*"problem $word "*'good available'* ]] ||
            fail "$output"
    done <<END
metalink HTTPS/missing/$repo/metalink 4 http-status 404
mirrorlist HTTPS/missing/$repo/list 4 http-status 404
mirrorlist HTTPS/repo/$repo/large 6 file-too-large large
metalink HTTPS/repo/$repo/larger 6 file-too-large large
mirrorlist HTTPS/repo/$repo/page 5 metadata names no mirror
metalink HTTPS/repo/$repo/page 5 metadata no metalink
mirrorlist HTTPS/repo/$repo/metalink-of-nothing 5 metadata no digest
mirrorlist http://127.0.0.1:1/list 4 tls not https
END
}

write_metalink() { # REPOMD URL...
    local digest
    digest=$(sha256sum <"$1" | cut -d' ' -f1)
    shift
    {
        echo '<metalink version="3.0"><files><file name="repomd.xml">'
        echo "<verification><hash type=\"sha256\">$digest</hash>"
        echo "</verification>${alternates:-}<resources>"
        printf '<url preference="90">%srepodata/repomd.xml</url>\n' "$@"
        echo '</resources></file></files></metalink>'
    } >"$files/$repo/metalink"
}

# ---- mirrors that are wrong ----

@test "a mirror that has nothing" {
    refused missing 4 http-status 10
    recovers missing
}

@test "a mirror that is always busy" {
    refused busy 4 http-status 10
    recovers busy
}

@test "L13 nobody answers: never \"no updates\"" {
    repo_file "baseurl=http://127.0.0.1:1/$repo/ http://127.0.0.1:2/$repo/"
    fetch 4 -x
    [[ $stderr == "unreachable: repository '$repo': none of its 2 mirrors"* ]]
    [[ $stderr == *'http://127.0.0.1:2/'* ]] || fail "$stderr"
    assert_equal "$output" ''
    case_ended 4 unreachable
}

@test "skip_if_unavailable: the run goes on and says what is missing" {
    repo_file "baseurl=http://127.0.0.1:1/$repo/" skip_if_unavailable=1
    fetch 0 -x
    [[ $output == "repo $repo missing"$'\n'"problem unreachable "* ]] ||
        fail "$output"
}

@test "a captive portal" {
    refused portal 5 metadata 10
    recovers portal
}

@test "an endless repomd.xml" {
    repodata "$repo"
    refused endless 6 file-too-large 10
    recovers endless
}

@test "what repomd.xml names is gone" {
    repodata "$repo"
    refused gone 4 http-status 10
    # Whoever does not have it is asked for it once.
    assert_equal "$(grep -c "^/gone/$repo/.*primary" "$log")" 1
    repo_file "baseurl=$http/gone/$repo/ $http/missing/$repo/"
    fetch 4 -x
    assert_equal "$(grep -c "^/gone/$repo/.*primary" "$log")" 2
    assert_equal "$(grep -c "^/missing/$repo/.*primary" "$log")" 1
    recovers gone "$http/gone/$repo/"
}

@test "published again in the middle of a run" {
    repodata "$repo.old" --revision 1
    repodata "$repo" --revision 2
    repo_file "baseurl=$http/republished/$repo/"
    fetch 0 -x
    assert_equal "$(told revision)" 2
    # The second look asks past the caches on the way.
    grep -q "^/republished/$repo/repodata/repomd.xml - - no-cache$" "$log"
}

@test "published again for ever" {
    repodata "$repo"
    refused restless 4 http-status 20
    assert_equal "$(grep -c "^/restless/$repo/repodata/repomd.xml " "$log")" 4
    recovers restless "$http/restless/$repo/"
}

@test "a damaged primary is fetched from the other mirror" {
    repodata "$repo"
    refused broken-primary 8 metadata-digest 10
    rm -rf "$cache"
    repo_file "baseurl=$http/broken-primary/$repo/ $http/repo/$repo/"
    fetch 0 -x
    gzip -dc "$files/$repo"/repodata/*-primary.xml.gz >"$BATS_TEST_TMPDIR/p"
    assert_file primary "$BATS_TEST_TMPDIR/p"
}

@test "what breaks off at one mirror goes on at the next" {
    repodata "$repo"
    repo_file "baseurl=$http/cut-primary/$repo/ $http/repo/$repo/"
    fetch 0 -x
    grep -q "^/repo/$repo/.*primary.xml.gz bytes=100- -$" "$log" ||
        fail "$(grep "$repo/.*primary" "$log")"
    gzip -dc "$files/$repo"/repodata/*-primary.xml.gz >"$BATS_TEST_TMPDIR/p"
    assert_file primary "$BATS_TEST_TMPDIR/p"
}

@test "an endless primary is cut at its size" {
    repodata "$repo"
    refused endless-primary 6 file-too-large 10
}

@test "a stale mirror: the metalink knows better" {
    repodata "$repo" --revision 2
    repodata "$repo-old" --revision 1
    write_metalink "$files/$repo/repodata/repomd.xml" \
        "$http/repo/$repo-old/" "$http/repo/$repo/"
    repo_file "metalink=$https/repo/$repo/metalink"
    fetch 0 -c "$BATS_FILE_TMPDIR/ca.pem"
    assert_equal "$(told revision)" 2
    write_metalink "$files/$repo/repodata/repomd.xml" "$http/repo/$repo-old/"
    fetch 8 -c "$BATS_FILE_TMPDIR/ca.pem"
    [[ $stderr == "metadata-digest: repository '$repo': "*"$repo-old"* ]] ||
        fail "$stderr"
}

@test "an older version that the metalink knows, when no mirror has the new" {
    local digest
    repodata "$repo" --revision 2
    repodata "$repo-old" --revision 1
    digest=$(sha256sum <"$files/$repo-old/repodata/repomd.xml" | cut -d' ' -f1)
    alternates="<alternates><alternate><verification><hash type=\"sha256\">"
    alternates+="$digest</hash></verification></alternate></alternates>"
    write_metalink "$files/$repo/repodata/repomd.xml" "$http/repo/$repo-old/"
    repo_file "metalink=$https/repo/$repo/metalink"
    fetch 0 -c "$BATS_FILE_TMPDIR/ca.pem"
    assert_equal "$(told revision)" 1
    # Unless the machine has seen a newer one.
    fetch 16 -c "$BATS_FILE_TMPDIR/ca.pem" -s "$repo" 2
    [[ $stderr == metadata-rollback:* ]] || fail "$stderr"
}

@test "a mirror that goes back behind what was seen" {
    repodata "$repo" --revision 5
    repo_file "baseurl=$http/repo/$repo/"
    fetch 0 -x -s "$repo" 5
    fetch 16 -x -s "$repo" 6
    [[ $stderr == "metadata-rollback: repository '$repo': "* ]] ||
        fail "$stderr"
}

@test "a repository of Tor without a proxy is named, and nobody is asked" {
    repo_file "baseurl=http://packages.onion/$repo/"
    fetch 4 -x
    [[ $stderr == "unreachable: repository '$repo': "*"Tor alone"*socks5h* ]] ||
        fail "$stderr"
    [[ $stderr != *'after '* ]] || fail 'tried again' "$stderr"
}

@test "repomd.xml over plain http needs a word" {
    repodata "$repo"
    repo_file "baseurl=$http/repo/$repo/"
    fetch 4
    [[ $stderr == "tls: repository '$repo': "*--allow-http* ]] || fail "$stderr"
    repo_file "baseurl=$https/repo/$repo/"
    fetch 0 -c "$BATS_FILE_TMPDIR/ca.pem"
    assert_equal "$(told fresh)" 1
}

# ---- metadata that is wrong ----

@test "L11 a bomb behind an honest size" {
    repodata "$repo" --bomb 200
    refused repo 6 metadata-size 20
    recovers repo
    case_ended 6 metadata-size
}

@test "a bomb behind a lying size" {
    repodata "$repo" --bomb 64 --open-size 1000
    refused repo 6 metadata-size 20
    # Not one byte more than was told is kept.
    assert_equal "$(find "$cache" -size +100k)" ''
}

@test "a size beyond everything is not even asked for" {
    repodata "$repo" --open-size 2000000000
    refused repo 6 metadata-size 10
    ! grep "/$repo/.*primary" "$log"
}

@test "L09 zchunk that is not there: it is never asked for" {
    repodata "$repo"
    sed -i 's|^</repomd>|<data type="primary_zck"><checksum type="sha256">'"$(
        printf '%064d' 0
    )"'</checksum><location href="repodata/primary.xml.zck"/></data>&|' \
        "$files/$repo/repodata/repomd.xml"
    grep -q zck "$files/$repo/repodata/repomd.xml"
    repo_file "baseurl=$http/repo/$repo/"
    fetch 0 -x
    [ -s "$cache/$(told primary | cut -d' ' -f1)" ] || fail "no primary"
    ! grep "/$repo/.*zck" "$log" || fail "it was asked for"
    case_ended 0 accept
}

@test "an open size that is too large by one" {
    repodata "$repo" --open-size 10000
    refused repo 6 metadata-size 10
}

@test "CVE-2020-14352 locations that leave the repository" {
    local n=0 href
    for href in ../../../etc/passwd a/../../b /etc/passwd //evil/x \
        https://evil/x a/%2e%2e/x 'a\b' 'x?y'; do
        n=$((n + 1))
        repodata "$repo-$n" --location "$href"
        repo_file "baseurl=$http/repo/$repo-$n/"
        fetch 5 -x
        [[ $stderr == "metadata: repository '$repo': "*leaves* ]] ||
            fail "$href" "$stderr"
        case_ended 5 metadata
    done
    mkdir "$files/$repo"
    cp -r "$files/$repo-1/repodata" "$files/$repo/"
    recovers repo
}

@test "document types and entities" {
    repodata "$repo"
    sed -i '1a <!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' \
        "$files/$repo/repodata/repomd.xml"
    refused repo 5 metadata 5
}

# ---- signatures ----

sign() { # NAME
    local home
    home=$(mktemp -d /tmp/sp-sign.XXXXXX)
    cp -r "$FIXTURES/secret/." "$home"
    gpg --homedir "$home" --batch --yes --digest-algo SHA256 --armor \
        -u rsa@example.invalid --detach-sign \
        "$files/$1/repodata/repomd.xml" 2>/dev/null
    GNUPGHOME=$home gpgconf --kill all
    rm -rf "$home"
}

@test "a signature is kept without its armor" {
    repodata "$repo"
    sign "$repo"
    repo_file "baseurl=$http/repo/$repo/" repo_gpgcheck=1
    fetch 0 -x -k "$FIXTURES/key-rsa.asc"
    gpg --dearmor <"$files/$repo/repodata/repomd.xml.asc" \
        >"$BATS_TEST_TMPDIR/sig" 2>/dev/null
    assert_file signature "$BATS_TEST_TMPDIR/sig"
    repo_file "baseurl=$http/repo/$repo/"
    fetch 0 -x
    assert_file signature "$BATS_TEST_TMPDIR/sig"
}

@test "a signature that must be there and is not" {
    repodata "$repo"
    repo_file "baseurl=$http/repo/$repo/" repo_gpgcheck=1
    fetch 4 -x
    [[ $stderr == *repomd.xml.asc* ]] || fail "$stderr"
}

@test "repomd.xml and signature out of step, once and for ever" {
    repodata "$repo.old" --revision 1
    repodata "$repo" --revision 2
    sign "$repo.old"
    sign "$repo"
    for key in "-k $FIXTURES/key-rsa.asc" ''; do
        repo_file "baseurl=$http/out-of-step/$repo/" repo_gpgcheck=1
        # shellcheck disable=SC2086 # two words or none
        fetch 0 -x $key
        repo_file "baseurl=$http/never-in-step/$repo/" repo_gpgcheck=1
        # shellcheck disable=SC2086
        fetch 10 -x $key
        [[ $stderr == "bad-signature: repository '$repo': "* ]] ||
            fail "$stderr"
    done
    grep -q "^/out-of-step/$repo/repodata/repomd.xml.asc - - no-cache$" "$log"
    repo_file "baseurl=$http/never-in-step/$repo/ $http/repo/$repo/" \
        repo_gpgcheck=1
    fetch 0 -x
    assert_equal "$(told mirror)" "$http/repo/$repo/"
    # Nobody asked for one: a wrong signature is no evidence, no more.
    repo_file "baseurl=$http/never-in-step/$repo/"
    fetch 0 -x
    assert_equal "$(told signature)" ''
}

@test "a signature by somebody else" {
    repodata "$repo"
    sign "$repo"
    repo_file "baseurl=$http/repo/$repo/" repo_gpgcheck=1
    fetch 14 -x -k "$FIXTURES/key-foreign.asc"
    [[ $stderr == "no-key: repository '$repo': "* ]] || fail "$stderr"
}

# ---- the jail ----

# What a reader that was taken over may say: nothing of it is believed.
taken_over() { # STATUS WORD SCRIPT
    local bin=$BATS_TEST_TMPDIR/bin
    mkdir -p "$bin"
    cp "$BATS_FILE_TMPDIR/bin/test-metadata" "$bin/"
    printf '#!/bin/sh\n%s\n' "$3" >"$bin/sallyport-metadata"
    chmod 755 "$bin/sallyport-metadata"
    run_program "$1" "$bin/test-metadata" "$cache" "$BATS_TEST_TMPDIR/repo" -x
    [[ $stderr == "$2: repository '$repo': "* ]] || fail "$3" "$stderr"
    [[ $stderr != *$'\e'* ]] || fail "an escape in the message"
}

@test "a reader that was taken over gains nothing" {
    repodata "$repo"
    repo_file "baseurl=$http/repo/$repo/"
    taken_over 6 metadata-size 'exec cat /dev/zero'
    taken_over 1 worker-died 'exit 0'
    taken_over 1 worker-died 'kill -9 $$'
    taken_over 1 worker-died 'echo "ok all is well" >&3; exit 1'
    taken_over 5 metadata 'printf "metadata \033[31m" >&3; exit 1'
    taken_over 5 metadata \
        'head -c '"$(struct_size)"' /dev/zero'
    # It closes its pipes and stays: it is ended.
    taken_over 1 worker-died 'exec <&- >&- 2>&- 3>&-; exec sleep 100'
}

# struct sp_repomd, found from what the honest reader says.
struct_size() {
    "$SP_BUILD/sallyport-metadata" repomd 3>/dev/null \
        <"$files/$repo/repodata/repomd.xml" | wc -c
}

@test "sallyport-metadata says what it was not made for" {
    head -c 5000000 /dev/zero >"$BATS_TEST_TMPDIR/large"
    while read -r word input args; do
        local status=0 said
        # shellcheck disable=SC2086 # words
        said=$("$SP_BUILD/sallyport-metadata" $args <"${input/LARGE/$BATS_TEST_TMPDIR/large}" \
            3>&1 >/dev/null 2>&1) || status=$?
        assert_equal "$status" 1 "$args"
        [[ $said == "$word "* ]] || fail "$args" "$said"
    done <<'END'
usage /dev/null
usage /dev/null repomd now
usage /dev/null metalink now
usage /dev/null unfold
usage /dev/null unfold many
usage /dev/null unfold 9999999999999
usage /dev/null unfold 10 more
usage /dev/null nothing 10
usage /dev/null groups 10
usage /dev/null advisories 10
metadata /dev/null repomd
metadata /dev/null metalink
metadata /dev/null groups
metadata /dev/null advisories
metadata /dev/null filelists 10 /x
metadata-size LARGE repomd
metadata-size LARGE metalink
metadata-size LARGE unfold 10
END
}

@test "sallyport-metadata has no files and no network" {
    requires real-jails
    repodata "$repo"
    run --separate-stderr strace -f -e trace=seccomp,landlock_restrict_self \
        "$SP_BUILD/sallyport-metadata" repomd \
        <"$files/$repo/repodata/repomd.xml" 3>"$BATS_TEST_TMPDIR/report"
    assert_equal "$status" 0
    assert_equal "$(wc -c <"$BATS_TEST_TMPDIR/report")" 0
    [[ $stderr == *'seccomp(SECCOMP_SET_MODE_FILTER'*'= 0'* ]] || fail "$stderr"
}
