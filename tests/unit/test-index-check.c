/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/text.h"
#include "ingest/index-check.h"
#include "tests/unit/tap.h"

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
    memcpy(at, "<size>09</size>", strlen("<size>09</size>"));
    put(dir, "repomd.xml", text->bytes, text->size);
    refused(dir, "a file that was cut before it was hashed");
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
    (void)sp_path_remove_tree(AT_FDCWD, scratch, NULL);
    sp_text_release(&text);
    return tap_done();
}
