#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line as people and scripts meet it: help, mistakes, looks,
# JSON, words, exit statuses, and that the documents say the same.

load helpers

COMMANDS=(request ingest inspect verify status history rollback state doctor
    explain)

setup() {
    new_state
    man=$SP_TOP/docs/man/sallyport.1
}

# As run_program, for lines that start no worker and so can leave none.
quick() { # STATUS ARGS...
    local want=$1
    shift
    run --separate-stderr "$SP_BUILD/sallyport" "$@"
    # shellcheck disable=SC2154 # run sets them
    [ "$status" -eq "$want" ] ||
        fail "sallyport $*" "status: $status" "$output" "$stderr"
}

# Reads JSON on stdin; the expression about `o` must be true.
json_is() { # EXPRESSION
    python3 -c 'import json, sys
o = json.load(sys.stdin)
assert eval("(" + sys.argv[1] + ")"), json.dumps(o)' "$1"
}

# The fields that every object has, in agreement with the exit status.
assert_result() { # COMMAND STATUS
    python3 -m json.tool <<<"$output" >/dev/null || fail "no JSON: $output"
    json_is "o['sallyport'] == 1 and o['program'] == 'sallyport' and
        o['command'] == '$1' and o['exit'] == $2 and
        o['class'] == o['reason'] and
        {'detail', 'message', 'state', 'next'} <= set(o) and
        (o['class'] == 'done') == ($2 == 0) and
        (o['message'] is None) == ($2 == 0)" <<<"$output"
}

# Options as --help shows them.
options_of() { # [COMMAND]
    "$SP_BUILD/sallyport" "$@" --help |
        grep -oE '^ +(-[a-z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+'
}

@test "help on every level: stdout, status 0, nothing done" {
    for command in "${COMMANDS[@]}"; do
        quick 0 "$command" --help
        [[ $output == "usage: sallyport $command"* ]] || fail "$output"
        assert_equal "$stderr" "" "stderr"
        quick 0 -h "$command"
        [[ $output == "usage: sallyport $command"* ]] || fail "$output"
    done
    quick 0 --help
    for command in "${COMMANDS[@]}"; do
        [[ $output == *"
  $command"* ]] || fail "not listed: $command"
    done
}

@test "no line of help is wider than a terminal" {
    for command in "" "${COMMANDS[@]}"; do
        # shellcheck disable=SC2086 # no command is no word
        wide=$("$SP_BUILD/sallyport" $command --help | grep -E '^.{81}' || true)
        assert_equal "$wide" "" "$command"
    done
}

@test "every option of --help is in the manual page" {
    for command in "" "${COMMANDS[@]}"; do
        # shellcheck disable=SC2086 # no command is no word
        for option in $(options_of $command); do
            grep -qE "^\.It (Fl [ho] , )?Fl Fl ${option#--}( |\$)" "$man" ||
                fail "not in the page: $option of '$command'"
        done
    done
}

@test "every option of the manual page is in --help" {
    all=$(for command in "" "${COMMANDS[@]}"; do
        # shellcheck disable=SC2086 # no command is no word
        options_of $command
    done)
    for option in $(sed -nE 's/^\.It (Fl [ho] , )?Fl Fl ([a-z-]+).*/\2/p' "$man"); do
        grep -qx -- "--$option" <<<"$all" || fail "not in --help: $option"
    done
}

@test "the manual pages are clean" {
    requires program mandoc
    for page in "$SP_TOP"/docs/man/sallyport{.1,-unpack.8,-check.8,-verify.8} \
        "$SP_TOP"/docs/man/sallyport-{escape.8,policy.5,request.5}; do
        run -0 mandoc -Tlint -W warning "$page"
        assert_equal "$output" "" "$page"
    done
}

@test "the exit statuses of the manual page are those of explain" {
    page=$(sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/p' "$man" |
        awk '$1 == ".It" { n = $2 } $1 == ".Em" && $3 == ":" { print $2, n }')
    quick 0 explain
    told=$(sed -nE 's/^([a-z]+), exit status ([0-9]+):.*/\1 \2/p' <<<"$output" |
        grep -v '^updates 100$')
    assert_equal "$page" "$told"
}

@test "mistakes: one line, where the help is, status 2, nothing on stdout" {
    while read -r want line; do
        # shellcheck disable=SC2086 # a line is words
        quick 2 $line
        assert_equal "$output" "" "stdout of $line"
        assert_equal "$(wc -l <<<"$stderr")" 2 "lines of $line"
        [[ $stderr == *"$(tr _ ' ' <<<"$want")"* ]] || fail "$line:" "$stderr"
        [[ ${stderr##*$'\n'} == "try 'sallyport"*" --help'" ]] || fail "$stderr"
    done <<END
a_command_is_missing
did_you_mean_'ingest' ingset x
did_you_mean_'--json' status --jsno
unknown_option_'--zebra' status --zebra
SOURCE_is_missing ingest
SOURCE_is_missing inspect
FILE..._is_missing verify
too_many_arguments:_'b' ingest a b
too_many_arguments:_'x' status x
too_many_arguments:_'2' rollback 1 2
takes_no_value status --json=yes
wants_a_value status --state-dir
wants_bar|plain|json|none status --progress=x
wants_auto|always|never status --color=x
did_you_mean_'no-key' explain no-kye
GENERATION_is_a_number rollback 01
GENERATION_is_a_number rollback 0
GENERATION_is_a_number rollback -- -1
unknown_option_'--yes' inspect --yes x
unknown_option_'--jails' status --jails
unknown_word_'zzzzzzzzzz' explain zzzzzzzzzz
state_knows_show_and_reset state forget
reset_what? state reset --reason x
show_takes_no_more_words state show clock
belongs_to_reset state show --reason x
needs_it state reset clock
END
}

@test "a mistake is answered in JSON when JSON was asked for" {
    quick 2 ingest --json
    assert_result ingest 2
    assert_equal "$stderr" "" "stderr"
    quick 2 status --bad --json
    assert_result status 2
    quick 2 --json update
    assert_result update 2
    quick 2 --json nonsense
    json_is "o['command'] is None and o['exit'] == 2" <<<"$output"
}

@test "explain knows every word, its class and its status" {
    words=$(sed -nE 's/^    \{"([a-z-]+)", (SP_E_[A-Z]+)\}.*/\1/p' \
        "$SP_TOP/src/base/reason.c")
    [ "$(wc -w <<<"$words")" -gt 100 ]
    quick 0 explain --json
    assert_result explain 0
    json_is "[w['word'] for w in o['words']] == '''$words'''.split()" \
        <<<"$output"
    all=$output
    for word in $words; do
        text=$("$SP_BUILD/sallyport" explain "$word")
        [[ $text == "$word: "*"class: "*"exit status "*"next: "* ]] ||
            fail "$text"
    done
    quick 0 explain signature
    class=$output
    quick 0 explain 10
    assert_equal "$output" "$class"
    json_is "all(w['exit'] in range(1, 21) for w in o['words'])" <<<"$all"
    quick 0 explain --json no-key
    json_is "[w['word'] for w in o['words']] == ['no-key']" <<<"$output"
    quick 0 explain --json key
    json_is "{w['class'] for w in o['words']} == {'key'} and
        len(o['words']) > 1" <<<"$output"
}

@test "docs/REASONS.md says what explain says" {
    "$SP_BUILD/sallyport" explain --json | python3 -c '
import json, sys
for w in json.load(sys.stdin)["words"]:
    print("| `%s` | %s | %s |" % (w["word"], w["meaning"], w["next"]))' |
        sort >"$BATS_TEST_TMPDIR/told"
    # shellcheck disable=SC2016 # Markdown
    grep '^| `' "$SP_TOP/docs/REASONS.md" | sort |
        diff "$BATS_TEST_TMPDIR/told" -
}

@test "docs/FAQ.md answers every word, and none that is gone" {
    local word
    sp 0 explain --json
    words=$(python3 -c 'import json, sys
for word in json.load(sys.stdin)["words"]:
    if word["exit"] not in (0, 100):
        print(word["word"])' <<<"$output")
    [ "$(wc -l <<<"$words")" -gt 100 ]
    for word in $words; do
        grep -q "\`$word\`" "$SP_TOP/docs/FAQ.md" || fail "no answer: $word"
    done
    for word in $(grep '^### ' "$SP_TOP/docs/FAQ.md" | grep -o '`[a-z-]*[a-z]`' |
        tr -d '`'); do
        grep -qx -- "$word" <<<"$words" || fail "no such word: $word"
    done
    ! grep '^### ' "$SP_TOP/docs/FAQ.md" | grep -v '`' ||
        fail "a question without its word"
}

@test "status and history before the first delivery" {
    sp 0 status
    [[ $output == "nothing was delivered to "* ]] || fail "$output"
    sp 0 status --json
    assert_result status 0
    json_is "o['generation'] is None and o['generations'] == []" <<<"$output"
    sp 0 history
    sp 0 history --json
    assert_result history 0
    json_is "o['deliveries'] == []" <<<"$output"
    sp 3 history abc
    sp 3 rollback
    [[ $stderr == *"The repository in $repo is unchanged."* ]] || fail "$stderr"
}

@test "status and history when nothing but refused deliveries came" {
    requires landlock
    mkdir "$repo"
    sp 0 status
    [[ $output == *'generation:       none was published yet'* ]] ||
        fail "$output"
    [[ $output == *'last delivery:    none'* ]] || fail "$output"
    make_bundle "$BATS_TEST_TMPDIR/b" "$FIXTURES"/rpms/*.rpm
    sp 15 ingest "$BATS_TEST_TMPDIR/b"
    sp 0 status
    [[ $output == *'generation:       none was published yet'* ]] ||
        fail "$output"
    [[ $output == *'last delivery:    '*' (policy, unsolicited)'* ]] ||
        fail "$output"
    [[ $output == *'last success:     -'* ]] || fail "$output"
    sp 0 history --color=always
    [[ $output == *$'\033[31m'*'policy, unsolicited'*' - '* ]] || fail "$output"
    sp 0 state show
    [[ $output == *'clock:            '* && $output == *'floor:            0 names'* ]] ||
        fail "$output"
}

@test "state show: what this machine remembers, and nothing else" {
    local id=00112233445566778899aabbccddeeff
    mkdir -p "$repo" "$state/pending"
    touch "$state/pending/$id" "$state/pending/short" \
        "$state/pending/xx112233445566778899aabbccddeeff"
    printf 'revision edge %040d 17 1700000000\n' 0 >"$state/ratchet"
    sp 0 state show
    assert_equal "$(grep pending <<<"$output")" "pending request:  $id"
    [[ $output == *'ratchet:          edge, key '*'0, revision 17'* ]] ||
        fail "$output"
    sp 0 state show --json
    json_is "o['pending'] == ['$id'] and len(o['ratchet']) == 1" <<<"$output"
    rm -r "$state/pending"
    touch "$state/pending"
    sp 3 state show
    assert_detail state
}

@test "--quiet: what is done is done without a word" {
    requires landlock
    make_bundle "$BATS_TEST_TMPDIR/b" "$FIXTURES"/rpms/*.rpm
    make_bundle "$BATS_TEST_TMPDIR/c" "$FIXTURES"/newer/*.rpm
    sp 0 ingest --quiet --any-request "$BATS_TEST_TMPDIR/b"
    sp 0 ingest --quiet --any-request "$BATS_TEST_TMPDIR/c"
    sp 0 rollback --quiet
    assert_equal "$output$stderr" ""
    assert_equal "$(readlink "$repo/current")" generations/1
    sp 0 state reset clock --quiet --reason test
    assert_equal "$output$stderr" ""
    [ ! -e "$state/clock" ] || fail 'not forgotten'
}

@test "one delivery and its commands, as text and as JSON" {
    requires landlock
    make_bundle "$BATS_TEST_TMPDIR/b" "$FIXTURES"/rpms/*.rpm
    n=$(ls "$FIXTURES/rpms" | wc -l)

    sp 15 inspect "$BATS_TEST_TMPDIR/b"
    [[ $stderr == *"(policy, unsolicited)"* ]] || fail "$stderr"
    [ ! -e "$repo" ] || [ -z "$(ls -A "$repo")" ] || fail "inspect left traces"
    sp 0 inspect --any-request "$BATS_TEST_TMPDIR/b"
    [[ $output == VERDICT*"$n packages"*"$n accepted"*"newest"*"age"* ]] ||
        fail "$output"
    [[ $output == *"ingest would publish this"* ]] || fail "$output"

    sp 0 ingest --json --any-request "$BATS_TEST_TMPDIR/b"
    assert_result ingest 0
    assert_equal "$stderr" "" "stderr"
    json_is "o['published'] and o['repository_changed'] and
        o['generation'] == 1 and len(o['packages']) == $n and
        all(p['verdict'] == 'accept' and len(p['primary_fingerprint']) == 40
            for p in o['packages'])" <<<"$output"
    sp 0 ingest --any-request "$BATS_TEST_TMPDIR/b"
    [[ $output == *"nothing to do"* ]] || fail "$output"
    sp 0 ingest --quiet --any-request "$BATS_TEST_TMPDIR/b"
    assert_equal "$output$stderr" "" "quiet"

    sp 0 status
    [[ $output == *"generation:"*"age:"*"(done, nothing-to-do)"* ]] ||
        fail "$output"
    sp 0 status --json
    assert_result status 0
    json_is "o['generation'] == 1 and not o['busy'] and not o['leftover'] and
        o['generations'][0]['packages'] == $n" <<<"$output"
    sp 0 history --json
    assert_result history 0
    json_is "len(o['deliveries']) == 3" <<<"$output"
    id=$(python3 -c 'import json, sys
print(json.load(sys.stdin)["deliveries"][2]["delivery"])' <<<"$output")
    sp 0 history "$id"
    assert_equal "$(grep -c '^package ' <<<"$output")" "$n" "package lines"
    sp 0 history --json "$id"
    json_is "len(o['deliveries']) == 1 and
        len([x for x in o['deliveries'][0]['lines']
             if x.startswith('package ')]) == $n" <<<"$output"
}

# The journal of this test, at the place where systemd has it.
@test "a delivery is told to the journal, once, and only where there is one" {
    requires landlock
    requires root
    unshare -m true 2>/dev/null || skip "no mount namespaces here"
    make_bundle "$BATS_TEST_TMPDIR/b" "$FIXTURES"/rpms/*.rpm
    cat >"$BATS_TEST_TMPDIR/journal.py" <<'END'
import socket, struct, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("/run/systemd/journal/socket")
print("ready", flush=True)
listener.settimeout(60)
for _ in range(2):
    data = listener.recv(65536)
    while data:
        key, rest = data.split(b"\n", 1)
        size, = struct.unpack("<Q", rest[:8])
        print(key.decode() + "=" + rest[8:8 + size].decode())
        data = rest[8 + size + 1:]
listener.settimeout(0.2)
try:
    print("MORE", listener.recv(65536))
except TimeoutError:
    pass
END
    # shellcheck disable=SC2016 # the inner shell expands
    run -0 unshare -m bash -c 'set -e
        mount -t tmpfs journal /run
        mkdir -p /run/systemd/journal
        exec 9< <(python3 "$1/journal.py")
        read -r ready <&9
        shift
        "$@" >/dev/null
        flip=$(mktemp); cp "${@: -1}" "$flip"; printf x >>"$flip"
        ! "${@:1:$#-1}" "$flip" >/dev/null 2>&1
        cat <&9' bash "$BATS_TEST_TMPDIR" \
        "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" --quiet --any-request \
        "$BATS_TEST_TMPDIR/b"
    for line in SYSLOG_IDENTIFIER=sallyport SALLYPORT_CLASS=done \
        SALLYPORT_PUBLISHED=1 SALLYPORT_GENERATION=1 SALLYPORT_PACKAGES=5 \
        SALLYPORT_CLASS=format SALLYPORT_DETAIL=trailing-data PRIORITY=4 \
        "SALLYPORT_REPOSITORY=$repo"; do
        [[ $'\n'$output$'\n' == *$'\n'"$line"$'\n'* ]] || fail "$line" "$output"
    done
    [[ $output != *MORE* ]] || fail "$output"
    id=$(sed -n 's/^SALLYPORT_DELIVERY=//p' <<<"$output" | head -n 1)
    [ -f "$state/history/$id" ] || fail "no record '$id'"
}

@test "rollback goes back and says so" {
    requires landlock
    make_bundle "$BATS_TEST_TMPDIR/b" "$FIXTURES"/rpms/*.rpm
    sp 0 ingest --any-request "$BATS_TEST_TMPDIR/b"
    sp 20 rollback
    make_bundle "$BATS_TEST_TMPDIR/c" "$FIXTURES"/newer/*.rpm
    sp 0 ingest --any-request "$BATS_TEST_TMPDIR/c"
    sp 0 rollback --json
    assert_result rollback 0
    json_is "o['generation'] == 1" <<<"$output"
    sp 20 rollback 7 --json
    assert_result rollback 20
    json_is "o['detail'] == 'no-generation' and 'unchanged' in o['state']" \
        <<<"$output"
}

@test "a refusal has three parts and changes nothing" {
    requires landlock
    make_bundle "$BATS_TEST_TMPDIR/b" "$FIXTURES"/foreign/*.rpm
    mkdir -p "$repo"
    before=$(repository_snapshot "$repo")
    sp 14 ingest --any-request "$BATS_TEST_TMPDIR/b"
    mapfile -t lines <<<"$(grep -v '^receive' <<<"$stderr")"
    [[ ${lines[0]} == "sallyport ingest: "*"(key, no-key)" ]] || fail "$stderr"
    assert_equal "${lines[1]}" "The repository in $repo is unchanged."
    [[ ${lines[2]} == "Next: "* ]] || fail "$stderr"
    assert_equal "${lines[3]}" "More: sallyport explain no-key"
    sp 14 ingest --json --any-request "$BATS_TEST_TMPDIR/b"
    assert_result ingest 14
    json_is "o['detail'] == 'no-key' and not o['published'] and
        o['refused_index'] == 1 and 'unchanged' in o['state']" <<<"$output"
    assert_equal "$(repository_snapshot "$repo")" "$before" "repository"
    sp 14 inspect --json --any-request "$BATS_TEST_TMPDIR/b"
    assert_result inspect 14
    json_is "o['packages'][0]['verdict'] == 'refuse'" <<<"$output"
}

@test "verify: one line of six fields a file, status of the first refused" {
    requires landlock
    good=$(echo "$FIXTURES"/rpms/hello-*.rpm)
    foreign=$(echo "$FIXTURES"/foreign/*.rpm)
    odd=$BATS_TEST_TMPDIR/$'odd\tname\n.rpm'
    cp "$good" "$odd"
    sp 0 verify "$good"
    assert_equal "$output" "accept	$good	-	-	hello-1.0-1.fc41.noarch	$(
        cat "$FIXTURES/fpr-rsa"
    )"
    sp 14 verify "$odd" "$foreign" "$SP_TOP/LICENSE"
    assert_equal "$(wc -l <<<"$output")" 3 "lines"
    assert_equal "$(awk -F '\t' 'NF != 6' <<<"$output")" "" "fields"
    assert_equal "$(cut -f 1,3,4 <<<"$output")" "accept	-	-
refuse	key	no-key
refuse	format	not-rpm"
    [[ $output == *'odd\x09name\x0a.rpm'* ]] || fail "$output"
    sp 14 verify --quiet "$good" "$foreign"
    assert_equal "$(cut -f 1 <<<"$output")" refuse
    sp 14 verify --json "$good" "$foreign"
    assert_result verify 14
    json_is "[f['verdict'] for f in o['files']] == ['accept', 'refuse']" \
        <<<"$output"
    sp 3 verify "$BATS_TEST_TMPDIR/none"
    [[ $output == "refuse	"*"	io	not-found	-	-" ]] || fail "$output"
}

@test "verify of what is no package: short, empty, not there" {
    requires landlock
    printf MANI >"$BATS_TEST_TMPDIR/short"
    : >"$BATS_TEST_TMPDIR/empty"
    for file in short empty none; do
        run --separate-stderr "$SP_BUILD/sallyport" verify "${SP_OPTIONS[@]}" \
            "$BATS_TEST_TMPDIR/$file"
        [ "$status" -ne 0 ] || fail "$file is a package"
        [[ $stderr != *'is a bundle'* ]] || fail "$file: $stderr"
    done
}

@test "verify refuses a bundle and names inspect" {
    requires landlock
    make_bundle "$BATS_TEST_TMPDIR/b" "$FIXTURES"/rpms/*.rpm
    sp 5 verify "$BATS_TEST_TMPDIR/b"
    [[ $stderr == *"sallyport inspect"* ]] || fail "$stderr"
    [[ $stderr != *"do not use this package"* ]] || fail "$stderr"
}

@test "doctor: findings as JSON, and a status that fits them" {
    requires real-jails
    run --separate-stderr "$SP_BUILD/sallyport" doctor --jails --json \
        "${SP_OPTIONS[@]}"
    # shellcheck disable=SC2154 # run sets status
    assert_result doctor "$status"
    json_is "len(o['findings']) > 10 and
        (o['exit'] == 0) == all(f['state'] != 'bad' for f in o['findings'])" \
        <<<"$output"
}

@test "progress: lines off a terminal, JSON lines, none" {
    requires landlock
    make_bundle "$BATS_TEST_TMPDIR/b" "$FIXTURES"/rpms/*.rpm
    sp 0 inspect --any-request "$BATS_TEST_TMPDIR/b"
    [[ $stderr == receive* ]] || fail "$stderr"
    [[ $stderr$output != *$'\r'* && $stderr$output != *$'\e'* ]] ||
        fail "something was drawn"
    sp 0 inspect --any-request --progress=none "$BATS_TEST_TMPDIR/b"
    assert_equal "$stderr" "" "stderr"
    sp 0 inspect --any-request --json --progress=json "$BATS_TEST_TMPDIR/b"
    assert_result inspect 0
    python3 -c 'import json, sys
events = [json.loads(line) for line in sys.stdin]
assert events and all(e["sallyport"] == 1 and "event" in e for e in events)
assert {"jailed", "progress", "package"} <= {e["event"] for e in events}' \
        <<<"$stderr"
    sp 0 inspect --any-request --progress=bar "$BATS_TEST_TMPDIR/b"
    [[ $stderr == *$'\r'* ]] || fail "no bar: $stderr"
}

# Runs on a terminal of its own; prints what that shows.
on_terminal() { # TERM ARGS...
    local term=$1
    shift
    TERM=$term script -qec "$(printf '%q ' "$SP_BUILD/sallyport" "$@")" \
        /dev/null
}

@test "K07 a terminal: colours and a bar; not with NO_COLOR or TERM=dumb" {
    requires landlock
    requires program script
    script -qec true /dev/null >/dev/null 2>&1 || skip 'no terminals here'
    make_bundle "$BATS_TEST_TMPDIR/b" "$FIXTURES"/rpms/*.rpm
    words=(inspect --any-request "${SP_OPTIONS[@]}" "$BATS_TEST_TMPDIR/b")
    shown=$(on_terminal xterm "${words[@]}")
    [[ $shown == *$'\e[32maccept'* && $shown == *$'\e[K'* ]] || fail "$shown"
    shown=$(NO_COLOR=1 on_terminal xterm "${words[@]}")
    [[ $shown != *$'\e['3* && $shown == *$'\e[K'* ]] || fail "$shown"
    shown=$(NO_COLOR=1 on_terminal xterm "${words[@]}" --color=always)
    [[ $shown == *$'\e[32maccept'* ]] || fail "$shown"
    shown=$(on_terminal xterm "${words[@]}" --color=never --progress=plain)
    [[ $shown != *$'\e'* ]] || fail "$shown"
    shown=$(on_terminal dumb "${words[@]}")
    [[ $shown != *$'\e'* ]] || fail "$shown"
    kept=no-delivery # who looks takes nothing in
    assert_equal "$(history_records)" 0 records
    case_ended 0 accept
}

@test "a full or closed stdout is a fault" {
    run bash -c '"$1" explain >/dev/full' - "$SP_BUILD/sallyport"
    assert_equal "$status" 3 "status on a full disk"
    [[ $output == *"cannot write to standard output"* ]] || fail "$output"
    run bash -c '"$1" explain >&-' - "$SP_BUILD/sallyport"
    assert_equal "$status" 3 "status without stdout"
    run bash -c 'set -o pipefail; (sleep 0.2; "$1" explain) | true' - \
        "$SP_BUILD/sallyport"
    assert_equal "$status" 3 "status on a closed pipe"
}

@test "JSON: every field is documented" {
    requires landlock
    make_bundle "$BATS_TEST_TMPDIR/b" "$FIXTURES"/rpms/*.rpm
    sp 0 ingest --json --progress=json --any-request "$BATS_TEST_TMPDIR/b"
    all=$output$'\n'$stderr
    for line in "status" "history" "history 0" "explain no-key" \
        "verify $(echo "$FIXTURES"/rpms/hello-*.rpm)" "rollback 9"; do
        # shellcheck disable=SC2086 # a line is words
        all+=$'\n'$("$SP_BUILD/sallyport" --json "${SP_OPTIONS[@]}" $line || true)
    done
    python3 -c 'import json, re, sys
known = set(re.findall(r"`([a-z0-9_]+)`", open(sys.argv[1]).read()))
def fields(o):
    if isinstance(o, dict):
        yield from o
    for x in o.values() if isinstance(o, dict) else o if isinstance(o, list) else ():
        yield from fields(x)
lines = [json.loads(line) for line in sys.stdin if line.strip()]
assert len(lines) > 8, lines
missing = {f for line in lines for f in fields(line)} - known
assert not missing, missing' "$SP_TOP/docs/JSON.md" <<<"$all"
}
