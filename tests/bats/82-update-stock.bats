#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `sallyport update` with what a stock system has: an update qube without our
# builder, and a repository that the stock tools left.

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
    new_dom0
    rm "$bin/vm/sallyport-builder"
    stock_script "$world"/edge/main/member-a-1-*.rpm
}

# The download script of a stock qube: notes its words, and sends these
# packages as a qfile stream.
stock_script() { # PACKAGE...
    printf '%s\n' "$@" >"$bin/vm/list"
    cat >"$bin/vm/qubes-download-dom0-updates.sh" <<END
#!/bin/sh
printf '<%s> ' "\$@" >"$bin/vm/words"
find "$bin/dom0-updates" >"$bin/vm/got"
case "\$*" in *--check-only*) exit \$(cat "$bin/vm/status") ;; esac
exec "$SP_BUILD/sallyport-builder" --quiet build --list "$bin/vm/list" \
    --framing=qfile -o qrexec:dom0
END
    chmod +x "$bin/vm/qubes-download-dom0-updates.sh"
}

words() {
    cat "$bin/vm/words"
}

@test "no builder there: database and keys go, a qfile stream comes" {
    up 0 -y member-a
    [[ $stderr == *'no sallyport-builder'* ]] || fail "$stderr"
    assert_equal "$(installed member-a)" 1-1
    assert_equal "$(words)" "<--doit> <--nogui> <--exclude=qubes-template-*> \
<--releasever=41> <-y> <member-a> "
    grep -q 'rpmdb.sqlite$' "$bin/vm/got" || fail "$(cat "$bin/vm/got")"
    # In this order, and as the user who may.
    calls qvm-run | sed 's/.*-- //' | cut -c 1-24 >"$BATS_TEST_TMPDIR/steps"
    assert_equal "$(cat "$BATS_TEST_TMPDIR/steps")" \
        "sallyport-builder build 
mkdir -m 775 -p /var/lib
chown -R \"\$(qubesdb-read
rm -rf '/var/lib/qubes/d
tar -C /var/lib/qubes/do
/usr/lib/qubes/qubes-dow"
    assert_equal "$(calls qvm-run | grep -c -- '-u root sys-update')" 2
    assert_equal "$(find "$state/pending" "$state/round" -type f 2>/dev/null)" ''
}

@test "a script that is done before its delivery is: waited for, installed" {
    cat >"$bin/vm/qubes-download-dom0-updates.sh" <<END
#!/bin/sh
setsid "$SP_BUILD/sallyport-builder" --quiet build --list "$bin/vm/list" \
    --framing=qfile -o qrexec:dom0 >/dev/null 2>&1 </dev/null &
until [ -e "$repo/current" ]; do sleep 0.05; done
END
    up 0 -y member-a
    [[ $output != *'nothing to do'* ]] || fail "$output"
    assert_equal "$(installed member-a)" 1-1
}

@test "repository files and keys go too, and find each other there" {
    local etc=$BATS_TEST_TMPDIR/etc there=$bin/dom0-updates
    mkdir -p "$etc/yum.repos.d" "$etc/pki/rpm-gpg" "$etc/yum/vars" "$etc/dnf"
    printf '[a]\nbaseurl=https://a.example/\n%s\n' \
        'gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-a' \
        >"$etc/yum.repos.d/a.repo"
    echo key >"$etc/pki/rpm-gpg/RPM-GPG-KEY-a"
    echo other >"$etc/pki/rpm-gpg/other"
    echo 1 >"$etc/yum/vars/v"
    echo '[main]' >"$etc/dnf/dnf.conf"
    # What an earlier round left there.
    mkdir -p "$there/etc/yum.repos.d"
    echo '[old]' >"$there/etc/yum.repos.d/old.repo"
    old 0 -y member-a
    grep -qx "gpgkey=file://$there/etc/pki/rpm-gpg/RPM-GPG-KEY-a" \
        "$there/etc/yum.repos.d/a.repo" || fail "$(cat "$there"/etc/yum.repos.d/*)"
    assert_equal "$(cat "$there/etc/pki/rpm-gpg/RPM-GPG-KEY-a" \
        "$there/etc/yum/vars/v" | xargs)" 'key 1'
    grep -q '^\[main\]' "$there/etc/dnf/dnf.conf"
    [ ! -e "$there/etc/yum.repos.d/old.repo" ] || fail 'an old file is left'
    [ ! -e "$there/etc/pki/rpm-gpg/other" ] || fail 'more than the keys'
}

@test "--stock does so though there is a builder" {
    make_update_qube
    OWN=--stock up 0 -y member-a
    assert_equal "$(installed member-a)" 1-1
    [ -s "$bin/vm/words" ]
}

@test "every word reaches the script as one word" {
    up 0 --setopt=a='b c' "it's" '$(touch x)' -y member-a || true
    [[ $(words) == *"<--setopt=a=b c> "*"<it's> <\$(touch x)> <member-a> " ]] ||
        fail "$(words)"
}

@test "what comes is judged as everything else: need list, floor, keys" {
    stock_script "$world"/edge/main/{member-a,heir}-1-*.rpm
    up 15 member-a
    assert_detail name-not-wanted
    [[ $stderr == *heir* ]] || fail "$stderr"
    [ ! -e "$repo/current" ] || fail 'published'
    cp "$world"/edge/main/member-a-1-*.rpm "$BATS_TEST_TMPDIR/a.rpm"
    sign_packages foreign "$BATS_TEST_TMPDIR/a.rpm"
    stock_script "$BATS_TEST_TMPDIR/a.rpm"
    up 14 -y member-a
    assert_detail no-key
    [ ! -e "$repo/current" ] || fail 'published'
}

@test "a qfile stream that no stock round waits for: refused" {
    run timeout 60 python3 "$SP_TOP/tests/fake/caller.py" \
        "$world"/edge/main/member-a-1-*.rpm -- \
        "$bin/services/qubes.ReceiveUpdates"
    [[ $output == *'policy unsolicited'* ]] || fail "$output"
    # Nor in a round that has a builder to wait for.
    make_update_qube
    cat >"$bin/vm/sallyport-builder" <<END
#!/bin/sh
exec "$SP_BUILD/sallyport-builder" build --list "$bin/vm/list" \
    --framing=qfile -o qrexec:dom0
END
    up 15 -y member-a
    assert_detail unsolicited
    [ ! -e "$repo/current" ] || fail 'published'
}

@test "the script fails: its last words, no status alone; nothing: 0" {
    printf '#!/bin/sh\necho "Curl error (6): no host" >&2\nexit 1\n' \
        >"$bin/vm/qubes-download-dom0-updates.sh"
    up 4 -y
    assert_detail peer-gone
    [[ $stderr == *'Curl error (6): no host'* ]] || fail "$stderr"
    [ ! -e "$bin/FEATURES" ] || fail 'told'
    printf '#!/bin/sh\necho "No updates available"\n' \
        >"$bin/vm/qubes-download-dom0-updates.sh"
    up 0 -y
    [[ $output == *'nothing to do'* ]] || fail "$output"
    assert_equal "$(feature updates-available)" ''
}

@test "neither builder nor script: said so" {
    rm "$bin/vm/qubes-download-dom0-updates.sh"
    up 3 -y
    assert_detail not-found
    [[ $stderr == *neither* ]] || fail "$stderr"
}

@test "--check-only by the script: 100, 0, and a fault" {
    echo 100 >"$bin/vm/status"
    up 100 --check-only
    [[ $(words) == *'<--check-only>'* ]] || fail "$(words)"
    assert_equal "$(feature updates-available)" 1
    echo 0 >"$bin/vm/status"
    up 0 --check-only
    assert_equal "$(feature updates-available)" ''
    rm "$bin/FEATURES"
    echo 1 >"$bin/vm/status"
    up 4 --check-only
    assert_detail peer-gone
    [ ! -e "$bin/FEATURES" ] || fail 'told'
}

@test "--clean reaches the script" {
    up 0 -y --clean member-a
    [[ $(words) == *'<--clean>'* ]] || fail "$(words)"
}

# ---- the repository of a stock dom0 ----

@test "real directories of the stock tools: the first round takes them over" {
    make_update_qube
    mkdir -p "$repo/rpm"
    cp "$world"/edge/main/member-b-1-*.rpm "$repo/rpm"
    createrepo_c -q "$repo"
    chmod 775 "$repo/rpm" "$repo/repodata"
    up 0 -y member-a
    assert_equal "$(installed member-a)" 1-1
    assert_equal "$(readlink "$repo/rpm") $(readlink "$repo/repodata")" \
        'current/rpm current/repodata'
}

@test "what --hide keeps back does not go with the whole database" {
    OWN='--hide liba' up 2 -y member-a
    [[ $stderr == *--hide* && $stderr == *'is unchanged'* ]] || fail "$stderr"
    OWN='--hide liba --stock' up 2 -y member-a
    OWN='--hide liba' up 2 --check-only
    OWN='--hide liba' up 2 --action=search member
    [ ! -e "$bin/dom0-updates" ] || fail "$(find "$bin/dom0-updates")"
}
