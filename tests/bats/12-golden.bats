#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What people read when something is refused, word for word: tests/golden.

load helpers

setup_file() {
    export SAID=$BATS_FILE_TMPDIR/said
    mkdir "$SAID"
    requires landlock
    requires program rpm
    "$SP_TOP/tests/golden.sh" "$SP_BUILD" "$SAID" >"$BATS_FILE_TMPDIR/log" 2>&1 ||
        fail "$(cat "$BATS_FILE_TMPDIR/log")"
}

setup() {
    golden=$SP_TOP/tests/golden
}

# The words of the table that decides all.
words() {
    "$SP_BUILD/sallyport" explain --json | python3 -c 'import json, sys
for word in json.load(sys.stdin)["words"]:
    print(word["word"])'
}

# A test that only has the word somewhere proves nothing.
insists_on() { # WORD FILE
    local before='assert_(detail|line)|refused|not_written|taken_over|expect'
    before+='|lie|is_str|strcmp|stderr ==|json detail|[{*], *|"[0-9]+|^ *\{?"[^"]*",'
    grep -vE '^ *(#|@test|/?\*)' "$2" |
        grep -qE "($before).*(^|[ \"(])$1([\") :]|\$)"
}

@test "every message is the one that was agreed on ('make golden' writes anew)" {
    run diff -ru --exclude=elsewhere "$golden" "$SAID"
    [ "$status" = 0 ] || fail "$output"
}

@test "every word has its golden message, a test elsewhere, or no speaker" {
    local word file
    for word in $(words); do
        if grep -qx "## $word" "$SAID"/*.txt; then
            continue
        elif file=$(grep "^$word " "$golden/elsewhere"); then
            insists_on "$word" "$SP_TOP/${file#* }" ||
                fail "nothing insists on '$word' in ${file#* }"
        else
            run -1 grep -rlF --include='*.c' --exclude=reason.c \
                --exclude=advice.c "\"$word\"" \
                "$SP_TOP"/{src,cli,transports}
            [ -z "$output" ] ||
                fail "nothing provokes '$word': add it to tests/golden.sh," \
                    "or its test to tests/golden/elsewhere; said by $output"
        fi
    done
}

@test "no word stands elsewhere that is gone, or has a golden message" {
    local word
    while read -r word _; do
        words | grep -qx -- "$word" || fail "no such word: $word"
        ! grep -qx "## $word" "$SAID"/*.txt || fail "has a message: $word"
    done < <(grep -v '^#' "$golden/elsewhere")
}

@test "every class of refusal has a message" {
    for class in $("$SP_BUILD/sallyport" explain |
        sed -nE 's/^([a-z]+), exit status.*/\1/p' | grep -vx 'done\|updates'); do
        [ -s "$SAID/$class.txt" ] || fail "no message of class '$class'"
    done
}

# In paragraphs: the word, the line, what happened, what was (not) changed,
# what to do, where to read on. The builder has no 'explain'.
@test "every message says what happened, what was changed, what to do" {
    cat "$SAID"/*.txt | python3 -c '
import re, sys
paragraphs = sys.stdin.read().strip().split("\n\n")
assert len(paragraphs) > 100, len(paragraphs)
for text in paragraphs:
    word, line, *said = text.split("\n")
    word = word.removeprefix("## ")
    if word == "usage":
        assert said[-1].startswith("try "), text
        continue
    first = said[0]
    assert re.match(r"sallyport(-builder)? [a-z]+: [^ ].*[^.] "
                    r"\([a-z]+, %s\)$" % word, first), text
    assert re.match(r"(The repository in .* is unchanged|Nothing was changed|"
                    r"Nothing new is in .*)\.$", said[1]), text
    assert re.match(r"Next: .*[^.]\.$", said[2]), text
    if first.startswith("sallyport-builder"):
        assert len(said) == 3, text
    else:
        assert said[3:] == ["More: sallyport explain " + word], text'
}

@test "no message has a byte that is not printable" {
    run grep -nP '[^\x20-\x7e]' "$SAID"/*.txt
    assert_equal "$output" ""
}

# ---- text from outside ----

evil=$'\e[31mred\a\r\x7f\xc2\x9b31m\xff'

no_control_bytes() { # TEXT
    ! LC_ALL=C grep -qP '[^\x20-\x7e\n\t]' <<<"$1" ||
        fail "control bytes:" "$(cat -v <<<"$1")"
}

@test "names of files and folders reach the terminal harmless" {
    new_state
    mkdir "$BATS_TEST_TMPDIR/$evil"
    for style in plain json bar; do
        run "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" \
            --progress=$style "$BATS_TEST_TMPDIR/$evil"
        no_control_bytes "${output//$'\r'/}"
        run "$SP_BUILD/sallyport-builder" send "$BATS_TEST_TMPDIR/$evil" \
            "$BATS_TEST_TMPDIR/$evil/x$evil" --progress=$style
        no_control_bytes "$output"
    done
    run "$SP_BUILD/sallyport" "x$evil"
    no_control_bytes "$output"
    run "$SP_BUILD/sallyport" status "--$evil"
    no_control_bytes "$output"
    run "$SP_BUILD/sallyport" explain "$evil"
    no_control_bytes "$output"
}

@test "lists, requests and repository files reach the terminal harmless" {
    new_state
    printf '/nowhere/%s.rpm\n' "$evil" >"$BATS_TEST_TMPDIR/list"
    run "$SP_BUILD/sallyport-builder" build --list "$BATS_TEST_TMPDIR/list" \
        -o "$BATS_TEST_TMPDIR/out"
    no_control_bytes "$output"
    printf 'request 1\nid %s\n' "$evil" >"$BATS_TEST_TMPDIR/request"
    run "$SP_BUILD/sallyport-builder" check --request \
        "$BATS_TEST_TMPDIR/request"
    no_control_bytes "$output"
    mkdir "$BATS_TEST_TMPDIR/repos"
    printf '[%s]\nname=%s\nbaseurl=http://127.0.0.1:9/%s\nzz%s\n' "$evil" \
        "$evil" "$evil" "$evil" >"$BATS_TEST_TMPDIR/repos/a.repo"
    run "$SP_BUILD/sallyport-builder" build --mirror "$evil" \
        --repo-dir "$BATS_TEST_TMPDIR/repos" -o "$BATS_TEST_TMPDIR/out"
    no_control_bytes "$output"
    sed -i '$d' "$BATS_TEST_TMPDIR/repos/a.repo"
    run "$SP_BUILD/sallyport-builder" build --mirror "$evil" --allow-http \
        --tries 1 --repo-dir "$BATS_TEST_TMPDIR/repos" \
        -o "$BATS_TEST_TMPDIR/out"
    no_control_bytes "$output"
}
