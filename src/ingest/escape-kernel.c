/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Acts on the kernel: network, devices, memory to execute, wide doors. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ingest/escape.h"

enum { PAGE = 4096 };

static int
opens_socket(int family, int type)
{
    return sp_escape_result(socket(family, type | SOCK_CLOEXEC, 0));
}

static int
tcp(const struct sp_escape_scene *s)
{
    (void)s;
    return opens_socket(AF_INET, SOCK_STREAM);
}

static int
udp(const struct sp_escape_scene *s)
{
    (void)s;
    return opens_socket(AF_INET6, SOCK_DGRAM);
}

static int
netlink(const struct sp_escape_scene *s)
{
    (void)s;
    return opens_socket(AF_NETLINK, SOCK_RAW);
}

static int
vsock(const struct sp_escape_scene *s)
{
    (void)s;
    return opens_socket(AF_VSOCK, SOCK_STREAM);
}

static int
unix_socket(const struct sp_escape_scene *s)
{
    (void)s;
    return opens_socket(AF_UNIX, SOCK_STREAM);
}

static int
unix_abstract(const struct sp_escape_scene *s)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)s;
    if (fd < 0)
        return errno;
    /* The family alone: the kernel picks an abstract name. */
    return sp_escape_result(
        bind(fd, (struct sockaddr *)&name, sizeof(name.sun_family)));
}

static int
socket_pair(const struct sp_escape_scene *s)
{
    int pair[2];

    (void)s;
    return sp_escape_result(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
}

/* A socket that is there already, on descriptor 0. */
static int
have_socket(const struct sp_escape_scene *s)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    (void)s;
    return fd < 0 ? -1 : dup2(fd, 0);
}

static int
connect_out(const struct sp_escape_scene *s)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(9),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    (void)s;
    return sp_escape_result(connect(0, (struct sockaddr *)&to, sizeof(to)));
}

static int
send_out(const struct sp_escape_scene *s)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(9),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    (void)s;
    return sp_escape_result(
        sendto(0, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)));
}

/*
 * A terminal on descriptor 0. Where the machine has none the act stands with
 * what it was given: a call that is not held is then answered with ENOTTY,
 * and that counts for no refusal.
 */
static int
have_terminal(const struct sp_escape_scene *s)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    int slave;

    (void)s;
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        return 0;
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    return slave < 0 ? 0 : dup2(slave, 0);
}

static int
type_into_terminal(const struct sp_escape_scene *s)
{
    (void)s;
    return sp_escape_result(ioctl(0, TIOCSTI, "x"));
}

static int
control_device(const struct sp_escape_scene *s)
{
    int on = 1;

    (void)s;
    return sp_escape_result(ioctl(0, FIONBIO, &on));
}

static int
map(int prot, int flags, int fd)
{
    void *p = mmap(NULL, PAGE, prot, flags, fd, 0);

    return p == MAP_FAILED ? errno : 0;
}

static int
map_code(const struct sp_escape_scene *s)
{
    (void)s;
    return map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
               -1);
}

static int
protect_code(const struct sp_escape_scene *s)
{
    void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)s;
    if (p == MAP_FAILED)
        return errno;
    return sp_escape_result(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
}

static int
have_file(const struct sp_escape_scene *s)
{
    int fd = open(s->secret, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -1 : dup2(fd, 0);
}

static int
map_file(const struct sp_escape_scene *s)
{
    (void)s;
    return map(PROT_READ, MAP_PRIVATE, 0);
}

static int
map_shared(const struct sp_escape_scene *s)
{
    (void)s;
    return map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
}

static int
memory_file(const struct sp_escape_scene *s)
{
    (void)s;
    return sp_escape_result(memfd_create("escape", MFD_CLOEXEC));
}

static int
io_uring(const struct sp_escape_scene *s)
{
    /* struct io_uring_params, all zero. */
    static char params[120];

    (void)s;
    return sp_escape_result(syscall(SYS_io_uring_setup, 1, params));
}

static int
load_bpf(const struct sp_escape_scene *s)
{
    union bpf_attr attr = {
        .map_type = BPF_MAP_TYPE_ARRAY,
        .key_size = 4,
        .value_size = 4,
        .max_entries = 1,
    };

    (void)s;
    return sp_escape_result(
        syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static int
perf_event(const struct sp_escape_scene *s)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof(attr),
        .config = PERF_COUNT_SW_TASK_CLOCK,
        .exclude_kernel = 1,
    };

    (void)s;
    return sp_escape_result(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static int
user_fault(const struct sp_escape_scene *s)
{
    enum { USER_MODE_ONLY = 1 };

    (void)s;
    return sp_escape_result(syscall(SYS_userfaultfd, USER_MODE_ONLY));
}

static int
add_key(const struct sp_escape_scene *s)
{
    enum { PROCESS_KEYRING = -2 };

    (void)s;
    return sp_escape_result(
        syscall(SYS_add_key, "user", "escape", "x", 1, PROCESS_KEYRING));
}

static int
keyring(const struct sp_escape_scene *s)
{
    enum { GET_KEYRING_ID = 0, PROCESS_KEYRING = -2 };

    (void)s;
    return sp_escape_result(
        syscall(SYS_keyctl, GET_KEYRING_ID, PROCESS_KEYRING, 1));
}

static int
kernel_log(const struct sp_escape_scene *s)
{
    enum { SIZE_BUFFER = 10 };

    (void)s;
    return sp_escape_result(klogctl(SIZE_BUFFER, NULL, 0));
}

/* Both arguments may be missing: the permission is asked all the same. */
static int
set_clock(const struct sp_escape_scene *s)
{
    (void)s;
    return sp_escape_result(syscall(SYS_settimeofday, NULL, NULL));
}

static int
set_host_name(const struct sp_escape_scene *s)
{
    struct utsname now;

    (void)s;
    if (!s->pure && uname(&now) < 0)
        return errno;
    return sp_escape_result(sethostname(s->pure ? "x" : now.nodename,
                                        s->pure ? 1 : strlen(now.nodename)));
}

static int
open_file_system(const struct sp_escape_scene *s)
{
    (void)s;
    return sp_escape_result(syscall(SYS_fsopen, "tmpfs", 0));
}

/* Younger than every call that the filters name: landlock_create_ruleset. */
static int
young_call(const struct sp_escape_scene *s)
{
    (void)s;
    return sp_escape_result(syscall(444, NULL, 0, 1));
}

#ifdef __x86_64__
/* getpid through the 32-bit gate, where the numbers mean other calls. */
static int
gate_32(const struct sp_escape_scene *s)
{
    long result;

    (void)s;
    __asm__ volatile("int $0x80" : "=a"(result) : "0"(20L) : "memory");
    if (result < 0)
        errno = (int)-result;
    return sp_escape_result(result);
}

/* getpid in the x32 table. */
static int
table_x32(const struct sp_escape_scene *s)
{
    (void)s;
    return sp_escape_result(syscall(0x40000000 | SYS_getpid));
}
#endif

#define ABSENT SP_ESCAPE_ABSENT
#define KILL SP_ESCAPE_KILLED
#define NO SP_ESCAPE_REFUSED
#define YES SP_ESCAPE_GRANTED
#define END SP_ESCAPE_ENDED

/* clang-format off */
/* name, what, unpack, check, verify, tool, index, vchan, errno, why, act, preparation */
const struct sp_escape_act sp_escape_kernel[] = {
    {"tcp", "open a TCP socket",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, tcp, NULL},
    {"udp", "open a UDP socket",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, udp, NULL},
    {"netlink", "open a netlink socket",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, netlink, NULL},
    {"vsock", "open a socket to the hypervisor",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, vsock, NULL},
    {"unix-socket", "open a local socket",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, unix_socket, NULL},
    {"unix-abstract", "bind an abstract local socket",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, unix_abstract, NULL},
    {"socketpair", "make a pair of sockets",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, socket_pair, NULL},
    {"connect", "connect a socket that it was given",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, connect_out, have_socket},
    {"sendto", "send through a socket that it was given",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, send_out, have_socket},
    {"tiocsti", "type into a terminal",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, type_into_terminal, have_terminal},
    {"ioctl", "control a device",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, control_device, NULL},
    {"map-code", "map memory to write and execute",
     KILL, KILL, YES, YES, NO, KILL, 0, "the loader maps libraries", map_code, NULL},
    {"protect-code", "make written memory executable",
     KILL, KILL, YES, YES, NO, KILL, 0, "the loader maps libraries", protect_code, NULL},
    {"map-file", "map a file",
     KILL, KILL, YES, YES, NO, KILL, 0, "the loader maps libraries", map_file,
     have_file},
    {"map-shared", "map shared memory",
     KILL, KILL, YES, YES, NO, KILL, 0, "shared with its own children only", map_shared,
     NULL},
    {"memfd", "make a file in memory",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, memory_file, NULL},
    {"io-uring", "set up io_uring",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, io_uring, NULL},
    {"bpf", "load BPF",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, load_bpf, NULL},
    {"perf", "open a performance counter",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, perf_event, NULL},
    {"userfaultfd", "handle page faults",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, user_fault, NULL},
    {"add-key", "add a key to the kernel",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, add_key, NULL},
    {"keyctl", "ask for a keyring of the kernel",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, keyring, NULL},
    {"syslog", "ask for the kernel log",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, kernel_log, NULL},
    {"settimeofday", "set the clock",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, set_clock, NULL},
    {"sethostname", "set the host name",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, set_host_name, NULL},
    {"fsopen", "open a file system for a mount",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, open_file_system, NULL},
    {"young-call", "use a call younger than the filter",
     KILL, KILL, NO, NO, NO, KILL, ENOSYS, NULL, young_call, NULL},
#ifdef __x86_64__
    {"int-80", "use the 32-bit system call gate",
     END, END, END, END, END, END, 0, NULL, gate_32, NULL},
    {"x32", "use the x32 system call table",
     KILL, KILL, KILL, KILL, KILL, KILL, 0, NULL, table_x32, NULL},
#endif
    {0},
};
