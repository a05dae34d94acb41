#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The walk-through of two builders does what it says.

load helpers

@test "examples/two-builders.sh: equal bundles, or the difference by package" {
    requires solver
    run "$SP_TOP/examples/two-builders.sh" "$SP_BUILD" "$FIXTURES"
    assert_equal "$status" 0 "$output"
    [[ $output == *"equal: "* ]] || fail "$output"
    [[ $output == *"DIFFERENT: '<' is alice, '>' is mallory"*"| < package \
hello 0:1.0-1.fc42 noarch"* ]] || fail "$output"
    ! pgrep -f "http.server.*two-builders" >/dev/null || fail "a server is left"
}
