#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion in real shells: it offers what the tables hold, all of it and
# nothing else.

load helpers

PROGRAMS=(sallyport sallyport-builder)

setup() {
    script=$BATS_TEST_TMPDIR/script
}

completion() { # PROGRAM SHELL
    "$SP_BUILD/$1" --completion="$2" >"$script"
    [ -s "$script" ]
}

commands_of() { # PROGRAM
    "$SP_BUILD/$1" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\).*/\1/p'
}

# Long options as --help shows them; not those that stand before a command
# that hands on what follows, nor those of another program.
options_of() { # PROGRAM [COMMAND]
    # shellcheck disable=SC2086 # no command is no word
    "$SP_BUILD/$1" ${2:-} --help | awk '
        / before the command:$/ { elsewhere = 1 }
        /^ +(-[a-z], )?--(help|version)/ { elsewhere = 0 }
        !elsewhere
        /^ +--version/ { exit }' |
        sed -nE 's/^ +(-[a-z], )?(--[a-z-]+).*/\2/p' | sort -u
}

# The words that bash offers for the last word of a line.
bash_offers() { # PROGRAM WORD...
    local name=$1
    # shellcheck disable=SC2016 # the inner shell expands
    bash --norc -c 'source "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        "_${1//-/_}"; printf "%s\n" "${COMPREPLY[@]}"' \
        bash "$script" "$name" "${@:2}" | sort -u
}

fish_offers() { # LINE
    # shellcheck disable=SC2016 # fish expands
    HOME=$BATS_TEST_TMPDIR fish -N -c 'source $argv[1]; complete -C $argv[2]' \
        "$script" "$1" | cut -f 1 | sort -u
}

@test "bash: each command and each option, before and behind it" {
    for program in "${PROGRAMS[@]}"; do
        completion "$program" bash
        bash -n "$script"
        assert_equal "$(bash_offers "$program" '')" \
            "$(commands_of "$program" | sort)" "commands of $program"
        for command in $(commands_of "$program"); do
            assert_equal \
                "$(bash_offers "$program" "$command" -- | grep -- ^--)" \
                "$(options_of "$program" "$command")" "$program $command"
        done
        assert_equal "$(bash_offers "$program" --)" \
            "$(options_of "$program" | grep -v -- --completion)" "$program"
    done
}

@test "fish: each command and each option, before and behind it" {
    requires program fish
    for program in "${PROGRAMS[@]}"; do
        completion "$program" fish
        fish -n "$script"
        for command in $(commands_of "$program"); do
            [[ $'\n'$(fish_offers "$program ")$'\n' == *$'\n'$command$'\n'* ]] ||
                fail "$program $command is not offered"
            assert_equal "$(fish_offers "$program $command --")" \
                "$(options_of "$program" "$command")" "$program $command"
        done
    done
}

@test "zsh: each command and each option, typed" {
    requires program zsh
    local before want
    for program in "${PROGRAMS[@]}"; do
        completion "$program" zsh
        zsh -n "$script"
        : >"$BATS_TEST_TMPDIR/lines"
        want=
        for command in $(commands_of "$program"); do
            # What two commands begin with is not completed.
            if [ "$(commands_of "$program" | grep -c "^${command%?}")" = 1 ]; then
                echo "$program ${command%?}" >>"$BATS_TEST_TMPDIR/lines"
                want+="<$command>"$'\n'
            fi
            before=
            for option in $(options_of "$program" "$command") end; do
                # What two options begin with is not completed.
                if [ -n "$before" ] && [[ $option != "${before%?}"* ]] &&
                    ! options_of "$program" "$command" |
                    grep -v -x -e "$before" | grep -q -- "^${before%?}"; then
                    echo "$program $command ${before%?}"
                    want+="<$command><$before>"$'\n'
                fi
                before=$option
            done >>"$BATS_TEST_TMPDIR/lines"
        done
        run -0 "$SP_TOP/tests/fake/typist.py" zsh "$script" "$program" \
            <"$BATS_TEST_TMPDIR/lines"
        # An option with a value ends with '=': the value is typed behind it.
        assert_equal "$(tr -d = <<<"$output")" "${want%$'\n'}" "$program"
    done
}

# What a person gets for a line and a tab; the same in both shells, but for
# the slash behind a folder.
typed='sallyport ing|<ingest>
sallyport ingest --any-r|<ingest><--any-request>
sallyport --progress=b|<--progress=bar>
sallyport ingest --progress pl|<ingest><--progress><plain>
sallyport --quiet ingest --progress=js|<--quiet><ingest><--progress=json>
sallyport explain trailing|<explain><trailing-data>
sallyport --state-dir /etc/alternativ|<--state-dir></etc/alternatives>
sallyport --state-dir /etc statu|<--state-dir></etc><status>
sallyport ingest blo|<ingest><block:>
sallyport ingest file:/etc/host.con|<ingest><file:/etc/host.conf>
sallyport verify a /etc/host.con|<verify><a></etc/host.conf>
sallyport request -o vch|<request><-o><vchan:>
sallyport request --action distr|<request><--action><distro-sync>'

@test "typed into bash and zsh: values, carriers, paths behind them" {
    for shell in bash zsh; do
        if [ $shell = zsh ] && ! command -v zsh >/dev/null; then
            skip "needs zsh"
        fi
        completion sallyport $shell
        run -0 "$SP_TOP/tests/fake/typist.py" $shell "$script" sallyport \
            < <(cut -d'|' -f1 <<<"$typed")
        assert_equal "${output//\/>/>}" "$(cut -d'|' -f2 <<<"$typed")" $shell
    done
}

@test "fish: values, carriers, files" {
    requires program fish
    completion sallyport fish
    assert_equal "$(fish_offers 'sallyport --progress ')" \
        "$(printf '%s\n' bar json none plain)"
    assert_equal "$(fish_offers 'sallyport ingest blo')" block:
    assert_equal "$(fish_offers 'sallyport ingest /etc/host.con')" \
        /etc/host.conf
    assert_equal "$(fish_offers 'sallyport explain trailing')" trailing-data
}

@test "every word of a refusal is offered to explain" {
    completion sallyport bash
    assert_equal "$(bash_offers sallyport explain '')" \
        "$("$SP_BUILD/sallyport" explain | sed -n 's/^  \([a-z-]*\) .*/\1/p' |
            sort)"
}

@test "make install puts them where the shells look" {
    ! is_test_build || skip "a sanitizer build is never installed"
    make -s -C "$SP_TOP" -o all O="$SP_BUILD" PREFIX=/usr \
        DESTDIR="$BATS_TEST_TMPDIR/dest" install
    cd "$BATS_TEST_TMPDIR/dest/usr/share" || return 1
    for program in "${PROGRAMS[@]}"; do
        completion "$program" bash
        cmp "$script" "bash-completion/completions/$program"
        completion "$program" zsh
        cmp "$script" "zsh/site-functions/_$program"
        completion "$program" fish
        cmp "$script" "fish/vendor_completions.d/$program.fish"
    done
}

@test "zsh finds an installed function by itself" {
    requires program zsh
    completion sallyport zsh
    mkdir "$BATS_TEST_TMPDIR/functions"
    cp "$script" "$BATS_TEST_TMPDIR/functions/_sallyport"
    cat >"$script" <<END
fpath=('$BATS_TEST_TMPDIR/functions' \$fpath)
compinit -u -D
END
    run -0 "$SP_TOP/tests/fake/typist.py" zsh "$script" sallyport \
        <<<'sallyport ing'
    assert_equal "$output" '<ingest>'
}
