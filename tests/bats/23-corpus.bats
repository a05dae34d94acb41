#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real packages with real signatures of others: tests/corpus/rpms/expect.tsv
# says what becomes of each.

load helpers

CORPUS=$SP_TOP/tests/corpus
# Where no key is known any key file serves: the package is refused.
ANY_KEY=RPM-GPG-KEY-fedora-41-primary

# "file accept|refuse detail" of every package with this key in expect.tsv.
expected() { # KEY
    awk -F'\t' -v key="$1" '!/^#/ && $2 == key { print $1 "\t" $3 "\t" $4 }' \
        "$CORPUS/rpms/expect.tsv"
}

# The same of `verify`, and complete lines.
verified() { # KEY-FILE PACKAGE...
    local key=$1 folder=$CORPUS/rpms/
    shift
    mkdir -p "$BATS_TEST_TMPDIR/state"
    : >"$BATS_TEST_TMPDIR/policy.conf"
    "$SP_BUILD/sallyport" verify --keys "$key" \
        --state-dir "$BATS_TEST_TMPDIR/state" \
        --policy "$BATS_TEST_TMPDIR/policy.conf" "${@/#/$folder}" \
        2>"$BATS_TEST_TMPDIR/errors" |
        awk -F'\t' -v skip=${#folder} \
            'NF == 6 { print substr($2, skip + 1) "\t" $1 "\t" $4 }'
}

check_key() { # KEY AS-IN-TABLE
    local want got files key=$1
    want=$(expected "$key")
    mapfile -t files < <(cut -f1 <<<"$want")
    [ "$key" != - ] || key=$ANY_KEY
    got=$(verified "$CORPUS/keys/$key" "${files[@]}")
    [ "$got" = "$want" ] || {
        cat "$BATS_TEST_TMPDIR/errors" >&2
        diff <(echo "$want") <(echo "$got") >&2
        fail "under $key"
    }
}

@test "the table and the folder hold the same packages, 58 of them" {
    tabled=$(grep -v '^#' "$CORPUS/rpms/expect.tsv" | cut -f1 | sort)
    there=$(cd "$CORPUS/rpms" && find . -path './*/*' -type f |
        sed 's|^\./||' | sort)
    assert_equal "$tabled" "$there"
    assert_equal "$(wc -l <<<"$tabled")" 58
}

@test "every package is what its origin published" {
    cd "$CORPUS/rpms"
    sed -n 's/^| \([^ ]*\) |.*`\([0-9a-f]\{64\}\)`.*$/\2  \1/p' README.md \
        >"$BATS_TEST_TMPDIR/sums"
    assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/sums")" 58
    sha256sum --quiet -c "$BATS_TEST_TMPDIR/sums"
}

@test "packages whose key is not known are refused" {
    check_key -
}

@test "packages are judged as the table says, key by key" {
    while read -r key; do
        check_key "$key"
    done < <(grep -v '^#' "$CORPUS/rpms/expect.tsv" | cut -f2 | sort -u |
        grep -v '^-$')
}

@test "no package is accepted under the key of another" {
    mapfile -t files < <(awk -F'\t' '$3 == "accept" && $1 !~ /lua/ {
        print $1 }' "$CORPUS/rpms/expect.tsv")
    verified "$CORPUS/keys/RPM-GPG-KEY-fedora-33-primary" "${files[@]}" \
        >"$BATS_TEST_TMPDIR/lines"
    assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/lines")" "${#files[@]}"
    assert_equal "$(cut -f2,3 "$BATS_TEST_TMPDIR/lines" | sort -u)" \
        "refuse	no-key"
}
