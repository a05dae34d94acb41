/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key home of the networked side goes away, wherever the caller stands. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "build/keys.h"
#include "tap.h"

static char made[64]; /* what the ring calls its home */

/* In place of that of libc: tells the name, and puts files in as gpg does. */
char *
mkdtemp(char *template)
{
    SP_AUTO_FD fd = -1;
    SP_AUTO_FD file = -1;

    (void)snprintf(strstr(template, "XXXXXX"), 7, "%06d", (int)getpid());
    (void)snprintf(made, sizeof(made), "%s", template);
    if (mkdir(template, 0700) < 0)
        return NULL;
    fd = open(template, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    file = openat(fd, "pubring.kbx", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return file >= 0 && mkdirat(fd, "private-keys-v1.d", 0700) == 0 ? template
                                                                    : NULL;
}

static void
test_home(const char *where)
{
    struct sp_error err = {0};
    struct sp_keyring *ring;
    struct stat st;

    if (chdir(where) < 0)
        tap_ok(false, "cannot go to %s", where);
    ring = sp_keyring_open(NULL, 0, &err);
    tap_is_str(err.msg, "", "from %s", where);
    tap_ok(ring && stat(made, &st) == 0, "a home is made");
    if (ring)
        sp_keyring_close(ring);
    tap_ok(stat(made, &st) < 0, "and nothing of it is left");
}

int
main(void)
{
    test_home("/tmp");
    test_home("/proc"); /* a file system of its own everywhere */
    return tap_done();
}
