/*
 * process.c - a call in a process of its own: receives the messages of its channel
 *
 * Messages are received while a thread waits. The first outcome in the order of the channel counts:
 * the answer of the child, else its death. If the channel ends without one of them, or is full of
 * other messages, the server is asked for the end of the process on its link.
 */
#include "src/call/process.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/thread.h"
#include "src/call/handle.h"
#include "src/call/incoming.h"
#include "src/call/outcome.h"
#include "src/call/stacks.h"
#include "src/client/child_end.h"
#include "src/client/control.h"
#include "src/client/remote_child.h"
#include "src/client/servers.h"
#include "src/error/error.h"
#include "src/error/usage.h"
#include "src/scope/wait_points.h"
#include "src/value/footprint.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

static struct procspawn__process *process_of(const procspawn_handle *handle)
{
    return (struct procspawn__process *)(uintptr_t)handle;
}

static void process_drop(procspawn_handle *handle)
{
    struct procspawn__process *process = process_of(handle);

    procspawn__client_unawait(&process->await);
    wire__close(process->child.channel);
    procspawn__handle_fini(handle);
    free(process);
}

static void process_forget(procspawn_handle *handle)
{
    procspawn__handle_forget(handle);
    free(process_of(handle));
}

/* ---- messages ---- */

static bool answered(const struct procspawn__process *process)
{
    return process->handle.outcome.state != PROCSPAWN__PENDING;
}

static void on_death(struct procspawn__process *process, const struct wire_death *death)
{
    process->death = *death;
    process->gone = !death->lingers;
    procspawn__outcome_death(&process->handle.outcome, death);
}

/*
 * End of file. If the server died, the call is lost with it. Else the server has closed the channel
 * and reports the death on its link, because the channel was full; or the child has shut it down.
 */
static void on_end(struct procspawn__process *process)
{
    struct procspawn__outcome *outcome = &process->handle.outcome;

    process->ended = true;
    if (procspawn__client_fate(&process->child) != PROCSPAWN__SERVED) {
        procspawn__outcome_lost(outcome);
        return;
    }
    if (procspawn__client_await(&process->await, &process->child, true) == 0 &&
        process->await.known) {
        on_death(process, &process->await.death);
        return;
    }
    procspawn__client_answered(&process->child);
    procspawn__outcome_fail(outcome, procspawn__error_new(PROCSPAWN_ERROR_REMOTE_CLOSE, 0,
                                                          "the process closed its channel"));
}

/* The program has closed the descriptor: no answer can be received, so the process is ended. */
static void on_closed(struct procspawn__process *process)
{
    process->ended = true;
    procspawn__outcome_fail(&process->handle.outcome,
                            procspawn__error_new(PROCSPAWN_ERROR_IO, EBADF,
                                                 "this program has closed the channel of "
                                                 "the call"));
    if (procspawn__client_fate(&process->child) == PROCSPAWN__SERVED)
        procspawn__client_await(&process->await, &process->child, true);
}

/* The child has sent a malformed message. */
static void on_broken(struct procspawn__process *process)
{
    procspawn__client_try_end_child(&process->child, SIGKILL, 0, WIRE_ENDED_BY_KILL);
    procspawn__client_answered(&process->child);
    procspawn__outcome_fail(&process->handle.outcome,
                            procspawn__error_new(PROCSPAWN_ERROR_IO, EPROTO,
                                                 "the process sent what is no message"));
}

static void act(struct procspawn__process *process, const struct procspawn__incoming *incoming,
                bool was_answered)
{
    switch (incoming->kind) {
    case PROCSPAWN__INCOMING_RESULT:
    case PROCSPAWN__INCOMING_FAILURE:
        if (!was_answered)
            procspawn__client_answered(&process->child);
        break;
    case PROCSPAWN__INCOMING_REBORN:
        procspawn__remote_child_reborn(&process->child, &incoming->reborn);
        break;
    case PROCSPAWN__INCOMING_DEATH:
        on_death(process, &incoming->death);
        break;
    case PROCSPAWN__INCOMING_END:
        on_end(process);
        break;
    case PROCSPAWN__INCOMING_CLOSED:
        on_closed(process);
        break;
    case PROCSPAWN__INCOMING_BROKEN:
        on_broken(process);
        break;
    case PROCSPAWN__INCOMING_NOTHING:
    case PROCSPAWN__INCOMING_IGNORED:
    case PROCSPAWN__INCOMING_REFUSED:
    case PROCSPAWN__INCOMING_BACKTRACE:
        break;
    }
}

/*
 * Receives one message into the buffer. 0; -EAGAIN: there is none now; or a shortage of this
 * process, -errno: the message is left in the channel. After the answer no descriptors are needed,
 * so a shortage of descriptors does not count any more.
 */
static int take_in(struct procspawn__process *process, struct procspawn__encoded **buffer)
{
    bool was_answered = answered(process);
    struct procspawn__incoming incoming;

    procspawn__incoming_receive(&process->child, buffer, was_answered, &process->limit, NULL,
                                &process->handle.outcome, &incoming);
    act(process, &incoming, was_answered);
    return incoming.error;
}

static bool has_more(const struct procspawn__process *process)
{
    return !process->ended && !process->gone &&
           process->handle.outcome.state == PROCSPAWN__PENDING;
}

/*
 * The process has ended, so its answer, if any, is in the channel; messages of other processes may
 * come before it, and never stop. 0, or the shortage that prevents the reception.
 */
static int take_in_rest(struct procspawn__process *process)
{
    enum { REST = 2048 };       /* more than a socket holds */
    bool cancelable = base__cancelable(false);
    struct procspawn__encoded *buffer = NULL;
    int rc = 0;

    for (int i = 0; rc == 0 && i < REST && has_more(process); i++)
        rc = take_in(process, &buffer);
    free(buffer);
    base__cancelable(cancelable);
    return rc == -EAGAIN ? 0 : rc;
}

/* Asks for the end of the process: its server or, if that died, the root. */
static void look_beside(struct procspawn__process *process)
{
    struct procspawn__outcome *outcome = &process->handle.outcome;
    int rc = procspawn__client_await(&process->await, &process->child, process->ended);

    if (rc > 0 || take_in_rest(process) < 0 || process->gone)
        return;
    process->gone = true;
    process->lost = rc < 0;
    process->death = process->await.death;
    if (process->lost)
        procspawn__outcome_lost(outcome);
    else if (process->await.known)
        procspawn__outcome_death(outcome, &process->death);
    else
        procspawn__outcome_fail(outcome, procspawn__error_new(PROCSPAWN_ERROR_REMOTE_CLOSE, 0,
                                                              "the process has ended"));
}

/* ---- waiting ---- */

typedef bool condition(const struct procspawn__process *process);

static bool gone(const struct procspawn__process *process)
{
    return process->gone;
}

static int take_in_until(struct procspawn__process *process, condition *reached)
{
    /* A child may send messages faster than they are read: the caller checks its deadline. */
    enum { AT_ONCE = 64 };
    struct procspawn__encoded *buffer = NULL;
    int cancel, rc = 0;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    for (int i = 0; rc == 0 && i < AT_ONCE && !process->ended && !reached(process); i++)
        rc = take_in(process, &buffer);
    free(buffer);
    pthread_setcancelstate(cancel, NULL);
    process->flooded |= rc == 0 && !reached(process);
    return rc == -EAGAIN ? 0 : rc;
}

/*
 * The server and the root were killed, so nobody ends processes that the child has left, and these
 * hold the channel: its end may never come.
 */
static void look_for_loss(struct procspawn__process *process)
{
    if (procspawn__client_fate(&process->child) == PROCSPAWN__LEFT_NOTHING)
        look_beside(process);
}

/*
 * Waits for a message. If the channel may never bring the awaited one, the wait is short and the
 * server is asked again: another thread may have received its message and not woken this one.
 */
static int wait_for_news(struct procspawn__process *process, int64_t deadline)
{
    static const int64_t recheck = BASE_SECOND / 20, rarely = BASE_SECOND;
    int64_t until = base__deadline(process->flooded ? recheck : rarely);

    if (!process->ended && !base__fd_is_ours(process->child.channel))
        return 0;
    int rc = process->ended ? procspawn__client_wait(deadline)
                            : scoped__wait_fd(process->child.channel, POLLIN,
                                              until < deadline ? until : deadline);
    if (rc != -ETIMEDOUT)
        return rc;
    if (process->ended || process->flooded)
        return 0;
    look_for_loss(process);
    return base__now() < deadline ? 0 : rc;
}

static int wait_until(struct procspawn__process *process, condition *reached, int64_t timeout)
{
    int64_t deadline = base__deadline(timeout);

    /* After procspawn_fini() there is no link to wait on, so look before the first wait. */
    if (process->ended && !reached(process))
        look_beside(process);
    while (!reached(process)) {
        int rc = wait_for_news(process, deadline);
        if (rc == 0 && !process->gone)
            rc = take_in_until(process, reached);
        if (rc < 0)
            return rc;
        if ((process->ended || process->flooded) && !reached(process))
            look_beside(process);
        if (!reached(process) && base__now() >= deadline)
            return -ETIMEDOUT;
    }
    return 0;
}

static int process_answered(procspawn_handle *handle, int64_t timeout)
{
    return wait_until(process_of(handle), answered, timeout);
}

static int process_gone(procspawn_handle *handle, int64_t timeout, struct rusage *ret_usage)
{
    struct procspawn__process *process = process_of(handle);
    int rc = wait_until(process, gone, timeout);

    if (rc < 0)
        return rc;
    if (process->lost)
        return PROCSPAWN_ESERVER;
    if (ret_usage)
        procspawn__usage_of(&process->death, ret_usage);
    return 0;
}

/* ---- the rest ---- */

static int process_end(procspawn_handle *handle, int signal, int64_t grace,
                       enum wire_end_cause cause)
{
    return procspawn__client_end_child(&process_of(handle)->child, signal, grace, cause);
}

static int process_try_kill(procspawn_handle *handle)
{
    int rc = procspawn__client_try_end_child(&process_of(handle)->child, SIGKILL, 0,
                                             WIRE_ENDED_BY_PROGRAM);
    return rc == -EPIPE ? 0 : rc;
}

static int process_stacks(procspawn_handle *handle, int64_t deadline, procspawn_error **ret_report)
{
    struct procspawn__process *process = process_of(handle);

    return process->gone || process->ended ? -ESRCH
                                           : procspawn__stacks(&process->child, deadline, ret_report);
}

static pid_t process_pid(const procspawn_handle *handle)
{
    return procspawn__remote_child_pid(&process_of(handle)->child);
}

static int process_fd(const procspawn_handle *handle)
{
    return process_of(handle)->child.channel;
}

static const struct procspawn__handle_kind kind = {
    .answered = process_answered,
    .gone = process_gone,
    .end = process_end,
    .try_kill = process_try_kill,
    .stacks = process_stacks,
    .pid = process_pid,
    .fd = process_fd,
    .drop = process_drop,
    .forget = process_forget,
};

struct procspawn__process *procspawn__process_new(void)
{
    struct procspawn__process *process = calloc(1, sizeof *process);

    if (process) {
        procspawn__handle_init(&process->handle, &kind);
        process->limit = (procspawn__limit)PROCSPAWN__LIMIT_DEFAULT;
        process->child.channel = -1;
        process->handle.outcome.times.began = process->handle.called;
    }
    return process;
}
