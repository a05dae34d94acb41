/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packing real packages: the same bytes in whatever order they are given,
 * and a file that changes between the passes, or a stop, spoils everything.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/sha256.h"
#include "build/pack.h"
#include "build/send.h"
#include "bundle/gate.h"
#include "bundle/limits.h"
#include "bundle/manifest.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"

#define CORPUS "tests/corpus/rpms/"
static const char lua[] =
    CORPUS "QubesOS__qubes-rpm-oxide/lua-5.4.2-1.fc33.x86_64.rpm";
static const char hello[] =
    CORPUS "rpm-software-management__rpm/hello-2.0-1.x86_64-signed.rpm";

static struct sp_error err;
static unsigned memory_ending; /* the allocation that fails; 0: none */
static char dir[] = "/tmp/sp-pack.XXXXXX";
static char copy_path[64], out_path[64];

static struct sp_pack_source
source(const char *path)
{
    return (struct sp_pack_source){
        .shown = path, .dirfd = AT_FDCWD, .path = path, .why = SP_WHY_LISTED};
}

/* Packs into out_path; 0 or -1, and nothing left in the second case. */
static int
pack_load(struct sp_pack_load load, const struct sp_build_hooks *hooks)
{
    struct sp_pack_result result = {0};
    struct sp_transport dest;
    struct sp_outlet out = {.dest = &dest};
    int status;

    memset(&err, 0, sizeof(err));
    (void)unlink(out_path);
    if (sp_transport_open(&dest, out_path, SP_DIR_WRITE, 0, &err) < 0)
        return -2;
    memory_end_at(memory_ending);
    status = sp_pack(&load, &out, hooks, &result, &err);
    memory_left = 0;
    sp_transport_close(&dest);
    if ((access(out_path, F_OK) == 0) != (status == 0))
        return -3;
    return status;
}

static int
pack(const struct sp_pack_source *sources, size_t n,
     const struct sp_build_hooks *hooks)
{
    return pack_load((struct sp_pack_load){.sources = sources, .n = n}, hooks);
}

static char *
read_out(size_t *ret_size)
{
    char *buf = NULL;

    *ret_size = 0;
    (void)sp_read_file(AT_FDCWD, out_path, 1 << 24, &buf, ret_size, &err);
    return buf;
}

static void
copy_file(const char *from, const char *to)
{
    SP_AUTO_FREE char *owned = NULL;
    SP_AUTO_FD fd = -1;
    char *buf = NULL;
    size_t size = 0;

    (void)sp_read_file(AT_FDCWD, from, 1 << 24, &buf, &size, &err);
    owned = buf;
    fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    (void)sp_write_full(fd, buf, size);
}

/* The gate of the trusted side lets every block pass. */
static void
check_container(const uint8_t *bundle, size_t size)
{
    struct sp_gate gate = {
        .max_packages = 10, .max_member = SP_GIB, .max_bytes = SP_GIB};
    enum sp_gate_block block = SP_GATE_DATA;
    size_t at = 0;

    while (at + SP_TAR_BLOCK <= size && block != SP_GATE_END &&
           sp_gate_pass(&gate, bundle + at, &block, &err) == 0)
        at += SP_TAR_BLOCK;
    tap_ok(block == SP_GATE_END && at == size, "the gate lets all of it pass");
    tap_is_u64(gate.packages, 2, "packages");
}

static void
check_manifest(const char *bundle)
{
    struct sp_manifest manifest;
    struct sp_member member;
    size_t size = (size_t)strtoul(bundle + 124, NULL, 8);

    if (!tap_ok(sp_manifest_parse(bundle + SP_TAR_BLOCK, size, &manifest,
                                  &err) == 0,
                "MANIFEST parses"))
        return;
    tap_ok(sp_manifest_next(&manifest, &member), "first package");
    tap_is_str(member.nevra.name, "hello", "in byte order of the names");
    tap_ok(sp_manifest_next(&manifest, &member), "second package");
    tap_is_str(member.nevra.name, "lua", "its name");
    tap_ok(member.why == SP_WHY_LISTED, "its reason");
}

static void
test_order(void)
{
    struct sp_pack_source sources[] = {source(lua), source(hello)};
    SP_AUTO_FREE const char *first = NULL;
    SP_AUTO_FREE const char *second = NULL;
    size_t first_size, second_size;

    tap_ok(pack(sources, 2, NULL) == 0, "pack: %s", err.msg);
    first = read_out(&first_size);
    copy_file(lua, copy_path);
    sources[0] = source(hello);
    sources[1] = source(copy_path);
    tap_ok(pack(sources, 2, NULL) == 0, "pack in the other order");
    second = read_out(&second_size);
    if (!first || !second || !tap_is_u64(second_size, first_size, "size"))
        return;
    tap_is_mem(second, first, first_size, "the same bytes");
    check_container((const uint8_t *)first, first_size);
    check_manifest(first);
}

static void
test_proofs(void)
{
    struct sp_pack_source sources[] = {source(hello), source(copy_path)};

    copy_file(hello, copy_path);
    tap_ok(pack(sources, 2, NULL) == -1, "one package twice");
    tap_is_str(err.detail, "duplicate-nevra", "its word");
    sources[0].proof = SP_PROOF_FILE;
    tap_ok(pack(sources, 1, NULL) == -1, "not the digest that was asked for");
    tap_is_str(err.detail, "list-digest", "its word");
    sources[0] = source(dir);
    tap_ok(pack(sources, 1, NULL) == -1, "a directory");
    sources[0] = source("/nonexistent");
    tap_ok(pack(sources, 1, NULL) == -1, "a missing file");
    tap_is_str(err.detail, "not-found", "its word");
    tap_ok(strstr(err.msg, "'/nonexistent'") != NULL, "and its name");
}

/* ---- a file that changes between the passes ---- */

enum change { PAYLOAD, HEAD, LONGER, SHORTER, GONE };

struct meddler {
    enum change change;
    bool done;
};

static void
meddle(void *data, const struct sp_build_progress *progress)
{
    struct meddler *meddler = data;
    SP_AUTO_FD fd = -1;
    struct stat st;

    /* The first pass has seen the file, the second has not opened it. */
    if (meddler->done || strcmp(progress->phase, "read") != 0)
        return;
    meddler->done = true;
    fd = open(copy_path, O_RDWR | O_CLOEXEC);
    (void)fstat(fd, &st);
    switch (meddler->change) {
    case PAYLOAD: (void)!pwrite(fd, "xxxx", 4, st.st_size - 4); break;
    case HEAD: (void)!pwrite(fd, "x", 1, 20); break;
    case LONGER: (void)!pwrite(fd, "x", 1, st.st_size); break;
    case SHORTER: (void)!ftruncate(fd, st.st_size - 1); break;
    case GONE: (void)unlink(copy_path); break;
    }
}

static void
test_changes(void)
{
    static const char *const words[] = {"payload-digest-mismatch", "io", "io",
                                        "io", "not-found"};
    struct sp_pack_source one = source(copy_path);

    for (enum change change = PAYLOAD; change <= GONE; change++) {
        struct meddler meddler = {.change = change};
        struct sp_build_hooks hooks = {&meddler, meddle, NULL};

        copy_file(hello, copy_path);
        tap_ok(pack(&one, 1, &hooks) == -1 && meddler.done, "change %u: %s",
               (unsigned)change, err.msg);
        tap_is_str(err.detail, words[change], "its word");
    }
    copy_file(hello, copy_path);
    tap_ok(pack(&one, 1, NULL) == 0, "without a change it is packed");
}

static int
stop_at_once(void *data, struct sp_error *ret)
{
    (void)data;
    return sp_fail(ret, "interrupted", "stopped");
}

static void
test_stop(void)
{
    struct sp_build_hooks hooks = {NULL, NULL, stop_at_once};
    struct sp_pack_source one = source(hello);

    tap_ok(pack(&one, 1, &hooks) == -1, "a stop");
    tap_is_str(err.detail, "interrupted", "its word");
}

static int
stop_later(void *data, struct sp_error *ret)
{
    unsigned *left = data;

    return --*left > 0 ? 0 : sp_fail(ret, "interrupted", "stopped");
}

/* A member of groups; and whatever is said of it, and is not so. */
static void
test_evidence(void)
{
    enum { SIZE = 700 * 1000 };
    static char text[SIZE];
    struct sp_pack_source one = source(hello);
    struct sp_pack_evidence groups = {.kind = SP_EVIDENCE_COMPS,
                                      .label = "groups",
                                      .dirfd = AT_FDCWD,
                                      .path = copy_path,
                                      .size = SIZE};
    const struct sp_pack_load load = {
        .sources = &one, .n = 1, .evidence = &groups, .n_evidence = 1};
    SP_AUTO_FD fd =
        open(copy_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    unsigned n, left;

    memset(text, 'x', sizeof(text));
    (void)sp_write_full(fd, text, sizeof(text));
    sp_sha256(text, sizeof(text), groups.sha256);
    tap_ok(pack_load(load, NULL) == 0, "with groups: %s", err.msg);
    /* It can be stopped everywhere, and then nothing is there. */
    for (n = left = 1; n < 100; left = ++n) {
        struct sp_build_hooks hooks = {&left, NULL, stop_later};

        if (pack_load(load, &hooks) == 0)
            break;
        tap_is_str(err.detail, "interrupted", "stopped at %u", n);
    }
    tap_ok(n > 4 && n < 100, "then it is whole");
    for (memory_ending = 1; pack_load(load, NULL) < 0; memory_ending++)
        tap_is_str(err.detail, "no-memory", "no memory at %u", memory_ending);
    tap_ok(memory_ending > 3, "then there is enough");
    memory_ending = 0;
    groups.sha256[0] ^= 1;
    tap_ok(pack_load(load, NULL) == -1 && strstr(err.msg, "was changed"),
           "another digest: %s", err.msg);
    groups.sha256[0] ^= 1;
    groups.size++;
    tap_ok(pack_load(load, NULL) == -1 && strstr(err.msg, "was changed"),
           "a byte too little: %s", err.msg);
    groups.path = "/nonexistent";
    tap_ok(pack_load(load, NULL) == -1 && strcmp(err.detail, "io") == 0,
           "none at all: %s", err.msg);
}

/* What was hashed when it arrived is not looked at again. */
static void
test_done(void)
{
    struct sp_pack_source two[] = {source(hello), source(lua)};
    SP_AUTO_FREE const char *first = NULL;
    SP_AUTO_FREE const char *second = NULL;
    size_t first_size, second_size;

    tap_ok(pack(two, 2, NULL) == 0, "proven: %s", err.msg);
    first = read_out(&first_size);
    two[0].proof = two[1].proof = SP_PROOF_DONE;
    tap_ok(pack(two, 2, NULL) == 0, "proven before: %s", err.msg);
    second = read_out(&second_size);
    if (first && second && tap_is_u64(second_size, first_size, "size"))
        tap_is_mem(second, first, first_size, "the same bytes");
    tap_ok(pack(two, SP_MAX_PACKAGES + 1, NULL) == -1, "too many");
    tap_is_str(err.detail, "too-many-files", "their word");
}

int
main(void)
{
    if (!mkdtemp(dir))
        return 1;
    (void)snprintf(copy_path, sizeof(copy_path), "%s/copy.rpm", dir);
    (void)snprintf(out_path, sizeof(out_path), "%s/bundle", dir);
    test_order();
    test_proofs();
    test_changes();
    test_stop();
    test_evidence();
    test_done();
    (void)unlink(copy_path);
    (void)unlink(out_path);
    tap_ok(rmdir(dir) == 0, "no temporary file is left");
    return tap_done();
}
