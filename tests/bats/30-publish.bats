#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Publishing: one delivery is one generation, one rename makes it current,
# and whatever happens the repository is the old one or the new one.

load helpers

setup() {
    new_state
    good=$BATS_TEST_TMPDIR/good.bundle
    make_bundle "$good" "$FIXTURES"/rpms/*.rpm
}

newer_bundle() {
    newer=$BATS_TEST_TMPDIR/newer.bundle
    make_bundle "$newer" "$FIXTURES"/newer/*.rpm
}

ingest() { # STATUS SOURCE [OPTION]...
    local want=$1
    shift
    sp "$want" ingest --any-request --quiet "$@"
}

policy() { # LINE...
    printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/policy.conf"
}

@test "a generation holds the packages, their names, modes and times" {
    ingest 0 "$good"
    assert_equal "$(readlink "$repo/current")" generations/1
    assert_equal "$(readlink "$repo/rpm")" current/rpm
    assert_equal "$(readlink "$repo/repodata")" current/repodata
    assert_equal "$(cd "$repo/rpm" && ls)" "$(cd "$FIXTURES/rpms" && ls)"
    for file in "$repo"/rpm/*.rpm; do
        built=$(rpm -qp --nosignature --qf '%{BUILDTIME}' "$file")
        assert_equal "$(stat -c '%a %Y %h' "$file")" "644 $built 1" "$file"
    done
    assert_equal "$(stat -Lc %a "$repo/rpm" "$repo/repodata" \
        "$repo/generations/1" | sort -u)" 755
    assert_no_leftovers
}

@test "the same delivery again: nothing to do, not one byte changes" {
    ingest 0 "$good"
    before=$(repository_snapshot "$repo")
    ingest 0 "$good"
    assert_equal "$(repository_snapshot "$repo")" "$before"
    sp 0 history
    [[ $output == *nothing-to-do* ]] || fail "$output"
}

@test "an empty bundle keeps the repository" {
    ingest 0 "$good"
    before=$(repository_snapshot "$repo")
    : >"$BATS_TEST_TMPDIR/none"
    spb 0 build --allow-empty --list "$BATS_TEST_TMPDIR/none" \
        -o "$BATS_TEST_TMPDIR/empty"
    ingest 0 "$BATS_TEST_TMPDIR/empty"
    assert_equal "$(repository_snapshot "$repo")" "$before"
}

@test "the same packages give the same repository in another place" {
    ingest 0 "$good"
    first=$(cd "$repo/generations" && repository_snapshot .)
    state=$BATS_TEST_TMPDIR/another/place
    mkdir -p "$state"
    SP_OPTIONS[1]=$state
    sleep 1.1
    (umask 077 && TZ=Asia/Tokyo run_program 0 "$SP_BUILD/sallyport" ingest \
        "${SP_OPTIONS[@]}" --any-request - <"$good")
    assert_equal "$(cd "$state/updates/generations" && repository_snapshot .)" \
        "$first"
    assert_equal "$(stat -c %a "$state/updates/generations")" 755
}

@test "a newer delivery is a new generation, the old one stays readable" {
    newer_bundle
    ingest 0 "$good"
    old=$(cd "$repo/generations/1" && repository_snapshot .)
    ingest 0 "$newer"
    assert_equal "$(readlink "$repo/current")" generations/2
    assert_equal "$(cd "$repo/generations/1" && repository_snapshot .)" "$old"
    assert_equal "$(cd "$repo/rpm" && ls)" "$(cd "$FIXTURES/newer" && ls)"
}

@test "keep-generations: the oldest go, the current one never" {
    newer_bundle
    policy 'keep-generations = 2'
    ingest 0 "$good"
    ingest 0 "$newer"
    ingest 0 "$good" --allow-downgrade hello --allow-downgrade sp-epoch \
        --allow-downgrade sp-tilde --allow-downgrade sp-arch \
        --allow-downgrade sp-c++
    assert_equal "$(cd "$repo/generations" && echo *)" "2 3"
    sp 0 rollback 2
    policy 'keep-generations = 1'
    ingest 0 "$good" --allow-downgrade hello --allow-downgrade sp-epoch \
        --allow-downgrade sp-tilde --allow-downgrade sp-arch \
        --allow-downgrade sp-c++
    assert_equal "$(cd "$repo/generations" && echo *)" "4"
}

@test "an older package is refused, unless the person names it" {
    newer_bundle
    ingest 0 "$newer"
    before=$(repository_snapshot "$repo")
    ingest 15 "$good"
    assert_detail downgrade
    assert_equal "$(repository_snapshot "$repo")" "$before"
    make_bundle "$BATS_TEST_TMPDIR/one" "$FIXTURES"/rpms/hello-1*.rpm
    ingest 0 "$BATS_TEST_TMPDIR/one" --allow-downgrade hello
}

@test "the floor survives a lost note: what is published counts" {
    newer_bundle
    ingest 0 "$newer"
    rm "$state/floor"
    ingest 15 "$good"
    assert_detail downgrade
}

@test "a damaged floor is named, not guessed around" {
    ingest 0 "$good"
    echo 'hello what' >>"$state/floor"
    newer_bundle
    ingest 3 "$newer"
    assert_detail state
    [[ $stderr == *floor* ]] || fail "$stderr"
}

@test "rollback goes one back, or to the number given, and says when not" {
    newer_bundle
    sp 3 rollback
    assert_detail not-found
    ingest 0 "$good"
    sp 20 rollback
    assert_detail no-generation
    ingest 0 "$newer"
    sp 0 rollback
    assert_equal "$(readlink "$repo/current")" generations/1
    sp 0 history --json
    [[ $output == *'"did":"rollback","source":"generation 1"'* ]] ||
        fail "$output"
    sp 0 rollback 2
    assert_equal "$(readlink "$repo/current")" generations/2
    sp 20 rollback 7
    assert_detail no-generation
    assert_equal "$(readlink "$repo/current")" generations/2
}

@test "rollback removes the quarantine of a dead run" {
    newer_bundle
    ingest 0 "$good"
    ingest 0 "$newer"
    mkdir -p "$repo/0123456789abcdef0123456789abcdef.UNTRUSTED/packages"
    sp 0 rollback
    assert_no_leftovers
}

@test "without --any-request a delivery out of nowhere is refused" {
    sp 15 ingest --quiet "$good"
    assert_detail unsolicited
    [ ! -e "$repo/current" ] || fail "published"
}

@test "two at once: the second one is told who is busy" {
    ingest 0 "$good"
    before=$(repository_snapshot "$repo")
    exec 8>>"$repo/.lock"
    flock 8
    ingest 18 "$good" 8>&-
    assert_detail busy
    [[ $stderr =~ "process "[0-9]+" is working on" ]] || fail "$stderr"
    : >"$repo/.lock"
    ingest 18 "$good" 8>&-
    [[ $stderr == *"another process is working on"* ]] || fail "$stderr"
    sp 0 status 8>&-
    [[ $output == *yes* ]] || fail "$output"
    flock -u 8
    assert_equal "$(repository_snapshot "$repo")" "$before"
}

# Starts an ingest that waits in the middle of a bundle: $pid.
start_half() {
    fifo=$BATS_TEST_TMPDIR/fifo
    mkfifo "$fifo"
    (
        exec 3>&-
        setsid "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request \
            --quiet - <"$fifo" >"$BATS_TEST_TMPDIR/out" \
            2>"$BATS_TEST_TMPDIR/err" || echo $? >"$BATS_TEST_TMPDIR/rc"
    ) &
    job=$!
    exec 9>"$fifo"
    head -c $(($(stat -c %s "$good") / 2)) "$good" >&9
    for _ in $(seq 100); do
        compgen -G "$repo/*.UNTRUSTED/packages/*.rpm" >/dev/null && break
        sleep 0.05
    done
    pid=$(pgrep -f "^$SP_BUILD/sallyport ingest.*$state")
}

workers_gone() {
    for _ in $(seq 100); do
        pgrep -f "sallyport-(unpack|check|verify).*$state" >/dev/null ||
            return 0
        sleep 0.05
    done
    fail "workers outlive their parent"
}

@test "SIGTERM in the middle: interrupted, cleaned up, nothing changed" {
    newer_bundle
    ingest 0 "$newer"
    before=$(repository_snapshot "$repo")
    start_half
    kill -TERM "$pid"
    wait "$job" || true
    exec 9>&-
    assert_equal "$(cat "$BATS_TEST_TMPDIR/rc")" 1
    grep -q interrupted "$BATS_TEST_TMPDIR/err"
    workers_gone
    assert_no_leftovers
    assert_equal "$(repository_snapshot "$repo")" "$before"
}

@test "SIGKILL in the middle: the old repository, the next run cleans up" {
    newer_bundle
    ingest 0 "$newer"
    before=$(repository_snapshot "$repo")
    start_half
    kill -KILL "$pid"
    wait "$job" || true
    exec 9>&-
    workers_gone
    sp 0 status
    [[ $output == *"left over"*quarantine* || $output == *UNTRUSTED* ||
        $output != *"left over:        nothing"* ]] || fail "$output"
    ingest 0 "$newer"
    assert_no_leftovers
    assert_equal "$(repository_snapshot "$repo")" "$before"
}

@test "killed between placing and publishing: the leftover goes" {
    newer_bundle
    ingest 0 "$good"
    cp -r "$repo/generations/1" "$repo/generations/2"
    ln -s generations/2 "$repo/.current.new"
    ingest 0 "$newer"
    assert_equal "$(cd "$repo/generations" && echo *)" "1 2"
    assert_equal "$(cd "$repo/rpm" && ls)" "$(cd "$FIXTURES/newer" && ls)"
    [ ! -L "$repo/.current.new" ] || fail "half a link is left"
}

@test "everything is synced before the one rename, the rename after it" {
    requires program strace
    log=$BATS_TEST_TMPDIR/strace
    # A leak cannot be looked for under strace.
    ASAN_OPTIONS=detect_leaks=0 strace -y -o "$log" \
        -e trace=syncfs,rename,renameat,renameat2,fsync \
        "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request \
        --quiet "$good" >/dev/null
    order=$(awk '
        /renameat2?\(.*"stage"/ { print "place" }
        /syncfs\(/ { print "syncfs" }
        /renameat?2?\(.*"current"/ { print "flip"; flipped = 1; next }
        flipped == 1 && /fsync\([0-9]*<[^>]*\/updates>\)/ { print "fsync"; flipped = 2 }
    ' "$log" | paste -sd' ')
    assert_equal "$order" "place syncfs flip fsync"
}

@test "the files removed through the links: the next run mends it" {
    ingest 0 "$good"
    rm -rf "${repo:?}"/rpm/* "${repo:?}"/repodata/*
    ingest 0 "$good"
    assert_equal "$(cd "$repo/rpm" && ls)" "$(cd "$FIXTURES/rpms" && ls)"
    [ -e "$repo/repodata/repomd.xml" ] || fail "no metadata"
}

@test "a real directory with somebody's own files is not touched" {
    local theirs
    for theirs in rpm/file rpm/folder/x.rpm repodata/folder/repomd.xml; do
        mkdir -p "$repo/${theirs%/*}"
        echo theirs >"$repo/$theirs"
        before=$(repository_snapshot "$repo")
        ingest 20 "$good"
        assert_detail publish
        assert_equal "$(repository_snapshot "$repo")" "$before"
        rm -rf "$repo"
    done
}

@test "silence is ended, by name" {
    policy 'idle-seconds = 1'
    fifo=$BATS_TEST_TMPDIR/fifo
    mkfifo "$fifo"
    exec 9<>"$fifo"
    head -c 2000 "$good" >&9
    ingest 4 - <"$fifo"
    exec 9>&-
    assert_detail idle
    assert_no_leftovers
}

@test "a trickle is ended, by name" {
    policy 'rate-seconds = 1' 'rate-bytes = 100000'
    (
        exec 3>&-
        for _ in $(seq 40); do
            dd bs=500 count=1 status=none
            sleep 0.1
        done
    ) <"$good" | {
        ingest 4 -
        assert_detail too-slow
    }
    assert_no_leftovers
}

@test "the total time is bounded" {
    policy 'total-seconds = 1'
    fifo=$BATS_TEST_TMPDIR/fifo
    mkfifo "$fifo"
    exec 9<>"$fifo"
    ingest 4 - <"$fifo"
    exec 9>&-
    assert_detail too-slow
}

@test "no room: refused before anything is stored, with the numbers" {
    policy 'reserve-bytes = 1099511627776'
    ingest 19 "$good"
    assert_detail space
    [ ! -e "$repo/generations" ] || fail "stored"
    assert_no_leftovers
}

@test "ceilings of the policy hold" {
    policy 'max-packages = 1'
    ingest 6 "$good"
    assert_detail too-many-files
    policy 'max-bytes = 10000'
    ingest 6 "$good"
    assert_detail too-many-bytes
    policy 'max-file-bytes = 5000'
    ingest 6 "$good"
    assert_detail file-too-large
}

@test "a policy that is not understood is a fault, not a guess" {
    policy 'allow-everything = yes'
    ingest 15 "$good"
    assert_detail policy-file
    [[ $stderr == *"line 1"* ]] || fail "$stderr"
}

@test "the policy names the keys, and the names they may sign" {
    fpr=$(cat "$FIXTURES/fpr-rsa")
    policy "allow-key = $fpr hello sp-*"
    ingest 0 "$good"
    policy "allow-key = $fpr hello"
    newer_bundle
    ingest 15 "$newer"
    assert_detail key-pattern
    policy "allow-key = $(cat "$FIXTURES/fpr-foreign")"
    ingest 14 "$newer"
    assert_detail key-file
}

@test "two versions of one package are refused, kernels are not" {
    make_bundle "$BATS_TEST_TMPDIR/two" "$FIXTURES"/rpms/hello*.rpm \
        "$FIXTURES"/newer/hello*.rpm
    ingest 7 "$BATS_TEST_TMPDIR/two"
    assert_detail two-versions
    policy 'installonly = hello'
    ingest 0 "$BATS_TEST_TMPDIR/two"
}

@test "a foreign architecture is refused" {
    case $(uname -m) in x86_64) ;; *) skip "fixtures are x86_64" ;; esac
    ingest 0 "$good"
    setarch i686 "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" \
        --any-request --quiet "$good" 2>"$BATS_TEST_TMPDIR/err" && fail "taken"
    grep -q foreign-arch "$BATS_TEST_TMPDIR/err"
}

# dnf on an installroot of its own, with our repository alone.
dnf_here() {
    dnf --quiet --assumeyes --installroot="$root" --releasever=41 \
        --setopt=reposdir=/nonexistent --setopt=cachedir="$root/cache" \
        --setopt=metadata_expire=-1 --setopt=pluginpath=/nonexistent \
        --setopt=logdir="$root" --setopt=install_weak_deps=0 \
        --setopt=gpgcheck=1 --setopt=up.gpgkey="file://$keys/key-rsa.asc" \
        --repofrompath="up,file://$repo" --repo=up "$@"
}

@test "dnf reads across a flip: what it knew is still there" {
    requires program dnf
    newer_bundle
    ingest 0 "$good"
    root=$BATS_TEST_TMPDIR/root
    mkdir -p "$root"
    dnf_here makecache
    ingest 0 "$newer"
    location=$(dnf_here --cacheonly repoquery --location hello)
    [[ $location == *generations/1/rpm/hello-1.0-1.fc41.noarch.rpm ]] ||
        fail "$location"
    [ -s "${location#file://}" ] || fail "gone: $location"
}

@test "dnf installs across a flip, with gpgcheck, and upgrades after it" {
    requires root
    requires program dnf
    newer_bundle
    ingest 0 "$good"
    root=$BATS_TEST_TMPDIR/root
    mkdir -p "$root"
    dnf_here makecache
    ingest 0 "$newer"
    dnf_here --cacheonly install hello >&2
    assert_equal "$(rpm --root "$root" -q hello)" hello-1.0-1.fc41.noarch
    dnf_here --refresh upgrade >&2
    assert_equal "$(rpm --root "$root" -q hello)" hello-1.0-1.fc42.noarch
}
