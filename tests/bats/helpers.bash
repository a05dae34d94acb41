# SPDX-License-Identifier: GPL-2.0-or-later
#
# Words for the tests. Load with `load helpers`; set up with `new_state`.

bats_require_minimum_version 1.8.0

# What an ingest starts; the last one where the build has it.
SP_WORKERS=("$SP_BUILD"/sallyport-{unpack,check,verify})
[ ! -x "$SP_BUILD/sallyport-index" ] || SP_WORKERS+=("$SP_BUILD/sallyport-index")

# Skips the test unless the machine has what it needs. With CI=true a missing
# jail is a failure: a sandbox that is never tested is none.
requires() { # root | mounts | loop | fuse | user | landlock | real-jails
    # | solver | program NAME
    case $1 in
    root) [ "$(id -u)" = 0 ] || skip "needs root" ;;
    mounts)
        requires root
        unshare --mount true 2>/dev/null || needs_root "mount namespaces"
        ;;
    loop)
        requires root
        losetup --find >/dev/null 2>&1 || needs_root "loop devices"
        ;;
    fuse)
        requires loop
        [ -c /dev/fuse ] || needs_root "/dev/fuse"
        ;;
    user) [ "$(id -u)" != 0 ] || skip "needs an ordinary user" ;;
    landlock)
        has_landlock || {
            [ "${CI:-}" != true ] || fail "no Landlock, and CI=true"
            skip "this kernel has no Landlock"
        }
        ;;
    real-jails)
        ! is_test_build || counts_coverage ||
            skip "a sanitizer build has no real jails"
        requires landlock
        ;;
    solver)
        has_solver || {
            [ "${CI:-}" != true ] || fail "built without a solver, and CI=true"
            skip "built without a solver"
        }
        ;;
    program) command -v "$2" >/dev/null || skip "needs $2" ;;
    *) fail "requires: unknown word '$1'" ;;
    esac
}

# What root has on every machine but a container: `make check-root` insists.
needs_root() { # WHAT
    [ "${SP_CHECK_ROOT:-}" != 1 ] || fail "no $1, and this is check-root"
    skip "needs $1"
}

# Puts the programs where every user reaches them, and says where.
programs_for_all() {
    local bin
    bin=$(mktemp -d /tmp/sp-bin.XXXXXX)
    chmod 755 "$bin"
    cp "$SP_BUILD/sallyport" "${SP_WORKERS[@]}" "$bin"
    echo "$bin"
}

has_solver() { # make WITH_SOLV=0 leaves it out
    readelf -dW "$SP_BUILD/sallyport-builder" | grep -q libsolv
}

has_landlock() {
    if [ -r /sys/kernel/security/lsm ]; then
        grep -q landlock /sys/kernel/security/lsm
    else # landlock_create_ruleset asked for its version
        python3 -c 'import ctypes, sys
sys.exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 1)'
    fi
}

is_test_build() {
    "$SP_BUILD/sallyport" --version 2>/dev/null | grep -q 'TEST BUILD'
}

# A build with COVER=1: a test build whose jails are real.
counts_coverage() {
    [ -d "$SP_BUILD/live" ]
}

fail() {
    printf '%s\n' "$@" >&2
    return 1
}

# A fresh state directory with the RSA test key as its only key: $state,
# $repo, $keys; SP_OPTIONS are the options that name them.
new_state() {
    state=$BATS_TEST_TMPDIR/state
    repo=$state/updates
    keys=$BATS_TEST_TMPDIR/keys
    mkdir -p "$state" "$keys"
    cp "$FIXTURES/key-rsa.asc" "$keys/"
    : >"$BATS_TEST_TMPDIR/policy.conf"
    SP_OPTIONS=(--state-dir "$state" --keys "$keys"
        --policy "$BATS_TEST_TMPDIR/policy.conf")
}

# sp STATUS COMMAND ARGS...: runs sallyport with our state and insists on the
# exit status and on no process left behind. Sets $output and $stderr.
sp() {
    local want=$1 command=$2
    shift 2
    [ "$command" != ingest ] || kept=''
    run_program "$want" "$SP_BUILD/sallyport" "$command" \
        "${SP_OPTIONS[@]}" "$@"
}

# spb STATUS ARGS...: the same for sallyport-builder.
spb() {
    local want=$1
    shift
    run_program "$want" "$SP_BUILD/sallyport-builder" "$@"
}

# Every program gets a session of its own, which no child of it may leave.
run_program() { # STATUS PROGRAM ARGS...
    local want=$1 sid left
    shift
    rm -f "$BATS_TEST_TMPDIR/session"
    # shellcheck disable=SC2016 # the inner shell expands
    run --separate-stderr timeout --foreground --kill-after=5 \
        "${SP_TIMEOUT:-100}" setsid --wait sh -c \
        'echo $$ >"$0"; exec "$@"' "$BATS_TEST_TMPDIR/session" "$@"
    sid=$(cat "$BATS_TEST_TMPDIR/session")
    # What has ended and waits for init is not running.
    left=$(ps -o stat=,pid=,args= --sid "$sid" | grep -v '^Z' || true)
    # shellcheck disable=SC2154 # run sets status and stderr
    if [ "$status" -ne "$want" ]; then
        fail "command: $*" "status:  $status, expected $want" \
            "stdout:  $output" "stderr:  $stderr"
    elif [ -n "$left" ]; then
        fail "left running by $*:" "$left"
    fi
}

# The detail word of the last refusal, from --json output or the message.
assert_detail() { # WORD
    [[ $output$stderr =~ (^|[^a-z0-9-])"$1"([^a-z0-9-]|$) ]] ||
        fail "expected the word '$1' in:" "$output" "$stderr"
}

assert_equal() { # GOT WANT [WHAT]
    [ "$1" = "$2" ] || fail "${3:-value}:" "  got:  $1" "  want: $2"
}

# All that a repository is: names, kinds, modes, times, links and bytes below
# it, without the lock and the error log.
repository_snapshot() { # DIR
    [ -d "$1" ] || {
        echo "no repository"
        return
    }
    (cd "$1" &&
        find . -mindepth 1 ! -path ./.lock ! -path './errors*' \
            -printf '%P %y %m %T@ %l\n' | sort &&
        find . -type f ! -path ./.lock ! -path './errors*' -print0 |
        sort -z | xargs -0r sha256sum)
}

# Where doctor and inspect work, who leave no trace.
scratch_places() {
    find /tmp -maxdepth 1 -name 'sallyport-??????' | sort
}

# Of the places that were not there before none stays. What another suite works
# in goes away with it.
assert_no_scratch() { # BEFORE
    local left
    left=$(comm -13 <(echo "$1") <(scratch_places))
    for _ in $(seq 60); do
        left=$(comm -12 <(echo "$left") <(scratch_places))
        [ -n "$left" ] || return 0
        sleep 0.5
    done
    fail "left behind: $left"
}

# No quarantine and no half-written file anywhere below the state directory.
assert_no_leftovers() {
    local left
    left=$(find "$state" \( -name '*.UNTRUSTED' -o -name '*.tmp' \
        -o -name '*.new' -o -name '.tmp*' \) -print)
    [ -z "$left" ] || fail "left behind:" "$left"
}

history_records() {
    find "$state/history" -type f ! -name '.*' 2>/dev/null | wc -l
}

# What a delivery has left in the history, said of it in $kept: a record, or
# none, for it had not begun: it was asked for by the wrong one, or with the
# wrong words, or from what is no place for it, or while another one was there.
one_record() { # RECORDS-BEFORE
    assert_equal "$(history_records)" $(($1 + 1)) "records of deliveries"
    kept=record
}

no_record() { # RECORDS-BEFORE
    assert_equal "$(history_records)" "$1" "records of what never began"
    kept=not-begun
}

# One delivery that is refused, with its exit status and its word, and all
# that a refusal promises: a repository that is byte for byte what it was, no
# process, nothing left behind, and one record.
refuse_delivery() { # STATUS WORD ARGS-OF-INGEST...
    refuse_leaving one_record "$@"
}

# A delivery that ends before it begins: the same, but no record.
refuse_unbegun() { # STATUS WORD ARGS-OF-INGEST...
    refuse_leaving no_record "$@"
}

refuse_leaving() { # one_record|no_record STATUS WORD ARGS-OF-INGEST...
    local leaves=$1 want=$2 word=$3 before records
    shift 3
    before=$(repository_snapshot "$repo")
    records=$(history_records)
    sp "$want" ingest --progress=none "$@"
    assert_unchanged "$word" "$before"
    "$leaves" "$records"
}

# The same of an ingest that was run already.
assert_refusal() { # WORD SNAPSHOT RECORDS-BEFORE
    assert_unchanged "$1" "$2"
    one_record "$3"
}

# A word of refusal, a repository that is what it was, nothing left behind.
assert_unchanged() { # WORD SNAPSHOT
    [[ $stderr =~ \([a-z]+,\ "$1"\) || $output =~ \"detail\":\ ?\""$1"\" ]] ||
        fail "expected the word '$1' in:" "$output" "$stderr"
    assert_equal "$(repository_snapshot "$repo")" "$2" repository
    assert_no_leftovers
}

# Tells tests/cases.py how a named case ended, behind all that was to be
# looked at, and what it left in the history: $kept, or what is true of all
# that a suite does, $KEPT. Without ids those that the name of the test begins
# with. A "!" before the word: it was published, with the alarm of that word.
case_ended() { # STATUS WORD [ID...]
    local status=$1 word=$2 id
    shift 2
    # shellcheck disable=SC2046 # words
    [ $# -gt 0 ] || set -- $(grep -oE '^(([A-Z]+[0-9]+[a-z0-9.-]*|CVE-[0-9-]+) )+' \
        <<<"$BATS_TEST_DESCRIPTION ")
    for id; do
        echo "# case $id $status $word ${kept:-${KEPT:-unsaid}}" >&3
    done
}

# refuse_delivery, of the case that the name of the test begins with.
refused_case() { # STATUS WORD ARGS-OF-INGEST...
    refuse_delivery "$@"
    case_ended "$1" "$2"
}

# A bundle of the given packages, made by the builder.
make_bundle() { # DEST RPM...
    local dest=$1
    shift
    printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/list"
    spb 0 build --list "$BATS_TEST_TMPDIR/list" -o "$dest"
}

# Flips one bit of a file, at an offset in bytes.
flip_bit() { # FILE OFFSET
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\$(printf '%03o' $((byte ^ 1)))" |
        dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Signs packages with one of the test keys (rsa, ed25519, foreign).
sign_packages() { # KEY RPM...
    local key=$1 home
    shift
    home=$(mktemp -d /tmp/sp-sign.XXXXXX)
    cp -r "$FIXTURES/secret/." "$home"
    GNUPGHOME=$home rpmsign --addsign --define '__gpg /usr/bin/gpg' \
        --define "_gpg_name $key@example.invalid" \
        --define '_gpg_digest_algo sha256' "$@" >/dev/null 2>&1
    GNUPGHOME=$home gpgconf --kill all
    rm -rf "$home"
}
