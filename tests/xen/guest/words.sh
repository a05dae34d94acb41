# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Words for the scenarios of dom0.

results=/dev/ttyS1
stty -F $results raw -echo
count=0
failed=0

out() {
    echo "$*" >$results
    echo "LAB: $*"
}

# Hundredths of a second since the start.
now() {
    read -r up _ </proc/uptime
    echo "${up%.*}${up#*.}"
}

seconds_since() { # HUNDREDTHS
    local passed=$(($(now) - $1))
    printf '%d.%02d s' $((passed / 100)) $((passed % 100))
}

# A named check: its status, what it said when it fails, and its "note"s.
check() { # NAME FUNCTION [ARG]...
    local name=$1 start
    shift
    count=$((count + 1))
    start=$(now)
    : >/tmp/notes
    if "$@" >/tmp/check 2>&1; then
        out "ok $count - $name ($(seconds_since "$start"))"
    else
        failed=$((failed + 1))
        out "not ok $count - $name ($(seconds_since "$start"))"
        tail -n 20 /tmp/check | while read -r line; do
            out "#   $line"
        done
    fi
    while read -r line; do
        out "# $line"
    done </tmp/notes
}

# Nothing more makes sense without it.
need() { # NAME FUNCTION [ARG]...
    check "$@"
    [ "$failed" = 0 ] || finish
}

# The console of the other domain goes to ours, for those who look for why.
finish() {
    cat /var/log/xen/guest-*.log
    out "1..$count"
    sync
    sleep 1
    poweroff -f
}

note() { echo "$*" >>/tmp/notes; }

fail() {
    echo "$*"
    return 1
}

# Until a command succeeds, but not for ever.
await() { # SECONDS COMMAND...
    local deadline=$(($(now) + $1 * 100))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(now)" -lt $deadline ] || fail "waited too long: $*" || return 1
        sleep 0.1
    done
}

# ---- the other domain ----

# A line for the other domain, run there at once: $order is its number.
order=0
guest() { # LINE
    order=$((order + 1))
    # xenstore-read shows what is not printable in its own way.
    xenstore-write "$home/data/cmd/$order" "$(echo "$1" | tr '\n' ' ')"
}

# Its end: what it said goes to $said.
guest_end() { # [STATUS]
    await 100 xenstore-exists "$home/data/status/$order" || return 1
    status=$(xenstore-read "$home/data/status/$order")
    said=$(xenstore-read "$home/data/said/$order")
    xenstore-rm "$home/data/status/$order"
    [ "$status" = "${1:-0}" ] ||
        fail "the other domain: status $status, expected ${1:-0}: $said"
}

create_guest() {
    xl create /etc/xen/updatevm.cfg || return 1
    domid=$(xl domid updatevm)
    home=/local/domain/$domid
    node=/local/domain/0/data/vchan/$domid/sallyport
    order=0
    await 60 xenstore-exists "$home/data/hello"
}

# ---- the trusted side ----

# Its state belongs to an ordinary user, whose group may use vchans.
new_state() {
    rm -rf /var/lib/sallyport/*
    state=/var/lib/sallyport/state
    repo=$state/updates
    mkdir -m 750 $state
    chown sallyport:xen $state
    : >/tmp/policy.conf
}

trusted() { # COMMAND ARG...
    local command=$1
    shift
    timeout 120 sallyport "$command" --state-dir $state --keys /keys \
        --policy /tmp/policy.conf "$@"
}

# The status and the word of a delivery; then nothing of it may be left: no
# process, no node in xenstore, no quarantine.
ingest() { # STATUS WORD SOURCE
    trusted ingest --any-request --quiet "$3" >/tmp/ingest 2>&1
    status=$?
    cat /tmp/ingest
    [ $status = "$1" ] || fail "exit status $status, expected $1" || return 1
    grep -qE "(^|[^a-z0-9-])$2([^a-z0-9-]|\$)" /tmp/ingest || [ "$2" = - ] ||
        fail "the word '$2' is missing" || return 1
    # The guard of busybox's timeout sees the end a moment later.
    ! ps | grep -v ' timeout ' | grep '[s]allyport[- ]' ||
        fail "left running" || return 1
    ! xenstore-exists "$node" || fail "left in xenstore" || return 1
    [ -z "$(find $state -name '*.UNTRUSTED')" ] || fail "left: a quarantine"
}

# All that a repository is: names, links, kinds, modes, times, bytes.
snapshot() { # DIR
    (
        cd "$1" || exit
        find . ! -name . ! -path ./.lock ! -path './errors*' \
            -exec stat -c '%N %F %a %Y' {} + | sort
        find . -type f ! -path ./.lock ! -path './errors*' \
            -exec sha256sum {} + | sort
    )
}

remember() { snapshot $repo >/tmp/before; }

unchanged() {
    snapshot $repo | diff /tmp/before - || fail "the repository changed"
}

# Bytes that are on their way into the repository.
staged() {
    find $repo -path '*.UNTRUSTED*' -type f -exec stat -c %s {} + 2>/dev/null |
        awk '{ n += $1 } END { print n + 0 }'
}

staged_at_least() { [ "$(staged)" -ge "$1" ]; }

# ---- the stick ----

# The disk whose USB device has a serial number; /proc for none.
disk_of() { # SERIAL
    local disk at
    for disk in /sys/block/sd*; do
        [ -e "$disk" ] || continue
        at=$(readlink -f "$disk/device")
        while [ "$at" != / ] && [ ! -f "$at/serial" ]; do
            at=${at%/*}
        done
        [ "$(cat "$at/serial" 2>/dev/null)" = "$1" ] || continue
        echo "/dev/${disk##*/}"
        return 0
    done
    return 1
}

disk_is_gone() { ! disk_of "$1"; }
