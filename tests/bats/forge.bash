# SPDX-License-Identifier: GPL-2.0-or-later
#
# The attack table for the suites that use it. Load after helpers.

FORGE=$SP_TOP/tests/forge
export PYTHONDONTWRITEBYTECODE=1

# Prints the folder with the attack table (see tests/forge/attacks.py). It is
# made once a day: some rows are dated.
attack_table() {
    local key dir
    key=$(cat "$FORGE"/*.py | sha256sum | cut -c1-12)-$(date -u +%F)
    dir=$SP_BUILD/forge/$key
    mkdir -p "$SP_BUILD/forge"
    (
        flock 9
        [ -d "$dir" ] && exit 0
        rm -rf "$SP_BUILD/forge"/*-*
        python3 "$FORGE/attacks.py" "$dir.new" && mv "$dir.new" "$dir"
    ) 9>"$SP_BUILD/forge/lock" || return 1
    echo "$dir"
}

# The test's own row of RESULTS, found by the first word of its name, must
# say "ok".
row() {
    local id=${BATS_TEST_DESCRIPTION%% *} said status word kept
    IFS=$'\t' read -r said status word kept < <(awk -F'\t' -v OFS='\t' \
        -v id="$id" '$1 == id { print $2, $3, $4, $5 }' "$RESULTS")
    [ "$said" = ok ] || fail "${said:-there is no row $id}"
    case_ended "$status" "$word"
}

# Every row of RESULTS has a test in this file, and every test a row.
assert_same_rows() {
    local tested known
    tested=$(sed -n 's/^@test "\([A-Z][^ ]*\) .* { row; }$/\1/p' \
        "$BATS_TEST_FILENAME" | sort)
    known=$(cut -f1 "$RESULTS" | sort)
    assert_equal "$tested" "$known" "rows"
}
