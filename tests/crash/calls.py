#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Is there a call of the C library that nobody makes fail?

    calls.py BUILD-DIR

Each call that a program imports is one that shim.c wraps, or stands below
with the reason why it is none that could fail in its own way. Of a build of
`make FAULT=1` all must be wrapped that it really calls; of another one, all
by their plain names (`__read_chk` is read). The last line is "N calls, N
forgotten".
"""

import os
import re
import shlex
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from inject import CALLS, PROGRAMS  # noqa: E402
from mounts import run  # noqa: E402
from work import TOP  # noqa: E402

EXCEPTIONS = {
    "computes: it touches only the memory that it is given": """
        __ctype_b_loc __errno_location __explicit_bzero alphasort64 bcmp
        explicit_bzero fnmatch getopt_long memccpy memchr memcmp memcpy memmem
        memmove mempcpy memrchr memset rawmemchr snprintf stpcpy stpncpy
        strcasecmp strcasestr strchr strchrnul strcmp strcpy strcspn strerror
        strlen strncasecmp strncmp strncpy strnlen strpbrk strrchr strsep
        strsignal strspn strstr strtok_r strverscmp vsnprintf""",
    "sorts where things lie when it has no memory": "qsort",
    "its memory is that of malloc, which fails for it": """
        __asprintf asprintf fopencookie free globfree64 reallocarray strdup
        strndup vasprintf""",
    "converts a time; a year of more than nine digits is no fault of a call":
        "gmtime_r localtime_r strftime strptime timegm",
    "tells or sets what is always there, and knows no error": """
        dirfd feof ferror fileno getegid getenv geteuid getgid getpid getppid
        getuid secure_getenv sigemptyset time umask""",
    "is not there in each of these runs, so that its answer is that of a "
    "fault": "isatty",
    "puts a byte into a buffer; fwrite and fflush fail for it": """
        fputc putc putchar""",
    "ends the program": "__stack_chk_fail _exit abort exit",
    "comes with each program": "__cxa_finalize __libc_start_main",
    "is what the shim itself stands on": """
        __libc_calloc __libc_malloc __libc_memalign __libc_realloc dlsym
        raise""",
}


def names_of(path, *options):
    done = run("nm", *options, path)
    if done.returncode:
        sys.exit(f"calls: {path}: {done.stdout}")
    return {line.split()[-1] for line in done.stdout.splitlines()}


def calls_of(path):
    """What it imports from the C library, without the version."""
    return {name.split("@")[0] for name in names_of(path, "-D",
                                                    "--undefined-only")
            if re.search("@GLIBC_[0-9]", name)}


def plain(name):
    """Without what _FORTIFY_SOURCE makes of it."""
    checked = re.fullmatch(r"__(\w+?)(_chk|_2)", name)
    return checked[1] if checked and name != "__stack_chk_fail" else name


def wrapped_calls():
    with tempfile.TemporaryDirectory(prefix="sp-calls.") as folder:
        built = run(*shlex.split(os.environ.get("CC", "gcc")), "-std=gnu11",
                    "-D_GNU_SOURCE", "-w", "-c", "-o", folder + "/shim.o",
                    TOP + "/tests/crash/shim.c")
        if built.returncode:
            sys.exit("calls: shim.c: " + built.stdout)
        return names_of(folder + "/shim.o", "-g", "--defined-only")


def faults_of_lists(wrapped):
    for name in CALLS[1:]:
        if not {name, name + "64"} & wrapped:
            yield f"{name}: in the table of shim.c, and not wrapped"
    for names in EXCEPTIONS.values():
        for name in names.split():
            if name in wrapped:
                yield f"{name}: both wrapped and an exception"


def main():
    (build,) = sys.argv[1:]
    wrapped = wrapped_calls()
    wrong = list(faults_of_lists(wrapped))
    known = set(" ".join(EXCEPTIONS.values()).split())
    seen = set()
    for program in PROGRAMS:
        path = f"{build}/{program}"
        if program == "sallyport-index" and not os.path.exists(path):
            continue  # not in all
        calls = calls_of(path)
        if "malloc" in names_of(path, "-D", "--defined-only"):
            wrapped_there = set()  # what is wrapped is imported no more
        else:
            calls, wrapped_there = {plain(name) for name in calls}, wrapped
        if not calls:
            wrong.append(f"{program}: no call was found")
        seen |= calls
        wrong += [f"{program}: {name} is neither wrapped nor an exception"
                  for name in sorted(calls - wrapped_there - known)]
    print("".join(line + "\n" for line in wrong), end="")
    print(f"{len(seen | wrapped)} calls, {len(wrong)} forgotten")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
