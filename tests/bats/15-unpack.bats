#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sallyport-unpack alone: a stand-in for the parent gives it a carrier and
# takes what it hands on. The worker runs in its own jail, as always.

load helpers

setup_file() {
    export WORK=$BATS_FILE_TMPDIR
    python3 "$SP_TOP/tests/forge/bundle.py" "$WORK/good" "$FIXTURES"/rpms/*.rpm
    python3 "$SP_TOP/tests/forge/members.py" "$WORK/sizes" \
        e:1 e:512 0 1 511 512 513 262143 262144 300000
    python3 "$SP_TOP/tests/forge/members.py" "$WORK/manifest-alone"
    python3 "$SP_TOP/tests/forge/members.py" "$WORK/large" 20000000
    python3 "$SP_TOP/tests/forge/containers.py" "$WORK/cases" "$WORK/good"
}

# unpack [OPTION...] SOURCE KEY=VALUE...; each line that came in $output
unpack() {
    local options=()
    while [[ $1 = --* ]]; do
        options+=("$1")
        shift
    done
    run python3 "$SP_TOP/tests/fake/unpack-parent.py" "${options[@]}" \
        "$SP_BUILD/sallyport-unpack" "$@"
    [ "$status" = 0 ]
}

# says LINE-PREFIX: the worker said it
says() {
    grep -q "^$1" <<<"$output" || fail "not said: $1" "$output"
}

refused() { # REASON
    says "fault $1 " || return 1
    ! grep -q '^end\|^done' <<<"$output" || fail "$output"
}

# The members as each program sees them: one "NAME SIZE" a line.
by_gnu_tar() { tar -tvf "$1" | awk '{ print $6, $3 }'; }
by_bsdtar() { bsdtar -tvf "$1" | awk '{ print $9, $5 }'; }
by_tarfile() {
    python3 -c 'import sys, tarfile
for m in tarfile.open(sys.argv[1], "r:"): print(m.name, m.size)' "$1"
}
# Names are not in the entry stream: they follow from the place.
by_unpack() {
    python3 "$SP_TOP/tests/fake/unpack-parent.py" \
        "$SP_BUILD/sallyport-unpack" "$1" end=known |
        awk '$1 == "entry" { print $3 }'
}

@test "a bundle comes through byte for byte" {
    requires real-jails
    unpack "$WORK/good" end=known
    says "jailed"
    says "start 1"
    says "done 6"
    says "exit 0"
    mkdir "$BATS_TEST_TMPDIR/out"
    tar -C "$BATS_TEST_TMPDIR/out" -xf "$WORK/good"
    i=0
    for f in MANIFEST p00000{1..5}.rpm; do
        sum=$(sha256sum <"$BATS_TEST_TMPDIR/out/$f" | cut -d' ' -f1)
        says "entry $i $(stat -c %s "$BATS_TEST_TMPDIR/out/$f") $sum"
        i=$((i + 1))
    done
    says "progress $(stat -c %s "$WORK/good") 6"
}

@test "members of every awkward size come through" {
    unpack "$WORK/sizes" end=known
    says "end 11 826346"
    says "done 11"
    for size in 0 1 511 512 513 262143 262144 300000; do
        grep -q "^entry [0-9]* $size [0-9a-f]\{64\}$" <<<"$output"
    done
    unpack "$WORK/manifest-alone" end=known
    says "end 1 9"
}

@test "the sizes of the pieces in which it comes make no difference" {
    for piece in 1 7 511 512 513 4095 65537 262145; do
        source=$WORK/sizes
        [ "$piece" -gt 7 ] || source=$WORK/manifest-alone
        unpack "$source" end=known
        whole=$output
        unpack --piece=$piece "$source" end=known
        [ "$output" = "$whole" ] || fail "piece $piece" "$output"
    done
}

@test "every hostile container is refused for its own reason" {
    cases=$WORK/cases/cases.tsv
    [ "$(wc -l <"$cases")" -ge 68 ]
    unpack --table "$cases" end=known
    awk -F'\t' '{ print $1, $5 == "unpack" ? $3 : "done" }' "$cases" |
        diff - <(echo "$output")
}

@test "all names A01 to A50 and B01 to B18 are there" {
    for id in A{01..50} B{01..18}; do
        grep -q "^${id}[-	]" "$WORK/cases/cases.tsv" || fail "no $id"
    done
}

@test "wherever a bundle breaks off, it is not complete" {
    size=$(stat -c %s "$WORK/manifest-alone")
    for cut in $(seq 1 128 "$size") 511 512 513 1023 1024 $((size - 1)); do
        [ "$cut" -lt "$size" ] || continue
        head -c "$cut" "$WORK/manifest-alone" >"$BATS_TEST_TMPDIR/cut"
        for end in known marker; do
            unpack "$BATS_TEST_TMPDIR/cut" end=$end
            refused truncated
        done
    done
    : >"$BATS_TEST_TMPDIR/cut"
    unpack "$BATS_TEST_TMPDIR/cut" end=marker
    refused empty
}

@test "behind the marker of a medium nothing is looked at" {
    { cat "$WORK/good" && head -c 100000 /dev/urandom; } >"$BATS_TEST_TMPDIR/x"
    unpack "$BATS_TEST_TMPDIR/x" end=marker
    says "done 6"
    unpack "$BATS_TEST_TMPDIR/x" end=known
    refused trailing-data
    unpack --piece=38400 "$BATS_TEST_TMPDIR/x" end=known
    refused trailing-data
}

@test "ceilings are kept exactly" {
    size=$(stat -c %s "$WORK/good")
    unpack "$WORK/good" end=known max-bytes="$size" max-files=5
    says "done 6"
    unpack "$WORK/good" end=known max-bytes=$((size - 1))
    refused too-many-bytes
    unpack "$WORK/good" end=known max-files=4
    refused too-many-files
    unpack "$WORK/sizes" end=known max-file=300000
    says "done 11"
    unpack "$WORK/sizes" end=known max-file=299999
    refused file-too-large
    unpack "$WORK/good" end=known max-files=0
    refused too-many-files
}

@test "arguments that are none are refused" {
    for arguments in "" end=never end= "end=known max-files=-1" \
        "end=known max-bytes=1e9" "end=known max-file=99999999999999999999"; do
        # shellcheck disable=SC2086
        unpack "$WORK/good" $arguments
        refused usage
    done
}

@test "a carrier that cannot be read is named with its place" {
    unpack / end=marker
    refused read-error
    says "fault read-error cannot read byte 0: Is a directory"
    says "exit 9"
}

@test "a check that is gone ends it quietly" {
    unpack --hang-up "$WORK/large" end=known
    refused peer-gone
    says "exit 4"
}

@test "what passes, all tar readers list alike" {
    for f in good sizes manifest-alone; do
        by_gnu_tar "$WORK/$f" >"$BATS_TEST_TMPDIR/gnu"
        by_bsdtar "$WORK/$f" >"$BATS_TEST_TMPDIR/bsd"
        by_tarfile "$WORK/$f" >"$BATS_TEST_TMPDIR/py"
        by_unpack "$WORK/$f" >"$BATS_TEST_TMPDIR/ours"
        [ -s "$BATS_TEST_TMPDIR/ours" ]
        diff "$BATS_TEST_TMPDIR/gnu" "$BATS_TEST_TMPDIR/bsd"
        diff "$BATS_TEST_TMPDIR/gnu" "$BATS_TEST_TMPDIR/py"
        cut -d' ' -f2 "$BATS_TEST_TMPDIR/gnu" | diff - "$BATS_TEST_TMPDIR/ours"
        head -n 1 "$BATS_TEST_TMPDIR/gnu" | grep -q '^MANIFEST '
    done
}

@test "the test vectors of the manual are right" {
    requires program hexdump
    page=$SP_TOP/docs/man/sallyport-bundle.5
    vectors=$SP_TOP/tests/corpus/bundle
    for f in none one; do
        grep -q "$(sha256sum <"$vectors/$f.bundle" | cut -d' ' -f1)" "$page"
        unpack "$vectors/$f.bundle" end=known
        says "done"
    done
    hexdump -C "$vectors/none.bundle" | sed 's/  |.*//' |
        diff - <(sed -n '/^00000000  /,/^00000800$/p' "$page")
    tar -xOf "$vectors/one.bundle" p000001.rpm | sha256sum | cut -d' ' -f1 |
        grep -qf - "$page"
    sed -n '/^bundle 1$/,/^end /p' "$page" | sed -z 's/\n  / /g' |
        diff - <(tar -xOf "$vectors/one.bundle" MANIFEST)
}

@test "an archive library that reads otherwise is found out" {
    requires real-jails
    requires program cc
    cc -shared -fPIC -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/lying.so" \
        "$SP_TOP/tests/fake/lying-archive.c"
    export LD_PRELOAD=$BATS_TEST_TMPDIR/lying.so
    unpack "$WORK/good" end=known
    says "done 6"
    for lie in early-end skip warn no-name name size type link position \
        format data-end offset count shift bytes; do
        export SP_LIE=$lie
        unpack "$WORK/good" end=known
        refused parser-disagreement || fail "lie: $lie"
    done
}
