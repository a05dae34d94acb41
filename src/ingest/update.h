/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `sallyport update`: one round from the request to the installed packages.
 * It runs as the owner of the state; what only root may do, which is dnf, is
 * done by a parent that takes no other order (update-root.h). It prints
 * nothing: a person hears of it through the hooks.
 */
#ifndef SP_INGEST_UPDATE_H
#define SP_INGEST_UPDATE_H

#include "base/error.h"
#include "ingest/ask.h"
#include "ingest/round.h"

struct sp_update_hooks {
    void *data;
    /* A sentence about how far it is. */
    void (*note)(void *data, const char *text);
    /* A line that the other qube printed, made printable. */
    void (*said)(void *data, bool on_stderr, const char *line);
    /* 0 to 100, never less than before. */
    void (*percent)(void *data, unsigned percent);
    /* Asks the person; false when nobody is there. */
    bool (*confirm)(void *data, const char *question);
    /* What was verified, before it is published, and once. */
    void (*show)(void *data, const struct sp_package *packages, size_t n);
    /* What is new in it, as lines of its changelogs; "" = nothing is known. */
    void (*changes)(void *data, const char *text);
    /* Packages that nobody asked for: may they come in? */
    bool (*accept)(void *data, const struct sp_round_item *items, size_t n);
};

enum sp_update_kind {
    SP_UPDATE_FETCH = 0,  /* a delivery, then dnf */
    SP_UPDATE_CHECK = 1,  /* are there updates? */
    SP_UPDATE_REMOTE = 2, /* list, search: the other qube answers */
    SP_UPDATE_LOCAL = 3,  /* nothing is needed from outside: dnf alone */
};

struct sp_update {
    struct sp_ask ask; /* its setup as well */
    enum sp_update_kind kind;
    struct sp_words allow_new;
    struct sp_words stock_options; /* for the stock download script */
    const char *dnf_action;
    struct sp_words dnf_options;
    struct sp_words packages;
    bool stock;         /* do not look for a builder there */
    bool clean;         /* empty the caches of both sides */
    bool download_only; /* dnf installs nothing */
    bool force_xen;
    bool skip_boot_check;
    const struct sp_update_hooks *hooks;
};

struct sp_update_end {
    int status;           /* of the command, when nothing failed */
    bool delivered;       /* something was taken in */
    bool installed;       /* dnf ran, and ended well */
    bool nothing_to_do;   /* there was nothing to install */
    uint64_t generation;  /* what is published, 0 = nothing */
    uint64_t found;       /* behind a fault: another generation than before
                             is current, and nobody said why; else 0 */
    bool unsettled;       /* behind a fault: which one is current is not known,
                             for somebody works on the repository */
    bool restart;         /* the machine wants to be restarted for it */
    char restart_for[64]; /* the package that wants it */
};

/*
 * The round. `root` is the channel to the parent, -1 without one: then
 * nothing is installed. Reasons: busy, usage, unsolicited and those of the
 * request, of the delivery and of the guards. A delivery that was taken in
 * but is too old is installed, and then is the fault.
 */
int sp_update_run(const struct sp_update *update, int root,
                  struct sp_update_end *ret, struct sp_error *err);

#endif
