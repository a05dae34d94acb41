/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "build/solve.h"
#include "bundle/limits.h"

/* Address space: 84,000 packages take about 110 MiB. */
#define MEMORY (1 * SP_GIB)
/* Seconds of one processor; the largest distribution takes three. */
enum { CPU_SECONDS = 300, TURN_MS = 200 };
/* The longest plan: 16,384 packages of three lines. */
#define MAX_PLAN_BYTES (64 * SP_MIB)

/* What the child is to do; it has a copy of it all. */
struct task {
    const struct sp_request *request; /* NULL: the newest of repos[0] */
    const char *arch;
    const struct sp_resolve_repo *repos;
    size_t n_repos;
    const struct sp_groups *groups;
    const int *files; /* solve with these alone */
    const struct sp_plan *planned;
};

/* ---- in the child ------------------------------------------------------ */

static struct sp_pool_repo
pool_repo(const struct task *task, size_t i)
{
    const struct sp_resolve_repo *given = &task->repos[i];

    return (struct sp_pool_repo){
        .id = given->repo->id,
        .number = i,
        .primary_fd = given->primary_fd,
        .filelists_fd = given->filelists_fd,
        .priority = (int)given->repo->priority,
        .cost = (int)given->repo->cost,
        .includes = given->repo->includepkgs,
        .excludes = given->repo->excludepkgs,
    };
}

static int
add_repos(struct sp_pool *pool, const struct task *task,
          struct sp_pool_repo *repos, struct sp_error *err)
{
    for (size_t i = 0; i < task->n_repos; i++) {
        repos[i] = pool_repo(task, i);
        if (sp_pool_add_repo(pool, &repos[i], err) < 0)
            return -1;
    }
    return 0;
}

static int
add_files(struct sp_pool *pool, const struct task *task,
          const struct sp_pool_repo *repo, struct sp_error *err)
{
    for (size_t i = 0; task->files && i < task->planned->n; i++)
        if (sp_pool_add_file(pool, repo, task->files[i],
                             &task->planned->packages[i], err) < 0)
            return -1;
    return 0;
}

static int
solve_request(struct sp_pool *pool, const struct task *task,
              struct sp_plan *plan, struct sp_error *err)
{
    const struct sp_pool_repo downloads = {
        .id = "@downloaded", .primary_fd = -1, .filelists_fd = -1};
    SP_AUTO_FREE struct sp_pool_repo *repos =
        calloc(task->n_repos + 1, sizeof(*repos));
    struct sp_want want = {0};
    int status = -1;

    if (!repos)
        return sp_fail(err, "no-memory", "no memory for the repositories");
    if (sp_want_read(task->request, &want, err) == 0 &&
        sp_pool_add_installed(pool, task->request, err) == 0 &&
        add_repos(pool, task, repos, err) == 0 &&
        add_files(pool, task, &downloads, err) == 0) {
        pool->groups = task->groups;
        sp_pool_ready(pool, &want.excludes);
        status = sp_solve(pool, &want, plan, err);
    }
    sp_want_release(&want);
    return status;
}

static int
take_newest(struct sp_pool *pool, const struct task *task, struct sp_plan *plan,
            struct sp_error *err)
{
    const struct sp_repo_words none = {0};
    struct sp_pool_repo repo = {0};

    if (add_repos(pool, task, &repo, err) < 0)
        return -1;
    sp_pool_ready(pool, &none);
    return sp_newest(pool, plan, err);
}

static int
work(const struct task *task, struct sp_plan *plan, struct sp_error *err)
{
    struct sp_pool pool;
    int status = sp_pool_open(&pool, task->arch, err);

    if (status == 0)
        status = task->request ? solve_request(&pool, task, plan, err)
                               : take_newest(&pool, task, plan, err);
    sp_pool_close(&pool);
    return status;
}

/* Moves *fd to the number `to`, which is free or may go. */
static int
settle(int *fd, int to)
{
    if (*fd < 0 || *fd == to)
        return 0;
    if (dup2(*fd, to) < 0)
        return -1;
    *fd = to;
    return 0;
}

/* Above all others, so that no move hits one that is still to be moved. */
static int
lift(int *fd, int above)
{
    if (*fd < 0)
        return 0;
    *fd = fcntl(*fd, F_DUPFD_CLOEXEC, above);
    return *fd < 0 ? -1 : 0;
}

/* Collects what the child keeps: pipe 3, then metadata, then packages. */
static size_t
list_descriptors(struct task *task, struct sp_resolve_repo *repos, int *files,
                 int *pipe_fd, int **list)
{
    size_t n = 0;

    list[n++] = pipe_fd;
    for (size_t i = 0; i < task->n_repos; i++) {
        list[n++] = &repos[i].primary_fd;
        list[n++] = &repos[i].filelists_fd;
    }
    for (size_t i = 0; task->files && i < task->planned->n; i++)
        list[n++] = &files[i];
    return n;
}

static int
enter_jail(int **fds, size_t n, struct sp_error *err)
{
    const struct rlimit cpu = {CPU_SECONDS, CPU_SECONDS};
    const struct rlimit many = {4096 + n, 4096 + n};
    struct sp_jail jail = {.kind = SP_JAIL_INDEX, .max_memory = MEMORY};
    int next = 3;

    /* Room to move; packages of a large plan are all open at once. */
    (void)setrlimit(RLIMIT_NOFILE, &many);
    for (size_t i = 0; i < n; i++)
        if (lift(fds[i], (int)n + 4) < 0)
            return sp_fail_sys(err, errno, "sandbox",
                               "cannot move a descriptor");
    for (size_t i = 0; i < n; i++)
        if (*fds[i] >= 0 && settle(fds[i], next++) < 0)
            return sp_fail_sys(err, errno, "sandbox", "cannot move one");
    (void)close(0);
    (void)close(1);
    jail.keep_fds = (unsigned)next;
    if (setrlimit(RLIMIT_CPU, &cpu) < 0)
        return sp_fail_sys(err, errno, "sandbox", "cannot limit time");
    return sp_jail_enter(&jail, NULL, err);
}

/* "fault WORD MESSAGE", then the plan as far as it came. */
static void
answer(int fd, const struct sp_plan *plan, const struct sp_error *err)
{
    struct sp_text text = {0};

    if (err->code != SP_OK)
        sp_text_add(&text, "fault %s %s\n", err->detail, err->msg);
    sp_plan_print(plan, &text);
    if (!text.failed)
        (void)sp_write_full(fd, text.bytes, text.size);
    sp_text_release(&text);
}

static _Noreturn void
child(struct task task, int pipe_fd)
{
    size_t n_files = task.files ? task.planned->n : 0;
    SP_AUTO_FREE struct sp_resolve_repo *repos =
        calloc(task.n_repos + 1, sizeof(*repos));
    SP_AUTO_FREE int *files = calloc(n_files + 1, sizeof(*files));
    SP_AUTO_FREE int **list =
        calloc(1 + 2 * task.n_repos + n_files, sizeof(int *));
    struct sp_plan plan = {0};
    struct sp_error err = {0};

    if (!repos || !files || !list)
        _exit(1);
    if (task.n_repos > 0)
        memcpy(repos, task.repos, task.n_repos * sizeof(*repos));
    if (n_files > 0)
        memcpy(files, task.files, n_files * sizeof(*files));
    if (enter_jail(list, list_descriptors(&task, repos, files, &pipe_fd, list),
                   &err) == 0) {
        task.repos = repos;
        task.files = task.files ? files : NULL;
        (void)work(&task, &plan, &err);
    }
    answer(pipe_fd, &plan, &err);
    _exit(0);
}

/* ---- in the parent ----------------------------------------------------- */

static int
read_answer(int fd, const struct sp_build_hooks *hooks, struct sp_text *ret,
            struct sp_error *err)
{
    const struct sp_build_progress progress = {.phase = "solve"};
    char bytes[8192 + 1];

    for (;;) {
        struct pollfd one = {.fd = fd, .events = POLLIN};
        ssize_t n;

        sp_hooks_progress(hooks, &progress);
        if (sp_hooks_stopped(hooks, err) < 0)
            return -1;
        if (poll(&one, 1, TURN_MS) <= 0)
            continue;
        n = sp_read_some(fd, bytes, 1024);
        if (n < 0)
            return sp_fail_sys(err, errno, "io", "cannot read the plan");
        if (n == 0)
            return 0;
        bytes[n] = '\0';
        if (memchr(bytes, '\0', (size_t)n) || ret->size > MAX_PLAN_BYTES)
            return sp_fail(err, "protocol", "the solver sends no plan");
        sp_text_add(ret, "%s", bytes);
        if (ret->failed)
            return sp_fail(err, "no-memory", "no memory for the plan");
    }
}

static int
judge_ending(int wait_status, struct sp_error *err)
{
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0)
        return 0;
    if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGXCPU)
        return sp_fail(err, "too-slow", "the solver found no end in %d seconds",
                       CPU_SECONDS);
    if (WIFSIGNALED(wait_status))
        return sp_fail(err, "worker-died", "the solver died of signal %d",
                       WTERMSIG(wait_status));
    return sp_fail(err, "worker-died", "the solver ended with status %d",
                   WEXITSTATUS(wait_status));
}

/* The fault of the child, whose word must be one of ours. */
static int
take_fault(char *line, struct sp_error *err)
{
    char *word = sp_lines_value(line);
    char *message = sp_lines_value(word);
    char shown[SP_MESSAGE_MAX];

    if (!sp_reason_find(word))
        return sp_fail(err, "protocol", "the solver said an unknown word");
    sp_text_show(shown, sizeof(shown), message);
    return sp_fail(err, word, "%s", shown);
}

static int
take_answer(const struct sp_text *text, size_t n_repos, struct sp_plan *ret,
            struct sp_error *err)
{
    struct sp_lines lines = {.text = text->bytes, .size = text->size};
    struct sp_error fault = {0};
    char line[SP_LINE_MAX];
    bool bad = false;

    if (text->size == 0)
        return sp_fail(err, "worker-died", "the solver said nothing");
    if (strncmp(text->bytes, "fault ", 6) != 0)
        return sp_plan_parse(text->bytes, text->size, n_repos, ret, err);
    if (!sp_lines_next(&lines, line, &bad))
        return sp_fail(err, "protocol", "the solver's fault has no end");
    (void)take_fault(line, &fault);
    /* Its notes may say more; what is wrong with them does not count. */
    (void)sp_plan_parse(text->bytes + lines.offset, text->size - lines.offset,
                        n_repos, ret, err);
    *err = fault;
    return -1;
}

static int
finish(pid_t pid, int fd, size_t n_repos, const struct sp_build_hooks *hooks,
       struct sp_plan *ret, struct sp_error *err)
{
    struct sp_text text = {0};
    int wait_status = 0;
    int status = read_answer(fd, hooks, &text, err);

    if (status < 0)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
        continue;
    if (status == 0)
        status = judge_ending(wait_status, err);
    if (status == 0)
        status = take_answer(&text, n_repos, ret, err);
    sp_text_release(&text);
    return status;
}

static int
run(const struct task *task, const struct sp_build_hooks *hooks,
    struct sp_plan *ret, struct sp_error *err)
{
    /* The downloads of a self-check are repository 0. */
    size_t n_repos = task->n_repos ? task->n_repos : 1;
    SP_AUTO_FD reader = -1;
    pid_t parent = getpid();
    pid_t pid;
    int ends[2];

    memset(ret, 0, sizeof(*ret));
    if (task->n_repos > SP_RESOLVE_REPOS_MAX)
        return sp_fail(err, "too-many-files", "more than %d repositories",
                       (int)SP_RESOLVE_REPOS_MAX);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "no pipe for the solver");
    reader = ends[0];
    pid = fork();
    if (pid == 0) {
        /* The parent may be gone before the death signal is set. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
            _exit(1);
        child(*task, ends[1]);
    }
    (void)close(ends[1]);
    if (pid < 0)
        return sp_fail_sys(err, errno, "internal", "cannot start the solver");
    return finish(pid, reader, n_repos, hooks, ret, err);
}

static int
view_text(struct sp_view view, char *dst, size_t size, struct sp_error *err)
{
    if (view.size >= size)
        return sp_fail(err, "usage", "the architecture has a long name");
    memcpy(dst, view.bytes, view.size);
    dst[view.size] = '\0';
    return 0;
}

static int
resolve(struct task task, const struct sp_build_hooks *hooks,
        struct sp_plan *ret, struct sp_error *err)
{
    char arch[SP_ARCH_MAX + 1];

    memset(ret, 0, sizeof(*ret));
    if (view_text(task.request->arch, arch, sizeof(arch), err) < 0)
        return -1;
    task.arch = arch;
    return run(&task, hooks, ret, err);
}

int
sp_resolve_files(const struct sp_request *request,
                 const struct sp_groups *groups, const int *files,
                 const struct sp_plan *plan, const struct sp_build_hooks *hooks,
                 struct sp_plan *ret, struct sp_error *err)
{
    const struct task task = {
        .request = request, .groups = groups, .files = files, .planned = plan};

    return resolve(task, hooks, ret, err);
}

int
sp_resolve(const struct sp_request *request,
           const struct sp_resolve_repo *repos, size_t n_repos,
           const struct sp_groups *groups, const struct sp_build_hooks *hooks,
           struct sp_plan *ret, struct sp_error *err)
{
    const struct task task = {.request = request,
                              .repos = repos,
                              .n_repos = n_repos,
                              .groups = groups};

    return resolve(task, hooks, ret, err);
}

int
sp_resolve_newest(const struct sp_resolve_repo *repo, const char *arch,
                  const struct sp_build_hooks *hooks, struct sp_plan *ret,
                  struct sp_error *err)
{
    const struct task task = {.arch = arch, .repos = repo, .n_repos = 1};

    return run(&task, hooks, ret, err);
}
