#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a person is shown before anything is published.

load helpers
load policy

# A signed package in $MADE/VERSION, its changelog on standard input.
make_logged() { # NAME VERSION
    cat - >"$MADE/changes"
    cat >"$MADE/logged.spec" <<END
Name: $1
Version: $2
Release: 1
Summary: A package with a changelog
License: GPL-2.0-or-later
BuildArch: noarch
%description
It holds no file.
%files
%changelog
$(cat "$MADE/changes")
END
    rpmbuild -bb --quiet --define "_topdir $MADE/top" \
        --define "_rpmdir $MADE/$2" \
        --define '_build_name_fmt %%{NAME}-%%{VERSION}.rpm' \
        --define '_binary_payload w3.gzdio' "$MADE/logged.spec" \
        >"$MADE/log" 2>&1 || return 1
    sign_packages rsa "$MADE/$2/$1-$2.rpm"
}

# Two versions of a package with a changelog: $old, $new.
setup_file() {
    local version changes='* Wed Jan 01 2025 A <a@example.invalid> - 1-1
- the first one'
    export MADE=$BATS_FILE_TMPDIR
    for version in 1 2; do
        [ $version = 1 ] || changes="* Fri Jan 03 2025 B <b@example.invalid> - 2-1
- a hole is closed
- and another one $(printf '\303\251')

* Thu Jan 02 2025 A <a@example.invalid> - 1.5-1
- between them

$changes"
        make_logged logged $version <<<"$changes"
    done
}

setup() {
    requires program rpmbuild
    new_state
    make_bundle "$BATS_TEST_TMPDIR/old" "$MADE/1/logged-1.rpm"
    make_bundle "$BATS_TEST_TMPDIR/new" "$MADE/2/logged-2.rpm"
    sp 0 ingest --any-request --quiet "$BATS_TEST_TMPDIR/old"
}

@test "the table says what is replaced, and what a machine cannot do without" {
    policy 'protected = logg*'
    for command in inspect ingest; do
        sp 0 $command --any-request "$BATS_TEST_TMPDIR/new"
        [[ $output == *'logged.noarch (!)'*' 1-1 -> 2-1 '* ]] || fail "$output"
        [[ $output == *'(!) the machine cannot do without it'* ]] ||
            fail "$output"
    done
    sp 0 inspect --json --any-request "$BATS_TEST_TMPDIR/old" \
        --allow-downgrade logged
    assert_equal "$(json packages.0.old)" 0:2-1
    assert_equal "$(json packages.0.protected)" true
    policy ''
    sp 0 inspect --json --any-request "$BATS_TEST_TMPDIR/new"
    assert_equal "$(json packages.0.protected)" false
}

@test "the table stands there before anything is published, and once" {
    requires program strace
    ASAN_OPTIONS=detect_leaks=0 strace -s 9000 -o "$BATS_TEST_TMPDIR/calls" \
        -e trace=write,renameat,renameat2 "$SP_BUILD/sallyport" ingest \
        "${SP_OPTIONS[@]}" --any-request "$BATS_TEST_TMPDIR/new" \
        >"$BATS_TEST_TMPDIR/said" 2>/dev/null
    assert_equal "$(awk '/^write\(1, "VERDICT/ { print "shown" }
        /renameat?2?\(.*"stage"/ { print "placed" }
        /renameat?2?\(.*"current"/ { print "published" }
        /^write\(1, .*done: / { print "told" }' "$BATS_TEST_TMPDIR/calls" |
        paste -sd' ')" 'shown placed published told'
    assert_equal "$(grep -c '^accept ' "$BATS_TEST_TMPDIR/said")" 1
    grep -q 'newest accepted signature: ' "$BATS_TEST_TMPDIR/said"
}

@test "--preview: changes since what is replaced, from the verified file" {
    requires real-jails
    sp 0 ingest --any-request --preview "$BATS_TEST_TMPDIR/new"
    [[ $stderr == *'logged 0:1-1 -> 2-1:
  B <b@example.invalid> - 2-1
    - a hole is closed
    - and another one \xc3\xa9
  A <a@example.invalid> - 1.5-1
    - between them
the plan of dnf:'* ]] || fail "$stderr"
    [[ $stderr != *'the first one'* ]] || fail "$stderr"
    # All of it stands before the repository changes.
    [[ $output == *'generation 2 is published'* ]] || fail "$output"
    assert_no_leftovers
}

@test "--preview: the plan is dnf's, over what is staged" {
    requires program dnf
    sp 0 ingest --any-request --preview --dnf=install --dnf=logged \
        --dnf=--installroot="$BATS_TEST_TMPDIR/root" --dnf=--releasever=41 \
        "$BATS_TEST_TMPDIR/new"
    [[ $stderr == *'the plan of dnf:'*'Installing:'*' logged '*' 2-1 '* ]] ||
        fail "$stderr"
    [[ $stderr == *'Operation aborted.'* ]] || fail "$stderr"
    [ -z "$(find "$BATS_TEST_TMPDIR/root" -name 'logged*')" ] ||
        fail "something was installed"
    assert_no_leftovers
}

@test "inspect --preview: the same, and nothing is left of it" {
    requires real-jails
    requires program dnf
    before=$(repository_snapshot "$repo")
    state_before=$(find "$state" -type f -exec sha256sum {} + | sort)
    scratch=$(scratch_places)
    sp 0 inspect --any-request --preview --dnf=install --dnf=logged \
        --dnf=--installroot="$BATS_TEST_TMPDIR/root" --dnf=--releasever=41 \
        "$BATS_TEST_TMPDIR/new"
    [[ $stderr == *'logged 0:1-1 -> 2-1:
  B <b@example.invalid> - 2-1
    - a hole is closed
'*'the plan of dnf:'*'Installing:'*' logged '*' 2-1 '* ]] || fail "$stderr"
    assert_equal "$(grep -c '^accept ' <<<"$output")" 1
    [[ $output == *'ingest would publish this'* ]] || fail "$output"
    assert_equal "$(repository_snapshot "$repo")" "$before"
    assert_equal "$(find "$state" -type f -exec sha256sum {} + | sort)" \
        "$state_before"
    assert_no_scratch "$scratch"
    assert_no_leftovers
    # What is refused is told as ever, and gets no preview.
    sp 15 inspect --preview "$BATS_TEST_TMPDIR/new"
    assert_detail unsolicited
    [[ $stderr != *'changes, from'* ]] || fail "$stderr"
    [[ $output == *'logged.noarch'* ]] || fail "$output"
    assert_no_scratch "$scratch"
}

@test "inspect --preview without a state, by anybody" {
    requires real-jails
    rm -rf "$state"
    sp 0 inspect --any-request --preview --dnf=no-such-command \
        "$BATS_TEST_TMPDIR/new"
    [[ $stderr == *$'packages:\nnone are known\n'*'No such command'* ]] ||
        fail "$stderr"
    [ ! -e "$state" ] || fail "a state was made"
}

@test "inspect with the state that is there, or not at all" {
    rm -rf "$state"
    : >"$state"
    sp 3 inspect --any-request "$BATS_TEST_TMPDIR/new"
    assert_detail state
    [[ $stderr == *"cannot open the directory '$state'"* ]] || fail "$stderr"
    assert_equal "$output" ''
}

@test "nor without the repository of which the state remembers something" {
    sp 0 ingest --any-request --quiet "$BATS_TEST_TMPDIR/new"
    mv "$repo" "$BATS_TEST_TMPDIR/away"
    sp 3 inspect --any-request "$BATS_TEST_TMPDIR/new"
    assert_detail state
    [[ $stderr == *"published something, and '$repo' is not there"* ]] ||
        fail "$stderr"
    sp 3 status
    assert_detail state
}

@test "one package cannot speak for another one" {
    requires real-jails
    make_logged aforger 1 <<<'* Wed Jan 01 2025 A <a@example.invalid> - 1-1
- the first one'
    make_bundle "$BATS_TEST_TMPDIR/have" "$MADE"/1/{logged,aforger}-1.rpm
    sp 0 ingest --any-request --quiet "$BATS_TEST_TMPDIR/have"
    # libcreaterepo_c refuses such bytes in the ten entries that it reads.
    {
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            printf '%s\n' '* Fri Jan 03 2025 B <b@example.invalid> - 2-1' \
                '- harmless' ''
        done
        printf '%s\n' '* Fri Jan 03 2025 B <b@example.invalid> - 2-1' \
            '%{lua: print(string.char(1).."P logged")}' \
            '%{lua: print(string.char(1).."T 0 The Distribution")}' \
            '%{lua: print(string.char(1).."P")}' \
            '%{lua: print(string.char(1).."T The Distribution")}' \
            '- FORGED'
    } | make_logged aforger 2
    make_bundle "$BATS_TEST_TMPDIR/two" "$MADE"/2/{logged,aforger}-2.rpm
    sp 0 inspect --any-request --preview --dnf=no-such-command \
        "$BATS_TEST_TMPDIR/two"
    [[ $stderr == *$'logged 0:1-1 -> 2-1:\n  B <b@example.invalid> - 2-1\n'* ]] ||
        fail "$stderr"
    assert_equal "$(grep -c '^logged ' <<<"$stderr")" 1
    ! grep -q '^  The Distribution' <<<"$stderr" || fail "$stderr"
}

@test "nor hide it: what is long is cut, and said to be" {
    requires real-jails
    for name in abig abigger abiggest; do
        make_logged $name 1 <<<'* Wed Jan 01 2025 A <a@example.invalid> - 1-1
- the first one'
        {
            echo '* Fri Jan 03 2025 B <b@example.invalid> - 2-1'
            yes -- "- $(printf '%090d' 7)" | head -n 80000
        } | make_logged $name 2
    done
    make_bundle "$BATS_TEST_TMPDIR/have" "$MADE"/1/{abig,abigger,abiggest,logged}-1.rpm
    make_bundle "$BATS_TEST_TMPDIR/big" "$MADE"/2/{abig,abigger,abiggest,logged}-2.rpm
    sp 0 ingest --any-request --quiet "$BATS_TEST_TMPDIR/have"
    sp 0 inspect --any-request --preview --dnf=no-such-command \
        "$BATS_TEST_TMPDIR/big"
    assert_equal "$(grep -c '^    \.\.\.$' <<<"$stderr")" 3
    [ ${#stderr} -lt 60000 ] || fail "${#stderr} bytes are shown"
    [[ $stderr == *$'logged 0:1-1 -> 2-1:\n  B '*'- a hole is closed'* ]] ||
        fail "${stderr: -2000}"
}

@test "an entry that names no version is taken for new, five of them" {
    requires real-jails
    local word
    make_logged strange 1 <<<'* Wed Jan 01 2025 A <a@example.invalid> - 1-1
- the first one'
    {
        printf '%s\n' '* Fri Jan 03 2025 Nobody' '- no version at all' ''
        for word in 1- -1 1-2:3 x:1-1 one-1; do
            printf '%s\n' "* Fri Jan 03 2025 B <b@example.invalid> - $word" \
                "- of $word" ''
        done
    } | make_logged strange 2
    make_bundle "$BATS_TEST_TMPDIR/have" "$MADE"/1/{logged,strange}-1.rpm
    make_bundle "$BATS_TEST_TMPDIR/two" "$MADE"/2/{logged,strange}-2.rpm
    sp 0 ingest --any-request --quiet "$BATS_TEST_TMPDIR/have"
    sp 0 inspect --any-request --preview --dnf=no-such-command \
        "$BATS_TEST_TMPDIR/two"
    [[ $stderr == *'strange 0:1-1 -> 2-1:
  Nobody
    - no version at all
  B <b@example.invalid> - 1-
    - of 1-
  B <b@example.invalid> - -1
    - of -1
  B <b@example.invalid> - 1-2:3
    - of 1-2:3
  B <b@example.invalid> - x:1-1
    - of x:1-1
'* ]] || fail "$stderr"
    [[ $stderr != *'of one-1'* ]] || fail "$stderr"
}

@test "a signal during the preview: nothing is published" {
    requires real-jails
    bin=$BATS_TEST_TMPDIR/bin
    mkdir "$bin"
    cp "$SP_BUILD/sallyport" "${SP_WORKERS[@]}" "$bin"
    printf '#!/bin/sh\n: >"%s/begun"\nexec sleep 100\n' "$bin" >"$bin/dnf"
    chmod +x "$bin/dnf"
    before=$(repository_snapshot "$repo")
    for command in ingest inspect; do
        rm -f "$bin/begun"
        "$bin/sallyport" $command "${SP_OPTIONS[@]}" --any-request --preview \
            "$BATS_TEST_TMPDIR/new" >"$bin/said" 2>&1 3>&- &
        pid=$!
        for _ in $(seq 200); do
            [ ! -e "$bin/begun" ] || break
            sleep 0.1
        done
        kill -TERM $pid
        status=0
        wait $pid || status=$?
        assert_equal "$status" 1
        output=$(<"$bin/said")
        assert_detail interrupted
        [[ $output != *'would publish'* ]] || fail "$output"
        assert_equal "$(repository_snapshot "$repo")" "$before"
        assert_no_leftovers
    done
}

@test "inspect --preview: no room in /tmp is named as such" {
    requires real-jails
    policy 'reserve-bytes = 1099511627776'
    sp 19 inspect --any-request --preview "$BATS_TEST_TMPDIR/new"
    assert_detail space
    [[ $stderr == *"/tmp/sallyport-"* ]] || fail "$stderr"
    sp 0 inspect --any-request "$BATS_TEST_TMPDIR/new"
}

@test "inspect of what is published already: nothing to do, nothing to show" {
    sp 0 inspect --any-request --preview "$BATS_TEST_TMPDIR/old"
    [[ $output == *'nothing to do: this is what generation 1 holds'* ]] ||
        fail "$output"
    [[ $stderr != *'changes, from'* ]] || fail "$stderr"
    sp 0 inspect --any-request --json "$BATS_TEST_TMPDIR/old"
    assert_equal "$(json nothing_to_do)" true
    sp 0 inspect --any-request --quiet --preview --dnf=no-such-command \
        "$BATS_TEST_TMPDIR/new"
    assert_equal "$(grep -c '^accept ' <<<"$output$stderr")" 1
}

# Answers at a terminal of its own: what was said, in $output.
at_terminal() { # STATUS ANSWERS OPTION...
    local want=$1 answers=$2
    shift 2
    run "-$want" timeout 100 "$SP_TOP/tests/fake/on-terminal.py" "$answers" \
        "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request \
        --preview --dnf=no-such-command "$@" "$BATS_TEST_TMPDIR/new"
    output=${output//$'\r'/}
}

@test "--preview: on a terminal nothing is published without a yes" {
    requires real-jails
    before=$(repository_snapshot "$repo")
    at_terminal 2 n
    [[ $output == *' 1-1 -> 2-1 '*'- a hole is closed'*'publish this? [y/N] '* ]] ||
        fail "$output"
    assert_detail not-confirmed
    [[ $output == *'is unchanged.'* ]] || fail "$output"
    assert_equal "$(repository_snapshot "$repo")" "$before"
    assert_no_leftovers
    at_terminal 0 '' --yes
    [[ $output != *'publish this?'* ]] || fail "$output"
    assert_equal "$(readlink "$repo/current")" generations/2
    sp 0 rollback
    at_terminal 0 y
    assert_equal "$(readlink "$repo/current")" generations/3
}

@test "Ctrl-C that comes before the answer is waited for is heard" {
    requires real-jails
    requires program strace
    run -1 timeout 60 "$SP_TOP/tests/fake/on-terminal.py" ^ \
        strace -o /dev/null -P /dev/tty -e trace=write \
        -e inject=write:delay_exit=1500000 "$SP_BUILD/sallyport" ingest \
        "${SP_OPTIONS[@]}" --any-request --preview --dnf=no-such-command \
        "$BATS_TEST_TMPDIR/new"
    output=${output//$'\r'/}
    [[ $output == *'publish this? [y/N] '* ]] || fail "$output"
    assert_detail interrupted
    assert_equal "$(readlink "$repo/current")" generations/1
}

@test "--preview: a dnf that plans nothing, and one that fails" {
    local bin=$BATS_TEST_TMPDIR/bin
    mkdir "$bin"
    cp "$SP_BUILD/sallyport" "${SP_WORKERS[@]}" "$bin"
    printf '#!/bin/sh\nexit 0\n' >"$bin/dnf"
    chmod +x "$bin/dnf"
    run_program 0 "$bin/sallyport" inspect "${SP_OPTIONS[@]}" --any-request \
        --preview "$BATS_TEST_TMPDIR/new"
    [[ $stderr == *$'the plan of dnf:\nit gives none'* ]] || fail "$stderr"
    printf '#!/bin/sh\nexit 7\n' >"$bin/dnf"
    run_program 0 "$bin/sallyport" ingest "${SP_OPTIONS[@]}" --any-request \
        --preview "$BATS_TEST_TMPDIR/new"
    [[ $stderr == *'the plan of dnf:'*'it gives none'* ]] || fail "$stderr"
    assert_equal "$(readlink "$repo/current")" generations/2
}

@test "--preview: without a plan and without a changelog the delivery goes on" {
    make_bundle "$BATS_TEST_TMPDIR/hello" "$FIXTURES"/rpms/hello*.rpm
    sp 0 ingest --any-request --preview --dnf=no-such-command \
        "$BATS_TEST_TMPDIR/hello"
    [[ $stderr == *$'packages:\nnone are known\n'* ]] || fail "$stderr"
    assert_equal "$(readlink "$repo/current")" generations/2
}
