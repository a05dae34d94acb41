/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"

void
sp_json_init(struct sp_json *json, FILE *out)
{
    memset(json, 0, sizeof(*json));
    json->out = out;
}

/* Decodes one UTF-8 sequence (RFC 3629); 0 when the bytes are not one. */
static size_t
decode(const unsigned char *s, uint32_t *ret_point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    uint32_t point = len ? s[0] & (0x7fU >> len) : 0;

    if (len == 0 || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (s[i] & 0x3fU);
    }
    if (point < least[len] || point > 0x10ffff ||
        (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret_point = point;
    return len;
}

static void
put_point(FILE *out, uint32_t point)
{
    if (point > 0xffff) {
        point -= 0x10000;
        (void)fprintf(out, "\\u%04" PRIx32, 0xd800 + (point >> 10));
        point = 0xdc00 + (point & 0x3ff);
    }
    (void)fprintf(out, "\\u%04" PRIx32, point);
}

/* Bytes that are not UTF-8 become U+FFFD, so the line is always valid. */
static void
put_string(FILE *out, const char *value)
{
    const unsigned char *s = (const unsigned char *)value;

    (void)putc('"', out);
    while (*s) {
        uint32_t point = 0xfffd;
        size_t len;

        if (*s >= 0x20 && *s <= 0x7e) {
            if (*s == '"' || *s == '\\')
                (void)putc('\\', out);
            (void)putc(*s++, out);
            continue;
        }
        if (*s < 0x80) {
            point = *s;
            len = 1;
        } else {
            len = decode(s, &point);
        }
        put_point(out, point);
        s += len ? len : 1;
    }
    (void)putc('"', out);
}

/* What stands before a value: the comma and the key. */
static void
begin(struct sp_json *json, const char *key)
{
    if (json->any[json->depth])
        (void)putc(',', json->out);
    json->any[json->depth] = true;
    if (key) {
        put_string(json->out, key);
        (void)putc(':', json->out);
    }
}

static void
open_group(struct sp_json *json, const char *key, char mark)
{
    begin(json, key);
    (void)putc(mark, json->out);
    if (json->depth + 1 >= SP_JSON_DEPTH)
        SP_BUG("JSON nested too deep");
    json->any[++json->depth] = false;
}

static void
close_group(struct sp_json *json, char mark)
{
    if (json->depth == 0)
        SP_BUG("JSON group closed twice");
    json->depth--;
    (void)putc(mark, json->out);
}

void
sp_json_open_object(struct sp_json *json, const char *key)
{
    open_group(json, key, '{');
}

void
sp_json_open_array(struct sp_json *json, const char *key)
{
    open_group(json, key, '[');
}

void
sp_json_close_object(struct sp_json *json)
{
    close_group(json, '}');
}

void
sp_json_close_array(struct sp_json *json)
{
    close_group(json, ']');
}

void
sp_json_string(struct sp_json *json, const char *key, const char *value)
{
    begin(json, key);
    put_string(json->out, value);
}

void
sp_json_u64(struct sp_json *json, const char *key, uint64_t value)
{
    begin(json, key);
    (void)fprintf(json->out, "%" PRIu64, value);
}

void
sp_json_bool(struct sp_json *json, const char *key, bool value)
{
    begin(json, key);
    (void)fputs(value ? "true" : "false", json->out);
}

void
sp_json_null(struct sp_json *json, const char *key)
{
    begin(json, key);
    (void)fputs("null", json->out);
}

void
sp_json_finish(struct sp_json *json)
{
    if (json->depth != 0)
        SP_BUG("JSON group left open");
    (void)putc('\n', json->out);
    (void)fflush(json->out);
    json->any[0] = false;
}
