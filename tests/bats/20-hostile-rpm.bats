#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The attack table: forged packages and the word that each must be refused
# with, or "accept" where odd is not evil. Each row is judged three times:
# alone by `verify`, in a bundle of its own by `ingest` (the repository stays
# as it was, no quarantine, no process, one history record) and among all
# others by `inspect`. The rows are made by tests/forge/rows_*.py.

load helpers
load forge

setup_file() {
    FORGED=$(attack_table)
    RESULTS=$BATS_FILE_TMPDIR/results.tsv
    export FORGED RESULTS
    python3 "$FORGE/hostile.py" "$SP_BUILD" "$FORGED" "$BATS_FILE_TMPDIR"
}

@test "every row of the attack table has its test" {
    assert_same_rows
}

@test "the class of every word is the one that the program gives it" {
    # "truncated" is the carrier's or the medium's fault, as it comes.
    cut -f4,5 "$FORGED/table.tsv" | grep -vw 'accept\|truncated' | sort -u |
        while read -r class word; do
            run_program 0 "$SP_BUILD/sallyport" explain "$word"
            [[ $output == *"class: $class, exit status"* ]] ||
                fail "$word is not of class $class:" "$output"
        done
}

@test "G01 C01 no signature at all: no-header-signature" { row; }
@test "G02 only the legacy signature over header and payload: no-header-signature" { row; }
@test "G02b only the legacy signature in 1005: no-header-signature" { row; }
@test "G04 good 268, legacy signature over other data: accept" { row; }
@test "G05 good 268, legacy signature by an unknown key: accept" { row; }
@test "G06 C02 signed by a key that nobody trusts: no-key" { row; }
@test "G07 signature over other data: bad-signature" { row; }
@test "G07b signature over header and payload in 268: bad-signature" { row; }
@test "G08 RSA packet in tag 267: sig-tag-algo" { row; }
@test "G08b EdDSA packet in tag 268: sig-tag-algo" { row; }
@test "G09 good 267 beside bad 268: two-header-signatures" { row; }
@test "G09b good 267 beside good 268: two-header-signatures" { row; }
@test "G10a C11 two packets in 268, good then bad: sig-trailing" { row; }
@test "G10b C11 two packets in 268, bad then good: sig-trailing" { row; }
@test "G10c C12 two good packets of one key in 268: sig-trailing" { row; }
@test "G11 junk after the packet: sig-trailing" { row; }
@test "G11b one zero byte after the packet: sig-trailing" { row; }
@test "G12 C13 version 3 packet, RSA with SHA-256: accept" { row; }
@test "G12b version 3 packet, RSA with SHA-512: accept" { row; }
@test "G12c version 3 packet with SHA-1: sig-hash-algo" { row; }
@test "G13md5 C09 signature with md5: sig-hash-algo" { row; }
@test "G13sha1 C08 signature with sha1: sig-hash-algo" { row; }
@test "G13sha224 signature with sha224: sig-hash-algo" { row; }
@test "G13sha3 signature with sha3: sig-hash-algo" { row; }
@test "G28a RSA with SHA-384: accept" { row; }
@test "G28b RSA with SHA-512: accept" { row; }
@test "G28c Ed25519 in 267: accept" { row; }
@test "G28d Ed25519 with SHA-512 in 267: accept" { row; }
@test "G28e P-256 in 267: accept" { row; }
@test "G28f C10 RSA key of 1024 bits: key-too-small" { row; }
@test "G31h public key algorithm 3: sig-pubkey-algo" { row; }
@test "G31h2 C10 public key algorithm 17 (DSA): sig-pubkey-algo" { row; }
@test "G31v0 signature version 0: sig-version" { row; }
@test "G31v2 signature version 2: sig-version" { row; }
@test "G31v5 signature version 5: sig-version" { row; }
@test "G31v6 signature version 6: sig-version" { row; }
@test "G14 C20 text signature over the header with CRLF: sig-type" { row; }
@test "G15x02 signature type 02: sig-type" { row; }
@test "G15x10 signature type 10: sig-type" { row; }
@test "G15x13 signature type 13: sig-type" { row; }
@test "G15x18 signature type 18: sig-type" { row; }
@test "G15x1f signature type 1f: sig-type" { row; }
@test "G15x20 signature type 20: sig-type" { row; }
@test "G15x40 signature type 40: sig-type" { row; }
@test "G15x50 signature type 50: sig-type" { row; }
@test "G16 lifetime of one second, long over: sig-expired" { row; }
@test "G16b lifetime zero is for ever: accept" { row; }
@test "G16c lifetime of ten years: accept" { row; }
@test "G17 C06 created a year ahead: sig-future" { row; }
@test "G17b created two days ahead: sig-future" { row; }
@test "G17c created in 2106: sig-future" { row; }
@test "G17d created later today: accept" { row; }
@test "G17e version 3, created a year ahead: sig-future" { row; }
@test "G18 C07 created before the key: sig-before-key" { row; }
@test "G19 2 kB notation in the unhashed area: sig-subpacket" { row; }
@test "G19b C15 hashed notation with status text: sig-subpacket" { row; }
@test "G19c policy URL with status text: sig-subpacket" { row; }
@test "G19d signer's user id with status text: accept" { row; }
@test "G19e the same by a key that nobody trusts: no-key" { row; }
@test "G19f critical signer's user id: sig-subpacket" { row; }
@test "G20 critical unknown subpacket 99: sig-subpacket" { row; }
@test "G20b harmless unknown subpacket 99: sig-subpacket" { row; }
@test "G20c embedded signature (32) in the unhashed area: sig-subpacket" { row; }
@test "G21 salt of Sequoia, all hashed, time critical: accept" { row; }
@test "G21b salt of more than 128 bytes: sig-subpacket" { row; }
@test "G21c critical salt: sig-subpacket" { row; }
@test "G21d salt marked as text: sig-subpacket" { row; }
@test "G25 fingerprint of one key, issuer of another: sig-issuer" { row; }
@test "G25b hashed issuer and unhashed issuer differ: sig-issuer" { row; }
@test "G25c issuer hashed only: accept" { row; }
@test "G25d fingerprint only: accept" { row; }
@test "G25e issuer unhashed only: accept" { row; }
@test "G25f issuer twice in the unhashed area: sig-subpacket" { row; }
@test "G31e two creation times: sig-subpacket" { row; }
@test "G31f creation time only in the unhashed area: sig-no-time" { row; }
@test "G31f2 no creation time: sig-no-time" { row; }
@test "G31g no issuer: sig-no-issuer" { row; }
@test "G31k subpacket longer than its area: sig-subpacket" { row; }
@test "G31l subpacket of length zero: sig-subpacket" { row; }
@test "G22 C14 armored signature: sig-packet" { row; }
@test "G26 only the version 6 tag 278: no-header-signature" { row; }
@test "G27 junk in 278 beside a good 268: accept" { row; }
@test "G30a signature inside a compressed packet: sig-packet-tag" { row; }
@test "G30a2 signature inside an uncompressed container: sig-packet-tag" { row; }
@test "G30a3 C17 64 MiB of zeros in a compressed packet: sig-packet-tag" { row; }
@test "G30a4 C18 signature inside 32 compressed packets: sig-packet-tag" { row; }
@test "G30b marker packet first: sig-packet-tag" { row; }
@test "G30c private packet 60 first: sig-packet-tag" { row; }
@test "G30d C19 user id packet behind: sig-trailing" { row; }
@test "G30e literal packet first: sig-packet-tag" { row; }
@test "G30f signed message about something else: sig-packet-tag" { row; }
@test "G32a old format, one byte length: accept" { row; }
@test "G32b old format, four byte length: accept" { row; }
@test "G32c new format, five byte length: accept" { row; }
@test "G32d old format, indeterminate length: sig-packet-length" { row; }
@test "G32e partial length: sig-packet-length" { row; }
@test "G32f packet longer than its tag: sig-packet-length" { row; }
@test "G32g blob of nine bytes: sig-size" { row; }
@test "G32h blob of 8193 bytes: sig-size" { row; }
@test "G23 s + n as the integer: accept" { row; }
@test "G23b an integer longer than the modulus: sig-mpi" { row; }
@test "G24 left 16 bits of the digest wrong: bad-signature" { row; }
@test "G24b integer of a signature over other data: bad-signature" { row; }
@test "G24c integer one: bad-signature" { row; }
@test "G31a integer with a leading zero byte: sig-mpi" { row; }
@test "G31b bytes inside the packet behind the integer: sig-trailing" { row; }
@test "G31c C16 integer of 65535 bits in a short packet: sig-mpi" { row; }
@test "G31d 60 kB in the unhashed area: sig-size" { row; }
@test "G31m RSA with two integers: sig-trailing" { row; }
@test "G31n EdDSA with one integer: sig-mpi" { row; }
@test "G31o signature tag of type STRING: tag-type" { row; }
@test "G31p signature of zero bytes: tag-count" { row; }
@test "D01 wrong SHA-256 of the header: header-digest" { row; }
@test "D02 wrong SHA-1 of the header: header-digest" { row; }
@test "D03 wrong MD5 of header and payload: accept" { row; }
@test "D04 no digest of the header at all: accept" { row; }
@test "D05 SHA-256 of the header in capitals: header-digest" { row; }
@test "D06 SHA-256 of the header cut short: header-digest" { row; }
@test "P01 C27 one bit of the payload flipped: payload-digest-mismatch" { row; }
@test "P02 the same with the MD5 made good: payload-digest-mismatch" { row; }
@test "P03 C28 bytes appended: payload-digest-mismatch" { row; }
@test "P03b bytes appended and the MD5 made good: payload-digest-mismatch" { row; }
@test "P04 payload one byte short: payload-digest-mismatch" { row; }
@test "P04b no payload: payload-digest-mismatch" { row; }
@test "P05 payload replaced by its uncompressed form: payload-digest-mismatch" { row; }
@test "P06 payload compressed again: payload-digest-mismatch" { row; }
@test "P07 C33 delta package with a magic of its own: not-rpm" { row; }
@test "P07b C33 delta package in the place of the signed one: bad-signature" { row; }
@test "H02 C26 signed header without a payload digest: no-payload-digest" { row; }
@test "H03 only the digest of the uncompressed payload: no-payload-digest" { row; }
@test "H04 algorithm of the payload digest missing: payload-digest-algo" { row; }
@test "H05md5 payload digest is md5: payload-digest-algo" { row; }
@test "H05sha1 payload digest is sha1: payload-digest-algo" { row; }
@test "H05sha512 payload digest is sha512: payload-digest-algo" { row; }
@test "H06a two payload digests, good then bad: payload-digest-type" { row; }
@test "H06b two payload digests, bad then good: payload-digest-type" { row; }
@test "H07 payload digest of type STRING: payload-digest-type" { row; }
@test "H07b payload digest in capitals: payload-digest-hex" { row; }
@test "H07c payload digest of 63 digits: payload-digest-hex" { row; }
@test "H01 C29 one bit of the signed header flipped: bad-signature" { row; }
@test "H08a C24 script outside the region, all signed: region" { row; }
@test "H08b C24 script outside the region, region signed: region" { row; }
@test "H09 main header without a region: region" { row; }
@test "H10 C25 tags not in order: tag-order" { row; }
@test "H11 C25 name twice: tag-order" { row; }
@test "H12 C25 64 hidden bytes between entries: tag-offset" { row; }
@test "H12b hidden bytes in the alignment: tag-padding" { row; }
@test "H12c hidden bytes in front of the trailer: data-tail" { row; }
@test "H13a RSA signature tag inside the main header: tag-range" { row; }
@test "H13b SHA-1 tag inside the main header: tag-range" { row; }
@test "H13c DSA signature tag inside the main header: tag-range" { row; }
@test "H13d C21 a good signature in the main header alone: tag-range" { row; }
@test "H19 tag 0x7fffffff: tag-range" { row; }
@test "H20 tag 0xfffffff0: tag-range" { row; }
@test "H20b tag 32768: tag-range" { row; }
@test "H20c unknown tag 32767: accept" { row; }
@test "H09b region trailer of tag 61: region-trailer" { row; }
@test "H18 more translations than the table has: accept" { row; }
@test "H18b translation table of another type: tag-type" { row; }
@test "H14a path in the name: nevra" { row; }
@test "H14b line feed in the name: nevra" { row; }
@test "H14c option as the name: nevra" { row; }
@test "H14d name not UTF-8: string-encoding" { row; }
@test "H14e empty name: nevra" { row; }
@test "H14f name of 129 bytes: nevra" { row; }
@test "H14g escape sequence in the name: nevra" { row; }
@test "H14h name that is a dot: nevra" { row; }
@test "H14i overlong UTF-8: string-encoding" { row; }
@test "H14j surrogate in UTF-8: string-encoding" { row; }
@test "H14k above the last code point: string-encoding" { row; }
@test "H14l right to left override: nevra" { row; }
@test "H14m look-alike letters: nevra" { row; }
@test "H14n slash in the version: nevra" { row; }
@test "H14o space in the release: nevra" { row; }
@test "H14p dash in the release: nevra" { row; }
@test "H14q dot in the architecture: nevra" { row; }
@test "H14r empty version: nevra" { row; }
@test "H14s I18 file name of more than 255 bytes: nevra" { row; }
@test "H15 name as a number: tag-type" { row; }
@test "H15b epoch as INT16: tag-type" { row; }
@test "H16x1000 no name: missing-tag" { row; }
@test "H16x1001 no version: missing-tag" { row; }
@test "H16x1002 no release: missing-tag" { row; }
@test "H16x1021 no operating system: missing-tag" { row; }
@test "H16x1022 no architecture: missing-tag" { row; }
@test "H16b another operating system: missing-tag" { row; }
@test "H17 C34 rpm format 6 in a version 4 file: format-unsupported" { row; }
@test "H17c C34 rpm format 6 with its lead of version 4: format-unsupported" { row; }
@test "H17d C34 rpm 3: no regions, a legacy signature alone: region" { row; }
@test "H17b rpm format 4, said aloud: accept" { row; }
@test "S01 C24 file signatures outside the region: region" { row; }
@test "S02 signature header without a region: region" { row; }
@test "S03 region trailer of tag 61: region-trailer" { row; }
@test "S04 C25 tags not in order: tag-order" { row; }
@test "S05 C25 two entries 268: tag-order" { row; }
@test "S06 120 hidden bytes between entries: tag-offset" { row; }
@test "S06b hidden bytes in the alignment: tag-padding" { row; }
@test "S07 bytes in the padding behind the header: sig-padding" { row; }
@test "S08 data hidden in the reserved space: reserved-nonzero" { row; }
@test "S08b data hidden in the reserved space 999: reserved-nonzero" { row; }
@test "S09a C22 unknown tag 300: accept" { row; }
@test "S09b C22 unknown tag 1009: accept" { row; }
@test "S09c unknown tag 5000: tag-range" { row; }
@test "S09d tag 100: tag-range" { row; }
@test "S09e tag 2000: tag-range" { row; }
@test "S10 120 hidden bytes in front of the trailer: data-tail" { row; }
@test "S11 C22 file signatures added: accept" { row; }
@test "S12 1007 as a string: tag-type" { row; }
@test "S13 C22 271 added: accept" { row; }
@test "S14 wrong size in 1000: accept" { row; }
@test "S15 33 entries: index-count" { row; }
@test "S16 not ASCII in a string: string-encoding" { row; }
@test "S17 escape sequence in a string: string-encoding" { row; }
@test "L1 escape sequence in the name of the lead: accept" { row; }
@test "L2 major version 255: lead-version" { row; }
@test "L2b minor version 1: lead-version" { row; }
@test "L3 lead says source: accept" { row; }
@test "L3b lead says type 7: lead-type" { row; }
@test "L4 reserved bytes of the lead used: accept" { row; }
@test "L5 signature type 0: lead-sigtype" { row; }
@test "L6 wrong magic: not-rpm" { row; }
@test "L7 C30 lead says another name: accept" { row; }
@test "X01s signature header: count 0: tag-count" { row; }
@test "X02s signature header: count 0x40000001: tag-count" { row; }
@test "X02bs signature header: count above the data: tag-count" { row; }
@test "X03s signature header: offset -4: tag-offset" { row; }
@test "X04s signature header: offset 0x7ffffff0: tag-offset" { row; }
@test "X05s signature header: offset not aligned: tag-offset" { row; }
@test "X06s signature header: offset 0, overlapping: tag-offset" { row; }
@test "X07s signature header: type 0: tag-type" { row; }
@test "X08s signature header: type 10: tag-type" { row; }
@test "X09s signature header: string without its end: string-nul" { row; }
@test "X10s signature header: string of count 2: string-count" { row; }
@test "X11s signature header: trailer offset -16: region-trailer" { row; }
@test "X12s signature header: region offset 0: region" { row; }
@test "X12bs signature header: region count 0: region" { row; }
@test "X13s C23 signature header: index count 0xffffffff: index-count" { row; }
@test "X13bs signature header: index count 1: index-count" { row; }
@test "X13cs signature header: index count 0: index-count" { row; }
@test "X14s C23 signature header: data size 0xffffffff: data-size" { row; }
@test "X15s C23 signature header: data size 60 MB in a tiny file: data-size" { row; }
@test "X15bs signature header: data size 3 MB in a tiny file: truncated" { row; }
@test "X16s signature header: header magic 8e ad e8 02: header-magic" { row; }
@test "X17s signature header: reserved bytes of the magic used: header-magic" { row; }
@test "X01m main header: count 0: tag-count" { row; }
@test "X02m main header: count 0x40000001: tag-count" { row; }
@test "X02bm main header: count above the data: tag-count" { row; }
@test "X03m main header: offset -4: tag-offset" { row; }
@test "X04m main header: offset 0x7ffffff0: tag-offset" { row; }
@test "X05m main header: offset not aligned: tag-offset" { row; }
@test "X06m C25 main header: offset 0, overlapping: tag-offset" { row; }
@test "X07m main header: type 0: tag-type" { row; }
@test "X08m main header: type 10: tag-type" { row; }
@test "X09m main header: string without its end: string-nul" { row; }
@test "X10m main header: string of count 2: string-count" { row; }
@test "X11m main header: trailer offset -16: region-trailer" { row; }
@test "X12m main header: region offset 0: region" { row; }
@test "X12bm main header: region count 0: region" { row; }
@test "X13m C23 main header: index count 0xffffffff: index-count" { row; }
@test "X13bm main header: index count 1: index-count" { row; }
@test "X13cm main header: index count 0: index-count" { row; }
@test "X14m C23 main header: data size 0xffffffff: data-size" { row; }
@test "X15m C23 main header: data size 60 MB in a tiny file: data-size" { row; }
@test "X15bm main header: data size 3 MB in a tiny file: truncated" { row; }
@test "X16m main header: header magic 8e ad e8 02: header-magic" { row; }
@test "X17m main header: reserved bytes of the magic used: header-magic" { row; }
@test "X18 file of 95 bytes: truncated" { row; }
@test "X18b file ends inside the main header: truncated" { row; }
@test "K00 primary key, good: accept" { row; }
@test "K00b signing subkey, good: accept" { row; }
@test "K00c living subkey of a key with an expired one: accept" { row; }
@test "K00d key whose user id is status text: accept" { row; }
@test "K01a C04 primary key expired after the signature: key-expired" { row; }
@test "K01b C05 primary key revoked: key-revoked" { row; }
@test "K01c subkey expired: key-expired" { row; }
@test "K01d subkey revoked: key-revoked" { row; }
@test "K02a attacker's subkey without a binding: no-key" { row; }
@test "K02b attacker's subkey bound by the attacker: no-key" { row; }
@test "K02c subkey without a back signature: no-key" { row; }
@test "K03a signed by an encryption subkey: key-usage" { row; }
@test "K03b signed by a certify-only primary key: key-usage" { row; }
@test "K04 two keys with one key id: duplicate-key-id" { row; }
@test "K05a key file without a key: key-file" { row; }
@test "K05b empty key file: key-file" { row; }
