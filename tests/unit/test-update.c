/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a round does outside of its own process: calls to the other qube, the
 * stock way, the guards in front of dnf, and the features. The programs of
 * Qubes OS are scripts that each row writes.
 */
#include <signal.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/spawn.h"
#include "ingest/engine.h"
#include "ingest/update-features.h"
#include "ingest/update-guard.h"
#include "ingest/update-root.h"
#include "ingest/update-stock.h"
#include "ingest/update-vm.h"
#include "tests/unit/repository.h"

static struct sp_error err;
static char tools[4352];

/* ---- stand-ins ---- */

static void
add_tool(const char *name, const char *lines)
{
    plant_tool(tools, name, lines);
}

/* What the hooks heard. */
static struct {
    char notes[2048], said[2048], question[512];
    unsigned percent, lines;
    bool answer;
} heard;

static void
hear_note(void *data, const char *text)
{
    size_t used = strlen(heard.notes);

    (void)data;
    (void)snprintf(heard.notes + used, sizeof(heard.notes) - used, "%s\n",
                   text);
}

static void
hear_line(void *data, bool on_stderr, const char *line)
{
    size_t used = strlen(heard.said);

    (void)data;
    heard.lines++;
    (void)snprintf(heard.said + used, sizeof(heard.said) - used, "%s%s\n",
                   on_stderr ? "2:" : "", line);
}

static void
hear_percent(void *data, unsigned percent)
{
    (void)data;
    heard.percent = percent;
}

static bool
answer(void *data, const char *question)
{
    (void)data;
    (void)snprintf(heard.question, sizeof(heard.question), "%s", question);
    return heard.answer;
}

static const struct sp_update_hooks hooks = {.note = hear_note,
                                             .said = hear_line,
                                             .percent = hear_percent,
                                             .confirm = answer};
static const char *const command[] = {"do", "it", NULL};

static struct sp_vm_call
a_call(void)
{
    memset(&heard, 0, sizeof(heard));
    memset(&err, 0, sizeof(err));
    return (struct sp_vm_call){.qube = "sys-update",
                               .command = command,
                               .in_fd = -1,
                               .deadline = UINT64_MAX,
                               .hooks = &hooks};
}

/* A call to a qube that does this. */
static int
run(const char *lines, struct sp_vm_end *ret)
{
    struct sp_vm_call call = a_call();

    add_tool("qvm-run", lines);
    return sp_vm_run(&call, ret, &err);
}

/* ---- what a qube says ---- */

static void
test_faults(void)
{
    static const struct {
        const char *says, *word, *msg; /* word NULL: no fault of ours */
    } rows[] = {
        {"sallyport-builder build: no such package (content, no-match)",
         "no-match", "no such package"},
        {"other: no such package (content, no-match)", "no-match",
         "other: no such package"},
        {"sallyport-builder (a: b, no-match)", "no-match", "sallyport-builder"},
        {"it has no colon (content, no-match)", "no-match", "it has no colon"},
        {"what (content, nonsense)", NULL, NULL},
        {"what (content, )", NULL, NULL},
        {"what (content, no-match", NULL, NULL},
        {"what (no-match)", NULL, NULL},
        {"what, no-match)", NULL, NULL},
        {"what (content, no-match-no-match-no-match-no-match)", NULL, NULL},
        /* What is decided here, no other qube may say. */
        {"what (policy, name-not-wanted)", NULL, NULL},
        {"what (policy, downgrade)", NULL, NULL},
        {"what (policy, clock)", NULL, NULL},
        {"what (policy, boot-not-mounted)", NULL, NULL},
        {"what (policy, xen-upgrade)", NULL, NULL},
    };
    struct sp_vm_end end;
    char lines[256];

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        (void)snprintf(lines, sizeof(lines), "echo '%s' >&2\nexit 7",
                       rows[i].says);
        tap_ok(run(lines, &end) == 0 && end.status == 7, "it ends with 7");
        tap_is_str(end.last, rows[i].says, "its last line");
        if (rows[i].word) {
            tap_is_str(end.fault.detail, rows[i].word, "the word is taken");
            tap_is_str(end.fault.msg, rows[i].msg, "and the sentence");
        } else {
            tap_ok(end.fault.code == SP_OK, "no word is taken of it");
        }
    }
    tap_ok(run("echo 'what (content, no-match)'", &end) == 0 &&
               end.fault.code == SP_OK && end.last[0] == '\0',
           "standard output is no complaint");
}

static void
test_percent(void)
{
    static const struct {
        const char *says;
        unsigned percent; /* 0: none is told */
    } rows[] = {
        {"packages: 45 %, 3 MB", 32},
        {"100 % done", 60},
        {"0 %", 10},
        {"101 %", 0},
        {" % of it", 0},
        {"half: x %", 0},
        {"45%", 0},
        {"045 %", 0},
    };
    struct sp_vm_end end;
    char lines[256];

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        (void)snprintf(lines, sizeof(lines), "echo '%s' >&2", rows[i].says);
        (void)run(lines, &end);
        tap_is_u64(heard.percent, rows[i].percent, "%s", rows[i].says);
    }
    (void)run("echo '45 %'", &end);
    tap_is_u64(heard.percent, 0, "standard output is no progress");
}

static void
test_lines(void)
{
    struct sp_vm_call call;
    struct sp_vm_end end;

    tap_ok(run("printf 'a\\n\\nb\\r\\r\\nc\\033[2J'", &end) == 0, "it speaks");
    tap_is_str(heard.said, "a\n\nb\n\nc\\x1b[2J\n",
               "lines end with LF, CR or the stream, and are printable");
    (void)run("echo >&2; printf last >&2", &end);
    tap_is_str(end.last, "last", "the last line needs no end");
    (void)run("head -c 2000 /dev/zero | tr '\\0' x", &end);
    tap_ok(heard.lines == 1 && strlen(heard.said) == 513,
           "what is longer than a line is cut");
    (void)run("head -c 3000000 /dev/zero | tr '\\0' '\\n'", &end);
    tap_ok(heard.lines <= 1024 * 1024 && heard.lines > 1000000,
           "a megabyte is heard");
    tap_is_str(heard.notes,
               "the update qube prints too much; the rest is not shown\n",
               "and that it was too much, once");
    add_tool("qvm-run", "echo \"$*\"; cat");
    call = a_call();
    call.quiet = true;
    tap_ok(sp_vm_run(&call, &end, &err) == 0 && heard.lines == 0,
           "nothing of a quiet call is passed on");
    call.quiet = false;
    call.user = "root";
    call.no_start = true;
    (void)sp_vm_run(&call, &end, &err);
    tap_is_str(heard.said,
               "--pass-io --no-gui --no-autostart -u root sys-update -- do "
               "it\n",
               "how it is called; its standard input is empty");
}

/* ---- how a call ends ---- */

static int
tend(void *data, struct sp_error *ret_err)
{
    return ++*(int *)data < 2 ? 0 : sp_fail(ret_err, "busy", "enough");
}

static void
test_endings(void)
{
    struct sp_vm_call call = a_call();
    struct sp_vm_end end;
    int tended = 0;

    tap_ok(run("kill -9 $$", &end) == 0 && end.status == 137,
           "a signal is 128 and its number");
    tap_ok(run(NULL, &end) < 0, "no qvm-run");
    tap_is_str(err.detail, "not-found", "its reason");
    tap_ok(run("exec >&- 2>&-; sleep 100", &end) < 0,
           "one that shuts its streams and stays");
    tap_is_str(err.detail, "idle", "its reason");
    add_tool("qvm-run", "sleep 100");
    call.tend = tend;
    call.tend_data = &tended;
    tap_ok(sp_vm_run(&call, &end, &err) < 0 && tended == 2,
           "who tends it may end it");
    tap_is_str(err.detail, "busy", "with a reason");
    call.tend = NULL;
    call.deadline = sp_clock_ms() + 10;
    tap_ok(sp_vm_run(&call, &end, &err) < 0, "a deadline ends it");
    tap_is_str(err.detail, "idle", "its reason");
}

static void
test_running(void)
{
    add_tool("qvm-check", "test \"$*\" = '-q --running sys-update'");
    tap_ok(sp_vm_is_running("sys-update", &err) == 1, "it runs");
    tap_ok(sp_vm_is_running("other", &err) == 0, "it does not");
    add_tool("qvm-check", NULL);
    memset(&err, 0, sizeof(err));
    tap_ok(sp_vm_is_running("sys-update", &err) < 0, "nobody can tell");
    tap_is_str(err.detail, "not-found", "the reason");
}

static void
test_quote(void)
{
    struct sp_text text = {0};

    sp_vm_quote(&text, "a'b $c");
    tap_is_str(text.bytes, "'a'\\''b $c'", "one word, whatever it holds");
    sp_text_release(&text);
}

/* ---- the stock way ---- */

/* The whole of it, with qvm-run as it lies there. */
static int
go_stock(const char *database, struct sp_vm_end *ret)
{
    const char *const words[] = {"--action=x y", "-z"};
    struct sp_stock stock = {
        .call = a_call(), .db_path = database, .options = {words, 2}};

    return sp_stock_run(&stock, ret, &err);
}

static void
test_stock(void)
{
    static const char *const steps[] = {"mkdir", "chown", "rm -rf", "tar -C"};
    struct sp_vm_end end;
    char database[4400], lines[5000];

    (void)snprintf(database, sizeof(database), "%s/db", state.state_path);
    if (mkdirat(state.state_fd, "db", 0700) < 0)
        tap_ok(false, "making a database");
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        (void)snprintf(lines, sizeof(lines),
                       "case $* in *'%s'*) echo no >&2; exit 9 ;; esac\n"
                       "cat >/dev/null",
                       steps[i]);
        add_tool("qvm-run", lines);
        tap_ok(go_stock(database, &end) < 0, "'%s' fails there", steps[i]);
        tap_is_str(err.detail, "peer-gone", "the reason");
        tap_is_str(err.msg,
                   "'sys-update' could not be prepared (exit status 9): no",
                   "and its words");
    }
    add_tool("qvm-run",
             "cat >/dev/null; case $* in *qubes-download*) echo \"$*\"; "
             "exit 3 ;; esac");
    tap_ok(go_stock(database, &end) == 0 && end.status == 3,
           "the status of the script is its own");
    tap_ok(strstr(heard.said, " --doit --nogui '--action=x y' '-z'\n"),
           "each option is one word there");
    tap_ok(go_stock(NULL, &end) == 0 || strcmp(err.detail, "io") == 0,
           "rpm's own database, where this machine has one");
    (void)snprintf(lines, sizeof(lines),
                   "case $* in *'rm -rf'*) rmdir '%s' ;; esac\ncat >/dev/null",
                   database);
    add_tool("qvm-run", lines);
    tap_ok(go_stock(database, &end) < 0, "a database that goes away");
    tap_is_str(err.detail, "io", "the reason");
    tap_is_str(err.msg, "cannot pack the rpm database", "and the words");
    tap_ok(go_stock(database, &end) < 0, "one that is not there");
    tap_is_str(err.msg, "cannot find the rpm database", "said so");
    (void)snprintf(database, sizeof(database), "%s/d'b", state.state_path);
    (void)mkdirat(state.state_fd, "d'b", 0700);
    tap_ok(go_stock(database, &end) < 0, "one that no shell line can name");
    tap_is_str(err.detail, "io", "the reason");
}

/* ---- the guards ---- */

#define BOOT "29 1 8:1 / /boot rw - ext4 /dev/sda1 rw\n"
#define EFI "30 29 8:2 / /boot/efi rw - vfat /dev/sda2 rw\n"
#define ROOT "1 0 8:3 / / rw - ext4 /dev/sda3 rw\n"

static void
test_boot(void)
{
    static const struct {
        const char *fstab, *mountinfo; /* NULL: it is not there */
        bool good;
    } rows[] = {
        {NULL, ROOT, true},
        {"", ROOT, true},
        {"/dev/sda3 / ext4\n\n", ROOT, true},
        {"/dev/sda1 /boot ext4 defaults 1 2\n", ROOT BOOT, true},
        {"/dev/sda1 /boot ext4 defaults 1 2\n", ROOT, false},
        {"/dev/sda1 /boot ext4 defaults 1 2\n", NULL, false},
        {"/dev/sda1\t/boot\text4 defaults 1 2\n", ROOT, false},
        {"/dev/sda1 /boot ext4", ROOT, false},
        {"/dev/sda1\n", ROOT, true},
        {"/dev/sda1 /boots ext4\n", ROOT, true},
        {"# /dev/sda1 /boot ext4\n", ROOT, true},
        {" \t# /boot ext4\n", ROOT, true},
        {"/dev/sda1 /boot ext4 noauto 1 2\n", ROOT, true},
        {"/dev/sda1 /boot ext4 nofail,noauto\n", ROOT, true},
        {"/dev/sda1 /boot ext4 noauto,nofail", ROOT, true},
        {"/dev/noauto/boot /boot ext4 defaults 1 2\n", ROOT, false},
        {"LABEL=noauto /boot ext4 nofail,x-noauto,noautomatic\n", ROOT, false},
        {"/dev/sda1 /boot ext4\n",
         ROOT "29 1 8:1 / /boot rw - ext4 "
              "/dev/noauto rw\n",
         true},
        {"/dev/sda1 /boot ext4\n/dev/sda2 /boot/efi vfat\n", ROOT BOOT EFI,
         true},
        {"/dev/sda1 /boot ext4\n/dev/sda2 /boot/efi vfat\n", ROOT BOOT, false},
        {"/dev/sda2 /boot/efi vfat\n", ROOT BOOT, false},
    };
    char fstab[4400], mountinfo[4400];

    (void)snprintf(fstab, sizeof(fstab), "%s/fstab", state.state_path);
    (void)snprintf(mountinfo, sizeof(mountinfo), "%s/mountinfo",
                   state.state_path);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        plant_at(state.state_fd, "fstab", rows[i].fstab, 0600);
        plant_at(state.state_fd, "mountinfo", rows[i].mountinfo, 0600);
        memset(&err, 0, sizeof(err));
        if (rows[i].good)
            tap_ok(sp_guard_boot(fstab, mountinfo, &err) == 0,
                   "/boot, row %zu: good", i);
        else
            tap_ok(sp_guard_boot(fstab, mountinfo, &err) < 0 &&
                       strcmp(err.detail, "boot-not-mounted") == 0,
                   "/boot, row %zu: not mounted", i);
    }
    tap_is_str(err.msg,
               "'/boot/efi' is not mounted: a new kernel would go to the "
               "wrong place",
               "which of them");
    tap_ok(sp_guard_boot(state.state_path, mountinfo, &err) < 0 &&
               strcmp(err.detail, "io") == 0,
           "an fstab that cannot be read lets nothing pass");
}

/* Generation 1 holds xen-libs of this version, and something else. */
static void
bring_xen(const char *name, const char *version)
{
    char text[1024];

    (void)snprintf(text, sizeof(text),
                   "damaged\napp-1-1.noarch.rpm app 0:1-1 %064d 10 0\n"
                   "x.rpm %s %s %064d 10 0\n",
                   1, name, version, 1);
    plant("generations/1/packages", text);
}

static int
guard(void)
{
    const bool yes = heard.answer;

    memset(&err, 0, sizeof(err));
    memset(&heard, 0, sizeof(heard));
    heard.answer = yes;
    return sp_guard_xen(&state, 1, &hooks, &err);
}

static void
test_xen(void)
{
    static const struct {
        const char *running, *next;
        bool same;
    } rows[] = {
        {"4.17.4", "0:4.17.9-1", true},
        {"4.17.4", "2001:4.17.5-1", true},
        {"4.17.4", "0:4.18.0-1", false},
        {"4.17.4", "0:4.1-1", false},
        {"4", "0:4-1", true},
        {"4.17-rc", "0:4.17.1-1", true},
        {"4.17.4", "0:5-1", false},
        {"nonsense", "0:4.17-1", false},
        {"4.17.4", "4.17.4-1.fc37", true},
        {"4.1234567890123456789012345678901",
         "4.1234567890123456789012345678902-1", true},
    };
    char lines[64];

    add_tool("qvm-ls", "echo dom0; echo work");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        (void)snprintf(lines, sizeof(lines), "echo %s", rows[i].running);
        add_tool("xl", lines);
        bring_xen("xen-libs", rows[i].next);
        heard.answer = false;
        tap_ok((guard() == 0) == rows[i].same, "Xen %s and %s", rows[i].running,
               rows[i].next);
        if (!rows[i].same)
            tap_is_str(err.detail, "xen-upgrade", "its reason");
    }
    add_tool("xl", "echo 4.17.4");
    bring_xen("xen-libs", "0:4.19.1-1");
    heard.answer = true;
    tap_ok(guard() == 0 && strstr(heard.question, "from 4.17 to 4.19"),
           "the person may want it");
    heard.answer = false;
    add_tool("qvm-ls", "echo dom0");
    tap_ok(guard() == 0 && !heard.question[0], "where no qube runs, nobody "
                                               "is asked");
    add_tool("qvm-ls", "exit 1");
    tap_ok(guard() < 0, "qubes that cannot be counted may run");
    add_tool("qvm-ls", NULL);
    tap_ok(guard() < 0, "nor is a missing qvm-ls nobody");
    add_tool("xl", "exit 1");
    tap_ok(guard() == 0, "no Xen that answers: nothing to compare");
    add_tool("xl", NULL);
    tap_ok(access("/usr/sbin/xl", X_OK) == 0 || guard() == 0, "no Xen at all");
    bring_xen("xen-hypervisor", "0:4.19.1-1");
    tap_ok(guard() == 0, "no xen-libs in the delivery");
    tap_ok(sp_guard_xen(&state, 2, &hooks, &err) == 0, "no such generation");
}

static void
test_restart(void)
{
    static const struct {
        const char *name;
        bool wanted;
    } rows[] = {
        {"kernel", true},         {"kernel-latest", true},
        {"xen-hypervisor", true}, {"linux-firmware", true},
        {"glibc", true},          {"kernel-devel", false},
        {"xenophobia", false},    {"firmware", false},
    };
    char why[64];

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        (void)snprintf(why, sizeof(why), "-");
        bring_xen(rows[i].name, "0:1-1");
        tap_ok(sp_guard_restart(&state, 1, why, sizeof(why)) == rows[i].wanted,
               "%s: %s", rows[i].name, rows[i].wanted ? "restart" : "none");
        tap_is_str(why, rows[i].wanted ? rows[i].name : "-", "for what");
    }
}

/* ---- features ---- */

static void
test_features(void)
{
    static const char told[] =
        "dom0 updates-available 1\ndom0 last-updates-check 20";

    memset(&err, 0, sizeof(err));
    add_tool("qvm-features", "echo \"$*\" >>\"${0%/*}/../features\"");
    tap_ok(sp_features_checked(true, &err) == 0 &&
               sp_features_checked(false, &err) == 0,
           "a check is told");
    tap_ok(strncmp(content(state.state_fd, "features"), told,
                   sizeof(told) - 1) == 0,
           "what, and when");
    tap_ok(strstr(content(state.state_fd, "features"),
                  "dom0 updates-available \n"),
           "no updates is an empty value");
    (void)unlinkat(state.state_fd, "features", 0);
    tap_ok(sp_features_updated(&err) == 0 &&
               strncmp(content(state.state_fd, "features"),
                       "dom0 last-update 20", 19) == 0,
           "so is an update");
    add_tool("qvm-features", "exit 1");
    tap_ok(sp_features_checked(true, &err) < 0, "what is refused is a fault");
    tap_is_str(err.detail, "io", "its reason");
    add_tool("qvm-features", NULL);
    tap_ok(sp_features_updated(&err) < 0, "so is a missing program");
    tap_is_str(err.detail, "not-found", "its reason");
}

/* ---- the side that runs dnf ---- */

/* The side without root does this; its exit status. */
static int
split(int (*act)(int root))
{
    static const char *const packages[] = {"bash"};
    const struct sp_update update = {.dnf_action = "install",
                                     .packages = {packages, 1}};
    const struct sp_update all = {.dnf_action = "upgrade"};
    int root = -1, status = -1;

    (void)fflush(stdout);
    if (sp_update_split(heard.answer ? &all : &update, &root, &status, &err) ==
        1)
        _exit(act(root));
    return status;
}

/* dnf is run and ends so; what `check-update` said, plus 100. */
static int
run_dnf(int root)
{
    struct sp_dnf_end end = {0};

    if (sp_update_dnf(root, &end, &err) < 0)
        return strcmp(err.detail, "not-found") == 0 ? 1 : 2;
    return end.more < 0 ? end.status : 100 + end.more;
}

/* An order that is none: nobody answers. */
static int
send_nonsense(int root)
{
    char answer[64];

    if (send(root, "rm", 3, MSG_NOSIGNAL) != 3)
        return 1;
    return recv(root, answer, sizeof(answer), 0) == 0 ? 0 : 2;
}

static int
be_killed(int root)
{
    (void)root;
    return raise(SIGKILL);
}

static void
test_split(void)
{
    heard.answer = false;
    add_tool("dnf", "test \"$*\" = 'install --refresh bash' && exit 7; exit 9");
    tap_is_u64((uint64_t)split(run_dnf), 7, "dnf's own status");
    add_tool("dnf", "kill -9 $$");
    tap_is_u64((uint64_t)split(run_dnf), 137, "a signal is 128 and its number");
    add_tool("dnf", NULL);
    tap_is_u64((uint64_t)split(run_dnf), 1, "no dnf is 'not-found'");
    add_tool("dnf", "exit 0");
    tap_is_u64((uint64_t)split(run_dnf), 0,
               "what is left is not asked behind a named package");
    heard.answer = true;
    add_tool("dnf", "test $1 = upgrade || exit 64");
    tap_is_u64((uint64_t)split(run_dnf), 164, "behind an upgrade it is");
    add_tool("dnf", "test $1 != upgrade");
    tap_is_u64((uint64_t)split(run_dnf), 1, "but not behind one that failed");
    tap_is_u64((uint64_t)split(send_nonsense), 0, "no other order is obeyed");
    tap_is_u64((uint64_t)split(be_killed), SP_E_INTERNAL,
               "a round that was killed ended badly");
}

static void
test_no_root(void)
{
    struct sp_dnf_end end;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return;
    memset(&err, 0, sizeof(err));
    (void)shutdown(ends[1], SHUT_WR);
    tap_ok(sp_update_dnf(ends[0], &end, &err) < 0, "nobody answers");
    tap_is_str(err.msg, "nobody said how dnf ended", "which is said");
    (void)close(ends[1]);
    tap_ok(sp_update_dnf(ends[0], &end, &err) < 0, "nobody listens");
    tap_is_str(err.detail, "internal", "its reason");
    (void)close(ends[0]);
}

static void
test_interrupted(void)
{
    struct sp_vm_end end;

    sp_engine_catch_signals();
    (void)raise(SIGTERM);
    tap_ok(run("sleep 100", &end) < 0, "a signal ends the call");
    tap_is_str(err.detail, "interrupted", "its reason");
}

int
main(void)
{
    repository_anew();
    (void)snprintf(tools, sizeof(tools), "%s/tools", state.state_path);
    if (mkdirat(state.state_fd, "tools", 0700) < 0)
        printf("Bail out! no folder of programs\n");
    sp_spawn_tool_path(tools);
    test_faults();
    test_percent();
    test_lines();
    test_endings();
    test_running();
    test_quote();
    test_stock();
    test_boot();
    test_xen();
    test_restart();
    test_features();
    test_no_root();
    test_split();
    test_interrupted();
    repository_gone();
    return tap_done();
}
