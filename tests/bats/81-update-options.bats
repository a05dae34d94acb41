#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every option of qubes-dom0-update: who hears of it, and what it does; and
# the exit statuses under that name.

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

# A builder that keeps the request and brings nothing.
keep_request() {
    printf '#!/bin/sh\ncat >"%s"\n' "$bin/vm/request" \
        >"$bin/vm/sallyport-builder"
}

asked() { # LINE: of the request
    grep -aqxF -- "$1" "$bin/vm/request" ||
        fail "not in the request: $1" "$(head -c 2000 "$bin/vm/request")"
}

# ---- exit statuses under the old name ----

@test "old name: 0 when it is installed, from the standard places" {
    old 0 -y member-a
    assert_equal "$(installed member-a)" 1-1
    assert_equal "$(calls dnf)" \
        'install --refresh --exclude=qubes-template-* --releasever=41 -y member-a'
}

@test "old name: 1 for every fault of ours, with its reason" {
    old 1 -y no-such-package
    assert_detail no-match
    sed -i 's|127.0.0.1:[0-9]*|127.0.0.1:1|' "$repos/edge.repo"
    old 1 -y
    assert_detail unreachable
    old 1 --nogpgcheck member-a
    assert_detail usage || [[ $stderr == *signature* ]]
    IN_DOM0='setpriv --reuid=65534 --clear-groups' old 1 -y
    [[ $stderr == *root* ]] || fail "$stderr"
}

@test "old name: 2 for templates that are not alone" {
    old 2 qubes-template-debian-12 member-a
    old 2 qubes-template-debian-12 qubes-template-fedora-41
    assert_equal "$(calls qvm-template)" ''
}

@test "old name: 100 and 0 of --check-only" {
    old 100 --check-only
    assert_equal "$(feature updates-available)" 1
    [[ $(feature last-updates-check) =~ ^20 ]] || fail "$(cat "$bin/FEATURES")"
    old 0 -y
    old 0 --check-only
    assert_equal "$(feature updates-available)" ''
}

@test "old name: dnf's own status, and what was delivered stays" {
    echo 42 >"$bin/STATUS.dnf"
    old 42 -y member-a
    [[ $stderr == *'stays in the repository'* ]] || fail "$stderr"
    [ -e "$repo/rpm/member-a-1-1.noarch.rpm" ]
    rm "$bin/STATUS.dnf"
    old 0 -y member-a
    assert_equal "$(installed member-a)" 1-1
}

@test "old name: the lock of the stock command" {
    IN_DOM0='flock /run/qubes/qubes-dom0-update.lock' old 1 -y member-a
    assert_detail busy
}

# ---- who hears of an option ----

@test "--enablerepo, --disablerepo: for the request, not for dnf" {
    keep_request
    up 4 -y --disablerepo='*' --enablerepo=test member-a
    assert_detail peer-gone
    [[ $stderr == *'nothing was delivered'* ]] || fail "$stderr"
    asked 'opt disablerepo *'
    asked 'opt enablerepo test'
    asked 'spec member-a'
    assert_equal "$(calls dnf)" ''
    make_update_qube
    up 0 -y --disablerepo='*' --enablerepo=updates member-a
    [[ $(calls dnf) != *repo* ]] || fail "$(calls dnf)"
}

@test "--exclude, --best, --allowerasing, --releasever: for both" {
    keep_request
    up 4 -y --exclude='lib*' --best --allowerasing
    asked 'opt exclude lib*'
    asked 'opt exclude qubes-template-*'
    asked 'opt best yes'
    asked 'opt allowerasing yes'
    asked 'releasever 41'
    make_update_qube
    up 0 -y --exclude='app*' --allowerasing
    [[ $(calls dnf) == 'upgrade '*"--exclude=app* --allowerasing"* ]] ||
        fail "$(calls dnf)"
    assert_equal "$(installed app)" 1-1
}

@test "--console, --show-output, --preserve-terminal mean nothing" {
    up 0 --console --show-output --preserve-terminal -y member-a
    [[ $(calls dnf) != *--console* && $(calls dnf) != *--show* ]] ||
        fail "$(calls dnf)"
}

@test "an option that nobody knows goes to dnf; so does all behind --" {
    up 0 -y --setopt=install_weak_deps=0 member-a
    [[ $(calls dnf) == *' --setopt=install_weak_deps=0 '* ]] ||
        fail "$(calls dnf)"
    up 0 -y -- --quiet member-b
    [[ $(calls dnf) == *' --quiet member-b' ]] || fail "$(calls dnf)"
    assert_equal "$(installed member-b)" 1-1
}

@test "dnf reads what was just published, however new its cache is" {
    up 0 -y member-a
    cached=$(find "$BATS_TEST_TMPDIR" -path '*/dnf/*-primary.xml.*')
    touch -d 'now + 1 hour' $cached
    up 0 -y member-b
    assert_equal "$(installed member-b)" 1-1
}

@test "no option switches signatures off" {
    # The start of an option is one to dnf, and so is an action with a dash.
    for option in --nogpgcheck --no-gpgchecks --setopt=gpgcheck=0 \
        --setopt=*.gpgcheck=0 '-- --nogpgcheck' --nogpg '-- --no-gpg' \
        --seto=gpgcheck=0 '--setopt gpgcheck=0' --action=--nogpgcheck; do
        # shellcheck disable=SC2086 # two words
        up 2 $option member-a
    done
    assert_equal "$(cat "$bin/CALLS" 2>/dev/null)" ''
}

@test "--help needs nobody" {
    up 0 --help
    [[ $output == *--skip-boot-check* ]] || fail "$output"
}

# ---- what an option does ----

@test "--check-only: neither starts the qube nor asks one that is halted" {
    up 100 --check-only
    [[ $(calls qvm-run) == *--no-autostart* ]] || fail "$(calls qvm-run)"
    assert_equal "$(calls dnf)" ''
    assert_equal "$(ls "$state/pending")" ''
    rm "$bin/FEATURES" "$bin/CALLS"
    touch "$bin/HALTED"
    up 4 --check-only
    assert_detail unreachable
    assert_equal "$(calls qvm-run)" ''
    [ ! -e "$bin/FEATURES" ] || fail 'a check that failed is told'
}

@test "--check-only: a repository that is not there is a fault, not 0" {
    sed -i 's|127.0.0.1:[0-9]*|127.0.0.1:1|' "$repos/edge.repo"
    up 4 --check-only
    assert_detail unreachable
    [ ! -e "$bin/FEATURES" ] || fail 'a check that failed is told'
}

@test "--downloadonly: published, not installed, nothing is said to be" {
    up 0 -y --downloadonly
    [ -e "$repo/rpm/app-2-1.x86_64.rpm" ]
    assert_equal "$(installed app)" 1-1
    [[ $(calls dnf) == *--downloadonly* ]] || fail "$(calls dnf)"
    ! grep -q last-update= "$bin/FEATURES" 2>/dev/null || fail 'told'
    [[ $output != *restart* ]] || fail "$output"
}

@test "--clean: the cache over there, and old generations here" {
    mkdir -p "$bin/home/.cache/sallyport"
    up 0 -y member-a
    up 0 -y member-b
    assert_equal "$(ls "$repo/generations")" $'1\n2'
    rm -rf "$repo/generations/2/repodata" # with repodata missing too
    up 0 -y --clean member-c
    [ ! -e "$bin/home/.cache/sallyport" ] || fail 'the cache is there'
    assert_equal "$(installed member-c)" 1-1
    assert_equal "$(ls "$repo/generations")" $'2\n3'
}

@test "--action: reinstall, distro-sync, update, and dnf's own" {
    up 0 -y --action=reinstall reinst
    [[ $(calls dnf) == 'reinstall '* ]] || fail "$(calls dnf)"
    rm "$bin/CALLS"
    up 0 -y --action=update app
    assert_equal "$(installed app)" 2-1
    [[ $(calls dnf) == 'update '* ]] || fail "$(calls dnf)"
    up 0 -y --action=distro-sync down
    assert_equal "$(installed down)" 1-1
    rm "$bin/CALLS"
    up 0 -y --action=remove orphan
    ! installed orphan | grep -q '^1-1$' || fail 'still there'
    assert_equal "$(calls qvm-run)" ''
}

@test "--clean --action=clean expire-cache, as salt says it" {
    up 0 --quiet --assumeyes --clean --action=clean expire-cache
    [[ $(calls dnf) == 'clean '*'--quiet --assumeyes expire-cache' ]] ||
        fail "$(calls dnf)"
}

@test "--action=list: answered by the update qube alone" {
    up 0 --action=list app
    [[ $stderr$output == *app-2-1* ]] || fail "$output" "$stderr"
    assert_equal "$(calls dnf)" ''
    [ ! -e "$repo/current" ] || fail 'published'
}

@test "--action=search: by the stock script, whose status it has" {
    cat >"$bin/vm/qubes-download-dom0-updates.sh" <<END
#!/bin/sh
echo "script: \$*"
printf 'evil: \033[2J\n'
exit 3
END
    chmod +x "$bin/vm/qubes-download-dom0-updates.sh"
    up 3 --action=search editor
    [[ $output == *'script: --doit --nogui'*'--action=search editor'* ]] ||
        fail "$output"
    [[ $output != *$'\033'* ]] || fail 'an escape came through'
    assert_equal "$(calls dnf)" ''
}

@test "--silent: nothing on standard output" {
    up 0 --silent -y member-a
    assert_equal "$output" ''
    assert_equal "$(installed member-a)" 1-1
}

@test "--just-print-progress: lines for the updater" {
    up 0 --just-print-progress -y member-a
    # What dnf writes there is its own.
    [[ $stderr != *asking* && $stderr != *downloads* ]] || fail "$stderr"
    grep -q '^dom0 updating 100$' <<<"$stderr" || fail "$stderr"
    assert_equal "$(grep -c '^dom0 done success$' <<<"$stderr")" 1
    assert_equal "$(grep -o 'updating [0-9]*' <<<"$stderr" |
        sort -c -k 2 -n && echo sorted)" sorted
    grep -q '^dom0:out: ' <<<"$output"
    up 0 --just-print-progress -y member-a
    grep -q '^dom0 done no_updates$' <<<"$stderr" || fail "$stderr"
}

@test "--just-print-progress: a fault is one there too" {
    up 15 --just-print-progress -y no-such-package
    grep -q '^dom0 done error$' <<<"$stderr" || fail "$stderr"
}

@test "--gui: the same again as root in a window, and no packages" {
    up 3 --gui
    assert_detail not-found
    add_tool xterm
    up 0 --gui -y
    [[ $(calls xterm) == "-e sudo $bin/sallyport --state-dir "*' update '*-y ]] ||
        fail "$(calls xterm)"
    [[ $(calls xterm) != *--gui* ]] || fail "$(calls xterm)"
    assert_equal "$(calls pkcon)" 'refresh force'
    up 2 --gui member-a
    rm "$bin/pkcon"
    up 0 --gui -y
}

@test "--switch-audio-server-to: a second round for it" {
    up 2 --switch-audio-server-to=tape
    up 100 --check-only --switch-audio-server-to=pulseaudio
    assert_equal "$(grep -c ' check ' "$bin/CALLS")" 1 'a check has no second round'
    up 15 -y --switch-audio-server-to=pipewire
    assert_equal "$(installed app)" 2-1
    [[ $stderr == *pipewire-pulseaudio*no-match* ]] || fail "$stderr"
    # Who shows progress is told once how it ended: with the last round.
    up 15 -y --just-print-progress --switch-audio-server-to=pipewire
    assert_equal "$(grep '^dom0 done' <<<"$stderr")" 'dom0 done error'
}

# A repository with updates, and with the other sound server.
serve_sound() {
    local dir=$world/edge/sound
    rm -rf "$dir"
    mkdir -p "$dir"
    cat >"$BATS_TEST_TMPDIR/sound.spec" <<END
Name: pipewire-pulseaudio
Version: 1
Release: 1
Summary: A sound server
License: GPL
BuildArch: noarch
AutoReqProv: no
Conflicts: orphan
%description
None.
%files
END
    rpmbuild -bb --quiet --define "_topdir $BATS_TEST_TMPDIR/rpmbuild" \
        --define "_rpmdir $dir" --define '_build_name_fmt %%{NAME}.rpm' \
        "$BATS_TEST_TMPDIR/sound.spec" >/dev/null 2>&1
    sign_packages rsa "$dir/pipewire-pulseaudio.rpm"
    cp "$world"/edge/main/{app,liba}-2-1.x86_64.rpm "$dir"
    createrepo_c --quiet "$dir"
    serve_from sound
}

@test "--switch-audio-server-to: it is brought and installed behind the rest" {
    serve_sound
    up 0 -y --switch-audio-server-to=pipewire
    assert_equal "$(installed app)" 2-1
    assert_equal "$(installed pipewire-pulseaudio)" 1-1
    # What is in its way goes.
    ! installed orphan | grep -q '^1-1$' || fail 'still there'
    assert_equal "$(calls dnf | grep -v check-update | sed 's/ .* / /')" \
        $'upgrade -y\ninstall pipewire-pulseaudio'
}

@test "--switch-audio-server-to: nothing in the second round is not nothing" {
    serve_sound
    up 0 -y --action=install pipewire-pulseaudio --allowerasing
    up 0 -y --just-print-progress --switch-audio-server-to=pipewire
    assert_equal "$(installed app)" 2-1
    assert_equal "$(grep '^dom0 done' <<<"$stderr")" 'dom0 done success'
    [[ $output != *'nothing to do:'* ]] || fail "$output"
    assert_equal "$(grep -o 'updating [0-9]*' <<<"$stderr" |
        sort -c -k 2 -n && echo sorted)" sorted
    up 0 -y --just-print-progress --switch-audio-server-to=pipewire
    assert_equal "$(grep '^dom0 done' <<<"$stderr")" 'dom0 done no_updates'
}

@test "a template is handed over, alone, with its options" {
    echo 7 >"$bin/STATUS.qvm-template"
    up 7 --enablerepo=templates -y qubes-template-debian-12
    assert_equal "$(calls qvm-template)" \
        'install --releasever=41 --enablerepo=templates -y debian-12'
    up 7 --action=reinstall qubes-template-debian-12
    [[ $(calls qvm-template) == *$'\n''reinstall --releasever=41 debian-12' ]] ||
        fail "$(calls qvm-template)"
    up 2 qubes-template-debian-12 member-a
    assert_equal "$(calls qvm-run)" ''
    rm "$bin/qvm-template"
    up 3 qubes-template-debian-12
    assert_detail not-found
    [[ $stderr == *"'qvm-template' is not installed here"* ]] || fail "$stderr"
}

@test "a damaged policy, or no qube to ask: nothing is begun" {
    cp "$BATS_TEST_TMPDIR/policy.conf" "$BATS_TEST_TMPDIR/policy.good"
    echo 'nonsense' >>"$BATS_TEST_TMPDIR/policy.conf"
    up 15 -y
    assert_detail policy-file
    sed '/updatevm/d' "$BATS_TEST_TMPDIR/policy.good" \
        >"$BATS_TEST_TMPDIR/policy.conf"
    echo 1 >"$bin/STATUS.qubes-prefs"
    up 1 -y
    [[ $stderr == *"qubes-prefs' failed with exit status 1"* ]] ||
        fail "$stderr"
    echo 0 >"$bin/STATUS.qubes-prefs"
    up 2 -y
    [[ $stderr == *"'updatevm' is not set"* ]] || fail "$stderr"
    assert_equal "$(calls qvm-run)" ''
    [ ! -e "$state/round" ] || fail 'a round was begun'
    rm "$bin/STATUS.qubes-prefs"
    up 0 -y member-a
}

# ---- guards ----

@test "--skip-boot-check: otherwise /boot must be mounted" {
    export FSTAB='/dev/sda1 /boot ext4 defaults 1 2
'
    old 1 -y member-a
    assert_detail boot-not-mounted
    assert_equal "$(calls qvm-run)" '' 'before anything is asked'
    old 0 -y --skip-boot-check member-a
    old 0 -y --downloadonly member-b
    FSTAB='/dev/sda1 /boot ext4 noauto 1 2
' old 0 -y member-b
}

# A repository with a hypervisor of this version.
xen_repo() { # VERSION
    local dir=$world/edge/xen-$1
    mkdir -p "$dir"
    [ -e "$dir/repodata" ] || {
        cat >"$BATS_TEST_TMPDIR/xen.spec" <<END
Name: xen-libs
Version: $1
Release: 1
Summary: A hypervisor's tools
License: GPL
BuildArch: noarch
AutoReqProv: no
%description
None.
%files
END
        rpmbuild -bb --quiet --define "_topdir $BATS_TEST_TMPDIR/rpmbuild" \
            --define "_rpmdir $dir" --define '_build_name_fmt %%{NAME}.rpm' \
            --define '_binary_filedigest_algorithm 8' \
            --define "_dbpath $BATS_TEST_TMPDIR/db" \
            "$BATS_TEST_TMPDIR/xen.spec" >/dev/null 2>&1
        sign_packages rsa "$dir/xen-libs.rpm"
        createrepo_c --quiet "$dir"
    }
    serve_from "xen-$1"
}

@test "--force-xen-upgrade: otherwise another version asks, while qubes run" {
    add_tool xl
    xen_repo 4.19.1
    printf 'dom0\nwork\n' >"$bin/RUNNING"
    up 15 -y xen-libs
    assert_detail xen-upgrade
    assert_detail xen-upgrade
    ! installed xen-libs | grep -q 4.19 || fail 'installed'
    [[ $stderr == *'was changed'* ]] || fail "$stderr"
    up 15 --assumeno xen-libs
    assert_detail xen-upgrade
    # Nobody runs, or the same major and minor version, or --force.
    echo dom0 >"$bin/RUNNING"
    up 0 -y --downloadonly xen-libs
    echo 4.19.0 >"$bin/XEN"
    printf 'dom0\nwork\n' >"$bin/RUNNING"
    up 0 -y xen-libs
    echo 4.17.4 >"$bin/XEN"
    up 0 -y --force-xen-upgrade --action=reinstall xen-libs
}

@test "the person may let Xen be replaced, and is asked about a restart" {
    add_tool xl
    xen_repo 4.20.0
    printf 'dom0\nwork\n' >"$bin/RUNNING"
    # Xen goes: yes. Restart: yes.
    run -0 timeout 100 "$SP_TOP/tests/fake/on-terminal.py" yy \
        "$bin/sallyport" "${SP_OPTIONS[@]}" update --dbpath "$(database)" \
        --reposdir "$repos" --releasever=41 -y xen-libs
    assert_equal "$(installed xen-libs)" 4.20.0-1
    [[ $output == *'from 4.17 to 4.20'* ]] || fail "$output"
    # -y is no answer to "restart it now?".
    assert_equal "$(calls systemctl)" ''
    : >"$bin/CALLS"
    run -0 timeout 100 "$SP_TOP/tests/fake/on-terminal.py" yyyyy \
        "$bin/sallyport" "${SP_OPTIONS[@]}" update --dbpath "$(database)" \
        --reposdir "$repos" --releasever=41 --action=reinstall xen-libs
    assert_equal "$(calls systemctl)" reboot
}

# ---- the daily check ----

daily() { # STATUS
    sed -e "s|^PATH=.*|PATH=$bin:/usr/bin:/bin|" \
        -e "s|sallyport update|sallyport ${SP_OPTIONS[*]} update --dbpath \
$(database) --reposdir $repos --releasever=41|" \
        "$SP_TOP/examples/qubes/cron.daily/sallyport-update" \
        >"$BATS_TEST_TMPDIR/daily"
    run_program "$1" sh "$BATS_TEST_TMPDIR/daily"
    assert_equal "$output$stderr" ''
}

@test "the daily check sets the flag, and obeys the switch" {
    echo service.qubes-update-check= >"$bin/FEATURES"
    daily 0
    assert_equal "$(calls qvm-run)" ''
    echo service.qubes-update-check=1 >"$bin/FEATURES"
    daily 0
    assert_equal "$(feature updates-available)" 1
    rm "$bin/FEATURES"
    sed -i 's|127.0.0.1:[0-9]*|127.0.0.1:1|' "$repos/edge.repo"
    daily 1
    ! grep -q updates-available "$bin/FEATURES" 2>/dev/null || fail 'told'
}
