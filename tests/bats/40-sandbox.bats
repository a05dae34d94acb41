#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The escape battery: what every jail must hold is tried inside it, as root,
# as an ordinary user and in a chroot. And the battery itself is tried: its
# acts get through where there is no jail, and doctor sees a jail that fails.

load helpers

setup() {
    KEPT=no-delivery # a jail is tried, nothing is brought
    requires real-jails
    requires program createrepo_c
}

escape() { "$SP_BUILD/sallyport-escape" "$@" </dev/null; }

# Doctor finds nothing bad, and each jail was tried with its acts.
assert_jails_hold() { # OUTPUT
    local jail
    [[ $1 != *$'\n'bad* && $1 != bad* ]] || fail "$(grep '^bad' <<<"$1")"
    for jail in unpack check verify "$(index_jail)" vchan; do
        [ "$(grep -c "^good *jail $jail " <<<"$1")" -ge 90 ] ||
            fail "too few acts in jail $jail"
    done
}

# The one in which this build writes the metadata.
index_jail() {
    if [ -x "$SP_BUILD/sallyport-index" ]; then
        echo index
    else
        echo createrepo_c
    fi
}

# What doctor found out, as "JAIL/ACT killed|refused".
ends_of_acts() { # JSON-OF-DOCTOR
    for jail in unpack check verify "$(index_jail)" vchan; do
        escape --list $jail | awk -F'\t' -v jail=$jail \
            '{ print jail "\t" $1 "\t" $4 }'
    done | python3 -c 'import json, sys
names = {(jail, what): name for jail, name, what in
         (line.rstrip("\n").split("\t") for line in sys.stdin)}
for f in json.load(open(sys.argv[1]))["findings"]:
    jail = f["area"].removeprefix("jail ")
    if (jail, f["what"]) in names and f["state"] == "good":
        result = f["result"]
        end = ("killed" if result.startswith("ended by the ")
               else result.split(":")[0])
        print(jail + "/" + names[jail, f["what"]], end)' "$1"
}

@test "J01-J60 doctor: every jail holds every act" {
    local act end
    run -0 "$SP_BUILD/sallyport" doctor --jails
    assert_jails_hold "$output"
    run -0 --separate-stderr "$SP_BUILD/sallyport" doctor --jails --json
    echo "$output" >"$BATS_TEST_TMPDIR/json"
    while read -r act end; do
        [ "$end" = allowed ] || case_ended - "$end" "$act"
    done < <(ends_of_acts "$BATS_TEST_TMPDIR/json")
}

@test "doctor: nothing is left behind, neither process nor scratch place" {
    local before
    before=$(scratch_places)
    run -0 "$SP_BUILD/sallyport" doctor --jails
    ! pgrep --runstates D,R,S,T -g 0 -x sallyport-escape || fail "processes are left"
    assert_no_scratch "$before"
}

# What only its parent stops is stopped after a second.
until_stopped() { # END COMMAND...
    if [ "$1" = stopped ]; then
        timeout --signal=KILL 1 "${@:2}"
    else
        "${@:2}"
    fi
}

# Doctor tries the jails of this build; the other of the two that write the
# metadata holds as well.
@test "the jails of both writers of metadata hold" {
    local dir=$BATS_TEST_TMPDIR/scene jail name end error tried=0 status
    for jail in createrepo_c index; do
        while IFS=$'\t' read -r name end error _; do
            status=0
            until_stopped "$end" "$SP_BUILD/sallyport-escape" "$jail" "$name" \
                "$dir" 0<>/dev/null 1<>/dev/null 2<>/dev/null 3<>/dev/null ||
                status=$?
            case $end in
            granted) [ "$status" = 0 ] ;;
            stopped) [ "$status" = 137 ] ;; # SIGKILL, ours
            killed) [ "$status" = 159 ] ;; # SIGSYS
            ended) [ "$status" = 159 ] || [ "$status" = 139 ] ;; # SIGSEGV
            *) [ "$status" -gt 0 ] && [ "$status" -lt 159 ] ;;
            esac || fail "$jail: $name is not $end: $status"
            tried=$((tried + 1))
        done < <(escape --list "$jail")
    done
    [ "$tried" -ge 180 ]
}

@test "an index jail starts nothing and maps no code" {
    local act
    for act in exec-engine fork fork-many map-code protect-code map-file \
        map-shared; do
        [ "$(escape --list index | awk -v a=$act '$1 == a { print $2 }')" = \
            refused ] || fail "$act"
    done
}

@test "at least 30 acts are stopped in each jail" {
    local jail stopped
    for jail in unpack check verify createrepo_c index vchan; do
        stopped=$(escape --list "$jail" | cut -f2 | grep -cv granted)
        [ "$stopped" -ge 60 ] || fail "$jail stops only $stopped acts"
    done
}

@test "what a jail allows says why" {
    local jail
    for jail in unpack check verify createrepo_c index vchan; do
        ! escape --list "$jail" | awk -F'\t' '$2 == "granted" && $5 == "-"' |
            grep .
    done
}

@test "the acts have teeth: without a jail they get through" {
    local dir=$BATS_TEST_TMPDIR/scene name end through=0 blunt=()
    while IFS=$'\t' read -r name end _; do
        # doctor gives it /dev/null as descriptors 0 to 3
        if "$SP_BUILD/sallyport-escape" none "$name" "$dir" \
            0<>/dev/null 1<>/dev/null 2<>/dev/null 3<>/dev/null; then
            through=$((through + 1))
        else
            blunt+=("$name")
        fi
    done < <(escape --list none)
    echo "# $through acts get through; this machine refuses even without" \
        "a jail: ${blunt[*]:-none}" >&3
    # An ordinary user may not mount, make devices, set clocks and the like.
    if [ "$(id -u)" = 0 ]; then
        [ ${#blunt[@]} -le 8 ]
    else
        [ ${#blunt[@]} -le 20 ]
    fi
}

# A copy of sallyport beside a battery of our own, in $1.
plant_battery() { # DIR SCRIPT
    mkdir -p "$1"
    cp "$SP_BUILD/sallyport" "$1/"
    printf '#!/bin/sh\nreal=%s/sallyport-escape\n%s\n' "$SP_BUILD" "$2" \
        >"$1/sallyport-escape"
    chmod +x "$1/sallyport-escape"
}

@test "seeded: doctor sees jails that are not there" {
    plant_battery "$BATS_TEST_TMPDIR/seeded" \
        'test "$1" = --list && exec "$real" "$@"; exec "$real" none "$2" "$3"'
    run -17 "$BATS_TEST_TMPDIR/seeded/sallyport" doctor --jails
    [[ $output == *"it got through"* && $output == *escape* ]]
}

@test "seeded: doctor sees a verify jail in the place of the unpack jail" {
    plant_battery "$BATS_TEST_TMPDIR/seeded" \
        'test "$1" = unpack && exec "$real" verify "$2" "$3"; exec "$real" "$@"'
    run -17 "$BATS_TEST_TMPDIR/seeded/sallyport" doctor --jails
    [[ $output == *"must be killed"* ]]
}

@test "seeded: doctor sees a jail that refuses its own work" {
    plant_battery "$BATS_TEST_TMPDIR/seeded" \
        'test "$1 $2" = "verify create-own" && exit 13; exec "$real" "$@"'
    run -17 "$BATS_TEST_TMPDIR/seeded/sallyport" doctor --jails
    [[ $output == *"must be granted"* ]]
}

@test "seeded: doctor does not wait for an act that never ends" {
    plant_battery "$BATS_TEST_TMPDIR/seeded" \
        'test "$1 $2" = "verify sleep" && sleep 300; exec "$real" "$@"'
    run -17 "$BATS_TEST_TMPDIR/seeded/sallyport" doctor --jails
    [[ $output == *"did not end"* ]]
}

@test "the jails hold for an ordinary user" {
    local dir
    requires root
    requires program setpriv
    dir=$(mktemp -d /tmp/sallyport-nobody.XXXXXX)
    cp "$SP_BUILD"/sallyport "$SP_BUILD"/sallyport-escape "$dir/"
    chmod -R a+rX "$dir"
    run setpriv --reuid 65534 --regid 65534 --clear-groups \
        "$dir/sallyport" doctor --jails
    rm -rf "$dir"
    [ "$status" = 0 ] || fail "$output"
    assert_jails_hold "$output"
}

# Copies programs with all libraries and the loader into a root.
copy_programs() { # ROOT PROGRAM...
    local root=$1 file
    shift
    for file in "$@" $(ldd "$@" | grep -o '/[^ ]*\.so[^ ]*' | sort -u); do
        install -D "$file" "$root$file"
    done
}

# Runs doctor in a root of its own; MOUNTS is a shell command that sees the
# root as $1.
doctor_in_chroot() { # MOUNTS
    local root=$BATS_TEST_TMPDIR/root
    requires root
    requires program unshare
    unshare -m true 2>/dev/null || skip "mount name spaces are refused here"
    mkdir -p "$root"/{dev/pts,proc,tmp,etc,usr/bin,usr/libexec/sallyport}
    copy_programs "$root" /usr/bin/gpg /usr/bin/createrepo_c /bin/sh
    copy_programs "$root" "$SP_BUILD/sallyport"
    mv "$root$SP_BUILD/sallyport" "$root/usr/bin/"
    cp "$SP_BUILD/sallyport-escape" "$root/usr/bin/"
    : >"$root/etc/shadow"
    mknod -m 666 "$root/dev/null" c 1 3
    mknod -m 666 "$root/dev/ptmx" c 5 2
    run unshare -m sh -c 'mount -t proc proc "$1/proc" && eval "$2" &&
        exec chroot "$1" /usr/bin/sallyport doctor --jails' sh "$root" "$1"
    [ "$status" = 0 ] || fail "$output"
    assert_jails_hold "$output"
}

@test "the jails hold in a chroot" {
    doctor_in_chroot 'mount -t devpts -o ptmxmode=666 devpts "$1/dev/pts"'
    [[ $output != *pseudo-terminal* ]]
}

@test "the jails hold where there are no terminals, and doctor says so" {
    doctor_in_chroot true
    [[ $output == *"pseudo-terminal: none here"*"mount devpts"* ]]
}

# sallyport-escape says why no act can be tried: never what an act may end with.
sets_no_scene() { # MESSAGE ARGS...
    local message=$1
    shift
    run -200 --separate-stderr "$SP_BUILD/sallyport-escape" "$@" </dev/null
    [[ $stderr == *"$message"* ]] || fail "$* said: $stderr"
}

@test "a scene that cannot be set is never taken for a refusal" {
    local scene=$BATS_TEST_TMPDIR/scene act file files length long was=0
    act=$(escape --list none | head -n 1 | cut -f1)
    sets_no_scene usage:
    sets_no_scene usage: --list
    sets_no_scene usage: --help unpack
    sets_no_scene 'no jail of this kind' --list nothing
    sets_no_scene 'no jail of this kind' nothing "$act" "$scene"
    sets_no_scene 'no act of this name' none nothing "$scene"
    touch "$BATS_TEST_TMPDIR/file"
    sets_no_scene 'Not a directory' none "$act" "$BATS_TEST_TMPDIR/file"
    # In the place of each of its files lies a folder.
    escape none "$act" "$scene" || [ $? -lt 200 ]
    mapfile -t files < <(find "$scene" -type f)
    [ ${#files[@]} -ge 5 ] || fail "${files[*]}"
    for file in "${files[@]}"; do
        rm "$file"
        mkdir "$file"
        sets_no_scene 'cannot set the scene' none "$act" "$scene"
        rmdir "$file"
    done
    # Names of every length around the longest that there may be.
    for ((length = 960; length < 1030; length++)); do
        long=$scene$(printf '/%0200d' 1 2 3 4)
        long=$long/$(printf "%0$((length - ${#long} - 1))d" 0)
        run --separate-stderr "$SP_BUILD/sallyport-escape" none "$act" "$long" \
            </dev/null
        if [ "$status" = 200 ]; then
            [[ $stderr == *'a long name'* ]] || fail "$length: $stderr"
            was=1
        elif [ "$status" -gt 200 ] || [ $was = 1 ]; then
            fail "$length: status $status"
        fi
    done
    [ $was = 1 ] || fail 'no name was too long'
}

# Doctor among programs that are the scripts of this folder, with a repository
# on a small disk of its own.
doctor_with_programs() { # FOLDER OWNER [OPTION]
    run unshare -m sh -c '
for name in gpg rpm dnf; do
    mount --bind "$1/$name" "/usr/bin/$name" || exit 99
done
mount -t tmpfs -o size=2m none "$2" && chown "$3" "$2" || exit 99
shift 3
exec "$@"' sh "$1" "$repo" "$2" "$SP_BUILD/sallyport" doctor \
        "${3:---json}" "${SP_OPTIONS[@]}"
}

# The finding about it, as "STATE RESULT".
finding() { # WHAT
    python3 -c 'import json, sys
print(*[f["state"] + " " + (f["result"] or "")
        for f in json.load(sys.stdin)["findings"] if f["what"] == sys.argv[1]])' \
        "$1" <<<"$output"
}

@test "doctor: programs that will not do, a full disk, a foreign repository" {
    requires mounts
    for name in gpg rpm dnf; do
        [ -x /usr/bin/$name ] || skip "needs /usr/bin/$name"
    done
    local fakes=$BATS_TEST_TMPDIR/fakes
    new_state
    mkdir -p "$fakes" "$repo"
    printf '#!/bin/sh\necho gpg "(GnuPG)" 1.4.23\n' >"$fakes/gpg"
    printf '#!/bin/sh\necho a word or two\n' >"$fakes/rpm"
    : >"$fakes/dnf"
    chmod +x "$fakes"/{gpg,rpm}
    doctor_with_programs "$fakes" root
    assert_equal "$(finding /usr/bin/gpg)" 'bad version 1.4.23, needed is 2.2'
    assert_equal "$(finding /usr/bin/rpm)" 'bad does not tell its version'
    assert_equal "$(finding /usr/bin/dnf)" \
        "note not here; only 'update' needs it"
    [[ $(finding 'free space') == 'bad 2.'*' MB, of which '*' are kept free' ]] ||
        fail "$(finding 'free space')"
    printf '#!/bin/sh\nexit 3\n' >"$fakes/gpg"
    printf '#!/bin/sh\n' >"$fakes/rpm"
    printf '#!/bin/sh\necho 4.14.0\n' >"$fakes/dnf"
    chmod +x "$fakes/dnf"
    doctor_with_programs "$fakes" nobody
    [[ $(finding /usr/bin/gpg) == 'bad '*'exit status 3'* ]] ||
        fail "$(finding /usr/bin/gpg)"
    assert_equal "$(finding /usr/bin/rpm)" 'bad does not tell its version'
    assert_equal "$(finding /usr/bin/dnf)" 'good version 4.14.0'
    [[ $output == *'belongs to user 65534, this is user 0'* ]] ||
        fail "$output"
    # Whoever wants it quiet hears what is bad, and no more.
    chmod -x "$fakes/dnf"
    doctor_with_programs "$fakes" root --quiet
    [[ $output == *'/usr/bin/rpm: does not tell its version'* ]] ||
        fail "$output"
    run ! grep -E "^(good|note)|only 'update' needs it" <<<"$output"
}
