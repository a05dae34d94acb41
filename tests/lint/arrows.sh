#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reads every include and refuses one that points upwards or sideways:
#
#   cli -> ingest | build -> bundle | transports -> base
#
# Includes are written with the room. Tests may include anything.

find src cli transports -name '*.[ch]' | sort | xargs awk '
BEGIN {
    may["cli"] = " cli ingest build bundle transports base "
    may["ingest"] = " ingest bundle transports base "
    may["build"] = " build bundle transports base "
    may["bundle"] = " bundle base "
    may["transports"] = " transports base "
    may["base"] = " base "
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
    n = split(FILENAME, part, "/")
    room = part[1] == "src" ? part[2] : part[1]
    split($0, quoted, "\"")
    to = quoted[2]
    if (!sub("/.*", "", to))
        why = "is written without its room"
    else if (index(may[room], " " to " ") == 0)
        why = "is against the arrows: " room " -> " to
    else
        next
    printf "%s:%d: %s %s\n", FILENAME, FNR, quoted[2], why
    bad = 1
}
END { exit bad }' || exit 1
