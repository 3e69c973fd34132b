/*
 * bind.c - a process as a child of a scope: the one place where the halves meet
 *
 * A leaf task keeps the process: it is the only one who listens to it, and passes on what it hears. When
 * the task is cancelled its function is cut short; then its `done`, which nothing cuts short, ends the
 * process and waits until it is gone. So a process obeys its scope by the rules of tasks alone.
 */
#include "src/proc/handle.h"

#include "src/base/clock.h"
#include "src/scope/wait.h"
#include <errno.h>
#include <forkscope/tree.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What the keeper and the holder of the handle share; the last one frees it. */
struct tie {
    unsigned references;            /* atomic */
    procspawn_handle *process;      /* heard by the keeper alone; ended by anybody */
    int64_t grace;
    pthread_mutex_t lock;           /* guards what follows */
    bool passed_on;
    struct procspawn__answer answer;
    int gone_status;
    struct rusage usage;
    int answered;                   /* eventfds: readable when it is so */
    int gone;
};

/* The third kind of handle. */
struct bound {
    procspawn_handle handle;
    struct tie *tie;
};

static void tie_drop(struct tie *tie)
{
    if (__atomic_sub_fetch(&tie->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    procspawn_handle_free(tie->process);
    procspawn__answer_fini(&tie->answer);
    pthread_mutex_destroy(&tie->lock);
    if (tie->answered >= 0)
        close(tie->answered);
    if (tie->gone >= 0)
        close(tie->gone);
    free(tie);
}

/* ---- the keeper ---- */

static void pass_on(struct tie *tie)
{
    if (tie->passed_on)
        return;
    pthread_mutex_lock(&tie->lock);
    tie->passed_on = true;
    tie->answer = tie->process->answer;
    tie->process->answer = (struct procspawn__answer){ .outcome = PROCSPAWN__CONSUMED };
    pthread_mutex_unlock(&tie->lock);
    eventfd_write(tie->answered, 1);
}

static int keep(void *argument)
{
    struct tie *tie = argument;
    const struct procspawn__handle_kind *kind = tie->process->kind;

    int rc = kind->answered(tie->process, -1);
    if (rc < 0)
        return rc;
    bool failed = tie->process->answer.outcome == PROCSPAWN__FAILED;
    pass_on(tie);
    kind->gone(tie->process, -1, NULL);
    return failed ? PROCSPAWN_ECALL : 0;
}

/* Runs in any case, and uncancelled: what is still there is ended now. */
static void finish(void *argument)
{
    struct tie *tie = argument;
    const struct procspawn__handle_kind *kind = tie->process->kind;

    if (kind->gone(tie->process, 0, NULL) == -ETIMEDOUT)
        kind->end(tie->process, SIGTERM, tie->grace);
    tie->gone_status = kind->gone(tie->process, -1, &tie->usage);
    pass_on(tie);
    eventfd_write(tie->gone, 1);
    tie_drop(tie);
}

/* ---- the handle ---- */

static struct tie *tie_of(const procspawn_handle *handle)
{
    return ((const struct bound *)(const void *)handle)->tie;
}

static int bound_answered(procspawn_handle *handle, int64_t timeout)
{
    struct tie *tie = tie_of(handle);

    if (handle->answer.outcome != PROCSPAWN__PENDING)
        return 0;
    int rc = scoped__wait_fd(tie->answered, POLLIN, base__deadline(timeout));
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&tie->lock);
    handle->answer = tie->answer;
    tie->answer = (struct procspawn__answer){ .outcome = PROCSPAWN__CONSUMED };
    pthread_mutex_unlock(&tie->lock);
    return 0;
}

static int bound_gone(procspawn_handle *handle, int64_t timeout, struct rusage *ret_usage)
{
    struct tie *tie = tie_of(handle);
    int rc = scoped__wait_fd(tie->gone, POLLIN, base__deadline(timeout));

    if (rc == 0)
        rc = tie->gone_status;
    if (rc == 0 && ret_usage)
        *ret_usage = tie->usage;
    return rc;
}

static int bound_end(procspawn_handle *handle, int signal, int64_t grace)
{
    procspawn_handle *process = tie_of(handle)->process;
    return process->kind->end(process, signal, grace);
}

static pid_t bound_pid(const procspawn_handle *handle)
{
    const procspawn_handle *process = tie_of(handle)->process;
    return process->kind->pid(process);
}

static int bound_fd(const procspawn_handle *handle)
{
    return tie_of(handle)->answered;
}

static void bound_drop(procspawn_handle *handle)
{
    tie_drop(tie_of(handle));
    procspawn__handle_fini(handle);
    free(handle);
}

static const struct procspawn__handle_kind kind = {
    .answered = bound_answered,
    .gone = bound_gone,
    .end = bound_end,
    .pid = bound_pid,
    .fd = bound_fd,
    .drop = bound_drop,
};

/* ---- the beginning ---- */

static struct bound *bound_new(int64_t grace)
{
    struct bound *bound = calloc(1, sizeof *bound);
    struct tie *tie = calloc(1, sizeof *tie);

    if (!bound || !tie) {
        free(bound);
        free(tie);
        return NULL;
    }
    procspawn__handle_init(&bound->handle, &kind);
    bound->tie = tie;
    tie->references = 1;
    tie->grace = grace;
    pthread_mutex_init(&tie->lock, NULL);
    tie->answered = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    tie->gone = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return bound;
}

static void take_pipes(struct bound *bound)
{
    for (int i = 0; i < 3; i++) {
        bound->handle.pipes[i] = bound->tie->process->pipes[i];
        bound->tie->process->pipes[i] = -1;
    }
}

/* A process that no task keeps is ended at once; nobody has heard of it. */
static int start(struct bound *bound, scoped_spawner spawner, procspawn_builder *builder,
                 procspawn_function *function, json_t *argument)
{
    struct tie *tie = bound->tie;

    if (tie->answered < 0 || tie->gone < 0)
        return -EMFILE;
    int rc = procspawn_builder_spawn(builder, function, argument, &tie->process);
    if (rc < 0)
        return rc;
    take_pipes(bound);
    tie->references = 2;
    rc = scoped_spawn_leaf(spawner, keep, tie, finish);
    if (rc == 0)
        return 0;
    tie->references = 1;
    procspawn_kill(tie->process);
    procspawn_wait(tie->process, -1, NULL);
    return rc;
}

int scoped_procspawn(scoped_spawner spawner, procspawn_builder *builder,
                     procspawn_function *function, json_t *argument,
                     procspawn_handle **ret_handle)
{
    static const int64_t default_grace = 2 * BASE_SECOND;
    struct bound *bound = bound_new(builder && builder->has_grace ? builder->grace : default_grace);
    int cancel;

    if (!bound)
        return -ENOMEM;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = start(bound, spawner, builder, function, argument);
    if (rc == 0 && ret_handle)
        *ret_handle = &bound->handle;
    else
        bound_drop(&bound->handle);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}
