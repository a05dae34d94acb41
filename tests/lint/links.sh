#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The link list is the first wall: what a program may be linked with, by its
# direct NEEDED entries.   tests/lint/links.sh BUILD-DIR
#
# Every program may need libc, the loader and libgcc_s.

may() { # PROGRAM
    case $1 in
    sallyport | sallyport-escape) echo ;;
    sallyport-unpack) echo libarchive ;;
    sallyport-check) echo libgcrypt libgpg-error ;;
    sallyport-verify) echo libgpgme libgpg-error ;;
    sallyport-index) echo libcreaterepo_c libglib-2.0 ;;
    sallyport-vchan) echo libxenvchan libxenstore ;;
    sallyport-metadata) echo libarchive libexpat ;;
    sallyport-builder)
        echo libcurl libarchive libsolv libsolvext libexpat libgpgme \
            libgcrypt libgpg-error
        ;;
    *) return 1 ;;
    esac
}

bad=0
count=0
for path in "$1"/sallyport "$1"/sallyport-*; do
    [ -f "$path" ] || continue
    program=${path##*/}
    count=$((count + 1))
    if ! allowed=$(may "$program"); then
        echo "$program: stands in no line of the link table" >&2
        bad=1
        continue
    fi
    needed=$(readelf -dW "$path" |
        sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
    for library in $needed; do
        name=${library%%.so*}
        case " libc ld-linux-x86-64 ld-linux-aarch64 libgcc_s $allowed " in
        *" $name "*) ;;
        *)
            echo "$program: must not be linked with $library" >&2
            bad=1
            ;;
        esac
    done
    printf '  %-18s %s\n' "$program" "$(echo $needed)"
done
[ $count -gt 0 ] || bad=1
exit $bad
