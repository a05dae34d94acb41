/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In the place of what writes the metadata, createrepo_c or sallyport-index:
 * writes what is no index and says that all is well; with FAILS it writes
 * nothing and says that it failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle/record.h"

#ifdef FAILS
static const int fails = 1;
#else
static const int fails = 0;
#endif

enum { REPORT_MAGIC = 0x53505231, REPORT_FD = 3 };

static void
write_nonsense(const char *folder)
{
    char path[4096];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/repodata", folder);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof(path), "%s/repodata/repomd.xml", folder);
    file = fopen(path, "w");
    if (!file)
        return;
    (void)fputs("<repomd><data type=\"primary\"><location "
                "href=\"../../../../etc/passwd\"/></data></repomd>\n",
                file);
    (void)fclose(file);
}

static void
report(enum sp_report_type type, uint64_t count)
{
    struct sp_report r = {.magic = REPORT_MAGIC,
                          .worker = SP_WORKER_INDEX,
                          .type = (uint16_t)type,
                          .index = count};

    if (type == SP_REPORT_JAILED) {
        r.body.jailed.landlock_abi = 1;
        r.body.jailed.seccomp = 2;
    }
    if (type == SP_REPORT_FAULT) {
        memcpy(r.reason, "index", 5);
        memcpy(r.message, "it failed", 9);
    }
    if (write(REPORT_FD, &r, sizeof(r)) != sizeof(r))
        exit(1);
}

/* As sallyport-index: "output=FOLDER" and "count=N". */
static int
be_worker(const char *folder, uint64_t count)
{
    char go;

    report(SP_REPORT_JAILED, 0);
    if (read(REPORT_FD, &go, 1) != 1)
        return 1;
    if (fails) {
        report(SP_REPORT_FAULT, 0);
        return SP_E_PUBLISH;
    }
    write_nonsense(folder);
    report(SP_REPORT_DONE, count);
    return 0;
}

int
main(int argc, char **argv)
{
    const char *folder = NULL;
    uint64_t count = 0;

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "output=", 7) == 0)
            folder = argv[i] + 7;
        else if (strncmp(argv[i], "count=", 6) == 0)
            count = strtoull(argv[i] + 6, NULL, 10);
        else if (strcmp(argv[i], "--outputdir") == 0 && i + 1 < argc && !fails)
            write_nonsense(argv[i + 1]);
    }
    if (folder)
        return be_worker(folder, count);
    if (fails)
        return 7;
    (void)fputs("\nDirectory walk done - 5 packages\nPool finished\n", stdout);
    (void)fputs("\nDirectory walk done - 5 packages\nPool finished\n", stderr);
    return 0;
}
