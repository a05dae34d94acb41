/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seccomp filters: which system calls each kind of jail may make. Used
 * by sandbox.c alone.
 */
#ifndef SP_BASE_SANDBOX_CALLS_H
#define SP_BASE_SANDBOX_CALLS_H

#include <linux/filter.h>

#include "base/sandbox.h"

#if defined(__x86_64__) && !defined(__ILP32__)
#define SP_LIBRARIES_MULTIARCH "/lib/x86_64-linux-gnu"
#define SP_LOADER "/lib64/ld-linux-x86-64.so.2"
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define SP_LIBRARIES_MULTIARCH "/lib/aarch64-linux-gnu"
#define SP_LOADER "/lib/ld-linux-aarch64.so.1"
#else
#error "no system call table for this architecture: there is no jail"
#endif

/*
 * The sanitizers make system calls of their own. Their build is a test build
 * without seccomp and without a ceiling on address space, and says so.
 */
#if defined(__SANITIZE_ADDRESS__)
#define SP_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SP_SANITIZED 1
#endif
#endif
#ifndef SP_SANITIZED
#define SP_SANITIZED 0
#endif

/* The program of this kind; it lives in static memory. */
struct sock_fprog sp_sandbox_calls(enum sp_jail_kind kind);

#endif
