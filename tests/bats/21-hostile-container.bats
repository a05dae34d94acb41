#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hostile containers (A), member names (B), MANIFESTs and sets (N), each
# through a whole ingest: the class, the word, the exit status, a repository
# that is byte for byte what it was, no quarantine, no process, one history
# record. Made by tests/forge/containers.py and tests/forge/manifests.py.

load helpers
load forge

setup_file() {
    local forged made=$BATS_FILE_TMPDIR
    forged=$(attack_table)
    RESULTS=$made/results.tsv
    export RESULTS
    python3 "$FORGE/manifests.py" "$made/manifests"
    python3 "$FORGE/bundle.py" "$made/good.bundle" \
        "$forged/K00.rpm" "$forged/K00d.rpm"
    python3 "$FORGE/containers.py" "$made/containers" "$made/good.bundle"
    for cases in manifests containers; do
        python3 "$FORGE/deliver.py" "$SP_BUILD" "$forged/keys/trusted.asc" \
            "$made/manifests/base.bundle" "$made/$cases/cases.tsv" "$made"
    done
}

@test "every case has its test" {
    assert_same_rows
}

@test "A01 empty stream: empty" { row; }
@test "A02 one byte: truncated" { row; }
@test "A03 511 bytes: truncated" { row; }
@test "A04 header only: truncated" { row; }
@test "A05 header and partial data: truncated" { row; }
@test "A06 data without padding, then nothing: truncated" { row; }
@test "A06-shifted data without padding: member-padding" { row; }
@test "A07 non-zero padding: member-padding" { row; }
@test "A08 one zero block only: truncated" { row; }
@test "A08-none no zero block: truncated" { row; }
@test "A09 three zero blocks: trailing-data" { row; }
@test "A10 trailing byte: trailing-data" { row; }
@test "A11 trailing second archive: trailing-data" { row; }
@test "A12 zero block between members: end-marker" { row; }
@test "A12-zeros zero blocks first: empty" { row; }
@test "A13 checksum off by one: noncanonical-header" { row; }
@test "A14 signed checksum: noncanonical-header" { row; }
@test "A15 checksum with spaces: noncanonical-header" { row; }
@test "A16 GNU magic: noncanonical-header" { row; }
@test "A17 v7 magic: noncanonical-header" { row; }
@test "A17-first v7 magic in the first header: not-a-bundle" { row; }
@test "A18 version of two spaces: noncanonical-header" { row; }
@test "A19 size 0: manifest-member" { row; }
@test "A20 size in base 256: noncanonical-header" { row; }
@test "A21 negative size in base 256: noncanonical-header" { row; }
@test "A22 size 2^33-1: manifest-size" { row; }
@test "A23 size 2^63: noncanonical-header" { row; }
@test "A24 size ends in a space: noncanonical-header" { row; }
@test "A24-digits size of twelve digits: noncanonical-header" { row; }
@test "A25 size beyond what comes: truncated" { row; }
@test "A25-short size smaller than in MANIFEST: manifest-member" { row; }
@test "A26 sum of sizes beyond 64 bits: file-too-large" { row; }
@test "A26-total total beyond 64 bits: manifest-syntax" { row; }
@test "A27 type NUL: noncanonical-header" { row; }
@test "A27-devmajor device number: noncanonical-header" { row; }
@test "A27-gname group name: noncanonical-header" { row; }
@test "A27-mode mode 0755: noncanonical-header" { row; }
@test "A27-mtime time 1: noncanonical-header" { row; }
@test "A27-tail last byte of the header: noncanonical-header" { row; }
@test "A27-uid owner 1000: noncanonical-header" { row; }
@test "A27-uname user name: noncanonical-header" { row; }
@test "A28 hard link: noncanonical-header" { row; }
@test "A29 symbolic link: noncanonical-header" { row; }
@test "A30 character device: noncanonical-header" { row; }
@test "A31 block device: noncanonical-header" { row; }
@test "A32 directory: noncanonical-header" { row; }
@test "A33 fifo: noncanonical-header" { row; }
@test "A34 contiguous file: noncanonical-header" { row; }
@test "A35 pax header: noncanonical-header" { row; }
@test "A36 global pax header: noncanonical-header" { row; }
@test "A37 pax with two paths: noncanonical-header" { row; }
@test "A38 pax size: noncanonical-header" { row; }
@test "A39 GNU long name: noncanonical-header" { row; }
@test "A40 GNU long link, cut: noncanonical-header" { row; }
@test "A41 GNU sparse file: noncanonical-header" { row; }
@test "A42-0.0 GNU sparse 0.0: noncanonical-header" { row; }
@test "A42-0.1 GNU sparse 0.1: noncanonical-header" { row; }
@test "A42-1.0 GNU sparse 1.0: noncanonical-header" { row; }
@test "A43 Solaris holes: noncanonical-header" { row; }
@test "A44 GNU volume header: noncanonical-header" { row; }
@test "A45 GNU multi-volume: noncanonical-header" { row; }
@test "A46 AppleDouble: member-name" { row; }
@test "A47 ACL and extended attribute: noncanonical-header" { row; }
@test "A48-bzip2 bzip2: not-a-bundle" { row; }
@test "A48-gzip gzip: not-a-bundle" { row; }
@test "A48-lzop lzop: not-a-bundle" { row; }
@test "A48-uu uuencode: not-a-bundle" { row; }
@test "A48-xz xz: not-a-bundle" { row; }
@test "A48-zstd zstd: not-a-bundle" { row; }
@test "A49-7z 7z: not-a-bundle" { row; }
@test "A49-ar ar: not-a-bundle" { row; }
@test "A49-cpio cpio: not-a-bundle" { row; }
@test "A49-iso iso: empty" { row; }
@test "A49-mtree mtree: not-a-bundle" { row; }
@test "A49-rar rar: not-a-bundle" { row; }
@test "A49-zip zip: not-a-bundle" { row; }
@test "A50 gzip in gzip in gzip: not-a-bundle" { row; }
@test "B01 parent folder: member-name" { row; }
@test "B01-manifest parent folder in MANIFEST: member-name" { row; }
@test "B02 absolute path: member-name" { row; }
@test "B03 two components: member-name" { row; }
@test "B04 the folder itself: member-name" { row; }
@test "B05 two dots: member-name" { row; }
@test "B06 hidden: member-name" { row; }
@test "B07 option: member-name" { row; }
@test "B08 newline: member-name" { row; }
@test "B09 escape sequence: member-name" { row; }
@test "B10 NUL inside: noncanonical-header" { row; }
@test "B11 not UTF-8: member-name" { row; }
@test "B12 right-to-left override: member-name" { row; }
@test "B13 homoglyph: member-name" { row; }
@test "B14 100 bytes, not terminated: noncanonical-header" { row; }
@test "B15 prefix field: noncanonical-header" { row; }
@test "B16 the same name twice: member-name" { row; }
@test "B16-manifest one NEVRA twice: duplicate-nevra" { row; }
@test "B17 other case: member-name" { row; }
@test "B17-twice the same name in two cases: member-name" { row; }
@test "B18 NEVRA of MANIFEST is not the package's: filename-mismatch" { row; }

@test "N01 digest of MANIFEST wrong: manifest-digest" { row; }
@test "N01b one letter of MANIFEST changed: manifest-digest" { row; }
@test "N07 digest of a head wrong: head-digest" { row; }
@test "N07b head damaged on the medium: head-digest" { row; }
@test "N34 last payload damaged on the medium: payload-digest-mismatch" { row; }
@test "N26 head size one too large: manifest-member" { row; }
@test "N26b head size one too small: manifest-member" { row; }
@test "N26c head of 127 bytes: manifest-syntax" { row; }
@test "N26d head larger than the package: manifest-syntax" { row; }
@test "N02 total says one member too many: manifest-total" { row; }
@test "N02b total says no members: manifest-total" { row; }
@test "N03 total says one byte too many: manifest-total" { row; }
@test "N03b total says no bytes: manifest-total" { row; }
@test "N04 packages in the wrong order: manifest-order" { row; }
@test "N05 one package twice: duplicate-nevra" { row; }
@test "N06 MANIFEST calls a package by another name: filename-mismatch" { row; }
@test "N06b one package twice, under two names: filename-mismatch" { row; }
@test "N06c another epoch: filename-mismatch" { row; }
@test "N08 member larger than announced: manifest-member" { row; }
@test "N08b member smaller than announced: manifest-member" { row; }
@test "N09 last member missing: manifest-member" { row; }
@test "N09b all members missing: manifest-member" { row; }
@test "N10 one member more: manifest-member" { row; }
@test "N10b members the other way round: manifest-member" { row; }
@test "N11 escape sequence: manifest-syntax" { row; }
@test "N11b tabulator: manifest-syntax" { row; }
@test "N11c carriage return: manifest-syntax" { row; }
@test "N11d NUL byte: manifest-syntax" { row; }
@test "N11e not ASCII: manifest-syntax" { row; }
@test "N12 two spaces: manifest-syntax" { row; }
@test "N12b space at the end of a line: manifest-syntax" { row; }
@test "N12c empty line: manifest-syntax" { row; }
@test "N12d space at the start of a line: manifest-syntax" { row; }
@test "N19 leading zero in a size: manifest-syntax" { row; }
@test "N19b signed size: manifest-syntax" { row; }
@test "N19c negative size: manifest-syntax" { row; }
@test "N19d hexadecimal size: manifest-syntax" { row; }
@test "N19e size above 64 bits: manifest-syntax" { row; }
@test "N20 digest in capitals: manifest-syntax" { row; }
@test "N20b digest of 63 digits: manifest-syntax" { row; }
@test "N22 unknown keyword: manifest-syntax" { row; }
@test "N22b unknown reason: manifest-syntax" { row; }
@test "N35 line behind the total: manifest-syntax" { row; }
@test "N37 name of 129 bytes: manifest-syntax" { row; }
@test "N37b path in a name: manifest-syntax" { row; }
@test "N37c no epoch: manifest-syntax" { row; }
@test "N38 epoch of 33 bits: manifest-syntax" { row; }
@test "N21 bundle of format 2: manifest-version" { row; }
@test "N24 empty MANIFEST: manifest-syntax" { row; }
@test "N24b MANIFEST without its end: manifest-syntax" { row; }
@test "N29 number of a member skipped: member-name" { row; }
@test "N29b path as the name of a member: member-name" { row; }
@test "N25 requests out of order: manifest-order" { row; }
@test "N25b one request twice: manifest-order" { row; }
@test "N25c request id in capitals: manifest-syntax" { row; }
@test "N25d request id of 31 digits: manifest-syntax" { row; }
@test "N25e 257 requests: too-many-files" { row; }
@test "N28 nobody asked for it: unsolicited" { row; }
@test "N28b answers a request of another: unsolicited" { row; }
@test "N13 16385 packages: too-many-files" { row; }
@test "N14 more than a tebibyte: too-many-bytes" { row; }
@test "N14b package of 8 GiB: file-too-large" { row; }
@test "N14c package of 2^63 bytes: file-too-large" { row; }
@test "N31 MANIFEST of more than 16 MiB: manifest-size" { row; }
@test "N27 damaged evidence: evidence-digest" { row; }
@test "N27b evidence of no known kind: manifest-syntax" { row; }
@test "N27c path as the label: manifest-syntax" { row; }
@test "N27d groups: accept" { row; }
@test "N27e damaged groups: evidence-digest" { row; }
@test "N27f foreign XML instead of groups: groups" { row; }
@test "N27g groups with a bad name: groups" { row; }
@test "N27h groups above their ceiling: groups" { row; }
@test "N32 no packages at all: accept" { row; }
@test "N33 unsigned package behind a good one: no-header-signature" { row; }
@test "N15 D18 two versions of one name: two-versions" { row; }
@test "N16 C32 source package: source-package" { row; }
@test "N16b no name of a source package: source-package" { row; }
@test "N17 C31 package of another machine: foreign-arch" { row; }
@test "N39 i686 beside x86_64: accept" { row; }
@test "N40 epoch above all: accept" { row; }
@test "N41 older than what is published: downgrade" { row; }
