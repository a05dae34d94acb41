#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What make install and the packages put on a machine, and what they take
# away again. The packages themselves: `make check-packages`.

load helpers

setup() {
    cd "$SP_TOP" || return 1
    new_state
}

# The targets over what is built already, whatever its flags.
staged() { # TARGET... VARIABLE=VALUE...
    env -i PATH="$PATH" DEPS=skip make -s -o dom0 -o builder -o carrier \
        O="$SP_BUILD" "$@" >"$BATS_TEST_TMPDIR/log" 2>&1 ||
        fail "$(cat "$BATS_TEST_TMPDIR/log")"
}

everything=(install install-system install-builder-system install-qubes
    install-qubes-command)

# ---- make install ----

@test "what make installs, make uninstall removes, and keys stay" {
    ! is_test_build || skip "a sanitizer build is never installed"
    local dest=$BATS_TEST_TMPDIR/dest places=(PREFIX=/opt/sp
        LIBEXECDIR=/opt/sp/lib SYSCONFDIR=/opt/etc LOCALSTATEDIR=/opt/var)
    staged "${everything[@]}" DESTDIR="$dest" "${places[@]}"
    run -0 find "$dest" -type f
    [ "${#lines[@]}" -gt 30 ] || fail "$output"
    touch "$dest/opt/etc/sallyport/keys/mine"
    staged uninstall DESTDIR="$dest" "${places[@]}"
    run -0 find "$dest" -type f
    assert_equal "$output" "$dest/opt/etc/sallyport/keys/mine"
    run ! ls -d "$dest/opt/sp/lib/sallyport" "$dest/opt/sp/share/sallyport"
}

@test "each side alone: nothing of the other one" {
    ! is_test_build || skip "a sanitizer build is never installed"
    local dom0=$BATS_TEST_TMPDIR/dom0 net=$BATS_TEST_TMPDIR/net
    staged install-dom0 install-system install-qubes DESTDIR="$dom0"
    staged install-builder install-builder-system DESTDIR="$net"
    run -0 find "$dom0" -name '*builder*' -o -name '*metadata*'
    assert_equal "$output" ""
    run -0 find "$net" -path '*/bin/*' -o -path '*/libexec/*/*' ! -name '*-vchan'
    assert_equal "$(sort <<<"$output")" "$net/usr/bin/sallyport-builder
$net/usr/libexec/sallyport/sallyport-metadata"
}

@test "another PREFIX goes into units, services and tmpfiles" {
    ! is_test_build || skip "a sanitizer build is never installed"
    local dest=$BATS_TEST_TMPDIR/dest
    staged "${everything[@]}" DESTDIR="$dest" PREFIX=/opt/sp \
        SYSCONFDIR=/opt/etc LOCALSTATEDIR=/opt/var
    run -1 grep -rIE '/usr/(bin|libexec|share)/sallyport|(^|[^t])/(etc|var/(lib|spool|cache))/sallyport' \
        "$dest/opt/sp/lib" "$dest/opt/sp/libexec" "$dest/opt/etc" "$dest/opt/sp/share/sallyport"
    grep -q '^ExecStart=/opt/sp/bin/sallyport --quiet ingest /opt/var/spool/' \
        "$dest/opt/sp/lib/systemd/system/sallyport-ingest.service"
}

# ---- packages: what can be seen without building them ----

@test "every packaging file has the version of the Makefile" {
    local version
    version=$(sed -n 's/^VERSION := //p' Makefile)
    grep -qx "Version: *$version" examples/packaging/sallyport.spec
    grep -q "^\* .* - $version-" examples/packaging/sallyport.spec
    run -0 head -n 1 examples/packaging/debian/changelog
    [[ $output == "sallyport ($version-"* ]] || fail "$output"
    grep -q "^## $version " CHANGELOG.md
}

@test "rpm understands the spec, with and without Xen" {
    run -0 rpmspec -q --qf '%{name}\n' examples/packaging/sallyport.spec
    [[ $output == *sallyport-vchan* && $output == *sallyport-qubes* ]] ||
        fail "$output"
    run -0 rpmspec -q --without xen --qf '%{name}\n' \
        examples/packaging/sallyport.spec
    [[ $output != *sallyport-vchan* ]] || fail "$output"
}

@test "the spec names what is installed, and nothing else" {
    ! is_test_build || skip "a sanitizer build is never installed"
    [ -x "$SP_BUILD/sallyport-vchan" ] || skip "built without Xen"
    local dest=$BATS_TEST_TMPDIR/dest
    staged "${everything[@]}" DESTDIR="$dest"
    (cd "$dest" && find . -type f | sed 's/^\.//' | sort) \
        >"$BATS_TEST_TMPDIR/installed"
    rpmspec -P examples/packaging/sallyport.spec |
        sed -n '/^%files/,/^%changelog/p' |
        sed -n 's|^\(%config(noreplace) \)\?\(/[^*]*\)\*\?$|\2|p' |
        grep -v '/policy.conf$' | sort >"$BATS_TEST_TMPDIR/named"
    run -0 diff "$BATS_TEST_TMPDIR/named" "$BATS_TEST_TMPDIR/installed"
}

@test "nothing that is installed tells dnf to skip its check" {
    ! is_test_build || skip "a sanitizer build is never installed"
    local dest=$BATS_TEST_TMPDIR/dest file n=0
    staged "${everything[@]}" DESTDIR="$dest"
    while IFS= read -r file; do
        n=$((n + 1))
        grep -qx 'gpgcheck=1' "$file" || fail "$file"
    done < <(grep -rlE '^baseurl=' "$dest")
    assert_equal "$n" 2 "repository files"
    # repo_gpgcheck is about the index, which is made here and not signed.
    run -1 grep -rIEi '(^|[^_])gpgcheck *= *(0|no|false)|--nogpgcheck' "$dest"
}

# ---- systemd ----

@test "systemd accepts every unit, sysusers and tmpfiles" {
    requires program systemd-analyze
    local unit root=$BATS_TEST_TMPDIR/root dir=$BATS_TEST_TMPDIR/units
    mkdir "$dir"
    # What is not installed here is not what is tested.
    for unit in examples/system/systemd/*; do
        sed -e 's|^ExecStart=/usr/bin/[a-z-]*|ExecStart=/bin/true|' \
            -e '/^Documentation=/d' "$unit" >"$dir/${unit##*/}"
    done
    for unit in "$dir"/*; do
        run -0 --separate-stderr systemd-analyze verify "$unit"
        assert_equal "$stderr$output" "" "$unit"
    done
    mkdir -p "$root"/{etc,usr/lib/sysusers.d,usr/lib/tmpfiles.d}
    cp examples/system/sysusers.d/* "$root/usr/lib/sysusers.d/"
    cp examples/system/tmpfiles.d/* "$root/usr/lib/tmpfiles.d/"
    systemd-sysusers --root="$root"
    grep -q '^sallyport:.*:/var/lib/sallyport:' "$root/etc/passwd"
    grep -q '^sallyport-builder:' "$root/etc/passwd"
    requires root
    systemd-tmpfiles --root="$root" --create sallyport.conf \
        sallyport-builder.conf
    assert_equal "$(stat -c %u "$root/var/lib/sallyport")" \
        "$(sed -n 's/^sallyport:[^:]*:\([0-9]*\):.*/\1/p' "$root/etc/passwd")"
    assert_equal "$(stat -c %a "$root/var/lib/sallyport")" 755
}

@test "a unit may do all that it has to do: every call is in its filter" {
    requires landlock
    requires program systemd-analyze
    requires program strace
    local unit=examples/system/systemd/sallyport-ingest.service bundle
    bundle=$BATS_TEST_TMPDIR/bundle
    make_bundle "$bundle" "$FIXTURES"/rpms/*.rpm
    sp 0 verify "$FIXTURES"/rpms/*.rpm
    strace -f -qq -e signal=none -o "$BATS_TEST_TMPDIR/trace" \
        "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --any-request "$bundle"
    allowed_calls "$unit" >"$BATS_TEST_TMPDIR/allowed"
    sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' "$BATS_TEST_TMPDIR/trace" |
        sort -u >"$BATS_TEST_TMPDIR/used"
    grep -qx seccomp "$BATS_TEST_TMPDIR/used"
    grep -qx landlock_restrict_self "$BATS_TEST_TMPDIR/used"
    run -0 comm -23 "$BATS_TEST_TMPDIR/used" "$BATS_TEST_TMPDIR/allowed"
    assert_equal "$output" "" "calls outside the filter"
}

# The calls that SystemCallFilter= names, groups spelled out.
allowed_calls() { # UNIT
    local word words
    words=$(sed -n 's/^SystemCallFilter=//p' "$1")
    while [ -n "$words" ]; do
        for word in $words; do
            [[ $word == @* ]] || echo "$word"
        done
        words=$(for word in $words; do
            [[ $word != @* ]] || systemd-analyze syscall-filter "$word" |
                sed -n 's/^ \+\([@a-z0-9_-]\+\)$/\1/p'
        done)
    done | sort -u
}

# ---- the stock layout of dom0 ----

# Real directories, as the stock service leaves them.
stock_repository() {
    mkdir -p "$repo/rpm"
    cp "$(ls "$FIXTURES"/rpms/*.rpm | head -1)" "$repo/rpm/old-1-1.noarch.rpm"
    createrepo_c -q "$repo"
}

dnf_sees() { # sets $output to what dnf finds in the repository
    rm -rf "$BATS_TEST_TMPDIR/cache"
    run -0 --separate-stderr dnf -q --repofrompath "sp,file://$repo" \
        --setopt=cachedir="$BATS_TEST_TMPDIR/cache" --setopt=metadata_expire=0 \
        --setopt=reposdir=/nonexistent --setopt=sp.gpgcheck=1 --repo sp \
        repoquery --location
}

@test "a stock repository is taken over by the first delivery" {
    requires landlock
    stock_repository
    dnf_sees
    [[ $output == *rpm/old-1-1.noarch.rpm ]] || fail "$output"
    make_bundle "$BATS_TEST_TMPDIR/bundle" "$FIXTURES"/rpms/*.rpm
    sp 0 ingest --any-request "$BATS_TEST_TMPDIR/bundle"
    assert_equal "$(readlink "$repo/rpm")" current/rpm
    assert_equal "$(readlink "$repo/repodata")" current/repodata
    run -0 find "$repo" -maxdepth 1 -name '.*' ! -name .lock ! -path "$repo"
    assert_equal "$output" ""
    dnf_sees
    [[ $output == *generations/1/rpm/* && $output != *old-1-1* ]] ||
        fail "$output"
}

@test "a refused delivery leaves a stock repository as it was" {
    requires landlock
    stock_repository
    local before
    before=$(repository_snapshot "$repo")
    cp "$FIXTURES"/rpms/*.rpm "$BATS_TEST_TMPDIR/"
    make_bundle "$BATS_TEST_TMPDIR/bundle" "$FIXTURES"/rpms/*.rpm
    sp 15 ingest "$BATS_TEST_TMPDIR/bundle"
    assert_equal "$(repository_snapshot "$repo")" "$before"
}

traced_ingest() { # STRACE-OPTION...
    rm -rf "$state"
    mkdir "$state"
    stock_repository
    strace -qq "$@" "$SP_BUILD/sallyport" --quiet ingest "${SP_OPTIONS[@]}" \
        --any-request "$BATS_TEST_TMPDIR/bundle"
}

# Which calls of a name the take-over makes, counted in the whole run.
calls_of_take_over() { # NAME
    awk -v name="$1" -F'(' '$1 == name { n++ }
        /"generations\/1", / { on = 1 } # the new `current`
        on && $1 == name && /".(current|repodata|rpm).new"|"repomd.xml"/ {
            print n }' "$BATS_TEST_TMPDIR/trace"
}

@test "dnf finds packages wherever the take-over is stopped" {
    requires landlock
    requires program strace
    local call n stops=0
    make_bundle "$BATS_TEST_TMPDIR/bundle" "$FIXTURES"/rpms/*.rpm
    traced_ingest -o "$BATS_TEST_TMPDIR/trace" \
        -e trace=symlinkat,renameat,renameat2,unlinkat
    for call in symlinkat renameat renameat2 unlinkat; do
        for n in $(calls_of_take_over $call); do
            stops=$((stops + 1))
            # The kill comes before the call is made.
            ! traced_ingest -o /dev/null -e "inject=$call:signal=KILL:when=$n" \
                2>/dev/null || fail "$call $n was not reached"
            dnf_sees
            [ -n "$output" ] || fail "nothing to be found before $call $n"
            xargs -n 1 sh -c 'test -f "${1#file://}"' sh <<<"$output" ||
                fail "packages are missing before $call $n: $output"
            sp 0 ingest --any-request "$BATS_TEST_TMPDIR/bundle"
            assert_equal "$(readlink "$repo/repodata")" current/repodata
            assert_equal "$(readlink "$repo/rpm")" current/rpm
            [ ! -e "$repo/rpm/old-1-1.noarch.rpm" ] || fail "old after $call $n"
        done
    done
    [ $stops -ge 8 ] || fail "only $stops calls were tried"
}

# ---- and given back to it ----

# What the index lists, and each of it must be there.
listed() { # REPOSITORY
    local index packages
    index=$(sed -n '/type="primary"/,/<\/data>/s/.*location href="\([^"]*\)".*/\1/p' \
        "$1/repodata/repomd.xml")
    packages=$(zcat "$1/$index" | sed -n 's/.*location href="\([^"]*\)".*/\1/p')
    [ -n "$packages" ] || fail 'nothing is listed'
    (cd "$1" && xargs ls >/dev/null <<<"$packages") ||
        fail 'packages that are listed are missing'
    echo "$packages"
}

# As dom0 is, but for the group that this machine need not have.
dom0_tree() { # ROOT
    mkdir -p "$1/bin" "$1/var/lib/qubes" "$1/etc/sallyport/keys"
    printf '#!/bin/sh\n' >"$1/bin/chown"
    cp "$1/bin/chown" "$1/bin/chgrp"
    chmod +x "$1"/bin/ch*
    sp 0 ingest --repo "$1/var/lib/qubes/updates" --any-request \
        "$BATS_TEST_TMPDIR/bundle"
}

# Stops in front of the simple command of that number; true when it was there.
removed_until() { # ROOT NUMBER
    printf 'unset BASH_ENV; set -T; n=0\ntrap '\''n=$((n + 1)); [ $n -lt %s ] ||
        kill -KILL $$'\'' DEBUG\n' "$2" >"$1/stop"
    ! BASH_ENV=$1/stop PATH=$1/bin:$PATH bash \
        "$SP_TOP/examples/qubes/qubes-setup" remove "$1" 2>/dev/null
}

given_back() { # ROOT
    [ "$(listed "$1/var/lib/qubes/updates" | sort)" = \
        "$(sed 's|^|rpm/|' <<<"$before")" ] &&
        [ -z "$(find "$1/var/lib/qubes/updates" -type l)" ] &&
        [ ! -e "$1/var/lib/qubes/updates/generations" ]
}

@test "packages are found wherever giving back is stopped, and it ends well" {
    requires landlock
    local root=$BATS_TEST_TMPDIR/dom0 step=0 before
    make_bundle "$BATS_TEST_TMPDIR/bundle" "$FIXTURES"/rpms/*.rpm
    dom0_tree "$root"
    cp -a "$root" "$root.full"
    before=$(listed "$root/var/lib/qubes/updates" | sed 's|.*/||' | sort)
    while removed_until "$root" $((step += 1)); do
        assert_equal "$(listed "$root/var/lib/qubes/updates" |
            sed 's|.*/||' | sort)" "$before" "before command $step"
        # Stopped once, it is run again; not each time, which would take long.
        if [ $((step % 8)) = 0 ]; then
            PATH=$root/bin:$PATH sh examples/qubes/qubes-setup remove "$root"
            given_back "$root" || fail "after command $step"
        fi
        rm -rf "$root"
        cp -a "$root.full" "$root"
    done
    given_back "$root" || fail 'in one go'
    [ $step -gt 25 ] || fail "only $step commands"
}
