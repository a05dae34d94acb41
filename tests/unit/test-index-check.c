/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/text.h"
#include "ingest/index-check.h"
#include "tests/unit/faults.h"
#include "tests/unit/tap.h"

ssize_t
read(int fd, void *bytes, size_t size)
{
    CALLS_TRUE(ssize_t, "read", int, void *, size_t);

    FAULTS_CALL("read", -1, fd, bytes, size);
}

static char scratch[] = "/tmp/sp-test-index-XXXXXX";
static char names[3][160];

static void
put(int dir, const char *name, const void *bytes, size_t size)
{
    SP_AUTO_FD fd =
        openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0 || sp_write_full(fd, bytes, size) < 0)
        tap_ok(false, "writing '%s'", name);
}

/* Ends as gzip does: 300 bytes are packed in it. */
static const uint8_t packed[] = "packed bytes\x2c\x01\x00";

static void
add(int dir, struct sp_text *text, unsigned i, const char *type)
{
    uint8_t bytes[sizeof(packed)], digest[SP_SHA256_BYTES];
    char hex[65];

    memcpy(bytes, packed, sizeof(packed));
    bytes[0] = (uint8_t)i;
    sp_sha256(bytes, sizeof(bytes), digest);
    sp_text_hex(hex, digest, sizeof(digest));
    (void)snprintf(names[i], sizeof(names[i]), "%s-%s.xml.gz", hex, type);
    put(dir, names[i], bytes, sizeof(bytes));
    sp_text_add(text,
                "  <data type=\"%s\">\n"
                "    <checksum type=\"sha256\">%s</checksum>\n"
                "    <location href=\"repodata/%s\"/>\n"
                "    <size>%zu</size>\n    <open-size>300</open-size>\n"
                "  </data>\n",
                type, hex, names[i], sizeof(bytes));
}

/* A whole one, as the index tool writes it. */
static int
fresh(struct sp_text *text)
{
    int dir;

    (void)sp_path_remove_tree(AT_FDCWD, scratch, NULL);
    dir = sp_path_make_dir(AT_FDCWD, scratch, 0700, NULL);
    sp_text_release(text);
    memset(text, 0, sizeof(*text));
    sp_text_add(text, "<?xml version=\"1.0\"?>\n<repomd>\n");
    add(dir, text, 0, "primary");
    add(dir, text, 1, "filelists");
    add(dir, text, 2, "other");
    sp_text_add(text, "</repomd>\n");
    put(dir, "repomd.xml", text->bytes, text->size);
    return dir;
}

static void
refused(int dir, const char *what)
{
    struct sp_error err = {0};

    tap_ok(sp_index_check(dir, &err) < 0, "refused: %s", what);
    tap_is_str(err.detail, "index", "%s: the reason", what);
    (void)close(dir);
}

/* Every length of repomd.xml but the whole one. */
static void
test_cut_repomd(struct sp_text *text)
{
    int dir = fresh(text);
    size_t taken = 0;

    for (size_t size = 0; size < text->size; size++) {
        put(dir, "repomd.xml", text->bytes, size);
        taken += sp_index_check(dir, NULL) == 0;
    }
    tap_is_u64(taken, 0, "no cut repomd.xml is taken");
    (void)close(dir);
}

/* What the tool itself hashed was cut: only the packed size can tell. */
static void
test_cut_before_it_was_hashed(struct sp_text *text)
{
    int dir = fresh(text);
    uint8_t digest[SP_SHA256_BYTES];
    char hex[65], name[160], size[32];
    char *at;

    sp_sha256(packed, 9, digest);
    sp_text_hex(hex, digest, sizeof(digest));
    (void)snprintf(name, sizeof(name), "%s-primary.xml.gz", hex);
    (void)unlinkat(dir, names[0], 0);
    put(dir, name, packed, 9);
    for (unsigned i = 0; i < 2; i++) {
        at = strstr(text->bytes, names[0]);
        if (i == 0)
            at = strstr(text->bytes, "sha256\">") + strlen("sha256\">");
        memcpy(at, hex, 64);
    }
    (void)snprintf(size, sizeof(size), "<size>%zu</size>", sizeof(packed));
    at = strstr(text->bytes, size);
    memmove(at + 7, at + 8, strlen(at + 8) + 1);
    at[6] = '9';
    text->size--;
    put(dir, "repomd.xml", text->bytes, text->size);
    refused(dir, "a file that was cut before it was hashed");
}

static const char *open_size = "300";
static char more_name[160];

/* A file of these bytes stands in the list too. */
static int
with_more(struct sp_text *text, const char *end, const void *bytes, size_t n)
{
    int dir = fresh(text);
    uint8_t digest[SP_SHA256_BYTES];
    char hex[65];

    sp_sha256(bytes, n, digest);
    sp_text_hex(hex, digest, sizeof(digest));
    (void)snprintf(more_name, sizeof(more_name), "%s-group%s", hex, end);
    put(dir, more_name, bytes, n);
    text->size -= strlen("</repomd>\n");
    sp_text_add(text,
                "  <data type=\"group\">\n"
                "    <checksum type=\"sha256\">%s</checksum>\n"
                "    <location href=\"repodata/%s\"/>\n"
                "    <size>%zu</size>\n    <open-size>%s</open-size>\n"
                "  </data>\n</repomd>\n",
                hex, more_name, n, open_size);
    put(dir, "repomd.xml", text->bytes, text->size);
    return dir;
}

static void
test_more(struct sp_text *text)
{
    static const char large[8193];
    struct sp_error err = {0};
    int dir = with_more(text, ".xml", "groups", 6);

    tap_ok(sp_index_check(dir, &err) == 0, "what is not packed: %s", err.msg);
    (void)close(dir);
    dir = with_more(text, ".xml", large, sizeof(large));
    tap_ok(sp_index_check(dir, &err) == 0, "a byte more than is read at once");
    (void)close(dir);
    dir = with_more(text, ".xml.gz", "x\x2c\1\0", 5);
    tap_ok(sp_index_check(dir, &err) == 0, "what is packed: %s", err.msg);
    (void)close(dir);
    dir = with_more(text, ".xml", "", 0);
    tap_ok(sp_index_check(dir, &err) == 0, "a file without a byte");
    (void)unlinkat(dir, more_name, 0);
    (void)mkfifoat(dir, more_name, 0600);
    refused(dir, "a pipe in its place");
    refused(with_more(text, ".xml.gz", "\x2c\1\0", 4), "a size alone");
    refused(with_more(text, ".xml.gz", "x\x2d\1\0", 5), "another size");
    open_size = "67305985";
    dir = with_more(text, ".xml.gz", "x\1\2\3\4", 5);
    tap_ok(sp_index_check(dir, &err) == 0, "a size of four bytes: %s", err.msg);
    (void)close(dir);
    open_size = "300";
    dir = fresh(text);
    (void)unlinkat(dir, names[2], 0);
    tap_ok(sp_index_check(dir, &err) < 0 && err.sys == ENOENT,
           "why a file cannot be opened");
    (void)close(dir);
}

/* The text of repomd.xml with something put in front of `before`. */
static void
put_before(int dir, const struct sp_text *text, const char *before,
           const char *more)
{
    const char *at = strstr(text->bytes, before);
    struct sp_text changed = {0};

    sp_text_add(&changed, "%.*s%s%s", (int)(at - text->bytes), text->bytes,
                more, at);
    put(dir, "repomd.xml", changed.bytes, changed.size);
    sp_text_release(&changed);
}

/* Of an element that stands there twice the last one counts; one that only
 * ends like it is another. */
static void
test_elements(struct sp_text *text)
{
    struct sp_error err = {0};
    int dir = fresh(text);

    put_before(dir, text, "    <size>", "    <size>123456</size>\n");
    tap_ok(sp_index_check(dir, &err) == 0, "the last size: %s", err.msg);
    put_before(dir, text, "    <open-size>", "    <sizx>7</size>\n");
    tap_ok(sp_index_check(dir, &err) == 0, "no size: %s", err.msg);
    put_before(dir, text, "    <open-size>", "    <size>7</sizx>\n");
    tap_ok(sp_index_check(dir, &err) == 0, "none either: %s", err.msg);
    put_before(dir, text, "    <open-size>", "    <size>7</size>\n");
    refused(dir, "another size behind the right one");
    dir = fresh(text);
    put_before(dir, text, "    <open-size>", "    <size></size>\n");
    refused(dir, "an empty size behind the right one");
    dir = fresh(text);
    put_before(dir, text, "    <open-size>",
               "    <open-size>0000000000000000000000000000000000000000"
               "</open-size>\n");
    tap_ok(sp_index_check(dir, &err) == 0, "a size that is too long: %s",
           err.msg);
    (void)close(dir);
}

/* The digest of a file before its name, or behind it. */
static void
test_order(struct sp_text *text)
{
    struct sp_error err = {0};
    int dir = fresh(text);
    char *digest = strstr(text->bytes, "    <checksum");
    char *name = strstr(text->bytes, "    <location"), line[256];
    size_t len = (size_t)(name - digest);
    size_t name_len = (size_t)(strchr(name, '\n') + 1 - name);

    memcpy(line, digest, len);
    memmove(digest, name, name_len);
    memcpy(digest + name_len, line, len);
    put(dir, "repomd.xml", text->bytes, text->size);
    tap_ok(sp_index_check(dir, &err) == 0, "another order: %s", err.msg);
    (void)close(dir);
}

/* A block that says nothing does not speak of the file before. */
static void
test_blocks(struct sp_text *text)
{
    int dir = fresh(text);

    put(dir, "more.xml", "", 0);
    put_before(dir, text, "</repomd>", "  <data type=\"group\">\n  </data>\n");
    refused(dir, "a block without a file");
    dir = fresh(text);
    sp_text_add(text, "x");
    put(dir, "repomd.xml", text->bytes, text->size);
    refused(dir, "half a line behind the end");
}

/* Each of the three must be there. */
static void
test_required(struct sp_text *text)
{
    static const char *const types[] = {"\"primary", "\"filelists", "\"other"};

    for (size_t i = 0; i < 3; i++) {
        int dir = fresh(text);
        char *at = strstr(text->bytes, types[i]);

        at[1] = 'x';
        put(dir, "repomd.xml", text->bytes, text->size);
        refused(dir, types[i] + 1);
    }
}

/* As many bytes as repomd.xml may have, and one more. */
static void
test_repomd_ceiling(struct sp_text *text)
{
    static char large[64 * 1024 + 1];
    struct sp_error err = {0};
    int dir = fresh(text);
    const char *end = strstr(text->bytes, "</repomd>");
    size_t head = (size_t)(end - text->bytes), tail = strlen(end);

    for (size_t size = sizeof(large) - 1; size <= sizeof(large); size++) {
        memset(large, '\n', sizeof(large));
        memcpy(large, text->bytes, head);
        memcpy(large + size - tail, end, tail);
        put(dir, "repomd.xml", large, size);
        tap_ok((sp_index_check(dir, &err) == 0) == (size < sizeof(large)),
               "repomd.xml of %zu bytes", size);
    }
    (void)close(dir);
}

/* The file of `primary` under another name, in the list too. */
static int
renamed(struct sp_text *text, const char *name)
{
    int dir = fresh(text);
    char *at = strstr(text->bytes, names[0]);

    (void)renameat(dir, names[0], dir, name);
    memcpy(at, name, strlen(name));
    put(dir, "repomd.xml", text->bytes, text->size);
    return dir;
}

static void
test_names(struct sp_text *text)
{
    struct sp_error err = {0};
    char name[160];
    int dir = fresh(text);

    memcpy(name, names[0], sizeof(name));
    (void)close(dir);
    dir = renamed(text, name);
    tap_ok(sp_index_check(dir, &err) == 0, "its own name: %s", err.msg);
    (void)close(dir);
    name[63] = name[63] == '0' ? '1' : '0';
    refused(renamed(text, name), "another last digit in a name");
    memcpy(name, names[0], sizeof(name));
    name[0] = name[0] == '0' ? '1' : '0';
    refused(renamed(text, name), "another first digit in a name");
    dir = fresh(text);
    (void)renameat(dir, names[0], dir, "real");
    if (symlinkat("real", dir, names[0]) < 0)
        tap_ok(false, "making a link");
    tap_ok(sp_index_check(dir, &err) < 0 && err.sys == ELOOP, "a link");
    (void)unlinkat(dir, names[0], 0);
    (void)mkfifoat(dir, names[0], 0600);
    refused(dir, "a pipe that nobody writes");
}

static struct sp_text whole;

static bool
check_whole(const char *call, unsigned n)
{
    int dir = fresh(&whole), status;
    struct sp_error err = {0};
    bool hit;

    faults_begin(call, n);
    status = sp_index_check(dir, &err);
    hit = faults_end();
    if (hit != (status < 0) ||
        (hit && !faults_is_told(call, err.detail, err.sys)))
        tap_ok(false, "%s %u fails and is not told", call, n);
    (void)close(dir);
    return hit;
}

/* A folder that cannot be listed is not one with other files in it. */
static void
test_unlisted(struct sp_text *text)
{
    static const char why[] = "cannot list the metadata";
    unsigned told = 0;

    for (unsigned n = 1; n <= 2; n++) {
        int dir = fresh(text);
        struct sp_error err = {0};

        faults_begin("openat", n);
        (void)sp_index_check(dir, &err);
        (void)faults_end();
        told += strcmp(err.detail, "io") == 0 &&
                strncmp(err.msg, why, strlen(why)) == 0;
        (void)close(dir);
    }
    tap_is_u64(told, 1, "metadata that cannot be listed is told as such");
}

int
main(void)
{
    struct sp_text text = {0};
    struct sp_error err = {0};
    int dir;

    if (!mkdtemp(scratch))
        return 1;
    dir = fresh(&text);
    tap_ok(sp_index_check(dir, &err) == 0, "whole metadata: %s", err.msg);
    (void)close(dir);
    test_cut_repomd(&text);
    test_cut_before_it_was_hashed(&text);
    dir = fresh(&text);
    put(dir, names[1], packed, sizeof(packed) - 1);
    refused(dir, "a file that was cut");
    dir = fresh(&text);
    put(dir, names[1], "other bytes, no more", sizeof(packed));
    refused(dir, "a file of other bytes");
    dir = fresh(&text);
    put(dir, names[1], packed, sizeof(packed)); /* its first byte was 1 */
    refused(dir, "a file of other bytes that ends as it did");
    dir = fresh(&text);
    (void)unlinkat(dir, names[2], 0);
    refused(dir, "a file that is missing");
    dir = fresh(&text);
    put(dir, "more.xml", "", 0);
    refused(dir, "a file that is not listed");
    dir = fresh(&text);
    put(dir, "repomd.xml", "<repomd>\n</repomd>\n", 19);
    (void)unlinkat(dir, names[0], 0);
    (void)unlinkat(dir, names[1], 0);
    (void)unlinkat(dir, names[2], 0);
    refused(dir, "metadata of nothing");
    test_more(&text);
    test_elements(&text);
    test_order(&text);
    test_blocks(&text);
    test_required(&text);
    test_repomd_ceiling(&text);
    test_names(&text);
    test_unlisted(&text);
    tap_ok(faults_sweep(check_whole) > 5, "each call fails");
    for (unsigned n = 1; check_whole("read", n); n++)
        continue;
    sp_text_release(&whole);
    (void)sp_path_remove_tree(AT_FDCWD, scratch, NULL);
    sp_text_release(&text);
    tap_is_str(faults_careless, "", "what is opened is opened with care");
    tap_ok(faults_standard_open(), "standard descriptors are left alone");
    return tap_done();
}
