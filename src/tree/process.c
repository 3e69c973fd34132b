/*
 * process.c - a process as a child of a scope
 *
 * A leaf task supervises the process: it alone receives from it, and passes the outcome to the
 * holder of the handle. When the task is cancelled its function is interrupted; then its `done`
 * function, which is never interrupted, ends the process and waits until it is gone. So the rules
 * of tasks apply to the process.
 */
#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/shortage.h"
#include "src/call/builder.h"
#include "src/call/handle.h"
#include "src/call/outcome.h"
#include "src/error/error.h"
#include "src/scope/self.h"
#include "src/scope/wait.h"
#include "src/scope/wait_points.h"
#include "src/wire/frame.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <forkscope/scope.h>
#include <forkscope/signal.h>
#include <forkscope/tree.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

/* Shared by the leaf task and the holder of the handle; the last one frees it. */
struct tie {
    procspawn_handle *process;      /* only the leaf task waits on it; any thread may end it */
    int64_t grace;                  /* negative: the scope's */
    char *name;                     /* NULL: none */
    pthread_mutex_t lock;           /* guards what follows */
    unsigned references;
    bool passed_on, has_gone;
    struct procspawn__answer answer;
    int gone_status;
    struct rusage usage;
    int answered;                   /* eventfd, raised after passed_on is set */
    int gone;                       /* eventfd, raised after has_gone is set */
};

/* The handle; see src/call/handle.h for the other kinds. */
struct bound {
    procspawn_handle handle;
    struct tie *tie;
};

/*
 * The count is guarded by the lock and not atomic: the thread sanitizer of a program sees the locks
 * of a library that is built without it, but not its atomic operations.
 */
static void tie_drop(struct tie *tie)
{
    pthread_mutex_lock(&tie->lock);
    bool last = --tie->references == 0;
    pthread_mutex_unlock(&tie->lock);
    if (!last)
        return;
    procspawn_handle_free(tie->process);
    procspawn__answer_fini(&tie->answer);
    pthread_mutex_destroy(&tie->lock);
    base__fd_close(tie->answered);
    base__fd_close(tie->gone);
    free(tie->name);
    free(tie);
}

/* ---- the leaf task ---- */

/* Gives the outcome to the holder of the handle. Not cancelled halfway: write(2) is a cancellation
 * point. */
static void pass_on(struct tie *tie)
{
    int cancel;

    if (tie->passed_on)
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&tie->lock);
    tie->passed_on = true;
    tie->answer = tie->process->answer;
    tie->process->answer = (struct procspawn__answer){ .outcome = PROCSPAWN__CONSUMED };
    pthread_mutex_unlock(&tie->lock);
    base__event_raise(tie->answered);
    pthread_setcancelstate(cancel, NULL);
}

/* Waits for the outcome and decodes it: if a result cannot be decoded, the task fails. */
static int get_answer(procspawn_handle *process)
{
    int rc = process->kind->answered(process, -1);
    return rc < 0 ? rc : procspawn__answer_decode(&process->answer, BASE_NEVER);
}

/*
 * Waits for the outcome; repeats that during a shortage of memory or descriptors. If there is still
 * no memory to decode the result after a second, gives up: the holder of the handle may try again,
 * and the scope does not wait for that.
 */
static int wait_for_answer(procspawn_handle *process)
{
    static const int64_t pause = BASE_SECOND / 100;
    int rc = get_answer(process);
    int64_t limit = base__deadline(BASE_SECOND);

    while (base__is_shortage(rc)) {
        if (process->answer.outcome == PROCSPAWN__KEPT && base__now() >= limit)
            return rc;
        rc = scoped_sleep_until(base__deadline(pause));
        if (rc == 0)
            rc = get_answer(process);
    }
    return rc;
}

static int keep(void *argument)
{
    struct tie *tie = argument;
    const struct procspawn__handle_kind *kind = tie->process->kind;

    if (tie->name)
        scoped_set_name(tie->name);
    scoped_started();
    int rc = wait_for_answer(tie->process);
    if (rc < 0)
        return rc;
    bool failed = tie->process->answer.outcome == PROCSPAWN__FAILED;
    pass_on(tie);
    rc = kind->gone(tie->process, -1, NULL);
    if (failed)
        return PROCSPAWN_ECALL;
    return rc == -ECANCELED ? rc : 0;
}

/* The grace of the call or, if it has none, that of its scope. Nanoseconds. */
static int64_t grace_of(const struct tie *tie)
{
    static const int64_t default_grace = 2 * BASE_SECOND;

    if (tie->grace >= 0)
        return tie->grace;
    int64_t grace = scoped__grace();
    return grace > 0 ? grace : default_grace;
}

/* How long to wait before the server is asked again. If the request was sent, the server kills the
 * process at the end of the grace; ten seconds more are left for that. */
static int64_t time_to_go(int told, int64_t grace)
{
    static const int64_t patience = 10 * BASE_SECOND, soon = BASE_SECOND / 10;

    if (told < 0)
        return soon;
    return grace < BASE_NEVER - patience ? grace + patience : -1;
}

/*
 * Ends the process and waits until it is gone, however long that takes: the server may have been
 * stopped, or memory may be short. A shortage of descriptors makes the call fail instead: it could
 * last, and only the answer needs them. 0 or PROCSPAWN_ESERVER.
 */
static int end_and_wait(struct tie *tie, int64_t grace, struct rusage *ret_usage)
{
    const struct procspawn__handle_kind *kind = tie->process->kind;
    int rc = kind->gone(tie->process, 0, ret_usage);

    while (rc < 0 && rc != PROCSPAWN_ESERVER) {
        if (rc == -EMFILE || rc == -ENFILE)
            procspawn__answer_fail(&tie->process->answer,
                                   procspawn__error_new(PROCSPAWN_ERROR_IO, -rc,
                                                        "the result cannot be received"));
        if (rc != -ETIMEDOUT)
            poll(NULL, 0, 1);
        int told = kind->end(tie->process, SIGTERM, grace);
        rc = kind->gone(tie->process, time_to_go(told, grace), ret_usage);
    }
    return rc;
}

/* The `done` function of the task: always runs, and is not cancelled. */
static void finish(void *argument)
{
    struct tie *tie = argument;
    struct rusage usage = { 0 };
    int status = end_and_wait(tie, grace_of(tie), &usage);

    pthread_mutex_lock(&tie->lock);
    tie->gone_status = status;
    tie->usage = usage;
    tie->has_gone = true;
    pthread_mutex_unlock(&tie->lock);
    pass_on(tie);
    base__event_raise(tie->gone);
    tie_drop(tie);
}

/* ---- the handle ---- */

static struct tie *tie_of(const procspawn_handle *handle)
{
    return ((const struct bound *)(const void *)handle)->tie;
}

/*
 * Waits until the flag *so is set. The event alone does not prove it: the program may have closed
 * the eventfd.
 */
static int wait_until(struct tie *tie, const bool *so, int event, int64_t deadline)
{
    for (;;) {
        pthread_mutex_lock(&tie->lock);
        bool reached = *so;
        pthread_mutex_unlock(&tie->lock);
        if (reached)
            return 0;
        if (base__now() >= deadline)
            return -ETIMEDOUT;
        int rc = scoped__wait_event(event, deadline);
        if (rc < 0)
            return rc;
    }
}

static int bound_answered(procspawn_handle *handle, int64_t timeout)
{
    struct tie *tie = tie_of(handle);

    if (handle->answer.outcome != PROCSPAWN__PENDING)
        return 0;
    int rc = wait_until(tie, &tie->passed_on, tie->answered, base__deadline(timeout));
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
    int rc = wait_until(tie, &tie->has_gone, tie->gone, base__deadline(timeout));

    if (rc < 0)
        return rc;
    pthread_mutex_lock(&tie->lock);
    rc = tie->gone_status;
    if (rc == 0 && ret_usage)
        *ret_usage = tie->usage;
    pthread_mutex_unlock(&tie->lock);
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

/* In a child by fork(2). The shared state is not freed: the parent's leaf task was using it. */
static void bound_forget(procspawn_handle *handle)
{
    procspawn__handle_forget(handle);
    free(handle);
}

static const struct procspawn__handle_kind kind = {
    .answered = bound_answered,
    .gone = bound_gone,
    .end = bound_end,
    .pid = bound_pid,
    .fd = bound_fd,
    .drop = bound_drop,
    .forget = bound_forget,
};

/* ---- start ---- */

static struct tie *tie_new(const procspawn_builder *builder)
{
    struct tie *tie = calloc(1, sizeof *tie);

    if (!tie)
        return NULL;
    tie->references = 1;
    tie->grace = builder && builder->has_grace ? builder->grace : -1;
    pthread_mutex_init(&tie->lock, NULL);
    tie->answered = base__event();
    tie->gone = base__event();
    if (builder && builder->name)
        tie->name = strdup(builder->name);
    if (builder && builder->name && !tie->name) {
        tie_drop(tie);
        return NULL;
    }
    return tie;
}

static struct bound *bound_new(const procspawn_builder *builder)
{
    struct bound *bound = calloc(1, sizeof *bound);

    if (!bound)
        return NULL;
    bound->tie = tie_new(builder);
    if (!bound->tie) {
        free(bound);
        return NULL;
    }
    procspawn__handle_init(&bound->handle, &kind);
    return bound;
}

static void take_pipes(struct bound *bound)
{
    for (int i = 0; i < 3; i++) {
        bound->handle.pipes[i] = bound->tie->process->pipes[i];
        bound->tie->process->pipes[i] = -1;
    }
}

static int start_supervisor(struct tie *tie, scoped_spawner spawner,
                        struct scoped_parent_signals *ret_signals)
{
    tie->references = 2;
    int rc = ret_signals ? scoped_spawn_leaf_with_signal(spawner, keep, tie, finish, ret_signals)
                         : scoped_spawn_leaf(spawner, keep, tie, finish);
    if (rc < 0)
        tie->references = 1;
    return rc;
}

/* Ends a process whose leaf task could not be started. Waits for its end also if the caller is
 * cancelled meanwhile; otherwise the process would be left. */
static void end_unkept(struct tie *tie)
{
    struct wait hold = scoped__hold();

    end_and_wait(tie, 0, NULL);
    scoped__hold_end(hold);
}

/* Starts the process, then its leaf task. If the task cannot be started the process is ended. */
static int start(struct bound *bound, scoped_spawner spawner, procspawn_builder *builder,
                 procspawn_function *function, json_t *argument,
                 struct scoped_parent_signals *ret_signals)
{
    struct tie *tie = bound->tie;

    if (tie->answered < 0 || tie->gone < 0)
        return tie->answered < 0 ? tie->answered : tie->gone;
    int rc = procspawn_builder_spawn(builder, function, argument, &tie->process);
    if (rc < 0)
        return rc;
    take_pipes(bound);
    rc = start_supervisor(tie, spawner, ret_signals);
    if (rc < 0)
        end_unkept(tie);
    return rc;
}

/* Waits for room in the scope before it starts the process: the leaf task has to follow at once. */
int scoped_procspawn_with_signal(scoped_spawner spawner, procspawn_builder *builder,
                                 procspawn_function *function, json_t *argument,
                                 procspawn_handle **ret_handle,
                                 struct scoped_parent_signals *ret_signals)
{
    int cancel;
    int rc = scoped_scope_wait_room(spawner, SCOPED_FOREVER);

    if (rc < 0)
        return rc;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    struct bound *bound = bound_new(builder);
    rc = bound ? start(bound, spawner, builder, function, argument, ret_signals) : -ENOMEM;
    if (rc == 0 && ret_handle)
        *ret_handle = &bound->handle;
    else if (bound)
        bound_drop(&bound->handle);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int scoped_procspawn(scoped_spawner spawner, procspawn_builder *builder,
                     procspawn_function *function, json_t *argument,
                     procspawn_handle **ret_handle)
{
    return scoped_procspawn_with_signal(spawner, builder, function, argument, ret_handle, NULL);
}
