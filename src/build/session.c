/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/session.h"

#include <curl/curl.h>
#include <string.h>

#include "base/clock.h"

/* Metalinks, repomd.xml and signatures of that many repositories. */
enum { NOTES_MAX = 512 };

struct note {
    char name[SP_CACHE_NAME_MAX];
    struct sp_error fault;
};

struct sp_session {
    CURLM *multi;
    CURLSH *share;
    struct note *notes[NOTES_MAX];
    size_t n_notes;
    uint64_t begun;
};

static bool
start(struct sp_session *session)
{
    session->begun = sp_clock_ms();
    session->multi = curl_multi_init();
    session->share = curl_share_init();
    return session->multi && session->share &&
           curl_share_setopt(session->share, CURLSHOPT_SHARE,
                             CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK;
}

struct sp_session *
sp_session_open(struct sp_error *err)
{
    struct sp_session *session;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)sp_fail(err, "internal", "libcurl cannot start");
        return NULL;
    }
    session = calloc(1, sizeof(*session));
    if (session && start(session))
        return session;
    (void)sp_fail(err, "no-memory", "no memory for downloads");
    if (session)
        sp_session_close(session);
    else
        curl_global_cleanup();
    return NULL;
}

void
sp_session_close(struct sp_session *session)
{
    if (!session)
        return;
    for (size_t i = 0; i < session->n_notes; i++)
        free(session->notes[i]);
    /* Connections first: they hold on to what is shared. */
    (void)curl_multi_cleanup(session->multi);
    (void)curl_share_cleanup(session->share);
    curl_global_cleanup();
    free(session);
}

uint64_t
sp_session_begun(const struct sp_session *session)
{
    return session->begun;
}

void
sp_session_note(struct sp_session *session, const char *name,
                const struct sp_error *fault)
{
    struct note *note =
        session->n_notes < NOTES_MAX ? calloc(1, sizeof(*note)) : NULL;

    if (!note)
        return;
    (void)snprintf(note->name, sizeof(note->name), "%s", name);
    if (fault)
        note->fault = *fault;
    session->notes[session->n_notes++] = note;
}

bool
sp_session_take(struct sp_session *session, const char *name,
                struct sp_error *ret_fault)
{
    for (size_t i = 0; i < session->n_notes; i++) {
        struct note *note = session->notes[i];

        if (strcmp(note->name, name) != 0)
            continue;
        *ret_fault = note->fault;
        free(note);
        session->notes[i] = session->notes[--session->n_notes];
        return true;
    }
    return false;
}

void *
sp_session_multi(const struct sp_session *session)
{
    return session->multi;
}

void *
sp_session_share(const struct sp_session *session)
{
    return session->share;
}
