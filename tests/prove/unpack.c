/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole process that takes a bundle in, behind its jail, with the real
 * gate. The archive library may do what its interface lets it do: ask for
 * bytes as often as it likes, return any number, name and position, and call
 * any place the data of a member.
 */
#include "ingest/unpack.c" /* for the functions around the library */

enum { BLOCKS = 4, ROOM = BLOCKS * SP_TAR_BLOCK };
static uint8_t buffer[ROOM];

/* ---- the carrier --------------------------------------------------------- */

/* Four blocks and a part of one, or less than one; or what is asked for. What
 * is ready behind them is outside the buffer. */
size_t
sp_intake_ready(struct sp_intake *intake, size_t want,
                const uint8_t **ret_untrusted)
{
    size_t more = Frama_C_unsigned_long_interval(0, SP_TAR_BLOCK - 1);

    intake->bytes = Frama_C_unsigned_long_interval(0, UINT64_MAX);
    Frama_C_make_unknown((char *)buffer, sizeof(buffer));
    *ret_untrusted = buffer;
    if (want < SP_TAR_BLOCK) {
        *ret_untrusted = buffer + ROOM - want;
        return more;
    }
    return Frama_C_interval(0, 1) ? more : ROOM + more;
}

void
sp_intake_take(struct sp_intake *intake, size_t n)
{
    (void)intake;
    (void)n;
}

void
sp_intake_report(struct sp_intake *intake)
{
    (void)intake;
}

/* ---- the archive library ------------------------------------------------- */

static char opaque;
static void *client;
static archive_read_callback *ask;
static char text[64];

static int
any_int(void)
{
    return Frama_C_interval(INT32_MIN, INT32_MAX);
}

static int64_t
any_long(void)
{
    return (int64_t)Frama_C_unsigned_long_interval(0, UINT64_MAX);
}

static const char *
any_text(void)
{
    if (Frama_C_interval(0, 1))
        return NULL;
    Frama_C_make_unknown(text, sizeof(text));
    text[sizeof(text) - 1] = '\0';
    return text;
}

static int
some_reads(void)
{
    const void *chunk;

    while (Frama_C_interval(0, 1))
        if (ask((struct archive *)&opaque, client, &chunk) <= 0)
            break;
    return any_int();
}

struct archive *
archive_read_new(void)
{
    return Frama_C_interval(0, 1) ? (struct archive *)&opaque : NULL;
}

int
archive_read_support_format_tar(struct archive *a)
{
    (void)a;
    return any_int();
}

int
archive_read_open(struct archive *a, void *data, archive_open_callback *opened,
                  archive_read_callback *read, archive_close_callback *closed)
{
    const void *chunk;

    (void)opened;
    (void)closed;
    client = data;
    ask = read;
    (void)read(a, client, &chunk); /* no format is known before */
    return some_reads();
}

int
archive_read_next_header(struct archive *a, struct archive_entry **ret)
{
    (void)a;
    *ret = (struct archive_entry *)&opaque;
    return some_reads();
}

int
archive_read_data_block(struct archive *a, const void **run, size_t *len,
                        la_int64_t *at)
{
    (void)a;
    *run = Frama_C_interval(0, 1) ? NULL : buffer + Frama_C_interval(0, ROOM);
    if (Frama_C_interval(0, 1))
        *run = &opaque;
    *len = (size_t)any_long();
    *at = any_long();
    return some_reads();
}

la_int64_t
archive_read_header_position(struct archive *a)
{
    (void)a;
    return any_long();
}

const char *
archive_error_string(struct archive *a)
{
    (void)a;
    return any_text();
}

int
archive_format(struct archive *a)
{
    (void)a;
    return any_int();
}

const char *
archive_entry_pathname(struct archive_entry *entry)
{
    (void)entry;
    return any_text();
}

int
archive_entry_size_is_set(struct archive_entry *entry)
{
    (void)entry;
    return any_int();
}

la_int64_t
archive_entry_size(struct archive_entry *entry)
{
    (void)entry;
    return any_long();
}

__LA_MODE_T
archive_entry_filetype(struct archive_entry *entry)
{
    (void)entry;
    return Frama_C_unsigned_int_interval(0, UINT32_MAX);
}

const char *
archive_entry_hardlink(struct archive_entry *entry)
{
    (void)entry;
    return any_text();
}

/* ---- the process --------------------------------------------------------- */

/*@ requires \base_addr((char *)bytes) == \base_addr(&buffer[0]);
    assigns \nothing; */
void sp_unpack_put(const void *bytes, size_t len);

/*@ requires valid_read_string(name);
    assigns \nothing; */
void sp_unpack_put_entry(enum sp_entry_type type, enum sp_stream_kind kind,
                         uint64_t index, uint64_t size, const char *name);

void
sp_worker_fault(const struct sp_error *err)
{
    (void)err;
    _exit(1);
}

void
sp_worker_done(uint64_t count)
{
    (void)count;
    _exit(0);
}

void
sp_worker_begin(enum sp_worker_kind kind, const struct sp_jail *jail)
{
    (void)kind;
    (void)jail;
}

void
sp_jails_unpack(struct sp_jail *ret)
{
    memset(ret, 0, sizeof(*ret));
}

uint64_t
sp_worker_number(int argc, char **argv, const char *key, uint64_t max,
                 uint64_t otherwise)
{
    (void)argc;
    (void)argv;
    (void)key;
    (void)otherwise;
    return Frama_C_unsigned_long_interval(0, max);
}

const char *
sp_worker_text(int argc, char **argv, const char *key)
{
    (void)argc;
    (void)argv;
    (void)key;
    return any_text();
}

void
sp_unpack_qfile(struct sp_intake *intake, uint64_t max_files, uint64_t max_file,
                uint64_t max_bytes)
{
    (void)intake;
    (void)max_files;
    (void)max_file;
    (void)max_bytes;
    _exit(0);
}

/* The bundle is only taken as complete when the gate has seen its end. */
/*@ requires b->gate.last == SP_GATE_END;
    assigns \nothing; */
void prove_complete(const struct bundle *b);

static void
some_members(struct bundle *b)
{
    if (archive_read_open(b->archive, b, NULL, hand_out, NULL) != ARCHIVE_OK)
        _exit(1);
    while (Frama_C_interval(0, 1) && next_member(b))
        copy_member(b);
}

static void
last_member(struct bundle *b)
{
    if (!next_member(b))
        prove_complete(b);
}

int
main(void)
{
    static struct bundle b;

    if (Frama_C_interval(0, 1))
        sp_unpack_run(0, NULL);
    b.archive = (struct archive *)&opaque;
    b.gate.max_bytes = Frama_C_unsigned_long_interval(0, SP_MAX_BUNDLE_BYTES);
    b.gate.max_packages = Frama_C_unsigned_long_interval(0, SP_MAX_PACKAGES);
    b.gate.max_member = Frama_C_unsigned_long_interval(0, SP_MAX_MEMBER_BYTES);
    some_members(&b);
    last_member(&b);
    return 0;
}
