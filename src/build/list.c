/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/list.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "bundle/limits.h"

/* Every package on a line of full length. */
#define MAX_LIST_BYTES (SP_MAX_PACKAGES * (SP_LIST_MAX_LINE + 1))

static const char digest_mark[] = "sha256:";

/* Where a fault is: for messages. */
struct place {
    const char *name;
    unsigned line;
};

static int
bad_line(const struct place *at, struct sp_error *err, const char *what,
         const char *subject, size_t len)
{
    char name[SP_SHOWN_MAX], shown[SP_SHOWN_MAX];

    sp_text_show(name, sizeof(name), at->name);
    sp_text_show_bytes(shown, sizeof(shown), subject, len);
    return sp_fail(err, "list-syntax", "%s:%u: %s: '%s'", name, at->line, what,
                   shown);
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Control characters have no place in a path or URL that a person reads. */
static bool
has_control(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7f)
            return true;
    return false;
}

/* Cuts a "sha256:HEX" field off the end of the line, if there is one. */
static int
take_digest(const struct place *at, const char *s, size_t *len,
            struct sp_list_entry *entry, struct sp_error *err)
{
    size_t start = *len;
    char hex[65];

    while (start > 0 && !is_blank(s[start - 1]))
        start--;
    if (start == 0 || *len - start < sizeof(digest_mark) - 1 ||
        memcmp(s + start, digest_mark, sizeof(digest_mark) - 1) != 0)
        return 0;
    entry->has_sha256 = true;
    if (*len - start != sizeof(digest_mark) - 1 + 64)
        return bad_line(at, err, "a SHA-256 digest has 64 digits", s + start,
                        *len - start);
    for (size_t i = 0; i < 64; i++) {
        char c = s[start + sizeof(digest_mark) - 1 + i];

        if (c >= 'A' && c <= 'F')
            c = (char)(c - 'A' + 'a');
        hex[i] = c;
    }
    hex[64] = '\0';
    if (!sp_text_unhex(entry->sha256, sizeof(entry->sha256), hex))
        return bad_line(at, err, "not hexadecimal", s + start, *len - start);
    while (start > 0 && is_blank(s[start - 1]))
        start--;
    *len = start;
    return 0;
}

static bool
starts_with(const char *s, size_t len, const char *prefix)
{
    size_t n = strlen(prefix);

    return len >= n && strncasecmp(s, prefix, n) == 0;
}

/* The part between "://" and the path must be a host without a password. */
static int
check_url(const struct place *at, const char *s, size_t len,
          struct sp_error *err)
{
    const char *host = (const char *)memchr(s, ':', len) + 3;
    size_t host_len = 0;

    for (size_t i = 0; i < len; i++)
        if (s[i] <= 0x20 || s[i] >= 0x7f)
            return bad_line(at, err, "a URL has no blanks and only ASCII", s,
                            len);
    while (host + host_len < s + len && !strchr("/?#", host[host_len]))
        host_len++;
    if (host_len == 0)
        return bad_line(at, err, "the URL names no host", s, len);
    if (memchr(host, '@', host_len))
        return bad_line(at, err, "a URL must not carry a user name or password",
                        host + host_len, len - (size_t)(host + host_len - s));
    return 0;
}

/* The length of "scheme" when the line begins with "scheme://", else 0. */
static size_t
scheme_length(const char *s, size_t len)
{
    size_t i = 0;

    while (i < len &&
           ((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
            (i > 0 && strchr("0123456789+-.", s[i]) && s[i])))
        i++;
    return i > 0 && len - i >= 3 && memcmp(s + i, "://", 3) == 0 ? i : 0;
}

static int
classify(const struct place *at, const char *s, size_t len,
         struct sp_list_entry *entry, struct sp_error *err)
{
    if (scheme_length(s, len) == 0) {
        if (len > 0)
            return 0;
        return bad_line(at, err, "no path or URL before the digest", s, len);
    }
    if (starts_with(s, len, "file://"))
        return bad_line(at, err, "write a local file as a plain path", s, len);
    entry->is_https = starts_with(s, len, "https://");
    entry->is_url = entry->is_https || starts_with(s, len, "http://");
    if (!entry->is_url)
        return bad_line(at, err, "only http and https can be downloaded", s,
                        len);
    return check_url(at, s, len, err);
}

static int
add_entry(struct sp_list *list, const struct sp_list_entry *entry,
          const char *location, size_t len, struct sp_error *err)
{
    char *copy;

    if (list->n >= SP_MAX_PACKAGES)
        return sp_fail(err, "too-many-files", "more than %" PRIu64 " packages",
                       SP_MAX_PACKAGES);
    /* Room grows by doubling: at 0, 1, 2, 4 ... entries. */
    if ((list->n & (list->n - 1)) == 0) {
        size_t room = list->n ? 2 * list->n : 1;
        void *grown =
            reallocarray(list->entries, room, sizeof(list->entries[0]));

        if (!grown)
            return sp_fail(err, "no-memory", "no memory for the list");
        list->entries = grown;
    }
    copy = strndup(location, len);
    if (!copy)
        return sp_fail(err, "no-memory", "no memory for the list");
    list->entries[list->n] = *entry;
    list->entries[list->n++].location = copy;
    return 0;
}

static int
parse_line(struct sp_list *list, const struct place *at, const char *s,
           size_t len, struct sp_error *err)
{
    struct sp_list_entry entry = {.line = at->line};

    if (len > SP_LIST_MAX_LINE)
        return bad_line(at, err, "longer than 4095 bytes", s, 32);
    if (len > 0 && s[len - 1] == '\r')
        return bad_line(at, err, "ends with CR LF: save it with Unix line ends",
                        s, len);
    while (len > 0 && is_blank(s[0])) {
        s++;
        len--;
    }
    while (len > 0 && is_blank(s[len - 1]))
        len--;
    if (len == 0 || s[0] == '#')
        return 0;
    if (has_control(s, len))
        return bad_line(at, err, "control character", s, len);
    if (starts_with(s, len, digest_mark))
        return bad_line(at, err, "the path or URL comes first", s, len);
    if (take_digest(at, s, &len, &entry, err) < 0 ||
        classify(at, s, len, &entry, err) < 0)
        return -1;
    return add_entry(list, &entry, s, len, err);
}

int
sp_list_parse(struct sp_list *list, const char *untrusted_text, size_t size,
              const char *name, struct sp_error *err)
{
    struct place at = {.name = name};
    const char *s = untrusted_text;
    size_t left = size;

    while (left > 0) {
        const char *lf = memchr(s, '\n', left);
        size_t len = lf ? (size_t)(lf - s) : left;

        at.line++;
        if (parse_line(list, &at, s, len, err) < 0)
            return -1;
        s += lf ? len + 1 : len;
        left -= lf ? len + 1 : len;
    }
    return 0;
}

static int
read_all(int fd, const char *path, char *buf, size_t *ret_len,
         struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];
    ssize_t n = sp_read_full(fd, buf, MAX_LIST_BYTES + 1);

    sp_text_show(shown, sizeof(shown), path);
    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read list '%s'", shown);
    if ((uint64_t)n > MAX_LIST_BYTES)
        return sp_fail(err, "too-many-bytes", "list '%s' is too large", shown);
    *ret_len = (size_t)n;
    return 0;
}

int
sp_list_read(struct sp_list *list, const char *path, struct sp_error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    /* The memory that is not read into is never touched. */
    SP_AUTO_FREE char *buf = malloc(MAX_LIST_BYTES + 1);
    SP_AUTO_FD fd = -1;
    size_t len = 0;
    char shown[SP_SHOWN_MAX];

    if (!buf)
        return sp_fail(err, "no-memory", "no memory for the list");
    fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                  : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        sp_text_show(shown, sizeof(shown), path);
        return sp_fail_sys(err, errno, errno == ENOENT ? "not-found" : "io",
                           "cannot open list '%s'", shown);
    }
    if (read_all(fd, path, buf, &len, err) < 0)
        return -1;
    return sp_list_parse(list, buf, len, path, err);
}

static int
compare_location(const void *a, const void *b)
{
    const struct sp_list_entry *const *x = a;
    const struct sp_list_entry *const *y = b;

    return strcmp((*x)->location, (*y)->location);
}

/* Entries without a digest are all different. */
static int
compare_digest(const void *a, const void *b)
{
    const struct sp_list_entry *const *x = a;
    const struct sp_list_entry *const *y = b;

    if ((*x)->has_sha256 != (*y)->has_sha256)
        return (*x)->has_sha256 ? 1 : -1;
    if (!(*x)->has_sha256)
        return *x < *y ? -1 : *x > *y;
    return memcmp((*x)->sha256, (*y)->sha256, sizeof((*x)->sha256));
}

static int
refuse_equal(const struct sp_list_entry **sorted, size_t n,
             int (*compare)(const void *, const void *), struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    qsort(sorted, n, sizeof(sorted[0]), compare);
    for (size_t i = 1; i < n; i++) {
        if (compare(&sorted[i - 1], &sorted[i]) != 0)
            continue;
        sp_text_show(shown, sizeof(shown), sorted[i]->location);
        return sp_fail(err, "list-syntax", "listed twice, line %u and %u: '%s'",
                       sorted[i - 1]->line, sorted[i]->line, shown);
    }
    return 0;
}

int
sp_list_check_unique(const struct sp_list *list, struct sp_error *err)
{
    SP_AUTO_FREE const struct sp_list_entry **sorted =
        calloc(list->n + 1, sizeof(*sorted));

    if (!sorted)
        return sp_fail(err, "no-memory", "no memory for the list");
    for (size_t i = 0; i < list->n; i++)
        sorted[i] = &list->entries[i];
    if (refuse_equal(sorted, list->n, compare_location, err) < 0)
        return -1;
    return refuse_equal(sorted, list->n, compare_digest, err);
}

void
sp_list_release(struct sp_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->entries[i].location);
    free(list->entries);
    memset(list, 0, sizeof(*list));
}
