/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of metadata, groups and keys goes along with a bundle, or helps. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/path.h"
#include "build/attach.h"
#include "build/head.h"
#include "build/trust.h"
#include "bundle/rpm.h"
#include "bundle/seal.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"

static const char signed_rpm[] =
    "tests/corpus/rpms/rpm-software-management__rpm/"
    "hello-2.0-1.x86_64-signed.rpm";

enum { REPOS = 100 };

static char top[] = "/tmp/sp-attach.XXXXXX";
static struct sp_cache cache;
static struct sp_error err;

/* ---- requests ---------------------------------------------------------- */

/* Of these specs, and with these fields behind: malloc'ed. */
static char *
request(const char *specs, const char *fields, struct sp_request *ret)
{
    struct sp_text text = {0};

    sp_text_add(&text, "request 1\nid 00112233445566778899aabbccddeeff\n"
                       "created 2026-11-23\nvalid-days 30\naction install\n");
    sp_text_add(&text, "%sarch x86_64\nbasearch x86_64\nreleasever 41\n",
                specs);
    sp_text_add_bytes(&text, fields, strlen(fields));
    sp_text_add(&text, "@ base 0 1 1 noarch\ncount 1\n");
    sp_seal(&text);
    if (sp_request_parse(text.bytes, text.size, ret, &err) < 0)
        printf("Bail out! %s\n", err.msg);
    return text.bytes;
}

/* ---- supplies ---------------------------------------------------------- */

static struct sp_repo repos[REPOS];
static struct sp_metadata metadata[REPOS];
static struct sp_supply supply;
static char *text;
static struct sp_request asked;

/* A signature that receivers read: that of a package. */
static void
make_signature(void)
{
    const struct sp_pack_source source = {
        .shown = "x", .dirfd = AT_FDCWD, .path = signed_rpm};
    struct sp_head_buffer head = {0};
    struct sp_pack_item item;
    struct sp_rpm rpm;

    if (sp_head_read(&head, &source, &item, &err) < 0 ||
        sp_rpm_parse(head.data, (size_t)item.member.head_size, &rpm, &err) <
            0 ||
        sp_path_replace_file(cache.dirfd, "good",
                             head.data + rpm.signature.offset,
                             rpm.signature.size, 0600, &err) < 0 ||
        sp_path_replace_file(cache.dirfd, "bad", "\x89\x01", 2, 0600, &err) < 0)
        printf("Bail out! %s\n", err.msg);
    free(head.data);
}

static struct sp_metadata_file
file(const char *name, uint64_t size)
{
    struct sp_metadata_file one = {.present = true, .size = size};

    (void)snprintf(one.name, sizeof(one.name), "%s", name);
    return one;
}

/* So many repositories that may go along: r00, r01 ... */
static void
anew(size_t n)
{
    static char ids[REPOS][8];

    memset(&err, 0, sizeof(err));
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(ids[i], sizeof(ids[i]), "r%02zu", i);
        repos[i] = (struct sp_repo){.id = ids[i]};
        metadata[i] = (struct sp_metadata){.repo = &repos[i],
                                           .available = true,
                                           .repomd = file("repomd", 10),
                                           .primary = file("primary", 20),
                                           .signature = file("good", 30)};
        metadata[i].repomd.sha256[0] = (uint8_t)i;
    }
    supply = (struct sp_supply){
        .request = &asked, .chosen.n = n, .metadata = metadata};
}

/* How many files go along; -1: none can. */
static long
attached(struct sp_attachments *ret)
{
    memset(ret, 0, sizeof(*ret));
    return sp_attach(&cache, &supply, 1, ret, &err) < 0 ? -1 : (long)ret->n;
}

static void
attaches(long want, const char *what)
{
    struct sp_attachments all;
    long got = attached(&all);

    tap_ok(got == want, "%s: %ld %s", what, got, err.msg);
    sp_attachments_release(&all);
}

static void
test_repositories(void)
{
    static char long_id[80];
    struct sp_attachments all;

    anew(2);
    if (tap_ok(attached(&all) == 6, "two: %s", err.msg)) {
        tap_is_str(all.list[0].label, "r00", "in order");
        tap_is_u64(all.list[0].kind, SP_EVIDENCE_REPOMD, "repomd.xml first");
        tap_is_str(all.list[5].label, "r01", "the other behind");
    }
    sp_attachments_release(&all);
    metadata[0].available = false;
    attaches(3, "one that is not there");
    anew(2);
    metadata[0].signature.present = false;
    attaches(3, "one that nobody signed");
    anew(2);
    metadata[1].signature = file("bad", 2);
    attaches(3, "one whose signature nobody reads");
    anew(2);
    metadata[0].repomd.present = false;
    metadata[1].repomd.size = 0;
    attaches(0, "none without a repomd.xml");
    anew(2);
    metadata[0].primary.size = SP_MAX_EVIDENCE_BYTES + 1;
    metadata[1].primary.size = SP_MAX_EVIDENCE_BYTES;
    attaches(3, "one that is too large");
    anew(2);
    memset(long_id, 'x', 65);
    repos[0].id = long_id;
    attaches(3, "one whose id is no label");
    long_id[64] = '\0';
    attaches(6, "one whose id just is one");
    anew(3);
    repos[1].id = repos[0].id;
    attaches(3, "two that differ under one id are none");
    metadata[1].repomd.sha256[0] = 0;
    attaches(6, "two that are equal are one");
    anew(2);
    metadata[0].signature = file("missing", 30);
    attaches(-1, "a signature that is gone");
    tap_is_str(err.detail, "not-found", "its word");
    anew(REPOS);
    attaches(85L * 3, "as many as a bundle may carry");
}

static void
test_groups(void)
{
    static const char lines[] = "group tools Tools\nmandatory a\n";
    struct sp_attachments all;
    struct sp_text many = {0};
    unsigned n = 0, wrong = 0;
    long got;

    anew(1);
    (void)sp_groups_add(&supply.groups, lines, sizeof(lines) - 1, &err);
    sp_groups_ready(&supply.groups);
    if (tap_ok(attached(&all) == 4, "with groups: %s", err.msg)) {
        tap_is_str(all.list[0].label, SP_GROUPS_LABEL, "in their place");
        tap_ok(faccessat(cache.dirfd, all.groups_name, F_OK, 0) == 0,
               "a file of their own");
    }
    sp_attachments_release(&all);
    do {
        memory_end_at(++n);
        got = attached(&all);
        memory_left = 0;
        wrong += memory_ended != (got < 0) ||
                 (got < 0 && strcmp(err.detail, "no-memory") != 0);
        sp_attachments_release(&all);
    } while (memory_ended && n < 100);
    tap_ok(n > 4 && wrong == 0, "no memory at one of %u places", n - 1);
    sp_groups_release(&supply.groups);
    sp_text_add(&many, "group tools Tools\n");
    for (unsigned i = 0; i < 20000; i++)
        sp_text_add(&many,
                    "mandatory a-name-that-is-made-to-take-room-%05u-%s\n", i,
                    "in-a-bundle");
    (void)sp_groups_add(&supply.groups, many.bytes, many.size, &err);
    sp_groups_ready(&supply.groups);
    attaches(-1, "groups that are too large");
    tap_is_str(err.detail, "too-many-bytes", "its word");
    sp_text_release(&many);
    sp_groups_release(&supply.groups);
    (void)sp_groups_add(&supply.groups, "group other O\n", 14, &err);
    sp_groups_ready(&supply.groups);
    attaches(3, "groups that nobody asks for");
    sp_groups_release(&supply.groups);
}

/* ---- keys and revisions of a request ----------------------------------- */

static void
test_trust(void)
{
    static struct sp_trust trust;
    struct sp_text many = {0};
    struct sp_request of_trust;
    char *held;
    int status;

    held = request("spec a\n",
                   "seen one 7 0 -\nseen two x-1 0 -\nseen three 9 0 -\n"
                   "pubkey a\n KEY A\n more\npubkey b\n KEY B\n",
                   &of_trust);
    status = sp_trust_keys(&of_trust, &trust, &err);
    if (status == 0)
        status = sp_trust_seen(&of_trust, &trust, &err);
    if (tap_ok(status == 0 && trust.n_keys == 2 && trust.n_seen == 2,
               "keys and revisions: %s", err.msg)) {
        tap_is_str(trust.keys[0], "KEY A\nmore\n", "a key");
        tap_is_str(trust.seen[1].repo, "three",
                   "what is no number is not seen");
        tap_is_u64(trust.seen[1].revision, 9, "a revision");
    }
    sp_trust_release(&trust);
    memory_end_at(1);
    tap_ok(sp_trust_seen(&of_trust, &trust, &err) < 0 &&
               strcmp(err.detail, "no-memory") == 0,
           "no memory");
    memory_end_at(0);
    sp_trust_release(&trust);
    free(held);
    for (unsigned i = 0; i <= SP_REPO_MAX_REPOS; i++)
        sp_text_add(&many, "seen r%u 1 0 -\n", i);
    for (unsigned i = 0; i <= SP_TRUST_KEYS_MAX; i++)
        sp_text_add(&many, "pubkey k%u\n K\n", i);
    held = request("spec a\n", many.bytes, &of_trust);
    tap_ok(sp_trust_keys(&of_trust, &trust, &err) == 0 &&
               sp_trust_seen(&of_trust, &trust, &err) == 0,
           "many of them");
    tap_is_u64(trust.n_keys, SP_TRUST_KEYS_MAX, "no more keys than have room");
    tap_is_u64(trust.n_seen, SP_REPO_MAX_REPOS, "nor repositories");
    sp_trust_release(&trust);
    sp_text_release(&many);
    free(held);
}

int
main(void)
{
    SP_AUTO_FD tmp = -1;

    if (!mkdtemp(top))
        return 1;
    cache.dirfd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cache.lock_fd = -1;
    text = request("spec a\nspec @tools\n", "", &asked);
    make_signature();
    test_repositories();
    test_groups();
    test_trust();
    free(text);
    sp_cache_close(&cache);
    tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)sp_path_remove_tree(tmp, strrchr(top, '/') + 1, NULL);
    return tap_done();
}
