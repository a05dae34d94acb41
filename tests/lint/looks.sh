# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Sourced. looks WHAT WORD...: runs the functions WHAT_WORD, each to its end,
# and says how each ended; 1 if any failed.

looks() {
    local what=$1 word start failed=
    shift
    for word; do
        start=$SECONDS
        if "${what}_$word"; then
            printf '  %-7s %s (%d s)\n' ok "$word" $((SECONDS - start))
        else
            printf '  %-7s %s (%d s)\n' FAIL "$word" $((SECONDS - start))
            failed+=" $word"
        fi
    done
    [ -z "$failed" ] || {
        echo "$what: failed:$failed" >&2
        return 1
    }
}
