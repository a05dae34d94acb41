/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds a key home. The key files are imported into a scratch home; only
 * the allowed keys are exported from it into the ring that stays.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/path.h"
#include "base/text.h"
#include "bundle/limits.h"
#include "ingest/gpg.h"
#include "ingest/jails.h"
#include "ingest/keytable.h"
#include "ingest/verify.h"
#include "ingest/worker.h"

/*
 * The first three lines keep gpg from making a trust database and locks:
 * verify reads this home and can write nothing in it.
 */
static const char gpg_conf[] = "trust-model always\n"
                               "no-auto-check-trustdb\n"
                               "lock-never\n"
                               "no-autostart\n"
                               "no-random-seed-file\n"
                               "no-auto-key-retrieve\n"
                               "no-permission-warning\n"
                               "no-greeting\n"
                               "quiet\n";

static const char default_gpg[] = "/usr/bin/gpg";
static const char scratch[] = "import";
static const char *const stays[] = {"pubring.kbx", "gpg.conf", "common.conf",
                                    "table"};

enum { MAX_KEY_FILES = 1000, MAX_KEYS = 4096, MAX_ALLOWED = 512 };
enum { FPR_DIGITS = 40, ALLOW_LINE = FPR_DIGITS + 1 };
/* The largest distribution key ring is below 1 MiB. */
#define MAX_KEY_FILE_BYTES (8 * SP_MIB)

struct maker {
    const char *gpg;
    const char *home;
    int home_fd, keys_fd;
    char (*allowed)[FPR_DIGITS + 1]; /* primary keys that stay */
    size_t n_allowed;
    struct sp_key keys[MAX_KEYS]; /* of the home that was listed last */
    struct sp_keytable table;     /* over keys */
};

/* ---- gpgme objects that let go of themselves --------------------------- */

static void
auto_release_(gpgme_ctx_t *ctx)
{
    if (*ctx)
        gpgme_release(*ctx);
}

static void
auto_data_(gpgme_data_t *data)
{
    if (*data)
        gpgme_data_release(*data);
}

static void
auto_key_(gpgme_key_t *key)
{
    if (*key)
        gpgme_key_unref(*key);
}

#define AUTO_CTX __attribute__((cleanup(auto_release_))) gpgme_ctx_t
#define AUTO_DATA __attribute__((cleanup(auto_data_))) gpgme_data_t
#define AUTO_KEY __attribute__((cleanup(auto_key_))) gpgme_key_t

/* ---- listing ----------------------------------------------------------- */

/* gpgme's numbers of the elliptic algorithms are its own. */
static unsigned
openpgp_algo(gpgme_pubkey_algo_t algo)
{
    if (algo == GPGME_PK_ECDH)
        return 18;
    if (algo == GPGME_PK_ECDSA)
        return 19;
    if (algo == GPGME_PK_EDDSA)
        return 22;
    return (unsigned)algo & 0xff;
}

static bool
take_fpr(const char *from, char dst[FPR_DIGITS + 1])
{
    if (!from || strlen(from) != FPR_DIGITS)
        return false;
    memcpy(dst, from, FPR_DIGITS + 1);
    return true;
}

static int
list_subkey(struct maker *m, const char *primary, gpgme_subkey_t from,
            struct sp_error *err)
{
    struct sp_key *key = &m->keys[m->table.n_keys];

    if (m->table.n_keys == MAX_KEYS)
        return sp_fail(err, "key-file", "more than %d keys", MAX_KEYS);
    memset(key, 0, sizeof(*key));
    /* Not a version 4 key: nothing that it signs could be accepted. */
    if (!take_fpr(from->fpr, key->fpr) || !take_fpr(primary, key->primary_fpr))
        return 0;
    key->can_sign = from->can_sign && !from->invalid;
    key->revoked = from->revoked;
    key->expired = from->expired;
    key->algo = openpgp_algo(from->pubkey_algo);
    key->bits = from->length & UINT16_MAX;
    key->expires = from->expires > 0 ? (uint64_t)from->expires : 0;
    key->created = from->timestamp > 0 ? (uint64_t)from->timestamp : 0;
    m->table.n_keys++;
    return 0;
}

/* Fills the table with all (sub)keys of the context's home. */
static int
list_keys(struct maker *m, gpgme_ctx_t ctx, struct sp_error *err)
{
    gpgme_error_t fault = gpgme_op_keylist_start(ctx, NULL, 0);

    m->table.keys = m->keys;
    m->table.n_keys = 0;
    while (!fault) {
        AUTO_KEY key = NULL;

        fault = gpgme_op_keylist_next(ctx, &key);
        if (fault)
            break;
        for (gpgme_subkey_t sub = key->subkeys; sub; sub = sub->next)
            if (list_subkey(m, key->subkeys->fpr, sub, err) < 0)
                return -1;
    }
    if (gpgme_err_code(fault) != GPG_ERR_EOF)
        return sp_gpg_fail(err, fault, "engine-error", "cannot list the keys");
    return 0;
}

static bool
is_primary(const struct sp_key *key)
{
    return strcmp(key->fpr, key->primary_fpr) == 0;
}

/* ---- importing --------------------------------------------------------- */

static int
import(gpgme_ctx_t ctx, gpgme_data_t data, struct sp_error *err)
{
    gpgme_error_t fault = gpgme_op_import(ctx, data);
    gpgme_import_result_t result = gpgme_op_import_result(ctx);

    if (fault)
        return sp_gpg_fail(err, fault, "key-file", "cannot import");
    if (result && result->secret_read > 0)
        return sp_fail(err, "key-file", "it holds secret keys");
    for (gpgme_import_status_t key = result ? result->imports : NULL; key;
         key = key->next)
        if (key->result == GPG_ERR_NO_ERROR)
            return 0;
    return sp_fail(err, "key-file", "no key in it can be imported");
}

static int
import_file(struct maker *m, gpgme_ctx_t ctx, unsigned number,
            struct sp_error *err)
{
    SP_AUTO_FREE char *bytes = NULL;
    AUTO_DATA data = NULL;
    gpgme_error_t fault;
    char name[16];
    size_t len;

    (void)snprintf(name, sizeof(name), "%03u", number);
    if (sp_read_file(m->keys_fd, name, MAX_KEY_FILE_BYTES, &bytes, &len, err) <
        0)
        return -1;
    if (len == 0)
        return sp_fail(err, "key-file", "key file '%s': it is empty", name);
    fault = gpgme_data_new_from_mem(&data, bytes, len, 0);
    if (fault)
        return sp_gpg_fail(err, fault, "no-memory", "cannot import");
    if (import(ctx, data, err) < 0)
        return sp_fail_prefix(err, "key file '%s'", name);
    return 0;
}

/* ---- the allow list ---------------------------------------------------- */

static bool
is_allow_line(const char *line)
{
    return strspn(line, "0123456789ABCDEF") == FPR_DIGITS &&
           line[FPR_DIGITS] == '\n';
}

/* The file `allow`: it stands as it is or not at all. */
static int
parse_allowed(struct maker *m, const char *text, size_t len,
              struct sp_error *err)
{
    size_t lines = len / ALLOW_LINE;

    if (lines == 0)
        return sp_fail(err, "no-keys", "no key is allowed");
    if (len % ALLOW_LINE != 0 || lines > MAX_ALLOWED)
        return sp_fail(err, "state", "the list of allowed keys is malformed");
    m->allowed = calloc(lines, sizeof(*m->allowed));
    if (!m->allowed)
        return sp_fail(err, "no-memory", "no memory for the allowed keys");
    for (; m->n_allowed < lines; m->n_allowed++, text += ALLOW_LINE) {
        if (!is_allow_line(text))
            return sp_fail(err, "state",
                           "the list of allowed keys is malformed");
        memcpy(m->allowed[m->n_allowed], text, FPR_DIGITS);
        m->allowed[m->n_allowed][FPR_DIGITS] = '\0';
    }
    return 0;
}

/* Without a list every primary key of the files is allowed. */
static int
allow_all(struct maker *m, struct sp_error *err)
{
    if (m->table.n_keys == 0)
        return sp_fail(err, "no-keys", "the key files hold no usable key");
    m->allowed = calloc(m->table.n_keys, sizeof(*m->allowed));
    if (!m->allowed)
        return sp_fail(err, "no-memory", "no memory for the allowed keys");
    for (size_t i = 0; i < m->table.n_keys; i++)
        if (is_primary(&m->keys[i]))
            memcpy(m->allowed[m->n_allowed++], m->keys[i].fpr, FPR_DIGITS + 1);
    return 0;
}

static int
find_allowed(struct maker *m, struct sp_error *err)
{
    SP_AUTO_FREE char *text = NULL;
    size_t len;

    if (faccessat(m->keys_fd, "allow", F_OK, 0) < 0)
        return allow_all(m, err);
    if (sp_read_file(m->keys_fd, "allow", MAX_ALLOWED * ALLOW_LINE, &text, &len,
                     err) < 0 ||
        parse_allowed(m, text, len, err) < 0)
        return -1;
    for (size_t i = 0; i < m->n_allowed; i++) {
        const struct sp_key *key = sp_keytable_by_fpr(&m->table, m->allowed[i]);

        if (!key || !is_primary(key))
            return sp_fail(err, "key-file",
                           "allowed key '%s' is in no key file", m->allowed[i]);
    }
    return 0;
}

static bool
is_allowed(const struct maker *m, const char *primary)
{
    for (size_t i = 0; i < m->n_allowed; i++)
        if (strcmp(m->allowed[i], primary) == 0)
            return true;
    return false;
}

/* ---- the two homes ----------------------------------------------------- */

/* Adds allowed key after allowed key to the home that stays. */
static int
copy_allowed(struct maker *m, gpgme_ctx_t from, gpgme_ctx_t to,
             struct sp_error *err)
{
    for (size_t i = 0; i < m->n_allowed; i++) {
        AUTO_DATA data = NULL;
        gpgme_error_t fault = gpgme_data_new(&data);

        if (!fault)
            fault = gpgme_op_export(from, m->allowed[i], 0, data);
        if (fault)
            return sp_gpg_fail(err, fault, "engine-error",
                               "cannot export a key");
        if (gpgme_data_seek(data, 0, SEEK_SET) != 0 ||
            import(to, data, err) < 0)
            return sp_fail_prefix(err, "key '%s'", m->allowed[i]);
    }
    return 0;
}

static int
put_file(int dirfd, const char *name, const char *text, size_t len,
         struct sp_error *err)
{
    SP_AUTO_FD fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                           S_IRUSR | S_IWUSR);

    if (fd < 0 || sp_write_full(fd, text, len) < 0 || fsync(fd) < 0)
        return sp_fail_sys(err, errno, "io", "cannot write '%s'", name);
    return 0;
}

static int
open_home(struct maker *m, const char *below, gpgme_ctx_t *ret,
          struct sp_error *err)
{
    SP_AUTO_FD fd = sp_path_make_dir(m->home_fd, below, S_IRWXU, err);
    SP_AUTO_FREE char *path = NULL;

    if (fd < 0 ||
        put_file(fd, "gpg.conf", gpg_conf, strlen(gpg_conf), err) < 0 ||
        put_file(fd, "common.conf", "", 0, err) < 0)
        return -1;
    if (asprintf(&path, "%s/%s", m->home, below) < 0)
        return sp_fail(err, "no-memory", "no memory for a path");
    return sp_gpg_open(m->gpg, path, ret, err);
}

/* What stays is exactly what is allowed. */
static int
check_ring(const struct maker *m, struct sp_error *err)
{
    size_t primaries = 0;

    for (size_t i = 0; i < m->table.n_keys; i++) {
        primaries += is_primary(&m->keys[i]);
        if (!is_allowed(m, m->keys[i].primary_fpr))
            return sp_fail(err, "engine-error", "key '%s' came along",
                           m->keys[i].fpr);
    }
    if (primaries != m->n_allowed)
        return sp_fail(err, "engine-error", "a key was lost on its way");
    return sp_keytable_unique(&m->table, err);
}

static int
make_ring(struct maker *m, uint64_t n_files, struct sp_error *err)
{
    AUTO_CTX from = NULL;
    AUTO_CTX to = NULL;

    if (open_home(m, scratch, &from, err) < 0 ||
        open_home(m, ".", &to, err) < 0)
        return -1;
    for (unsigned i = 0; i < n_files; i++)
        if (import_file(m, from, i, err) < 0)
            return -1;
    if (list_keys(m, from, err) < 0 || find_allowed(m, err) < 0 ||
        copy_allowed(m, from, to, err) < 0 || list_keys(m, to, err) < 0)
        return -1;
    return check_ring(m, err);
}

/* ---- what stays -------------------------------------------------------- */

static int
write_table(const struct maker *m, struct sp_error *err)
{
    size_t max = m->table.n_keys * SP_KEYTABLE_LINE_MAX + 1;
    SP_AUTO_FREE char *text = malloc(max);
    size_t len = 0;

    if (!text)
        return sp_fail(err, "no-memory", "no memory for the key table");
    for (size_t i = 0; i < m->table.n_keys; i++) {
        if (!sp_keytable_line(&m->keys[i], text + len, max - len))
            SP_BUG("a line of the key table does not fit");
        len += strlen(text + len);
    }
    return put_file(m->home_fd, "table", text, len, err);
}

static bool
is_part(const char *name)
{
    for (size_t i = 0; i < sizeof(stays) / sizeof(*stays); i++)
        if (strcmp(stays[i], name) == 0)
            return true;
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Removes all that gpg left: backups of the ring, the scratch home. */
static int
clean(const struct maker *m, struct sp_error *err)
{
    SP_AUTO_DIR *dir = sp_path_list(m->home_fd, ".");
    struct dirent *entry;
    int more;

    if (!dir)
        return sp_fail_sys(err, errno, "io", "cannot list the key home");
    while ((more = sp_path_next(dir, &entry, err)) > 0)
        if (!is_part(entry->d_name) &&
            sp_path_remove_tree(m->home_fd, entry->d_name, err) < 0)
            return -1;
    return more;
}

static int
sync_ring(const struct maker *m, struct sp_error *err)
{
    SP_AUTO_FD fd =
        openat(m->home_fd, "pubring.kbx", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 || fsync(fd) < 0)
        return sp_fail_sys(err, errno, "io", "cannot sync the key ring");
    return sp_path_sync_dir(m->home_fd, err);
}

static void
send_key(const struct sp_key *key)
{
    struct sp_report report;
    struct sp_report_key *body = &report.body.key;

    sp_report_init(&report, SP_WORKER_MAKE_HOME, SP_REPORT_KEY);
    memcpy(body->fpr, key->fpr, sizeof(body->fpr));
    memcpy(body->primary_fpr, key->primary_fpr, sizeof(body->primary_fpr));
    body->can_sign = key->can_sign;
    body->revoked = key->revoked;
    body->expired = key->expired;
    body->algo = key->algo;
    body->bits = key->bits;
    body->expires = key->expires;
    sp_worker_send(&report);
}

static int
make_home(struct maker *m, const char *keys, uint64_t n_files,
          struct sp_error *err)
{
    if (n_files == 0)
        return sp_fail(err, "no-keys", "there is no key file");
    if (sp_gpg_begin(m->gpg, err) < 0)
        return -1;
    (void)umask(S_IRWXG | S_IRWXO);
    m->home_fd = sp_path_open_dir(AT_FDCWD, m->home, err);
    if (m->home_fd < 0)
        return -1;
    m->keys_fd = sp_path_open_dir(AT_FDCWD, keys, err);
    if (m->keys_fd < 0 || make_ring(m, n_files, err) < 0 ||
        write_table(m, err) < 0 || clean(m, err) < 0)
        return -1;
    return sync_ring(m, err);
}

_Noreturn void
sp_make_home_run(int argc, char **argv)
{
    static struct maker m;
    const char *keys = sp_worker_text(argc, argv, "keys");
    struct sp_jail jail;
    struct sp_error err = {0};
    uint64_t n_files;

    m.home = sp_worker_text(argc, argv, "home");
    m.gpg = sp_worker_text(argc, argv, "gpg");
    if (!m.gpg)
        m.gpg = default_gpg;
    sp_worker_init(SP_WORKER_MAKE_HOME);
    if (!m.home || m.home[0] != '/' || !keys || keys[0] != '/')
        _exit(SP_E_USAGE);
    if (sp_gpg_prepare(&err) < 0)
        sp_worker_fault(&err);
    sp_jails_make_home(m.home, keys, m.gpg, &jail);
    sp_worker_begin(SP_WORKER_MAKE_HOME, &jail);
    n_files = sp_worker_number(argc, argv, "count", MAX_KEY_FILES, 0);
    if (make_home(&m, keys, n_files, &err) < 0)
        sp_worker_fault(&err);
    for (size_t i = 0; i < m.table.n_keys; i++)
        send_key(&m.keys[i]);
    sp_worker_done(m.table.n_keys);
}
