# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every suite needs: where the programs are (SP_BUILD) and keys and
# packages, made once (FIXTURES, see tests/fixtures.sh).

setup_suite() {
    local top
    top=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
    export SP_TOP=$top
    export SP_BUILD=${SP_BUILD:-$top/build}
    export LC_ALL=C
    umask 022
    FIXTURES=$("$top/tests/fixtures.sh" "$SP_BUILD/fixtures") || return 1
    export FIXTURES
}
