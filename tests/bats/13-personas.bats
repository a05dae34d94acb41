#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Every command of docs/personas, run as it stands there: with stand-ins for
# the places (a file is the stick), for sudo, and for dnf.

load helpers
load dom0

setup_file() {
    make_world
    # A small set beside that of the edge cases: it brings no new names.
    mkdir "$world/edge/small" "$world/small"
    cp "$FIXTURES"/newer/*.rpm "$world/edge/small/"
    createrepo_c --quiet "$world/edge/small"
    rpm --dbpath "$world/small" -i --justdb --nodeps --noscripts \
        --ignorearch --nosignature "$FIXTURES"/rpms/*.rpm 2>/dev/null
}

teardown_file() {
    end_world
}

# The fenced commands of a page.
commands() { # PAGE
    sed -n '/^```sh$/,/^```$/p' "$SP_TOP/docs/personas/$1.md" | grep -v '^```'
}

# A place where the programs are known by their names and have our options.
plain_machine() {
    requires solver
    new_state
    bin=$BATS_TEST_TMPDIR/bin
    repos=$BATS_TEST_TMPDIR/repos
    mkdir "$bin" "$repos" "$BATS_TEST_TMPDIR/here"
    printf '[distribution]\nname=d\nbaseurl=http://127.0.0.1:%s/small\n' \
        "$(cat "$BATS_FILE_TMPDIR/port")" >"$repos/d.repo"
    database=$BATS_FILE_TMPDIR/small
    cat >"$bin/sallyport" <<END
#!/bin/bash
more=()
[ "\$1" != request ] || more=(--dbpath '$database' --reposdir '$repos'
    --releasever 41 --exclude 'excl*')
command=\$1; shift
yes=(); [ "\$command" != ingest ] || yes=(--yes)
exec '$SP_BUILD/sallyport' "\$command" ${SP_OPTIONS[*]} "\${more[@]}" \
    "\${yes[@]}" "\$@"
END
    cat >"$bin/sallyport-builder" <<END
#!/bin/bash
command=\$1; shift
more=()
[ "\$command" = send ] || more=(--allow-http --cache-dir '$BATS_TEST_TMPDIR/c')
[[ " \$* " != *' --mirror '* ]] || more+=(--repo-dir '$repos' --arch x86_64)
exec '$SP_BUILD/sallyport-builder' "\$command" "\${more[@]}" "\$@"
END
    printf '#!/bin/sh\nexec "$@"\n' >"$bin/sudo"
    printf '#!/bin/sh\n[ -s "%s/repodata/repomd.xml" ]\n' "$repo" >"$bin/dnf"
    chmod +x "$bin"/*
}

# follow PAGE [STATUS COMMAND]...: each command must do well, or end with the
# status that is named for it.
follow() {
    local page=$1 line status want
    shift
    [ "$(commands "$page" | wc -l)" -ge 4 ] || fail "no commands in $page"
    cd "$BATS_TEST_TMPDIR/here" || return 1
    while read -r line; do
        want=0 status=0
        for pair; do
            [ "${pair#* }" != "$line" ] || want=${pair%% *}
        done
        PATH=$bin:$PATH bash -c \
            "${line//block:\/dev\/sdX/$BATS_TEST_TMPDIR/stick}" \
            >out 2>&1 </dev/null || status=$?
        [ "$status" = "$want" ] || fail "$page: $line" "status $status" \
            "$(cat out)"
    done < <(commands "$page")
}

@test "docs/personas/journalist.md" {
    requires landlock
    plain_machine
    follow journalist
}

@test "docs/personas/air-gap.md" {
    requires landlock
    plain_machine
    follow air-gap \
        '100 sallyport-builder check --request request.txt' \
        '20 sallyport rollback'
}

@test "docs/personas/industry.md" {
    requires landlock
    plain_machine
    follow industry
}

@test "docs/personas/qubes.md" {
    requires root
    requires landlock
    requires program nginx
    requires solver
    new_dom0
    local line words
    [ "$(commands qubes | wc -l)" -ge 4 ] || fail "no commands"
    while read -r line; do
        read -ra words <<<"$line"
        case $line in
        *--check-only) up 100 "${words[@]:2}" ;;
        'sallyport update '*) up 0 "${words[@]:2}" ;;
        *) sp 0 "${words[@]:1}" ;;
        esac
    done < <(commands qubes)
    assert_equal "$(installed app)" 2-1
}

@test "the README shows commands of these pages" {
    shown=$(sed -n '/^## First success, for whom/,/^## Read on/s/^    //p' \
        "$SP_TOP/README.md")
    [ "$(wc -l <<<"$shown")" -ge 10 ] || fail "$shown"
    while read -r line; do
        cat "$SP_TOP"/docs/personas/*.md | grep -qxF -- "$line" ||
            fail "no page has '$line'"
    done <<<"$shown"
}
