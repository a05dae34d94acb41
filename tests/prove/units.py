# SPDX-License-Identifier: GPL-2.0-or-later
"""What is proven, and how: data for run.py.

A unit is analysed from main() of tests/prove/NAME.c. `proves` are the files
whose statements must all be reached, `included` those that the driver
includes, `also` what stands beside them. `unreached` lists what Eva shows to
be impossible, by function and source line, each with the reason."""

# Beside every unit: what makes messages.
COMMON = ["tests/prove/libc.c", "src/base/error.c", "src/base/reason.c",
          "src/base/text.c"]

OPTIONS = ["-machdep", "gcc_x86_64", "-c11", "-eva", "-eva-precision", "1",
           "-eva-slevel", "12", "-eva-split-return", "auto",
           "-warn-invalid-pointer",
           "-eva-msg-key=-initial-state,-final-states",
           "-eva-no-show-progress"]
# Behind the headers of Frama-C: those of libarchive.
CPP = ("-I. -Isrc -idirafter /usr/include -D_GNU_SOURCE "
       "-include tests/prove/prove.h")

# Words are looked up one by one: a table of 160 is not unrolled.
SLEVEL = "sp_reason_find:0"

UNITS = {
    "gate": {
        "about": "512-byte blocks, any number of any",
        "proves": ["src/bundle/gate.c", "src/bundle/tar.c"],
        "unreached": {
            ("sp_gate_pass", 'SP_BUG("a block behind the end marker");'):
                "no block is passed behind the end marker",
        },
    },
    "qfile": {
        "about": "header, name, checksum, 0 to 64 KiB",
        "included": ["src/bundle/qfile.c"],
    },
    "record": {
        "about": "entry, message, report, group line: any bytes",
        "proves": ["src/bundle/record.c"],
        "also": ["src/bundle/groups.c", "src/bundle/nevra.c"],
    },
    "sigpacket": {
        "about": "OpenPGP packet, 0 to 16 KiB",
        "included": ["src/bundle/sigpacket.c", "src/bundle/cursor.h"],
    },
    "rpm": {
        "about": "lead, both headers, 0 to 13.6 MiB; what is written anew",
        "included": ["src/bundle/rpm.c"],
        "proves": ["src/bundle/rpm-header.c", "src/bundle/rpm-prefix.c"],
        "also": ["src/bundle/nevra.c"],
        "options": ["-eva-split-return-function",
                    "sp_rpm_header_take:-1:0,take_main:-1:0,"
                    "find_headers:-1:0,find_required:-1:0,need:-1:0,"
                    "require:-1:0,parse:-1:0"],
        "slevel": "sp_rpm_header_find:100,sp_rpm_header_take:100,require:100",
    },
    "manifest": {
        "about": "MANIFEST, 0 to 16 MiB, and the walk over it",
        "included": ["src/bundle/manifest.c"],
        "also": ["src/bundle/record.c", "src/bundle/groups.c",
                 "src/bundle/nevra.c", "src/bundle/tar.c",
                 "src/base/sha256.c"],
        "options": ["-eva-split-return-function", "parse:-1:0"],
        "slevel": "compress:0,schedule:0,take_field:0,digest_of:0,"
                  "sp_sha256_update:0,sp_sha256_final:0",
    },
    "unpack": {
        "about": "a bundle, through a library that does anything",
        "included": ["src/ingest/unpack.c"],
        "also": ["src/bundle/gate.c", "src/bundle/tar.c"],
        "unreached": {
            ("fault_early_end", "sp_worker_fault(&err);"): "it does not return",
            ("fault_disagreement", "sp_worker_fault(&err);"): "it does not return",
            ("sp_unpack_run", "sp_worker_done(bundle.members);"): "it does not return",
        },
        # == is defined for any two pointers that may be formed; Eva wants both
        # inside an object. The forming is looked at, here as everywhere.
        "options": ["-eva-warn-undefined-pointer-comparison", "none",
                    "-eva-split-return-function", "sp_intake_ready:full,sp_gate_pass:-1:0,"
                    "next_member:0:1"],
        "slevel": "sp_intake_ready:20,hand_out:20,some_reads:0,"
                  "unpack_bundle:0,some_members:0,copy_member:0,"
                  "agree_on_header:0,sp_unpack_run:0,any_text:0,main:0",
    },
}
