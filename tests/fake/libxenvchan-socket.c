/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stand-in for the parts of libxenvchan and libxenstore that
 * sallyport-vchan uses, chosen when it is linked. Rings and indexes are in
 * memory that both sides share and both may scribble on; hypervisor.py gives
 * the rest. The file `xen` beside the program says "DOMID SOCKET-NAME".
 *
 * It keeps the traps of the true one: `blocking` is not set, wait blocks
 * without an event, set-up crashes where it should fail, indexes that cannot
 * be lock the ring, and a domain that dies tells nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <libxenvchan.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenstore.h>

enum { PAGE = 4096, TEXT_MAX = 1024, ORDER_MAX = 20 };

struct xs_handle {
    int fd, watch_fd;
};

/* ---- talking to the hypervisor ----------------------------------------- */

static int
connect_named(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char path[4096], text[128] = "", own[16];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 8);
    FILE *f;
    int fd;

    path[n > 0 ? n : 0] = '\0';
    memcpy(strrchr(path, '/'), "/xen", 5);
    f = fopen(path, "re");
    if (!f || fscanf(f, "%15s %100s", own, text) != 2)
        abort();
    (void)fclose(f);
    memcpy(to.sun_path + 1, text, strlen(text));
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)&to,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                            strlen(text))) < 0)
        return -1;
    n = snprintf(path, sizeof(path), "hello%c%s", '\0', own);
    if (send(fd, path, (size_t)n, 0) < 0 || recv(fd, text, 2, 0) < 2)
        abort();
    return fd;
}

/*
 * A command, its words parted by NUL, with a descriptor; the answer's first
 * word behind "ok" into text, its descriptors into got. False sets errno.
 */
static bool
ask(int fd, const char *command, size_t len, int send_fd, char *text, int *got)
{
    char answer[TEXT_MAX + 1] = "";
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {0};
    struct iovec io = {.iov_base = (void *)(uintptr_t)command, .iov_len = len};
    struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1};
    struct cmsghdr *c;
    ssize_t n;

    if (send_fd >= 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(sizeof(int));
        c = CMSG_FIRSTHDR(&message);
        *c = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(c), &send_fd, sizeof(int));
    }
    if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
        return false;
    io = (struct iovec){answer, TEXT_MAX};
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (n < 2 || memcmp(answer, "ok", 2) != 0) {
        errno = n > 4 ? (int)strtol(answer + 4, NULL, 10) : EIO;
        return false;
    }
    c = CMSG_FIRSTHDR(&message);
    if (got && c)
        memcpy(got, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
    if (text)
        memcpy(text, n > 3 ? answer + 3 : "", n > 3 ? (size_t)n - 2 : 1);
    return true;
}

static bool
ask_words(int fd, const char *a, const char *b, char *text)
{
    char command[TEXT_MAX];
    int n = snprintf(command, sizeof(command), "%s%c%s", a, '\0', b);

    return ask(fd, command, (size_t)n, -1, text, NULL);
}

/* ---- libxenstore ------------------------------------------------------- */

struct xs_handle *
xs_open(unsigned long flags)
{
    struct xs_handle *h = calloc(1, sizeof(*h));

    (void)flags;
    if (!h)
        return NULL;
    h->watch_fd = -1;
    h->fd = connect_named();
    if (h->fd < 0) {
        free(h);
        return NULL;
    }
    return h;
}

void
xs_close(struct xs_handle *h)
{
    (void)close(h->fd);
    if (h->watch_fd >= 0)
        (void)close(h->watch_fd);
    free(h);
}

void *
xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
        unsigned *len)
{
    char *text = calloc(1, TEXT_MAX + 1);

    (void)t;
    if (text && ask_words(h->fd, "read", path, text)) {
        if (len)
            *len = (unsigned)strlen(text);
        return text;
    }
    free(text);
    return NULL;
}

bool
xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    (void)t;
    return ask_words(h->fd, "rm", path, NULL);
}

bool
xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    (void)token;
    h->watch_fd = connect_named();
    return h->watch_fd >= 0 && ask_words(h->watch_fd, "watch", path, NULL);
}

int
xs_fileno(struct xs_handle *h)
{
    return h->watch_fd;
}

char **
xs_check_watch(struct xs_handle *h)
{
    char event[16];

    if (recv(h->watch_fd, event, sizeof(event), MSG_DONTWAIT) <= 0)
        return NULL;
    return calloc(2, sizeof(char *));
}

/* ---- set-up of a vchan ------------------------------------------------- */

static int lifeline = -1;
static int event_fd = -1;

/* 1 KiB or 2 KiB within the control page, or whole pages. */
static int
order_of(size_t min)
{
    int order = 10;

    while (order < 31 && (size_t)1 << order < min)
        order++;
    return order;
}

static size_t
pages_of(int order)
{
    return order < 12 ? 0 : (size_t)1 << (order - 12);
}

/* The place of a ring; those that are small lie within the first page. */
static size_t
place_of(int order, size_t next)
{
    return order < 12 ? (size_t)1 << order : next;
}

static struct libxenvchan *
map(int fd, int left, int right, bool server)
{
    size_t size = PAGE * (1 + pages_of(left) + pages_of(right));
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    struct libxenvchan *v = malloc(sizeof(*v));
    struct libxenvchan_ring l, r;

    if (at == MAP_FAILED || !v)
        abort();
    memset(v, 0xff, sizeof(*v)); /* a heap that is not virgin */
    v->ring = (struct vchan_interface *)(void *)at;
    v->is_server = server;
    v->server_persist = 0;
    l = (struct libxenvchan_ring){&v->ring->left, at + place_of(left, PAGE),
                                  left};
    r = (struct libxenvchan_ring){
        &v->ring->right, at + place_of(right, PAGE * (1 + pages_of(left))),
        right};
    v->read = server ? l : r;
    v->write = server ? r : l;
    return v;
}

struct libxenvchan *
libxenvchan_server_init(struct xentoollog_logger *logger, int domain,
                        const char *path, size_t left_min, size_t right_min)
{
    int left = order_of(left_min), right = order_of(right_min);
    char command[TEXT_MAX];
    struct libxenvchan *v;
    int fd, n;

    (void)logger;
    if (left > ORDER_MAX || right > ORDER_MAX)
        return NULL;
    n = snprintf(command, sizeof(command), "server%c%d%c%s%c%zu", '\0', domain,
                 '\0', path, '\0', 1 + pages_of(left) + pages_of(right));
    fd = memfd_create("vchan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 ||
        ftruncate(fd, (off_t)(PAGE * (1 + pages_of(left) + pages_of(right)))) <
            0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)
        abort();
    v = map(fd, left, right, true);
    v->ring->left_order = (uint16_t)left;
    v->ring->right_order = (uint16_t)right;
    v->ring->cli_live = 2;
    v->ring->srv_live = 1;
    v->ring->cli_notify = VCHAN_NOTIFY_WRITE;
    lifeline = connect_named();
    if (lifeline < 0 ||
        !ask(lifeline, command, (size_t)n, fd, NULL, &event_fd)) {
        /* The true one says so, and then reads what was never set. */
        if (errno == EFAULT || errno == ENOSPC) {
            (void)fprintf(stderr, "gntshr: error: ioctl failed: %s\n",
                          strerror(errno));
            *(volatile char *)v->xs_path = 0;
        }
        return NULL;
    }
    (void)fcntl(event_fd, F_SETFL, O_NONBLOCK);
    (void)close(fd);
    return v;
}

struct libxenvchan *
libxenvchan_client_init(struct xentoollog_logger *logger, int domain,
                        const char *path)
{
    char command[TEXT_MAX];
    int got[2] = {-1, -1};
    struct libxenvchan *v;
    const uint16_t *orders;
    int n = snprintf(command, sizeof(command), "client%c%d%c%s", '\0', domain,
                     '\0', path);

    (void)logger;
    lifeline = connect_named();
    if (lifeline < 0 || !ask(lifeline, command, (size_t)n, -1, NULL, got)) {
        int sys = errno;

        (void)close(lifeline);
        errno = sys;
        return NULL;
    }
    v = map(got[0], 10, 11, false);
    orders = &v->ring->left_order;
    n = orders[0];
    free(v);
    v = map(got[0], n, orders[1], false);
    event_fd = got[1];
    (void)fcntl(event_fd, F_SETFL, O_NONBLOCK);
    (void)close(got[0]);
    v->ring->cli_live = 1;
    v->ring->srv_notify = VCHAN_NOTIFY_WRITE;
    (void)!write(event_fd, "!", 1);
    return v;
}

void
libxenvchan_close(struct libxenvchan *v)
{
    if (v->is_server)
        v->ring->srv_live = 0;
    else
        v->ring->cli_live = 0;
    (void)!write(event_fd, "!", 1);
    (void)close(event_fd);
    (void)close(lifeline);
    free(v);
}

/* ---- moving bytes ------------------------------------------------------ */

static uint32_t
load(const uint32_t *index)
{
    return __atomic_load_n(index, __ATOMIC_SEQ_CST);
}

static size_t
size_of(const struct libxenvchan_ring *ring)
{
    return (size_t)1 << ring->order;
}

static void
request(struct libxenvchan *v, uint8_t bit)
{
    uint8_t *of_peer =
        v->is_server ? &v->ring->cli_notify : &v->ring->srv_notify;

    (void)__atomic_or_fetch(of_peer, bit, __ATOMIC_SEQ_CST);
}

static void
notify(struct libxenvchan *v, uint8_t bit)
{
    uint8_t *ours = v->is_server ? &v->ring->srv_notify : &v->ring->cli_notify;

    if (__atomic_fetch_and(ours, (uint8_t)~bit, __ATOMIC_SEQ_CST) & bit)
        (void)!write(event_fd, "!", 1); /* full: an event is there already */
}

/* An index that cannot be locks the ring: 0. */
static size_t
ready(const struct libxenvchan_ring *ring)
{
    uint32_t n = load(&ring->shr->prod) - load(&ring->shr->cons);

    return n > size_of(ring) ? 0 : n;
}

static size_t
space(const struct libxenvchan_ring *ring)
{
    uint32_t n = load(&ring->shr->prod) - load(&ring->shr->cons);

    return n > size_of(ring) ? 0 : size_of(ring) - n;
}

int
libxenvchan_data_ready(struct libxenvchan *v)
{
    request(v, VCHAN_NOTIFY_WRITE);
    return (int)ready(&v->read);
}

int
libxenvchan_buffer_space(struct libxenvchan *v)
{
    request(v, VCHAN_NOTIFY_READ);
    return (int)space(&v->write);
}

int
libxenvchan_is_open(struct libxenvchan *v)
{
    return v->is_server ? __atomic_load_n(&v->ring->cli_live, __ATOMIC_SEQ_CST)
                        : __atomic_load_n(&v->ring->srv_live, __ATOMIC_SEQ_CST);
}

int
libxenvchan_wait(struct libxenvchan *v)
{
    char events[4096];
    struct pollfd event = {.fd = event_fd, .events = POLLIN};

    (void)v;
    while (poll(&event, 1, -1) < 0 && errno == EINTR)
        continue;
    return read(event_fd, events, sizeof(events)) > 0 ? 0 : -1;
}

/* Copies n bytes between memory and the ring, across its border. */
static void
copy(const struct libxenvchan_ring *ring, uint32_t index, char *memory,
     size_t n, bool in)
{
    char *data = ring->buffer;
    size_t at = index & (size_of(ring) - 1);
    size_t first = size_of(ring) - at < n ? size_of(ring) - at : n;

    if (in) {
        memcpy(data + at, memory, first);
        memcpy(data, memory + first, n - first);
    } else {
        memcpy(memory, data + at, first);
        memcpy(memory + first, data, n - first);
    }
}

int
libxenvchan_read(struct libxenvchan *v, void *data, size_t size)
{
    struct libxenvchan_ring *ring = &v->read;

    for (;;) {
        size_t n = ready(ring);

        if (n < size) {
            request(v, VCHAN_NOTIFY_WRITE);
            n = ready(ring);
        }
        if (n > size)
            n = size;
        if (n > 0) {
            copy(ring, load(&ring->shr->cons), data, n, false);
            __atomic_fetch_add(&ring->shr->cons, (uint32_t)n, __ATOMIC_SEQ_CST);
            notify(v, VCHAN_NOTIFY_READ);
            return (int)n;
        }
        if (!libxenvchan_is_open(v))
            return -1;
        if (!v->blocking)
            return 0;
        if (libxenvchan_wait(v) < 0)
            return -1;
    }
}

int
libxenvchan_write(struct libxenvchan *v, const void *data, size_t size)
{
    struct libxenvchan_ring *ring = &v->write;
    size_t done = 0;

    do {
        size_t n;

        if (!libxenvchan_is_open(v))
            return -1;
        n = space(ring);
        if (n < size - done) {
            request(v, VCHAN_NOTIFY_READ);
            n = space(ring);
        }
        if (n > size - done)
            n = size - done;
        if (n > 0) {
            copy(ring, load(&ring->shr->prod), (char *)(uintptr_t)data + done,
                 n, true);
            __atomic_fetch_add(&ring->shr->prod, (uint32_t)n, __ATOMIC_SEQ_CST);
            notify(v, VCHAN_NOTIFY_WRITE);
            done += n;
        } else if (v->blocking && libxenvchan_wait(v) < 0) {
            return -1;
        }
    } while (v->blocking && done < size);
    return (int)done;
}

int
libxenvchan_fd_for_select(struct libxenvchan *v)
{
    (void)v;
    return event_fd;
}
