/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The qfile format, byte by byte, and the answers on the way back. */
#include <errno.h>
#include <string.h>

#include "base/reply.h"
#include "base/text.h"
#include "bundle/qfile.h"
#include "tests/unit/tap.h"

static struct sp_error err;

/* One regular file "a.rpm" with the contents "hello\n", as the stock sender
 * of Qubes OS writes it, and the checksum that the stock receiver answers. */
static const char vector[] =
    "06000000a48100000600000000000000267d93650065cd1d257d936515cd5b07"
    "612e72706d0068656c6c6f0a"
    "0000000000000000000000000000000000000000000000000000000000000000";
enum { VECTOR_BYTES = 76, VECTOR_NAME_AT = 32 };
#define VECTOR_CRC UINT32_C(0xa197cfad)

static void
test_header(void)
{
    uint8_t stream[VECTOR_BYTES], again[SP_QFILE_HEADER_BYTES];
    struct sp_qfile_header h;
    char name[SP_QFILE_NAME_BYTES];

    tap_ok(sp_text_unhex(stream, sizeof(stream), vector), "the vector");
    sp_qfile_get_header(stream, &h);
    tap_is_u64(h.name_size, 6, "size of the name");
    tap_is_u64(h.mode, 0100644, "mode");
    tap_is_u64(h.size, 6, "size");
    tap_is_u64(h.atime, 1704164646, "atime");
    tap_is_u64(h.atime_nsec, 500000000, "its fraction");
    tap_is_u64(h.mtime, 1704164645, "mtime");
    tap_is_u64(h.mtime_nsec, 123456789, "its fraction");
    tap_ok(sp_qfile_check_header(&h, &err) == 0, "it may be taken");
    sp_qfile_put_header(again, &h);
    tap_ok(memcmp(stream, again, sizeof(again)) == 0, "printed: equal");
    tap_ok(sp_qfile_take_name(stream + VECTOR_NAME_AT, h.name_size, name,
                              &err) == 0,
           "its name");
    tap_is_str(name, "a.rpm", "... is this");
    h.size = UINT64_C(0x123456789abcdef0);
    sp_qfile_put_header(again, &h);
    sp_qfile_get_header(again, &h);
    tap_is_u64(h.size, UINT64_C(0x123456789abcdef0), "a size of 64 bits");
}

static void
test_crc(void)
{
    uint8_t stream[VECTOR_BYTES];
    uint32_t crc = 0;

    (void)sp_text_unhex(stream, sizeof(stream), vector);
    tap_is_u64(sp_qfile_crc(0, stream, sizeof(stream)), VECTOR_CRC,
               "checksum of the vector");
    for (size_t cut = 0; cut <= sizeof(stream); cut++) {
        crc = sp_qfile_crc(0, stream, cut);
        crc = sp_qfile_crc(crc, stream + cut, sizeof(stream) - cut);
        if (crc != VECTOR_CRC)
            break;
    }
    tap_is_u64(crc, VECTOR_CRC, "... in two pieces, wherever it is cut");
    tap_is_u64(sp_qfile_crc(0, "123456789", 9), 0xcbf43926, "check value");
    tap_is_u64(sp_qfile_crc(7, "", 0), 7, "no bytes change nothing");
}

static void
is_refused(struct sp_qfile_header h, const char *reason, const char *what)
{
    memset(&err, 0, sizeof(err));
    tap_ok(sp_qfile_check_header(&h, &err) == -1, "refused: %s", what);
    tap_is_str(err.detail, reason, "... with its word");
}

static void
test_refusals(void)
{
    const struct sp_qfile_header good = {.name_size = 6, .mode = 0100644};
    struct sp_qfile_header h = good;

    h.name_size = 256;
    tap_ok(sp_qfile_check_header(&h, &err) == 0, "255 bytes and a NUL");
    h.name_size = 257;
    is_refused(h, "name-too-long", "one byte more");
    h.name_size = 16383;
    is_refused(h, "name-too-long", "beyond the stock ceiling");
    tap_ok(!strstr(err.msg, "neither"), "which may be a qfile stream");
    h.name_size = 16384;
    is_refused(h, "name-too-long", "one byte more");
    tap_ok(strstr(err.msg, "neither") != NULL, "which is none");
    h = good;
    h.atime_nsec = 999999999;
    tap_ok(sp_qfile_check_header(&h, &err) == 0, "the largest fraction");
    h.mtime_nsec = 999999999;
    tap_ok(sp_qfile_check_header(&h, &err) == 0, "in both times");
    h.atime_nsec++;
    is_refused(h, "qfile-header", "a fraction of a second and more");
    h = good;
    h.mtime_nsec = 1000000000;
    is_refused(h, "qfile-header", "the same of mtime");
    for (uint32_t type = 0; type < 16; type++) {
        h = good;
        h.mode = type << 12 | 0644;
        if (type != 010 && (sp_qfile_check_header(&h, &err) == 0 ||
                            strcmp(err.detail, "qfile-header") != 0))
            tap_ok(false, "file type %o is refused", (unsigned)type);
    }
    h = good;
    h.mode = 0104755;
    tap_ok(sp_qfile_check_header(&h, &err) == 0, "setuid is only a hint");
}

static void
test_names(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *reason; /* NULL = good */
    } rows[] = {
        {"a.rpm", 5, NULL},
        {"a.rpm", 6, NULL},
        {"a.rpm\0", 7, "member-name"},
        {"a\0b.rpm", 8, "member-name"},
        {"0.rpm", 6, NULL},
        {"gcc-c++-1~rc1^2_3.x86_64.rpm", 29, NULL},
        {".rpm", 5, "member-name"},
        {"..rpm", 6, "member-name"},
        {"-rf.rpm", 8, "member-name"},
        {"_a.rpm", 7, "member-name"},
        {"~a.rpm", 7, "member-name"},
        {"^a.rpm", 7, "member-name"},
        {"+a.rpm", 7, "member-name"},
        {"a/b.rpm", 8, "member-name"},
        {"../x.rpm", 9, "member-name"},
        {"/etc/x.rpm", 11, "member-name"},
        {"a b.rpm", 8, "member-name"},
        {" b.rpm", 7, "member-name"},
        {"\xff.rpm", 6, "member-name"},
        {"a\nb.rpm", 8, "member-name"},
        {"a\x1b[2J.rpm", 10, "member-name"},
        {"\xc3\xa4.rpm", 7, "member-name"},
        {"a.RPM", 6, "member-name"},
        {"a.rpm.sh", 9, "member-name"},
        {"a", 2, "member-name"},
        {"", 1, "member-name"},
        {"", 0, "member-name"},
    };
    char long_name[300], name[SP_QFILE_NAME_BYTES];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status;

        memset(&err, 0, sizeof(err));
        status = sp_qfile_take_name((const uint8_t *)rows[i].bytes,
                                    rows[i].size, name, &err);
        tap_is_str(status == 0 ? "good" : err.detail,
                   rows[i].reason ? rows[i].reason : "good", "name row %zu", i);
    }
    memset(name, 'x', sizeof(name));
    tap_ok(sp_qfile_take_name((const uint8_t *)"b.rpm", 5, name, &err) == 0,
           "a name without a NUL");
    tap_is_str(name, "b.rpm", "... has one then");
    (void)sp_qfile_take_name((const uint8_t *)"a/b.rpm", 8, name, &err);
    tap_is_str(err.msg, "'a/b.rpm' is no file name of a package",
               "... and a refusal has the name");
    (void)sp_qfile_take_name((const uint8_t *)"", 1, name, &err);
    tap_is_str(err.msg, "'' is no file name of a package",
               "... also when it is empty");
    tap_ok(!sp_qfile_name_ok(&"x.rpm"[2], 3), "the end of a name");
    memset(long_name, 'a', sizeof(long_name));
    memcpy(long_name + 251, ".rpm", 5);
    tap_ok(sp_qfile_take_name((uint8_t *)long_name, 256, name, &err) == 0,
           "a name of 255 bytes");
    tap_is_u64(strlen(name), 255, "... comes whole");
    memcpy(long_name + 251, "a.rpm", 5);
    tap_ok(sp_qfile_take_name((uint8_t *)long_name, 256, name, &err) == -1,
           "256 bytes without a NUL");
    tap_is_str(err.detail, "name-too-long", "... are too many");
}

static void
test_result(void)
{
    static const uint8_t good[] = {0,    0,    0,    0,    0, 0, 0, 0,
                                   0xad, 0xcf, 0x97, 0xa1, 0, 0, 0, 0};
    struct sp_qfile_result result = {.crc32 = VECTOR_CRC};
    struct sp_qfile_result back;
    uint8_t bytes[SP_QFILE_RESULT_MAX];
    uint8_t stock[25] = {0};

    tap_is_u64(sp_qfile_put_result(bytes, &result), 16, "size of a result");
    tap_ok(memcmp(bytes, good, sizeof(good)) == 0, "its bytes");
    memcpy(stock, good, sizeof(good));
    stock[16] = 5;
    memcpy(stock + 20, "a.rpm", 5);
    tap_ok(sp_qfile_get_result(stock, sizeof(stock), &back), "a stock result");
    tap_is_u64(back.crc32, VECTOR_CRC, "its checksum");
    tap_is_str(back.text, "a.rpm", "its last name");
    stock[16] = 0xff;
    stock[17] = 0xff;
    stock[20] = 0x1b;
    tap_ok(sp_qfile_get_result(stock, sizeof(stock), &back),
           "a name longer than there are bytes");
    tap_is_str(back.text, "\\x1b.rpm", "... is cut and made printable");
    tap_ok(!sp_qfile_get_result(stock, 15, &back), "15 bytes are no result");
    result = (struct sp_qfile_result){.error = EPERM};
    memcpy(result.text, "why", 4);
    tap_is_u64(sp_qfile_put_result(bytes, &result), 23, "with a text");
    tap_ok(sp_qfile_get_result(bytes, 23, &back) && back.error == EPERM &&
               strcmp(back.text, "why") == 0,
           "... and back");
}

/* Every word has an errno, never one that senders ignore. */
static void
test_errno(void)
{
    const struct sp_reason *r;
    unsigned bad = 0;

    for (size_t i = 0; (r = sp_reason_at(i)); i++) {
        uint32_t error = sp_qfile_errno(r->code, r->word);

        if (error == 0 || error == EDQUOT || error > 133 ||
            sp_qfile_class(error) == SP_OK)
            bad++;
    }
    tap_is_u64(bad, 0, "every refusal has an errno");
    tap_is_u64(sp_qfile_errno(SP_OK, "-"), 0, "success has none");
    tap_is_u64(sp_qfile_errno(SP_E_SPACE, "space"), ENOSPC, "no space");
    tap_is_u64(sp_qfile_errno(SP_E_NAME, "member-name"), EILSEQ, "a name");
    tap_is_u64(sp_qfile_errno(SP_E_NAME, "name-too-long"), ENAMETOOLONG,
               "a long one");
    tap_is_u64(sp_qfile_errno(SP_E_FORMAT, "qfile-header"), EINVAL,
               "what is no file");
    tap_is_u64(sp_qfile_errno(SP_E_TRANSPORT, "truncated"), EREMOTEIO,
               "an early end");
    tap_is_u64(sp_qfile_errno(SP_E_FORMAT, "empty"), EREMOTEIO, "no byte");
    tap_is_u64(sp_qfile_class(EDQUOT), SP_E_LIMIT, "stock: over a ceiling");
    tap_is_u64(sp_qfile_class(SP_QFILE_EARLY_END), SP_E_TRANSPORT,
               "stock: an early end");
    tap_is_u64(sp_qfile_class(EILSEQ), SP_E_NAME, "stock: a bad name");
    tap_is_u64(sp_qfile_class(4294967212U), SP_E_TRANSPORT,
               "stock: a number that is none");
    tap_is_u64(sp_qfile_class(EREMOTEIO), SP_E_TRANSPORT, "stock: no end");
    tap_is_u64(sp_qfile_class(EEXIST), SP_E_NAME, "stock: a name twice");
    tap_is_u64(sp_qfile_class(EINVAL), SP_E_FORMAT, "stock: no file");
    tap_is_u64(sp_qfile_class(ENAMETOOLONG), SP_E_NAME, "stock: a long name");
    tap_is_u64(sp_qfile_class(ENOENT), SP_E_TRANSPORT,
               "stock: a directory that is not there");
}

static void
judge(const char *line, int want, const char *detail, enum sp_code code)
{
    bool is_line;
    int status;

    memset(&err, 0, sizeof(err));
    status = sp_reply_judge(line, strlen(line), "'dom0'", &is_line, &err);
    tap_is_u64((uint64_t)-status, (uint64_t)-want, "answer '%.20s'", line);
    tap_is_str(err.detail, detail, "... its word");
    tap_is_u64(err.code, code, "... its class");
}

static void
test_reply(void)
{
    char line[SP_REPLY_MAX + 1];

    (void)sp_reply_print(line, SP_OK, "-");
    tap_is_str(line, "sallyport 1 ok -\n", "success");
    judge(line, 0, "", SP_OK);
    (void)sp_reply_print(line, SP_E_KEY, "no-key");
    tap_is_str(line, "sallyport 1 key no-key\n", "a refusal");
    judge(line, -1, "no-key", SP_E_KEY);
    /* The same word may stand in another class: the class is the truth. */
    judge("sallyport 1 media truncated\n", -1, "truncated", SP_E_MEDIA);
    judge("sallyport 1 policy word-of-tomorrow\n", -1, "peer-gone",
          SP_E_POLICY);
    judge("sallyport 1 classy no-key\n", -1, "peer-gone", SP_E_TRANSPORT);
    judge("sallyport 2 ok -\n", -1, "peer-gone", SP_E_TRANSPORT);
    judge("sallyport 1 ok \n", -1, "peer-gone", SP_E_TRANSPORT);
    judge("sallyport 1 ok\n", -1, "peer-gone", SP_E_TRANSPORT);
    judge("sallyport 1 \n", -1, "peer-gone", SP_E_TRANSPORT);
    judge("sallyport 1 key a-word-that-is-longer-than-any-of-ours", -1,
          "peer-gone", SP_E_TRANSPORT);
    judge("hello", -1, "peer-gone", SP_E_TRANSPORT);
    judge("", -1, "peer-gone", SP_E_TRANSPORT);
    judge("sallyport 1 key no\x1b[2J\n", -1, "peer-gone", SP_E_KEY);
    tap_ok(sp_reply_judge("sallyport 1 key no-key", 22, "'dom0'",
                          &(bool){false}, NULL) < 0,
           "a refusal is one, whether or not somebody hears why");
    tap_ok(strchr(err.msg, 0x1b) == NULL, "no escape reaches the message");
}

int
main(void)
{
    test_header();
    test_crc();
    test_refusals();
    test_names();
    test_result();
    test_errno();
    test_reply();
    return tap_done();
}
