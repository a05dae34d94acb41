#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Stands in for the programs of a Qubes dom0, by the name it is called by;
# those of the qube are in vm/ beside it. Quicker than tests/fake/dom0.py,
# for thousands of rounds.

here=${0%/*}
case ${0##*/} in
qubes-prefs) echo sys-update ;;
qvm-features) [ $# = 3 ] ;; # sets one; none is set
qvm-run)
    while [ "$1" != -- ]; do
        shift
    done
    shift
    exec env -i LC_ALL=C HOME="$here" PATH="$here/vm:/usr/bin:/bin" \
        FAKE_SERVICES="$here/services" sh -c "$*"
    ;;
esac
