/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every ceiling of the project, with its reason. A ceiling is checked before
 * memory is taken or a byte is stored, and with subtraction, so that the
 * check itself cannot overflow.
 */
#ifndef SP_BUNDLE_LIMITS_H
#define SP_BUNDLE_LIMITS_H

#include <stdint.h>

#define SP_KIB UINT64_C(1024)
#define SP_MIB (1024 * SP_KIB)
#define SP_GIB (1024 * SP_MIB)

/* A whole Fedora desktop with everything is below 10,000 packages. */
#define SP_MAX_PACKAGES UINT64_C(16384)
/* Signed metadata of the repositories: three members a repository. */
#define SP_MAX_EVIDENCE UINT64_C(256)
#define SP_MAX_REQUESTS UINT64_C(256)
/* 11 octal digits of a ustar header. */
#define SP_MAX_MEMBER_BYTES (8 * SP_GIB - 1)
#define SP_MAX_BUNDLE_BYTES (1024 * SP_GIB)
/* MANIFEST: 16,384 lines of at most 1 KiB. */
#define SP_MAX_MANIFEST_BYTES (16 * SP_MIB)
#define SP_MAX_MANIFEST_LINE UINT64_C(1024)
/* Uncompressed primary metadata of a signing repository. */
#define SP_MAX_EVIDENCE_BYTES (64 * SP_MIB)
/* repomd.xml is signed and so held whole: real ones have 3 to 10 KiB. */
#define SP_MAX_REPOMD_BYTES (1 * SP_MIB)
/* qfile: the stock unpacker's own number. */
#define SP_MAX_QFILE_FILES UINT64_C(4096)

/* RPM headers: specs of rpm allow more, no real package comes near. */
#define SP_RPM_LEAD_BYTES 96
#define SP_RPM_INTRO_BYTES 16
#define SP_RPM_MAX_SIG_INDEX 32
#define SP_RPM_MAX_SIG_DATA (4 * SP_MIB)
#define SP_RPM_MAX_MAIN_INDEX 65535
#define SP_RPM_MAX_MAIN_DATA (8 * SP_MIB)
/* lead + signature header + padding + main header, all at their ceilings. */
#define SP_RPM_MAX_HEAD_BYTES                                                  \
    (SP_RPM_LEAD_BYTES + 2 * SP_RPM_INTRO_BYTES +                              \
     16 * (SP_RPM_MAX_SIG_INDEX + SP_RPM_MAX_MAIN_INDEX) +                     \
     SP_RPM_MAX_SIG_DATA + SP_RPM_MAX_MAIN_DATA + 8)

/* OpenPGP signature blob (sallyport-package(5)). */
#define SP_SIG_MIN_BYTES 10
#define SP_SIG_MAX_BYTES 8192

/* One gpg process verifies at most this many headers and bytes. */
#define SP_CHUNK_PACKAGES 256
#define SP_CHUNK_BYTES (16 * SP_MIB)

/* NEVRA parts; the file name made from them must fit into a directory entry. */
#define SP_NAME_MAX 128
#define SP_VERSION_MAX 128
#define SP_RELEASE_MAX 128
#define SP_ARCH_MAX 32
#define SP_FILENAME_MAX 255

/* Progress records: at every so many bytes, and after a short read that
 * follows at least SP_PROGRESS_SLOW_BYTES (a slow carrier reads short, and at
 * the minimum rate this is one record every 32 s). */
#define SP_PROGRESS_BYTES (4 * SP_MIB)
#define SP_PROGRESS_SLOW_BYTES (128 * SP_KIB)

/* Deadlines of a delivery, seconds. */
#define SP_IDLE_SECONDS 60
#define SP_RATE_SECONDS 300
#define SP_RATE_BYTES_PER_SECOND (4 * SP_KIB)
#define SP_TOTAL_SECONDS (6 * 3600)
/* How long the parent waits for processes it has killed. */
#define SP_REAP_SECONDS 10

/* Pipes between the workers: the largest an ordinary user may ask for. */
#define SP_PIPE_BYTES (1024 * 1024)

/* Generations kept on the disk, the current one included. */
#define SP_KEEP_GENERATIONS 3
/* Never filled by us: this much, or a twentieth of the file system. */
#define SP_RESERVE_BYTES (64 * SP_MIB)

#endif
