/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writer of requests: the trusted machine's half of request.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "bundle/request-key.h"
#include "bundle/seal.h"

int
sp_request_write_begin(struct sp_request_writer *writer, struct sp_error *err)
{
    memset(writer, 0, sizeof(*writer));
    writer->out = sp_text_stream(&writer->text);
    if (!writer->out)
        return sp_fail(err, "no-memory", "no memory for a request");
    (void)fputs("request 1\n", writer->out);
    return 0;
}

int
sp_request_write_field(struct sp_request_writer *writer,
                       enum sp_request_key key, struct sp_error *err,
                       const char *fmt, ...)
{
    const char *word = sp_request_key_word(key);
    char line[SP_REQUEST_MAX_LINE], shown[SP_SHOWN_MAX];
    struct sp_request_field ignored;
    va_list args;
    int at, n;

    at = snprintf(line, sizeof(line), "%s ", word);
    va_start(args, fmt);
    n = vsnprintf(line + at, sizeof(line) - (size_t)at, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof(line) - (size_t)at ||
        sp_request_key_read((struct sp_view){line, (size_t)(at + n)},
                            &ignored) != SP_REQUEST_FITS) {
        sp_text_show(shown, sizeof(shown), line + at);
        return sp_fail(err, "usage", "a request cannot say '%s' for '%s'",
                       shown, word);
    }
    (void)fprintf(writer->out, "%s\n", line);
    return 0;
}

static void
write_view(struct sp_request_writer *writer, struct sp_view view)
{
    (void)fwrite(view.bytes, 1, view.size, writer->out);
    (void)fputc('\n', writer->out);
}

void
sp_request_write_block(struct sp_request_writer *writer, const char *text,
                       size_t size)
{
    size_t at = 0;

    while (at < size) {
        const char *start = text + at;
        const char *end = memchr(start, '\n', size - at);
        size_t len = end ? (size_t)(end - start) : size - at;

        at += len + 1;
        if (len > 0 && start[len - 1] == '\r')
            len--;
        (void)fputc(' ', writer->out);
        write_view(writer, (struct sp_view){start, len});
    }
}

void
sp_request_write_package(struct sp_request_writer *writer,
                         const struct sp_nevra *nevra, struct sp_view vendor)
{
    writer->packages++;
    (void)fprintf(writer->out, "@ %s %" PRIu32 " %s %s %s\n", nevra->name,
                  nevra->epoch, nevra->version, nevra->release, nevra->arch);
    if (vendor.size > 0) {
        (void)fputs("| ", writer->out);
        write_view(writer, vendor);
    }
}

void
sp_request_write_line(struct sp_request_writer *writer, char kind,
                      struct sp_view value)
{
    (void)fputc(kind, writer->out);
    (void)fputc(' ', writer->out);
    write_view(writer, value);
}

int
sp_request_write_end(struct sp_request_writer *writer, char **ret_text,
                     size_t *ret_size, struct sp_error *err)
{
    struct sp_text *text = &writer->text;
    struct sp_request parsed;
    bool failed;

    (void)fprintf(writer->out, "count %" PRIu64 "\n", writer->packages);
    failed = ferror(writer->out) != 0;
    failed = fclose(writer->out) != 0 || failed;
    writer->out = NULL;
    if (!failed)
        sp_seal(text);
    if (failed || text->failed)
        return sp_fail(err, "no-memory", "no memory for a request");
    if (sp_request_parse(text->bytes, text->size, &parsed, err) < 0)
        return -1;
    *ret_text = text->bytes;
    *ret_size = text->size;
    *text = (struct sp_text){0};
    return 0;
}

void
sp_request_write_release(struct sp_request_writer *writer)
{
    sp_auto_file_(&writer->out);
    sp_text_release(&writer->text);
    memset(writer, 0, sizeof(*writer));
}
