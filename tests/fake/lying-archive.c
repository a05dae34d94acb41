/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A preloaded archive library that reads a bundle otherwise than the gate:
 * SP_LIE says in what. Every lie must end in parser-disagreement.
 */
#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *lie;
static int headers;
static __typeof__(archive_read_next_header) *real_next;
static __typeof__(archive_read_data_block) *real_data;
static __typeof__(archive_entry_pathname) *real_name;
static __typeof__(archive_entry_size) *real_size;
static __typeof__(archive_entry_filetype) *real_type;
static __typeof__(archive_entry_hardlink) *real_link;
static __typeof__(archive_read_header_position) *real_position;
static __typeof__(archive_format) *real_format;

/* Before the jail closes: afterwards no symbol can be looked up. */
__attribute__((constructor)) static void
find_real(void)
{
    lie = getenv("SP_LIE");
    *(void **)&real_next = dlsym(RTLD_NEXT, "archive_read_next_header");
    *(void **)&real_data = dlsym(RTLD_NEXT, "archive_read_data_block");
    *(void **)&real_name = dlsym(RTLD_NEXT, "archive_entry_pathname");
    *(void **)&real_size = dlsym(RTLD_NEXT, "archive_entry_size");
    *(void **)&real_type = dlsym(RTLD_NEXT, "archive_entry_filetype");
    *(void **)&real_link = dlsym(RTLD_NEXT, "archive_entry_hardlink");
    *(void **)&real_position = dlsym(RTLD_NEXT, "archive_read_header_position");
    *(void **)&real_format = dlsym(RTLD_NEXT, "archive_format");
}

/* Lies begin with the second member: the first must pass. */
static int
lies(const char *about)
{
    return headers >= 2 && lie && strcmp(lie, about) == 0;
}

int
archive_read_next_header(struct archive *a, struct archive_entry **entry)
{
    headers++;
    if (lies("early-end"))
        return ARCHIVE_EOF;
    if (lies("skip"))
        (void)real_next(a, entry);
    if (lies("warn"))
        return real_next(a, entry) == ARCHIVE_OK ? ARCHIVE_WARN : ARCHIVE_FATAL;
    return real_next(a, entry);
}

const char *
archive_entry_pathname(struct archive_entry *entry)
{
    if (lies("no-name"))
        return NULL;
    return lies("name") ? "p000009.rpm" : real_name(entry);
}

la_int64_t
archive_entry_size(struct archive_entry *entry)
{
    return real_size(entry) + (lies("size") ? 1 : 0);
}

__LA_MODE_T
archive_entry_filetype(struct archive_entry *entry)
{
    return lies("type") ? S_IFLNK : real_type(entry);
}

const char *
archive_entry_hardlink(struct archive_entry *entry)
{
    return lies("link") ? "/etc/passwd" : real_link(entry);
}

la_int64_t
archive_read_header_position(struct archive *a)
{
    return real_position(a) + (lies("position") ? 512 : 0);
}

int
archive_format(struct archive *a)
{
    return lies("format") ? ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE : real_format(a);
}

int
archive_read_data_block(struct archive *a, const void **run, size_t *len,
                        la_int64_t *at)
{
    static char copy[1 << 18];
    int status;

    if (lies("data-end"))
        return ARCHIVE_EOF;
    status = real_data(a, run, len, at);
    if (status != ARCHIVE_OK)
        return status;
    if (lies("offset"))
        *at += 1;
    if (lies("count"))
        *len += 1;
    if (lies("shift"))
        *run = (const char *)*run + 1;
    if (lies("bytes") && *len <= sizeof(copy)) {
        memcpy(copy, *run, *len);
        copy[0] ^= 1;
        *run = copy;
    }
    return status;
}
