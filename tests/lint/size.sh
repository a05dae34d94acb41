#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Non-blank, non-comment lines of the parts that have a budget, and of what
# stands around them. V=1: of each file.

set -euo pipefail
shopt -s nullglob

lines() { # FILE: without comments and blank lines
    gcc -fpreprocessed -dD -E -P -w "$1" 2>/dev/null | grep -c '[^[:space:]]'
}

# To which part a file belongs; the first pattern counts.
part() { # FILE
    case $1 in
    # Reads bytes that nothing has verified yet, in jails. (A vchan's name is
    # typed: vchan-peer.c never sees what the peer sends.)
    src/bundle/cursor.h | src/bundle/gate.* | src/bundle/tar.* | \
        src/bundle/manifest.* | src/bundle/nevra* | src/bundle/rpm* | \
        src/bundle/sigpacket* | src/bundle/record.* | src/bundle/groups.* | \
        src/bundle/limits.h | src/bundle/qfile.* | src/ingest/intake.* | \
        src/ingest/unpack* | src/ingest/check* | src/ingest/entries.* | \
        src/ingest/digest.* | src/ingest/message.* | src/ingest/status.* | \
        transports/vchan-frame.* | transports/vchan-channel.* | \
        transports/vchan-move.*)
        echo unverified ;;
    # Reads repository metadata once its signature is verified, in a jail.
    src/ingest/evidence-scan.*) echo signed ;;
    # Not of a delivery: verify FILE.
    src/ingest/verifier.*) echo single ;;
    src/build/* | cli/builder* | cli/confirm* | */manifest-print.* | \
        transports/block-write.* | transports/device* | \
        transports/qrexec-call.*)
        echo networked ;;
    */doctor* | */escape*) echo doctor ;;
    cli/*) echo people ;;
    */update* | */round* | */changelog.* | */dnf-plan.* | */tell.*) echo round ;;
    */ask.* | */rpmdb.* | */repofiles.* | */pubkeys.* | */seal.* | */request*)
        echo request ;;
    */history.* | */journal.* | */reply.* | */errors.* | */overview.* | \
        */listing.* | */json.* | */reset.*)
        echo records ;;
    src/base/*) echo base ;;
    transports/*) echo carriers ;;
    *) echo delivery ;;
    esac
}

declare -A sum=()
while read -r file; do
    n=$(lines "$file")
    part=$(part "$file")
    sum[$part]=$((${sum[$part]:-0} + n))
    [ -z "${V:-}" ] || printf '    %5d %-10s %s\n' "$n" "$part" "$file"
done < <(find src cli transports -name '*.[ch]' | sort)

budget() { # WHAT LINES BUDGET
    printf '  %-46s %5d of %5d%s\n' "$1" "$2" "$3" \
        "$([ "$2" -gt "$3" ] && echo '  OVER' || true)"
}

plain() { # WHAT PART
    printf '  %-46s %5d\n' "$1" "${sum[$2]}"
}

budget 'code that touches unverified bytes' "${sum[unverified]}" 1500
budget 'delivery path on the trusted side, with it' $((
    sum[unverified] + sum[signed] + sum[delivery] + sum[base] +
    sum[carriers])) 4000
plain '  of it: workers, engine, policy, publishing' delivery
plain '  of it: signed metadata, read when verified' signed
plain '  of it: carriers, read' carriers
plain '  of it: base' base
plain 'verify of single files' single
plain 'history, answers, journal' records
plain 'requests' request
plain 'rounds of update, preview' round
plain 'doctor and its escapes' doctor
plain 'command line of the trusted side' people
plain 'networked side' networked
