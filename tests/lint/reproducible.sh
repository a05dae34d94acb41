#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the committed tree in two folders of different names and depths, at
# different times, and compares every program.

set -euo pipefail
work=$(mktemp -d /tmp/sp-repro.XXXXXX)
trap 'rm -rf "$work"' EXIT

for folder in one two/levels/deeper; do
    mkdir -p "$work/$folder"
    git archive HEAD | tar -x -C "$work/$folder"
    make -s -C "$work/$folder" -j"$(nproc)" all >/dev/null
done

count=0
for program in "$work"/one/build/sallyport*; do
    [ -f "$program" ] || continue
    cmp "$program" "$work/two/levels/deeper/build/${program##*/}"
    count=$((count + 1))
done
[ $count -gt 0 ]
echo "  $count programs are equal, built in two folders"
