#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Words that must not stand in the sources, each with its reason. A line that
# needs one says why in a comment on the same line: "lint: REASON".

set -uo pipefail
bad=0

refuse() { # REASON PATTERN FILE...
    local reason=$1 pattern=$2 hits
    shift 2
    [ $# -gt 0 ] || return 0
    hits=$(grep -nHP "$pattern" "$@" | grep -v 'lint: ' |
        grep -vP '^[^:]*:\d+:\s*(\*|/\*|//)')
    [ -z "$hits" ] && return 0
    printf '%s\n  %s\n' "$hits" "-> $reason" >&2
    bad=1
}

mapfile -t code < <(find src cli transports tests -name '*.[ch]' \
    ! -name banned.h)
mapfile -t ours < <(find src cli transports -name '*.[ch]' ! -name banned.h)
mapfile -t trusted < <(find src/base src/bundle src/ingest transports cli \
    -name '*.[ch]' ! -path 'cli/builder*')
# The body of sallyport-escape prints its table itself.
mapfile -t silent < <(find src transports -name '*.c' \
    ! -path 'src/ingest/escape*')

refuse 'no bounds, no locale-free meaning, or a race' \
    '\b(strcpy|strcat|sprintf|vsprintf|strncpy|strncat|strtok|atoi|atol|gets|system|popen|mktemp|tmpnam|tempnam|alloca|localtime)\s*\(' \
    "${ours[@]}"
refuse 'one exit by clean-up attributes, no jumps' '\bgoto\b' "${ours[@]}"
refuse 'descriptors are close-on-exec from birth' \
    '\b(open|openat)\s*\([^;]*\bO_(RDONLY|RDWR|WRONLY)\b(?!.*(CLOEXEC|\|\s*$))' \
    "${ours[@]}"
refuse 'only cli/ speaks to people' \
    '(?<![a-z_])(v?printf|puts|putchar|perror)\s*\(' "${silent[@]}"
# What colours to print, and who called, is all that it may say.
refuse 'the trusted side does not listen to its environment' \
    '\bgetenv\s*\(|\bsecure_getenv\s*\((?!"(TERM|NO_COLOR|QREXEC_REMOTE_DOMAIN)"\))' "${trusted[@]}"
refuse 'unfinished work does not go in' '\b(TODO|FIXME|XXX|HACK)\b' "${code[@]}"
exit $bad
