#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Memory: each process stays below 32 MiB, gpg and createrepo_c included,
# while 50 MB of packages come in. `make bench` shows it for larger ones.

load helpers

CEILING_KIB=$((32 * 1024))

setup_file() {
    requires real-jails
    WORKLOAD=$BATS_FILE_TMPDIR/workload
    export WORKLOAD
    python3 "$SP_TOP/tests/bench/workload.py" memory "$WORKLOAD" >&2
}

setup() {
    new_state
    cp "$WORKLOAD/key.asc" "$keys/"
}

# Runs a command; prints the largest resident set that one process among it
# and its descendants ever had, in KiB.
peak_of() { # COMMAND...
    python3 - "$@" <<'END'
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:], stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
END
}

assert_small() { # WHAT KIB
    echo "# $1: largest process $(($2 / 1024)) MiB" >&3
    [ "$2" -gt 0 ] && [ "$2" -lt $CEILING_KIB ] ||
        fail "$1: a process had $2 KiB"
}

@test "seeded: a process that takes 40 MiB is seen, below two others" {
    run -0 peak_of sh -c 'sh -c "python3 -c \"bytearray(b\\\"x\\\") * (40 << 20)\"; :"; :'
    [ "$output" -gt $CEILING_KIB ]
}

@test "build, ingest and verify in less than 32 MiB each" {
    local bundle=$BATS_TEST_TMPDIR/bundle peak
    printf '%s\n' "$WORKLOAD"/rpms/*.rpm >"$BATS_TEST_TMPDIR/list"
    peak=$(peak_of "$SP_BUILD/sallyport-builder" build \
        --list "$BATS_TEST_TMPDIR/list" -o "$bundle")
    assert_small build "$peak"
    [ "$(stat -c %s "$bundle")" -gt 50000000 ] || fail "a small bundle"
    peak=$(peak_of "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" \
        --any-request "$bundle")
    assert_small ingest "$peak"
    peak=$(peak_of "$SP_BUILD/sallyport" verify "${SP_OPTIONS[@]}" \
        "$WORKLOAD"/rpms/*.rpm)
    assert_small verify "$peak"
}
