# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The scenarios, in one boot.

# ---- dom0 itself ----

tool_stack() {
    xl info -n >/dev/null || return 1
    [ "$(cat /sys/hypervisor/type)" = xen ] || fail "no Xen" || return 1
    grep -q control_d /proc/xen/capabilities || fail "no dom0" || return 1
    note "kernel $(uname -r), $(xl info | sed -n 's/xen_version *: */Xen /p')"
    # As Qubes OS does it: a group may use vchans, the world may not.
    chgrp xen /dev/xen/evtchn /dev/xen/gntalloc /dev/xen/gntdev \
        /dev/xen/xenbus /run/xenstored/socket
    chmod 660 /dev/xen/evtchn /dev/xen/gntalloc /dev/xen/gntdev \
        /dev/xen/xenbus /run/xenstored/socket
}

# ---- the same bundle by vchan and by stick ----

pack_there() {
    guest 'ls /rpms/*.rpm >list && grep -v sp-big list >small.list &&
        sallyport-builder --quiet build --list small.list -o small &&
        sallyport-builder --quiet build --list list -o bundle &&
        sha256sum <bundle'
    guest_end || return 1
    echo "$said"
    [ "${said%% *}" = "$(cat /domu/bundle.sha256)" ]
}

by_vchan() {
    guest 'sallyport-builder --quiet send bundle vchan:0 2>&1'
    ingest 0 - "vchan:$domid" || return 1
    guest_end 0 || return 1
    trusted status || return 1
    (cd $repo/generations && snapshot .) >/tmp/reference
    [ "$(find $repo/generations -name '*.rpm' | wc -l)" = 6 ]
}

same_as_reference() {
    (cd $repo/generations && snapshot .) | diff /tmp/reference -
}

nothing_to_do() {
    guest 'sallyport-builder --quiet send bundle vchan:0 2>&1'
    ingest 0 - "vchan:$domid" && guest_end 0 && same_as_reference
}

sender_hears() {
    guest 'sallyport-builder send bundle vchan:0 2>&1'
    trusted ingest --quiet "vchan:$domid" >/tmp/ingest 2>&1
    status=$?
    cat /tmp/ingest
    [ $status = 15 ] || fail "status $status" || return 1
    guest_end 15 || return 1
    case $said in
    *unsolicited*) ;;
    *) fail "the sender was told: $said" ;;
    esac
}

stick_is_there() {
    await 20 disk_of LABSTICK && disk=$(disk_of LABSTICK)
}

by_stick() {
    stick_is_there || return 1
    ingest 0 - "block:$disk" && same_as_reference
}

# ---- a stick that goes, a domain that dies ----

pull_the_stick() {
    stick_is_there || return 1
    (
        await 30 staged_at_least 4000000
        out 'REQ device_del stick'
    ) &
    ingest 9 - "block:$disk" || return 1
    note "$(head -n 1 /tmp/ingest)"
    await 10 disk_is_gone LABSTICK && unchanged
}

plug_it_in() {
    out 'REQ device_add usb-storage,bus=xhci.0,port=1,drive=stick,id=stick,serial=LABSTICK'
    by_stick
}

destroy_it() {
    guest '(head -c 6000000 bundle; sleep 90) |
        sallyport-builder --quiet send - vchan:0'
    (
        await 30 staged_at_least 4000000
        date +%s >/tmp/destroyed
        xl destroy updatevm
    ) &
    ingest 4 peer-gone "vchan:$domid" || return 1
    took=$(($(date +%s) - $(cat /tmp/destroyed)))
    note "noticed within $took s"
    [ $took -lt 10 ] || fail "too late" || return 1
    wait
    unchanged
}

again_by_vchan() {
    create_guest && pack_there && by_vchan
}

# ---- hostile clients ----

# Starts the client; it waits for us to offer a vchan.
peer() { # ACT
    xenstore-rm "$home/data/peer" 2>/dev/null
    guest "xen-peer 0 sallyport $1 small"
    await 30 xenstore-exists "$home/data/peer"
}

refused() { # STATUS WORD ACT
    peer "$3" || return 1
    ingest "$1" "$2" "vchan:$domid" && unchanged && peer_ended
}

# By its own hand, by our hanging up, or with an answer; but it was there.
peer_ended() {
    guest_end 0 || [ "$status" = 137 ] || return 1
    case $status.$said in
    0.closed | 0.sallyport\ 1\ [a-z]* | 137.*) ;;
    *) fail "the peer: $said" ;;
    esac
}

taken() { # ACT [WHAT-THE-PEER-SAYS]
    peer "$1" || return 1
    ingest 0 - "vchan:$domid" && unchanged && guest_end 0 || return 1
    [ "$said" = "${2:-sallyport 1 ok -}" ] || fail "the peer: $said"
}

policy() { # LINE...
    printf '%s\n' "$@" >/tmp/policy.conf
}

hostile() {
    check "hostile: the reference for what follows" small_by_vchan
    for act in orders-change lies-about-life rewrites no-events second-client \
        goes-on-behind-the-end; do
        check "hostile: $act: no harm, published" taken $act
    done
    for act in never-reads-the-answer blocks-the-answer; do
        check "hostile: $act: published all the same" taken $act closed
    done
    check "hostile: zero-first" refused 5 empty zero-first
    check "hostile: zero-in-the-middle" refused 4 truncated zero-in-the-middle
    for act in huge-frame one-too-many; do
        check "hostile: $act" refused 5 frame $act
    done
    check "hostile: garbage" refused 5 - garbage
    check "hostile: closes-at-once" refused 4 peer-gone closes-at-once
    for act in closes-in-a-frame closes-in-a-head no-end dies reconnects; do
        check "hostile: $act" refused 4 truncated $act
    done
    check "hostile: flood" refused 5 trailing-data flood
    policy 'idle-seconds = 5'
    for act in index-jumps index-goes-back index-of-the-server storm silence \
        says-nothing; do
        check "hostile: $act" refused 4 idle $act
    done
    policy 'rate-seconds = 6' 'rate-bytes = 100000'
    check "hostile: trickle" refused 4 too-slow trickle
    policy
}

small_by_vchan() {
    new_state
    peer send || return 1
    ingest 0 - "vchan:$domid" && guest_end 0 && remember
}

# ---- the way to the vchan ----

# The path is fixed; a node that a killed server left must not catch a client.
stale_node() {
    sallyport-vchan serve "$domid" sallyport </dev/null >/dev/null 2>&1 &
    await 10 xenstore-exists "$node/ring-ref" || return 1
    kill -9 $!
    wait $! 2>/dev/null
    xenstore-exists "$node" || fail "no stale node to test with" || return 1
    guest 'sallyport-builder --quiet send small vchan:0 2>&1'
    ingest 0 - "vchan:$domid" && guest_end 0
}

# Behind the set-up by the true library: no right, no call to spare, and the
# event channel the last of its descriptors.
mover_is_jailed() {
    local keeper mover seen
    sallyport-vchan serve "$domid" sallyport </dev/null >/dev/null 2>&1 &
    keeper=$!
    await 10 xenstore-exists "$node/event-channel" || return 1
    mover=$(cat "/proc/$keeper/task/$keeper/children")
    await 10 grep -q 'Seccomp:.*2' "/proc/${mover% }/status"
    seen=$(awk '/^(CapEff|NoNewPrivs|Seccomp):/ { printf "%s ", $2 }' \
        "/proc/${mover% }/status")
    note "its descriptors: $(ls -l "/proc/${mover% }/fd" |
        sed -n 's/.* \([0-9]*\) -> /\1 /p' | tr '\n' ',')"
    kill -TERM $keeper
    wait $keeper
    [ "$seen" = '0000000000000000 1 2 ' ] || fail "the mover: $seen" || return 1
    ! xenstore-exists "$node" || fail "left in xenstore"
}

no_rights() {
    local result
    chmod 600 /dev/xen/evtchn
    ingest 3 io "vchan:$domid"
    result=$?
    chmod 660 /dev/xen/evtchn
    return $result
}

nobody_there() {
    local result
    policy 'idle-seconds = 2'
    ingest 4 idle "vchan:$domid"
    result=$?
    policy
    [ $result = 0 ] && ingest 4 peer-gone vchan:77
}

# ---- figures ----

# The program alone, from memory to nowhere: hundredths of a second in $took,
# context switches of dom0 in $switches: those do not depend on what else the
# host has to do.
carry() {
    sallyport-vchan serve "$domid" bench </dev/null | {
        dd bs=1 count=1 of=/dev/null 2>/dev/null
        start=$(now)
        before=$(context_switches)
        cat >/dev/null
        echo "$(($(now) - start + 1)) $(($(context_switches) - before))" \
            >/tmp/carried
    }
    read -r took switches </tmp/carried
}

context_switches() { sed -n 's/^ctxt //p' /proc/stat; }

# The best of three; the sender hears no answer here.
throughput() { # TEXT
    local best=1000000 try
    guest '[ -s zeros ] || dd if=/dev/zero of=zeros bs=1M count=32'
    guest_end || return 1
    for try in 1 2 3; do
        guest 'sallyport-vchan connect 0 bench wait=30 <zeros'
        carry && guest_end 4 || return 1
        [ "$took" -ge $best ] || best=$took least=$switches
    done
    note "$1: 32 MiB in $best hundredths of a second," \
        "$((3200 / best)) MiB/s, $least context switches"
}

with_pages() { # LIMIT COMMAND...
    local limit=/sys/module/xen_gntalloc/parameters/limit before result
    before=$(cat $limit)
    echo "$1" >$limit
    shift
    "$@"
    result=$?
    echo "$before" >$limit
    return $result
}

# ---- jails ----

# With the rights of the user that the workers run as.
doctor() {
    timeout 600 sallyport doctor --state-dir $state --keys /keys \
        >/tmp/doctor 2>&1
    status=$?
    grep -v '^good' /tmp/doctor
    note "$(grep -o 'Landlock: .*' /tmp/doctor), $(tail -n 1 /tmp/doctor)"
    [ $status = 0 ] || fail "status $status" || return 1
    for jail in unpack check verify index vchan; do
        [ "$(grep -c "^good *jail $jail" /tmp/doctor)" -ge 90 ] ||
            fail "too few acts in the jail $jail" || return 1
    done
}

# ---- all of them ----

need "dom0 runs on Xen" tool_stack
need "the stick is a disk" stick_is_there
need "a second domain is there" create_guest
new_state
need "the builder there packs the very bundle" pack_there
check "the bundle by vchan: published, the sender knows" by_vchan
check "the same by vchan again: nothing to do" nothing_to_do
new_state
check "the sender hears a refusal by its class and word" sender_hears
new_state
check "the bundle by stick: the same repository" by_stick
new_state
small_by_vchan >/dev/null
check "the stick is pulled out: media, nothing changed" pull_the_stick
new_state
check "plugged in again: published" plug_it_in
hostile
check "a stale node catches nobody" stale_node
check "the mover is jailed" mover_is_jailed
check "no right to the event channel: io" no_rights
check "no pages to grant: io, no crash" \
    with_pages 0 ingest 3 io "vchan:$domid"
check "few pages to grant: by the small ring" with_pages 100 small_by_vchan
check "nobody there, no such domain" nobody_there
check "throughput" throughput "ring of 1 MiB"
check "throughput where pages are short" \
    with_pages 100 throughput "ring of 64 KiB"
check "doctor: every jail holds every act" doctor
remember
check "the domain is destroyed: named, nothing changed" destroy_it
new_state
check "a new domain delivers" again_by_vchan
