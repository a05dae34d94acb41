#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every way in which a mirror can be wrong, for packages, for what repomd.xml
# names, and for repomd.xml itself. Alone each is bounded in time, refused by
# name with the repository and the mirror, and nothing is packed. With a good
# mirror behind it the bundle is the honest one, byte for byte.

load helpers

bats_require_minimum_version 1.8.0

start_server() {
    local work=$BATS_FILE_TMPDIR
    python3 "$SP_TOP/tests/fake/hostile-server.py" --files "$work/files" \
        --ports "$work/ports" --log "$work/log" >"$work/server.out" 2>&1 3>&- &
    echo $! >"$work/server.pid"
    for _ in $(seq 100); do
        [ ! -e "$work/ports" ] || return 0
        sleep 0.1
    done
    cat "$work/server.out" >&2
    return 1
}

setup_file() {
    has_solver || return 0
    local work=$BATS_FILE_TMPDIR
    mkdir -p "$work/files/good"
    cp "$FIXTURES"/rpms/*.rpm "$work/files/good/"
    createrepo_c -q "$work/files/good"
    start_server
    mkdir "$work/honest"
    http=http://127.0.0.1:$(awk '$1 == "http" { print $2 }' "$work/ports")
    run_builder "$work/honest" "$http/repo/good/"
    [ -s "$work/honest/out/bundle" ] || cat "$work/honest/err" >&2
}

teardown_file() {
    [ ! -e "$BATS_FILE_TMPDIR/server.pid" ] ||
        kill "$(cat "$BATS_FILE_TMPDIR/server.pid")" 2>/dev/null || true
}

setup() {
    requires solver
    files=$BATS_FILE_TMPDIR/files
    log=$BATS_FILE_TMPDIR/log
    honest=$BATS_FILE_TMPDIR/honest/out/bundle
    http=http://127.0.0.1:$(awk '$1 == "http" { print $2 }' \
        "$BATS_FILE_TMPDIR/ports")
    rows=()
}

# In DIR: all of the repository that has these addresses; ends with its
# status, and with 124 when it took longer than any row may.
run_builder() { # DIR URL...
    local dir=$1
    shift
    mkdir -p "$dir/out" "$dir/repos"
    printf '%s\n' '[hostile]' "baseurl=$*" >"$dir/repos/hostile.repo"
    env -u http_proxy -u https_proxy -u all_proxy timeout 60 \
        "$SP_BUILD/sallyport-builder" build --mirror hostile \
        --repo-dir "$dir/repos" --arch x86_64 --allow-http --tries 3 \
        --low-speed-time 1 --connect-timeout 5 --cache-dir "${cache:-$dir/cache}" \
        --quiet --progress none -o "$dir/out/bundle" >"$dir/said" 2>"$dir/err" 3>&-
}

# A repository of its own for each row, so that the server's counts begin
# again: "good" under another name.
own_repo() { # NAME
    [ -e "$files/$1" ] || ln -s good "$files/$1"
}

# row WAY@PART STATUS WORD: alone. STATUS 0: it recovers without another.
row() {
    local dir=$BATS_TEST_TMPDIR/${#rows[@]} way=$1
    own_repo "t$BATS_TEST_NUMBER-${#rows[@]}"
    own_repo "t$BATS_TEST_NUMBER-${#rows[@]}-good"
    rows+=("$*")
    mkdir "$dir"
    one_row "$dir" "$http/$way/t$BATS_TEST_NUMBER-$((${#rows[@]} - 1))" "$@" \
        >"$dir/faults" 2>&1 3>&- &
}

one_row() { # DIR BASE WAY STATUS WORD
    local dir=$1 base=$2 want=$4 word=$5 status=0
    run_builder "$dir" "$base/" || status=$?
    [ "$status" = "$want" ] || echo "status $status instead of $want"
    if [ "$want" = 0 ]; then
        cmp "$dir/out/bundle" "$honest"
    else
        grep -q ", $word)$" "$dir/err" || echo "no word '$word'"
        grep -q "repository 'hostile'" "$dir/err" || echo "no repository"
        grep -qF "$base/" "$dir/err" || echo "no mirror"
        [ -z "$(ls -A "$dir/out")" ] || echo "something at the destination"
    fi
    status=0
    mkdir "$dir/two"
    run_builder "$dir/two" "$base/" "${base/$3/repo}-good/" || status=$?
    [ "$status" = 0 ] || echo "with a good mirror: status $status"
    cmp "$dir/two/out/bundle" "$honest"
}

# All rows are under way at the same time: most of them wait.
judge() {
    local i bad=0
    wait
    for i in "${!rows[@]}"; do
        [ -s "$BATS_TEST_TMPDIR/$i/faults" ] || continue
        bad=1
        echo "row: ${rows[i]}"
        cat "$BATS_TEST_TMPDIR/$i/faults" "$BATS_TEST_TMPDIR/$i/err" \
            "$BATS_TEST_TMPDIR/$i/two/err"
    done
    [ $bad = 0 ]
}

@test "packages: bodies that do not end, or lie" {
    row endless@.rpm 6 file-too-large
    row lying@.rpm 6 file-too-large
    row endless-page@.rpm 5 not-rpm
    row portal@.rpm 4 download
    row empty@.rpm 4 download
    row corrupt@.rpm 8 list-digest
    row wrong-range@.rpm 4 http-status
    judge
}

@test "a damaged package of a plan: all mirrors are asked, both digests told" {
    local dir=$BATS_TEST_TMPDIR name=t$BATS_TEST_NUMBER status=0 told file
    own_repo "$name"
    own_repo "$name-two"
    run_builder "$dir" "$http/corrupt@.rpm/$name/" \
        "$http/corrupt@.rpm/$name-two/" || status=$?
    assert_equal "$status" 8 "$(cat "$dir/err")"
    told=$(sed -n 's/.* has SHA-256 \([0-9a-f]*\) instead of \([0-9a-f]*\).*/\1 \2/p' \
        "$dir/err")
    [ -n "$told" ] || fail "$(cat "$dir/err")"
    [ "${told% *}" != "${told#* }" ] || fail "$told"
    sha256sum "$files"/good/*.rpm | grep -q "^${told#* } " || fail "$told"
    file=$(sed -n "s|.*/${name}[^/]*/\([^/']*\.rpm\)' has SHA.*|\1|p" "$dir/err")
    assert_equal "$(grep -c "^/corrupt@.rpm/$name/.*$file " "$log")" 1 first
    assert_equal "$(grep -c "^/corrupt@.rpm/$name-two/.*$file " "$log")" 1 second
    [ ! -e "$dir/cache/sha256-${told#* }" ] || fail 'kept what is damaged'
    [ ! -e "$dir/cache/sha256-${told#* }.part" ] || fail 'kept its part'
    assert_equal "$(ls -A "$dir/out")" ''
}

@test "a second builder is told of the first, and what a dead one held is free" {
    local dir=$BATS_TEST_TMPDIR name=t$BATS_TEST_NUMBER status=0 first pid
    local cache=$BATS_TEST_TMPDIR/cache
    own_repo "$name"
    # It waits for a body that does not come.
    run_builder "$dir" "$http/stall@primary/$name/" 3>&- &
    first=$!
    for _ in $(seq 100); do
        ! grep -q "^/stall@primary/$name/.*primary" "$log" || break
        sleep 0.05
    done
    run_builder "$dir/two" "$http/repo/$name/" || status=$?
    assert_equal "$status" 18 "$(cat "$dir/two/err")"
    # The builder below timeout(1), below the shell.
    pid=$(pgrep -P "$(pgrep -P $first)")
    grep -q "another builder uses the cache '.*' (process $pid):.*, busy)$" \
        "$dir/two/err" || fail "$(cat "$dir/two/err")"
    assert_equal "$(ls -A "$dir/two/out")" ''
    kill -KILL "$pid"
    wait $first || true
    run_builder "$dir/two" "$http/repo/$name/"
    cmp "$dir/two/out/bundle" "$honest"
}

@test "packages: bodies that do not come" {
    row trickle@.rpm 4 too-slow
    row stall@.rpm 4 too-slow
    row silent@.rpm 4 too-slow
    row truncated@.rpm 4 truncated
    judge
}

@test "packages: answers that are none" {
    row missing@.rpm 4 http-status
    row busy@.rpm 4 http-status
    row redirect-file@.rpm 4 redirect
    row redirect-ftp@.rpm 4 redirect
    row redirect-loop@.rpm 4 redirect
    judge
}

@test "packages: what the same mirror mends" {
    row busy-twice@.rpm 0 -
    row cut-once@.rpm 0 -
    row no-range@.rpm 0 -
    row range-416@.rpm 0 -
    row retry-after@.rpm 0 -
    row redirect-good@.rpm 0 -
    judge
}

@test "metadata: bodies that do not end, or lie" {
    row endless@primary 6 file-too-large
    row lying@primary 6 file-too-large
    row endless-page@primary 6 file-too-large
    row portal@primary 4 download
    row empty@primary 4 download
    row corrupt@primary 8 metadata-digest
    row wrong-range@primary 4 http-status
    judge
}

@test "metadata: bodies that do not come" {
    row stall@primary 4 too-slow
    row silent@primary 4 too-slow
    row trickle@primary 4 too-slow
    row truncated@primary 4 truncated
    judge
}

@test "metadata: answers that are none" {
    row missing@primary 4 http-status
    row busy@primary 4 http-status
    row redirect-file@primary 4 redirect
    row redirect-loop@primary 4 redirect
    row busy-twice@primary 0 -
    row cut-once@primary 0 -
    row no-range@primary 0 -
    judge
}

@test "repomd.xml: every way" {
    row endless@repomd.xml 6 file-too-large
    row lying@repomd.xml 6 file-too-large
    row portal@repomd.xml 5 metadata
    row empty@repomd.xml 4 truncated
    row corrupt@repomd.xml 5 metadata
    row stall@repomd.xml 4 too-slow
    row silent@repomd.xml 4 too-slow
    row truncated@repomd.xml 4 truncated
    row missing@repomd.xml 4 http-status
    row redirect-file@repomd.xml 4 redirect
    row redirect-loop@repomd.xml 4 redirect
    row dotdot@repomd.xml 5 metadata
    row busy-twice@repomd.xml 0 -
    judge
}

# ---- stopping ----

@test "a signal stops within a second, also while metadata is awaited" {
    local base=stall@primary/t$BATS_TEST_NUMBER pid begin end status=0
    own_repo "t$BATS_TEST_NUMBER"
    mkdir -p "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/repos"
    printf '%s\n' '[hostile]' "baseurl=$http/$base/" \
        >"$BATS_TEST_TMPDIR/repos/hostile.repo"
    "$SP_BUILD/sallyport-builder" build --mirror hostile \
        --repo-dir "$BATS_TEST_TMPDIR/repos" --arch x86_64 --allow-http \
        --cache-dir "$BATS_TEST_TMPDIR/cache" --progress none \
        -o "$BATS_TEST_TMPDIR/out/bundle" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
    pid=$!
    for _ in $(seq 100); do
        ! grep -q "^/$base/.*primary" "$log" || break
        sleep 0.1
    done
    begin=$(date +%s%3N)
    kill -TERM "$pid"
    wait "$pid" || status=$?
    end=$(date +%s%3N)
    assert_equal "$status" 1 'exit status'
    grep -q 'internal, interrupted' "$BATS_TEST_TMPDIR/err"
    [ $((end - begin)) -lt 1000 ] || fail "took $((end - begin)) ms"
    assert_equal "$(ls -A "$BATS_TEST_TMPDIR/out")" '' 'destination'
}

# ---- published again in the middle of a run ----

@test "packages of the old publication are gone: planned again, once" {
    mkdir "$files/r$BATS_TEST_NUMBER.old"
    cp "$files"/good/*.rpm "$files/r$BATS_TEST_NUMBER.old/"
    createrepo_c -q --revision 1 "$files/r$BATS_TEST_NUMBER.old"
    rm "$files/r$BATS_TEST_NUMBER.old"/hello-*.rpm
    mkdir "$files/r$BATS_TEST_NUMBER"
    cp "$files"/good/*.rpm "$files/r$BATS_TEST_NUMBER/"
    rm "$files/r$BATS_TEST_NUMBER"/hello-*.rpm
    createrepo_c -q --revision 2 "$files/r$BATS_TEST_NUMBER"
    run_builder "$BATS_TEST_TMPDIR" "$http/moved/r$BATS_TEST_NUMBER/" ||
        fail "$(cat "$BATS_TEST_TMPDIR/err")"
    run_builder "$BATS_TEST_TMPDIR/new" "$http/repo/r$BATS_TEST_NUMBER/"
    cmp "$BATS_TEST_TMPDIR/out/bundle" "$BATS_TEST_TMPDIR/new/out/bundle"
    # Past the caches on the way.
    grep -q "^/moved/r$BATS_TEST_NUMBER/repodata/repomd.xml - - no-cache$" \
        "$log"
}

@test "a package that is gone while nothing was published: no second plan" {
    local base=missing@hello-/t$BATS_TEST_NUMBER
    own_repo "t$BATS_TEST_NUMBER"
    local status=0
    run_builder "$BATS_TEST_TMPDIR" "$http/$base/" || status=$?
    assert_equal "$status" 4 status
    grep -q ", http-status)" "$BATS_TEST_TMPDIR/err"
    assert_equal "$(grep -c "^/$base/repodata/repomd.xml " "$log")" 2 looks
    # What did arrive is kept for the next run.
    ls "$BATS_TEST_TMPDIR"/cache/sha256-* >/dev/null
}
