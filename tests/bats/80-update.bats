#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `sallyport update`: the whole round of a Qubes dom0, from the request to the
# installed packages.

load helpers
load dom0

bats_require_minimum_version 1.8.0

setup_file() {
    make_world
}

teardown_file() {
    end_world
}

setup() {
    requires root
    requires landlock
    requires program nginx
    requires solver
    new_dom0
}

@test "a plain update: asked, built, delivered, published, installed" {
    up 0 -y
    assert_equal "$(installed app)" 2-1
    assert_equal "$(installed liba)" 2-1
    [ -e "$repo/rpm" ] && [ -e "$repo/repodata/repomd.xml" ]
    grep -q '^dnf upgrade --refresh --exclude=qubes-template-\* --releasever=41 -y$' \
        "$bin/CALLS" || fail "$(cat "$bin/CALLS")"
    assert_equal "$(feature updates-available)" ''
    [[ $(feature last-update) =~ ^20[0-9-]+\ [0-9:]+$ ]] ||
        fail "$(cat "$bin/FEATURES")"
    assert_equal "$(ls "$state/round" 2>/dev/null)" ''
    assert_equal "$(ls "$state/pending")" ''
    assert_no_leftovers
}

# Every package, as ingest shows it: a verified fact in each column.
shows_app() { # TEXT
    local line
    line=$(grep -E '^(dom0:out: )?accept +app\.x86_64 ' <<<"$1") ||
        fail "$1" "$stderr"
    [[ $line =~ \ 1-1\ -\>\ 2-1\ +[0-9.]+\ ?k?B\ +[0-9A-F]{16}\ +[0-9]+\ [a-z]+\ +update ]] ||
        fail "$line"
    [[ $line == *"$(tail -c 17 "$FIXTURES/fpr-rsa" | tr -d '\n')"* ]] ||
        fail "$line"
}

@test "what came is shown before anything is installed: old, new, signer, why" {
    # dnf that says when it begins; what it is asked to do it leaves.
    printf '#!/bin/sh\necho "DNF BEGINS"\nexit 3\n' >"$bin/dnf"
    up 3 -y
    shows_app "${output%%DNF BEGINS*}"
    grep -qE '^accept +kernel\.x86_64 \(!\) ' <<<"${output%%DNF*}" ||
        fail "$output"
    [[ ${output%%DNF*} == *'(!) the machine cannot do without it'* ]] ||
        fail "$output"
    [ "$(grep -c '^accept ' <<<"$output")" = \
        "$(ls "$repo"/rpm/*.rpm | wc -l)" ] || fail "$output"
    # Nobody asks a program, and it gets lines of its own.
    rm "$repo/current"
    OWN='' up 3 -y --just-print-progress
    shows_app "$output"
}

@test "so are the changes since the installed version, and once" {
    requires real-jails
    printf '#!/bin/sh\necho "DNF BEGINS"\nexit 3\n' >"$bin/dnf"
    up 3 -y
    [[ ${output%%DNF BEGINS*} == *'
changes, from the verified packages:
'*'app 0:1-1 -> 2-1:
  B <b@example.invalid> - 2-1
    - the edge is rounded
'* ]] || fail "$output"
    [[ $output != *'the first edge'* ]] || fail "$output"
    assert_equal "$(grep -c '^changes, ' <<<"$output")" 1
    assert_equal "$(grep -c '^app ' <<<"$output")" 1
    assert_no_leftovers
    rm "$repo/current"
    OWN='' up 3 -y --just-print-progress
    [[ $output == *'
dom0:out:     - the edge is rounded
'* ]] || fail "$output"
}

@test "and before anything is published, with the question" {
    run -15 timeout 100 "$SP_TOP/tests/fake/on-terminal.py" n \
        "$bin/sallyport" "${SP_OPTIONS[@]}" update --dbpath "$(database)" \
        --reposdir "$repos" --releasever=41
    output=${output//$'\r'/}
    shows_app "${output%%neither installed nor requested*}"
    [ ! -e "$repo/current" ] || fail published
}

# A repository of its own below the server's root: what the packages are.
make_repo() { # NAME PACKAGE...
    local dir=$world/edge/$1
    shift
    rm -rf "$dir"
    mkdir -p "$dir"
    cp "$@" "$dir"
    createrepo_c --quiet "$dir"
}

# The builder of a qube that was taken over: it packs what lies in evil/,
# whatever is asked.
take_over_builder() { # PACKAGE...
    printf '%s\n' "$@" >"$bin/vm/evil.list"
    cat >"$bin/vm/sallyport-builder" <<END
#!/bin/sh
exec "$SP_BUILD/sallyport-builder" build --list "$bin/vm/evil.list" \
    --request - -o qrexec:dom0
END
}

# Nothing was published, nothing was installed, nothing is left over.
unchanged_by() { # STATUS DETAIL COMMAND ARGS...
    local want=$1 word=$2 before packages
    shift 2
    before=$(repository_snapshot "$repo")
    packages=$(rpm --root "$root" -qa | sort)
    "$1" "$want" "${@:2}"
    assert_detail "$word"
    assert_equal "$(repository_snapshot "$repo")" "$before" repository
    assert_equal "$(rpm --root "$root" -qa | sort)" "$packages" packages
    assert_equal "$(ls "$state/round" 2>/dev/null)" '' 'the round'
    assert_no_leftovers
}

@test "a named package, and nothing but it" {
    up 0 -y member-a
    assert_equal "$(installed member-a)" 1-1
    assert_equal "$(installed app)" 1-1
    assert_equal "$(calls dnf)" \
        'install --refresh --exclude=qubes-template-* --releasever=41 -y member-a'
    assert_equal "$(feature updates-available)" '' 'never told'
    ! grep -q updates-available "$bin/FEATURES" || fail 'told'
}

@test "a group goes as @NAME, to the builder and to dnf" {
    up 0 -y @tools
    [ "$(installed member-a)" = 1-1 ] || fail "$(rpm --root "$root" -qa)"
    [[ $(calls dnf) == *' -y @tools' ]] || fail "$(calls dnf)"
}

@test "nothing to do: said, flagged, dnf is not bothered, run again" {
    up 0 -y
    before=$(repository_snapshot "$repo")
    : >"$bin/CALLS"
    echo updates-available=1 >>"$bin/FEATURES"
    up 0 -y
    [[ $output == *'nothing to do'* ]] || fail "$output"
    assert_equal "$(calls dnf)" ''
    assert_equal "$(feature updates-available)" ''
    assert_equal "$(repository_snapshot "$repo")" "$before"
}

@test "no network is no 'nothing to do': unreachable, and nothing is told" {
    sed -i 's|127.0.0.1:[0-9]*|127.0.0.1:1|' "$repos/edge.repo"
    unchanged_by 4 unreachable up -y
    [[ $stderr == *sys-update* && $stderr == *'is unchanged'* ]] ||
        fail "$stderr"
    [ ! -e "$bin/FEATURES" ] || fail "$(cat "$bin/FEATURES")"
}

@test "names that nobody asked for: refused without a person, named" {
    unchanged_by 15 name-not-wanted up
    [[ $stderr == *--allow-new* && $stderr == *'is unchanged'* ]] ||
        fail "$stderr"
    unchanged_by 15 name-not-wanted up --assumeno
    assert_equal "$(calls dnf)" ''
}

@test "the person is asked, with names and signer: no, then yes" {
    run -15 timeout 100 "$SP_TOP/tests/fake/on-terminal.py" n \
        "$bin/sallyport" "${SP_OPTIONS[@]}" update --dbpath "$(database)" \
        --reposdir "$repos" --releasever=41
    [[ $output == *"always-1-1"*"signed by $(cat "$FIXTURES/fpr-rsa")"* ]] ||
        fail "$output"
    [[ $output == *name-not-wanted* ]] || fail "$output"
    assert_equal "$(installed app)" 1-1
    # Yes to the delivery, to dnf and to its key; no restart.
    run -0 timeout 100 "$SP_TOP/tests/fake/on-terminal.py" yyyn \
        "$bin/sallyport" "${SP_OPTIONS[@]}" update --dbpath "$(database)" \
        --reposdir "$repos" --releasever=41
    assert_equal "$(installed app)" 2-1
}

@test "--allow-new takes one name, and dnf still asks" {
    OWN='--allow-new newapp --allow-new newlib'
    up 0 -y newapp
    assert_equal "$(installed newlib)" 2-1
}

@test "an unsigned package and an unknown key: refused by name" {
    cp "$world"/edge/main/member-a-*.rpm "$BATS_TEST_TMPDIR/a.rpm"
    rpmsign --delsign "$BATS_TEST_TMPDIR/a.rpm" >/dev/null 2>&1
    make_repo unsigned "$BATS_TEST_TMPDIR/a.rpm"
    serve_from unsigned
    unchanged_by 10 no-header-signature up -y member-a
    [[ $stderr == *"'sys-update': 'a.rpm'"* ]] || fail "$stderr"
    sign_packages foreign "$BATS_TEST_TMPDIR/a.rpm"
    make_repo foreign "$BATS_TEST_TMPDIR/a.rpm"
    serve_from foreign
    unchanged_by 14 no-key up -y member-a
    # And with a builder that does not look at keys.
    take_over_builder "$BATS_TEST_TMPDIR/a.rpm"
    unchanged_by 14 no-key up -y member-a
}

@test "a revoked key: refused" {
    home=$(mktemp -d /tmp/sp-revoke.XXXXXX)
    cp -r "$FIXTURES/secret/." "$home"
    sed 's/^:---/---/' "$home/openpgp-revocs.d/$(cat "$FIXTURES/fpr-rsa").rev" |
        gpg --homedir "$home" --batch --quiet --import 2>/dev/null
    gpg --homedir "$home" --batch --armor --export rsa@example.invalid \
        >"$keys/key-rsa.asc"
    gpgconf --homedir "$home" --kill all
    rm -rf "$home"
    take_over_builder "$world"/edge/main/member-a-1-*.rpm
    unchanged_by 14 key-revoked up -y member-a
}

@test "a downgrade that nobody asked for: refused; asked for: installed" {
    up 0 -y
    take_over_builder "$world"/edge/installed/app-1-*.rpm
    sign_packages rsa "$world"/edge/installed/app-1-*.rpm
    unchanged_by 15 downgrade up -y
    make_update_qube
    OWN='' up 0 -y --action=downgrade down
    assert_equal "$(installed down)" 1-1
}

@test "an extra package with Obsoletes: refused, unless the person takes it" {
    take_over_builder "$world"/edge/main/{member-a,heir}-1-*.rpm
    unchanged_by 15 name-not-wanted up member-a
    [[ $stderr == *heir* ]] || fail "$stderr"
}

@test "a bundle of another day: it answers nothing that is asked now" {
    cat >"$bin/vm/sallyport-builder" <<END
#!/bin/sh
cat >"$bin/vm/request.\$\$"
"$SP_BUILD/sallyport-builder" build --request "$bin/vm/request.\$\$" \
    --allow-http --cache-dir "$BATS_TEST_TMPDIR/cache" -o "$bin/vm/bundle" &&
exec "$SP_BUILD/sallyport-builder" send "$bin/vm/bundle" qrexec:dom0
END
    up 0 -y member-a
    # The same bytes again, in a round that asks for something else.
    cat >"$bin/vm/sallyport-builder" <<END
#!/bin/sh
exec "$SP_BUILD/sallyport-builder" send "$bin/vm/bundle" qrexec:dom0
END
    unchanged_by 15 unsolicited up -y member-b
    # An empty one is no "nothing to do" either.
    : >"$BATS_TEST_TMPDIR/none"
    spb 0 build --allow-empty --list "$BATS_TEST_TMPDIR/none" \
        -o "$BATS_TEST_TMPDIR/empty"
    cp "$BATS_TEST_TMPDIR/empty" "$bin/vm/bundle"
    unchanged_by 15 unsolicited up -y
}

@test "a call out of nowhere: refused, and not one byte changes" {
    up 0 -y member-a
    make_bundle "$BATS_TEST_TMPDIR/good" "$world"/edge/main/member-b-*.rpm
    before=$(repository_snapshot "$state")
    run timeout 60 python3 "$SP_TOP/tests/fake/caller.py" --stderr --raw \
        "$BATS_TEST_TMPDIR/good" -- "$bin/services/qubes.ReceiveUpdates"
    [[ $output == *'result 1 '*' sallyport 1 policy unsolicited'* ]] || fail "$output"
    grep -q "waits for no delivery" "$BATS_TEST_TMPDIR/service.log"
    assert_equal "$(repository_snapshot "$state")" "$before"
    # A request that waits is no round: it has to be brought by hand.
    sp 0 request --dbpath "$(database)" --reposdir "$repos" --releasever 41 \
        -o "$BATS_TEST_TMPDIR/request" member-b
    spb 0 build --list <(ls "$world"/edge/main/member-b-*.rpm) \
        --request "$BATS_TEST_TMPDIR/request" -o "$BATS_TEST_TMPDIR/asked"
    run timeout 60 python3 "$SP_TOP/tests/fake/caller.py" --raw \
        "$BATS_TEST_TMPDIR/asked" -- "$bin/services/qubes.ReceiveUpdates"
    [[ $output == *'policy unsolicited'* ]] || fail "$output"
    sp 0 ingest "$BATS_TEST_TMPDIR/asked"
}

# Starts an update whose other side does not answer: $pid.
start_silent() {
    echo silent >"$bin/MODE"
    setsid "$bin/sallyport" "${SP_OPTIONS[@]}" update --dbpath "$(database)" \
        --reposdir "$repos" --releasever=41 -y >"$BATS_TEST_TMPDIR/out" \
        2>"$BATS_TEST_TMPDIR/err" 3>&- &
    job=$!
    for _ in $(seq 100); do
        [ ! -e "$state/round/open" ] || break
        sleep 0.1
    done
    pid=$(pgrep -o -f "^$bin/sallyport .*update")
}

@test "a second update is told who is busy; so is one of the old name" {
    start_silent
    up 18 -y
    assert_detail busy
    kill -TERM -- "-$pid"
    wait "$job" || true
}

@test "from another qube than the one that is asked: refused" {
    start_silent
    make_bundle "$BATS_TEST_TMPDIR/good" "$world"/edge/main/member-b-*.rpm
    run timeout 60 python3 "$SP_TOP/tests/fake/caller.py" --from=personal \
        --raw "$BATS_TEST_TMPDIR/good" -- "$bin/services/qubes.ReceiveUpdates"
    [[ $output == *'policy foreign-qube'* ]] || fail "$output"
    kill -TERM -- "-$pid"
    wait "$job" || true
}

@test "interrupted while it waits: nothing changed, nothing left, run again" {
    for signal in INT TERM HUP KILL; do
        start_silent
        kill "-$signal" -- "-$pid"
        wait "$job" || true
        [ "$signal" = KILL ] || grep -q interrupted "$BATS_TEST_TMPDIR/err" ||
            fail "$signal: $(cat "$BATS_TEST_TMPDIR/err")"
        for _ in $(seq 50); do
            pgrep -f "$bin/" >/dev/null || break
            sleep 0.1
        done
        ! pgrep -af "$bin/" || fail "$signal: left running"
        [ ! -e "$repo/current" ] || fail published
    done
    rm "$bin/MODE"
    up 0 -y member-a
    assert_equal "$(installed member-a)" 1-1
}

on_terminal() { # STATUS ANSWERS WORD...
    local want=$1 answers=$2
    shift 2
    run "-$want" timeout 100 "$SP_TOP/tests/fake/on-terminal.py" "$answers" \
        "$bin/sallyport" "${SP_OPTIONS[@]}" update --dbpath "$(database)" \
        --reposdir "$repos" --releasever=41 "$@"
}

@test "Ctrl-C at the question: nothing changed, and the service ends" {
    before=$(repository_snapshot "$repo")
    on_terminal 1 ^ newapp
    [[ $output == *interrupted* && $output == *'is unchanged'* ]] ||
        fail "$output"
    for _ in $(seq 50); do
        pgrep -f "$bin/" >/dev/null || break
        sleep 0.1
    done
    ! pgrep -af "$bin/" || fail 'left running'
    assert_equal "$(repository_snapshot "$repo")" "$before"
    assert_equal "$(find "$state/pending" "$state/round" -type f 2>/dev/null)" ''
    assert_no_leftovers
    up 0 -y newapp
}

@test "Ctrl-C while dnf asks is dnf's; what came stays, run again" {
    run timeout 100 "$SP_TOP/tests/fake/on-terminal.py" y^ "$bin/sallyport" \
        "${SP_OPTIONS[@]}" update --dbpath "$(database)" --reposdir "$repos" \
        --releasever=41 newapp
    [ "$status" != 0 ] || fail "$output"
    [ -e "$repo/rpm/newapp-1-1.noarch.rpm" ]
    ! installed newapp | grep -q '^1-1$' || fail 'installed'
    ! grep -q last-update= "$bin/FEATURES" || fail 'told'
    up 0 -y newapp
    assert_equal "$(installed newapp)" 1-1
}

@test "E14 while dnf runs nothing else is published" {
    make_bundle "$BATS_TEST_TMPDIR/other" "$world"/edge/main/member-b-*.rpm
    # What this dnf does, with the machine as it was before and behind it.
    cat >"$bin/dnf" <<END
#!/bin/bash
$(declare -f repository_snapshot)
look() {
    repository_snapshot "$repo" >"$BATS_TEST_TMPDIR/repository.\$1"
    find "$state/history" -type f | sort >"$BATS_TEST_TMPDIR/history.\$1"
}
look before
"$bin/sallyport" --quiet ${SP_OPTIONS[*]} ingest --any-request \
    "$BATS_TEST_TMPDIR/other" 2>"$BATS_TEST_TMPDIR/said"
echo \$? >>"$BATS_TEST_TMPDIR/ingested"
look behind
END
    up 0 -y member-a
    assert_equal "$(cat "$BATS_TEST_TMPDIR/ingested")" 18
    grep -qF '(busy, busy)' "$BATS_TEST_TMPDIR/said" ||
        fail "$(cat "$BATS_TEST_TMPDIR/said")"
    cmp "$BATS_TEST_TMPDIR"/repository.{before,behind}
    cmp "$BATS_TEST_TMPDIR"/history.{before,behind}
    # The one delivery, and the one record, are those of the update.
    assert_equal "$(ls "$repo/generations")" 1
    assert_no_leftovers
    no_record 1
    case_ended 18 busy
    sp 0 ingest --any-request "$BATS_TEST_TMPDIR/other"
}

@test "published, but too old: installed, and said; 0 under the old name" {
    gcc -shared -fPIC -o "$BATS_TEST_TMPDIR/clock.so" "$SP_TOP/tests/fake/clock.c"
    sed -i "s|^exec |exec env LD_PRELOAD=$BATS_TEST_TMPDIR/clock.so \
CLOCK_OFFSET=+864000 |" "$bin/services/qubes.ReceiveUpdates"
    echo "max-age = 1" >>"$BATS_TEST_TMPDIR/policy.conf"
    up 16 -y member-a
    assert_detail too-old
    assert_equal "$(installed member-a)" 1-1
    [[ $stderr == *'was changed'* ]] || fail "$stderr"
    old 0 -y member-b
    assert_detail too-old
    assert_equal "$(installed member-b)" 1-1
}

@test "the owner of the state is no root: all but dnf is done as him" {
    local dir
    for dir in "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/{test,file,suite} \
        "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR"; do
        [ ! -d "$dir" ] || chmod a+x "$dir"
    done
    cp "$SP_BUILD"/sallyport-{builder,metadata} "$bin"
    sed -i "s|$SP_BUILD/|$bin/|" "$bin/vm/sallyport-builder"
    mkdir -m 700 "$BATS_TEST_TMPDIR/cache"
    touch "$bin/CALLS" "$bin/FEATURES" "$BATS_TEST_TMPDIR/service.log"
    chmod 666 "$bin/CALLS" "$bin/FEATURES" "$BATS_TEST_TMPDIR/service.log"
    : >"$BATS_TEST_TMPDIR/who"
    chmod 666 "$BATS_TEST_TMPDIR/who"
    sed -i "s|^name = .*|name = os.path.basename(sys.argv[0])\nif name == \
'qvm-run': open('$BATS_TEST_TMPDIR/who', 'a').write(str(os.getuid()))|" \
        "$bin/qvm-run"
    chmod -R a+rX "$bin" "$root" "$keys" "$repos"
    chown -R 65534:65534 "$state" "$BATS_TEST_TMPDIR/cache"
    up 0 -y member-a
    assert_equal "$(installed member-a)" 1-1
    assert_equal "$(cat "$BATS_TEST_TMPDIR/who")" 65534
    assert_equal "$(find "$state" ! -user 65534)" ''
    up 0 -y member-b
    assert_equal "$(find "$state" ! -user 65534)" ''
}

# A repository whose metadata is signed, as the distribution does.
signed_repo() { # NAME REVISION PACKAGE...
    local dir=$world/edge/$1 revision=$2 home
    shift 2
    rm -rf "$dir"
    mkdir -p "$dir"
    cp "$@" "$dir"
    createrepo_c --quiet --no-database --revision "$revision" "$dir"
    home=$(mktemp -d /tmp/sp-sign.XXXXXX)
    cp -r "$FIXTURES/secret/." "$home"
    gpg --homedir "$home" --batch --yes --armor --digest-algo SHA256 \
        -u rsa@example.invalid --detach-sign \
        "$dir/repodata/repomd.xml" 2>/dev/null
    gpgconf --homedir "$home" --kill all
    rm -rf "$home"
}

@test "a frozen repository: its signed revision may not go back" {
    signed_repo moving 1790000200 "$world"/edge/main/member-{a,b}-1-*.rpm
    serve_from moving
    up 0 -y member-a
    # The same address, as it was before; for another package.
    signed_repo moving 1790000100 "$world"/edge/main/member-b-1-*.rpm
    unchanged_by 16 metadata-rollback up -y member-b
    signed_repo moving 1790000300 "$world"/edge/main/member-{a,b}-1-*.rpm
    up 0 -y member-b
}

# ---- a qube that was taken over says what it likes ----

vm_builder() { # LINE...: of a shell script
    printf '%s\n' '#!/bin/bash' "$@" >"$bin/vm/sallyport-builder"
    chmod +x "$bin/vm/sallyport-builder"
}

@test "who has delivered is not asked again as if he had no builder" {
    mv "$bin/vm/sallyport-builder" "$bin/vm/real"
    vm_builder "\"$bin/vm/real\" \"\$@\"" 'exit 127'
    up 0 -y
    assert_equal "$(installed app)" 2-1
    [[ $(calls qvm-run) != *dom0-updates* ]] || fail "$(calls qvm-run)"
}

@test "published, though nobody told the round: never called unchanged" {
    python3 "$SP_TOP/tests/forge/bundle.py" "$BATS_TEST_TMPDIR/bundle" \
        "$world/edge/main/app-2-1.x86_64.rpm"
    vm_builder "\"$bin/sallyport\" ${SP_OPTIONS[*]} ingest --any-request \
        \"$BATS_TEST_TMPDIR/bundle\"" 'exit 7'
    up 4 -y
    assert_detail peer-gone
    [[ $stderr == *'was changed: generation 1 is published'* ]] ||
        fail "$stderr"
    [[ $stderr != *'is unchanged'* ]] || fail "$stderr"
    assert_equal "$(calls dnf)" ''
}

@test "nor while somebody works there; before a round nobody is waited for" {
    : >"$repo/.lock"
    flock -x "$repo/.lock" sleep 60 3>&- &
    local holder=$!
    vm_builder 'exit 7'
    up 4 -y
    [[ $stderr == *'Something still works on the repository'* ]] ||
        fail "$stderr"
    [[ $stderr != *'is unchanged'* ]] || fail "$stderr"
    # The round is not open yet when the repositories are read.
    rm "$repos/edge.repo"
    mkdir "$repos/edge.repo"
    SECONDS=0
    up 3 -y
    ((SECONDS < 5)) || fail "after $SECONDS s"
    [[ $stderr == *'is unchanged'* ]] || fail "$stderr"
    pkill -P "$holder" || true
    wait "$holder" || true
}

# The real one beside it, for those that stand before it.
real_dnf() {
    mkdir "$bin/real"
    cp "$SP_TOP/tests/fake/dom0.py" "$bin/real/dnf"
    cp "$bin/ROOT" "$bin/dnf.conf" "$bin/real"
}

@test "dnf that cannot be started is named, and whose end is hidden is not" {
    printf '#!/nonexistent\n' >"$bin/dnf"
    up 3 -y
    assert_detail not-found
    [[ $stderr == *"cannot run 'dnf'"* ]] || fail "$stderr"
    cp "$SP_TOP/tests/fake/dom0.py" "$bin/dnf"
    run_program 0 python3 -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "$bin/sallyport" "${SP_OPTIONS[@]}" \
        update --dbpath "$(database)" --reposdir "$repos" --releasever=41 -y \
        member-a
    assert_equal "$(installed member-a)" 1-1
}

@test "a dnf that cannot say whether there is more is not taken for yes" {
    real_dnf
    cat >"$bin/dnf" <<END
#!/bin/sh
case "\$*" in *check-update*) exit 1 ;; esac
exec "$bin/real/dnf" "\$@"
END
    up 0 -y
    [[ $stderr == *"'dnf check-update' ended with status 1"* ]] ||
        fail "$stderr"
    ! grep -q updates-available "$bin/FEATURES" || fail 'told'
}

@test "an update that cannot print says so at its end" {
    printf '#!/bin/sh\n' >"$bin/dnf" # the real one fails as well then
    run_program 3 bash -c 'exec "$@" >/dev/full' bash "$bin/sallyport" \
        "${SP_OPTIONS[@]}" update --dbpath "$(database)" --reposdir "$repos" \
        --releasever=41 -y member-a
    [[ $stderr == *'cannot write to standard output'* ]] || fail "$stderr"
    [ -e "$repo/rpm/member-a-1-1.noarch.rpm" ]
}

@test "the qube cannot make us advise to give way" {
    for word in clock name-not-wanted downgrade boot-not-mounted \
        xen-upgrade; do
        vm_builder "echo 'sallyport-builder build: no (policy, $word)' >&2" \
            'exit 1'
        unchanged_by 4 peer-gone up -y
        [[ $stderr == *"$word"* ]] || fail "$stderr"
    done
}

@test "the person is asked about every name, however many there are" {
    local long
    long=$(printf 'x%.0s' $(seq 180))
    vm_builder "cd '$state/round'" "{ printf 'plan 1\ndelivery %032d\n' 7
for i in {100..499}; do
    echo \"new a\$i-$long-1-1.noarch $(cat "$FIXTURES/fpr-rsa") -\"
done; } >plan.new" 'mv plan.new plan' \
        'for i in {1..300}; do [ ! -e answer ] || exit 1; sleep 0.1; done'
    run timeout 100 "$SP_TOP/tests/fake/on-terminal.py" n \
        "$bin/sallyport" "${SP_OPTIONS[@]}" update --dbpath "$(database)" \
        --reposdir "$repos" --releasever=41
    [[ $output == *a100-x* && $output == *a499-x* ]] ||
        fail "${output: -1000}"
}

@test "how a delivery ended is told to its own round, and to no later one" {
    vm_builder "setsid sh -c 'until [ -e \"$bin/go\" ]; do sleep 0.1; done |
    qrexec-client-vm dom0 qubes.ReceiveUpdates; : >\"$bin/gone\"' \
>/dev/null 2>&1 &" 'sleep 600'
    setsid "$bin/sallyport" "${SP_OPTIONS[@]}" update --dbpath \
        "$(database)" --reposdir "$repos" --releasever=41 -y member-a \
        >/dev/null 2>&1 3>&- &
    local job=$!
    for _ in $(seq 100); do
        ! compgen -G "$repo/*.UNTRUSTED" >/dev/null || break
        sleep 0.1
    done
    compgen -G "$repo/*.UNTRUSTED" || fail 'the service did not begin'
    kill -INT -- "-$job"
    wait "$job" || true
    # The first delivery ends while the second round waits for its own.
    vm_builder ": >'$bin/go'" \
        "until [ -e '$bin/gone' ]; do sleep 0.1; done"
    up 4 -y member-a
    assert_detail peer-gone
    [[ $stderr == *'nothing was delivered'* ]] || fail "$stderr"
}
