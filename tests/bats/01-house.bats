#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The rules of the house, and that the scripts that watch them see a breach.

load helpers

setup() {
    cd "$SP_TOP" || return 1
}

# A copy of the sources in which a test may break a rule.
copy_tree() {
    tree=$BATS_TEST_TMPDIR/tree
    mkdir -p "$tree/tests"
    cp -r Makefile src cli transports "$tree/"
    cp -r tests/lint "$tree/tests/"
    cd "$tree" || return 1
}

@test "no program is linked with more than the link table allows" {
    tests/lint/links.sh "$SP_BUILD"
}

@test "the link check sees one library too many" {
    mkdir "$BATS_TEST_TMPDIR/b"
    echo 'int main(void) { return 0; }' | gcc -x c - -Wl,--no-as-needed \
        -larchive -o "$BATS_TEST_TMPDIR/b/sallyport"
    run tests/lint/links.sh "$BATS_TEST_TMPDIR/b"
    assert_equal "$status" 1
    [[ $output == *"sallyport: must not be linked with libarchive"* ]]
}

@test "the link check sees a program without a line in the table" {
    mkdir "$BATS_TEST_TMPDIR/b"
    cp /bin/true "$BATS_TEST_TMPDIR/b/sallyport-new"
    run tests/lint/links.sh "$BATS_TEST_TMPDIR/b"
    assert_equal "$status" 1
}

@test "no call of the C library is forgotten where calls are made to fail" {
    ! is_test_build || skip "it holds what no program needs"
    tests/crash/calls.py "$SP_BUILD"
}

@test "the list of calls sees one that is in no list" {
    mkdir "$BATS_TEST_TMPDIR/b"
    echo 'int link(const char *, const char *);
        int main(void) { return link("a", "b"); }' |
        gcc -x c - -o "$BATS_TEST_TMPDIR/b/sallyport"
    for name in unpack check verify builder metadata; do
        cp "$BATS_TEST_TMPDIR/b/sallyport" "$BATS_TEST_TMPDIR/b/sallyport-$name"
    done
    run tests/crash/calls.py "$BATS_TEST_TMPDIR/b"
    assert_equal "$status" 1
    [[ $output == *"sallyport-check: link is neither"* ]] || fail "$output"
    [[ $output == *", 6 forgotten" ]] || fail "$output"
}

@test "no include is against the arrows" {
    tests/lint/arrows.sh
}

@test "the arrow check sees an upward include and one without a room" {
    copy_tree
    echo '#include "ingest/engine.h"' >>src/bundle/gate.c
    run tests/lint/arrows.sh
    assert_equal "$status" 1
    [[ $output == *"bundle -> ingest"* ]] || fail "$output"
    sed -i '$d' src/bundle/gate.c
    echo '#include "io.h"' >>src/base/text.c
    run tests/lint/arrows.sh
    assert_equal "$status" 1
    [[ $output == *"without its room"* ]] || fail "$output"
}

@test "no refused word stands in the sources" {
    tests/lint/words.sh
}

@test "the word check sees strcpy, goto, getenv and an open without CLOEXEC" {
    copy_tree
    for line in 'strcpy(a, b);' 'goto out;' 'x = getenv("HOME");' \
        'fd = open(path, O_RDONLY);' 'printf("hello");'; do
        cp src/base/io.c keep
        echo "$line" >>src/base/io.c
        run tests/lint/words.sh
        cp keep src/base/io.c
        [ "$status" = 1 ] || fail "not seen: $line"
    done
    tests/lint/words.sh
}

@test "every source file names its licence" {
    tests/lint/spdx.sh
}

@test "the licence check sees a file without one" {
    copy_tree
    echo '/* no licence */' >src/base/new.c
    run tests/lint/spdx.sh
    assert_equal "$status" 1
}

@test "make help lists every target that people use" {
    run make -s help
    for target in all dom0 builder check check-root check-asan check-links check-arrows \
        check-headers lint size demo bench deps install; do
        [[ $output =~ (^|$'\n')\ +$target\  ]] || fail "$target is not listed"
    done
}

@test "a nested make adds no line behind the summary" {
    printf 'include Makefile\nnested:\n\t$(MAKE) -f Makefile help\n' \
        >"$BATS_TEST_TMPDIR/nested"
    run -0 env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
        make -j2 -f "$BATS_TEST_TMPDIR/nested" nested
    [[ $output != *" directory '"* ]] || fail "$output"
}

@test "make install honours DESTDIR, PREFIX and LIBEXECDIR" {
    ! is_test_build || skip "a sanitizer build is never installed"
    # -o: what is built is taken as it is, whatever its flags.
    dest=$BATS_TEST_TMPDIR/dest
    make -s -o dom0 -o builder -o carrier O="$SP_BUILD" DESTDIR="$dest" PREFIX=/opt/sp \
        LIBEXECDIR=/opt/sp/lib SYSCONFDIR=/opt/etc install
    [ -x "$dest/opt/sp/bin/sallyport" ]
    [ -x "$dest/opt/sp/bin/sallyport-builder" ]
    for worker in unpack check verify escape; do
        [ -x "$dest/opt/sp/lib/sallyport/sallyport-$worker" ] || fail "$worker"
    done
    [ -d "$dest/opt/etc/sallyport/keys" ]
    # Nothing went anywhere else.
    assert_equal "$(ls "$dest")" opt
    cmp "$SP_BUILD/sallyport" "$dest/opt/sp/bin/sallyport"
    find "$dest/opt/sp/share/man" -name 'sallyport*' | grep -q .
    make -s -o dom0 -o builder -o carrier O="$SP_BUILD" WITH_XEN=0 \
        DESTDIR="$dest/plain" install
    [ -z "$(find "$dest/plain" -name '*vchan*')" ] || fail "a part without Xen"
}

@test "every test file stands in the lists of the Makefile" {
    listed=" $(sed -n '/^unit :=/,/^$/p' Makefile |
        tr '\t\\\n(),' '      ') "
    for file in tests/bats/*.bats tests/unit/test-*.c; do
        name=$(basename "$file")
        name=${name%.bats}
        name=${name#test-}
        [[ $listed == *" ${name%.c} "* ]] || fail "not listed: $file"
    done
}

@test "every named attack stands in the index, and its test in a suite" {
    run -0 tests/cases.py index "$SP_BUILD"
}

# A copy of the index and of the suites, with one thing changed in it.
change_index() { # SED-SCRIPT FILE
    rm -rf "$BATS_TEST_TMPDIR/tests"
    mkdir "$BATS_TEST_TMPDIR/tests"
    cp -r tests/cases.py tests/cases.tsv tests/bats "$BATS_TEST_TMPDIR/tests/"
    sed -i "$1" "$BATS_TEST_TMPDIR/tests/$2"
    run -1 "$BATS_TEST_TMPDIR/tests/cases.py" index "$SP_BUILD"
}

@test "the index sees a case that is lost, doubled, untested, or misjudged" {
    change_index '/^C04\t/d' cases.tsv
    assert_equal "$output" 'C04: 0 lines'
    change_index '/^C04\t/p' cases.tsv
    assert_equal "$output" 'C04: 2 lines'
    change_index '/^C04\t/s/14/10/' cases.tsv
    assert_equal "$output" 'C04: key-expired has not the status 10'
    change_index '/^C04\t/s/record/-/' cases.tsv
    assert_equal "$output" 'C04: key-expired does not leave -'
    change_index '/^C13\t/s/record/not-begun/' cases.tsv
    assert_equal "$output" 'C13: accept does not leave not-begun'
    change_index 's/^@test "J38 /@test "/' bats/35-workers.bats
    assert_equal "$output" 'J38: no test of 35-workers has J38 in its name'
    change_index '/^@test "I07 /s/I07 //' bats/28-hostile-places.bats
    assert_equal "$output" 'I07: no test of 28-hostile-places has I07 in its name'
    change_index '/^K08\t/s/n.a: .*/n\/a: no/' cases.tsv
    assert_equal "$output" 'K08: does not say why it does not apply'
}

@test "the verdict sees a case that failed, was skipped, or ended otherwise" {
    local build=$BATS_TEST_TMPDIR/build tap
    mkdir -p "$build/results"
    ln -s "$SP_BUILD/sallyport" "$build/sallyport"
    tap=$build/results/26-hostile-set.bats.tap
    printf '%s\n' '1..6' '# case C03 15 key-pattern record' \
        'ok 1 C03 a known key' '# case D01 15 unsolicited record' \
        'ok 2 D01 older' 'ok 3 D02 older # skip no reason' \
        '# case D03 15 downgrade record' 'not ok 4 D03 a higher' \
        'ok 5 D04 the bundle' '# case D05 15 downgrade unsaid' \
        'ok 6 D05 the same' >"$tap"
    # One place of two is not enough.
    printf '%s\n' 1..1 '# case J38 4 idle record' 'ok 1 J38 a fork bomb' \
        >"$build/results/35-workers.bats.tap"
    run -1 tests/cases.py verdict "$build"
    [[ $output == *'C03             refused  15 key-pattern '* ]] || fail "$output"
    for line in '^D01 .*D01 ended with 15 unsolicited record' \
        '^D02 .*skipped: D02 older' '^D03 .*failed: D03 a higher' \
        '^D04 .*nothing says how D04 ended' '^A01 .* was not run' \
        '^D05 .*D05 ended with 15 downgrade unsaid' \
        '^J38 .*40-sandbox: was not run'; do
        grep -E ' WRONG ' <<<"$output" | grep -q "$line" ||
            fail "$line" "$output"
    done
    [[ $output == *'NOT as expected'* ]] || fail "$output"
}

@test "every fuzz target stands in the Makefile and has inputs that are kept" {
    listed=" $(sed -n '/^fuzz :=/,/^$/p' Makefile | tr '\t\\\n' '   ') vchan "
    for file in tests/fuzz/fuzz-*.c; do
        name=$(basename "$file" .c)
        name=${name#fuzz-}
        [[ $listed == *" $name "* ]] || fail "not listed: $file"
        [ -n "$(ls "tests/fuzz/corpus/$name")" ] || fail "no inputs: $name"
    done
}

@test "run.sh takes nothing but a build directory and tests" {
    local dir=$BATS_TEST_TMPDIR/precious
    mkdir -p "$dir/results"
    run -2 "$SP_TOP/tests/run.sh" --help
    run -2 "$SP_TOP/tests/run.sh" "$dir"
    run -2 "$SP_TOP/tests/run.sh" "$dir" "$SP_TOP/tests/bats/00-smoke.bats"
    run -2 "$SP_TOP/tests/run.sh" "$SP_BUILD" "$dir/none.bats"
    [ -d "$dir/results" ]
}
