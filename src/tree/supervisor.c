/*
 * supervisor.c - the leaf task that supervises a process, or a call of a pool, of a scope
 *
 * It alone waits for the outcome, and passes it to the holder of the handle. When the
 * task is cancelled its function is interrupted; then its `done` function, which is never
 * interrupted, ends the process and waits until it is gone.
 */
#include "src/tree/supervisor.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/guarded.h"
#include "src/base/shortage.h"
#include "src/call/handle.h"
#include "src/call/outcome.h"
#include "src/error/error.h"
#include "src/error/time_limit.h"
#include "src/scope/self.h"
#include "src/scope/wait.h"
#include "src/wire/protocol.h"
#include "src/tree/failure.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/scope.h>
#include <forkscope/notify.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

static bool has_passed_on(const struct scoped_process *shared)
    NO_THREAD_SAFETY_ANALYSIS("only this thread sets it")
{
    return shared->passed_on;
}

/* Gives the outcome to the holder of the handle. Not cancelled halfway: write(2) is a cancellation
 * point. */
static void pass_on(struct scoped_process *shared)
{
    int cancel;

    if (has_passed_on(shared))
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__scoped_process_enter(shared);
    shared->passed_on = true;
    shared->outcome = shared->process->outcome;
    shared->process->outcome = (struct procspawn__outcome){ .state = PROCSPAWN__CONSUMED };
    procspawn__scoped_process_leave(shared);
    base__event_raise(shared->answered);
    pthread_setcancelstate(cancel, NULL);
}

/* Waits for the outcome and decodes it: if a result cannot be decoded, the task fails. */
static int get_answer(procspawn_handle *process)
{
    int rc = process->kind->answered(process, -1);
    return rc < 0 ? rc : procspawn__outcome_decode(&process->outcome, BASE_NEVER);
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
        if (process->outcome.state == PROCSPAWN__UNDECODED && base__now() >= limit)
            return rc;
        rc = scoped_sleep_until(base__deadline(pause));
        if (rc == 0)
            rc = get_answer(process);
    }
    return rc;
}

static int supervise(void *argument)
{
    struct scoped_process *shared = argument;
    const struct procspawn__handle_kind *kind = shared->process->kind;

    scoped__hide_arg();
    if (shared->name)
        scoped_set_name(shared->name);
    scoped_notify_started();
    int rc = wait_for_answer(shared->process);
    if (rc < 0)
        return rc;
    bool failed = shared->process->outcome.state == PROCSPAWN__FAILED;
    if (failed) {
        procspawn__handle_add_printed(shared->process, shared->process->outcome.error, BASE_NEVER);
        procspawn__explain(PROCSPAWN_ECALL, shared->process->outcome.error);
    }
    pass_on(shared);
    rc = kind->gone(shared->process, -1, NULL);
    if (failed)
        return PROCSPAWN_ECALL;
    return rc == -ECANCELED ? rc : 0;
}

/* The grace of the call or, if it has none, that of its scope. Nanoseconds. */
static int64_t grace_of(const struct scoped_process *shared)
{
    static const int64_t default_grace = 2 * BASE_SECOND;

    if (shared->grace >= 0)
        return shared->grace;
    int64_t grace = scoped__grace();
    return grace > 0 ? grace : default_grace;
}

/* How long to wait before the server is asked again. If the request was sent, the server kills the
 * process at the end of the grace; ten seconds more are left for that. */
static int64_t time_to_go(int told, int64_t grace)
{
    static const int64_t kill_timeout = 10 * BASE_SECOND, soon = BASE_SECOND / 10;

    if (told < 0)
        return soon;
    return grace < BASE_NEVER - kill_timeout ? grace + kill_timeout : -1;
}

/*
 * Ends the process and waits until it is gone, however long that takes: the server may have been
 * stopped, or memory may be short. A shortage of descriptors makes the call fail instead: it could
 * last, and only the answer needs them. A call of a pool does not: the pool's thread receives, and
 * may be at it. 0 or PROCSPAWN_ESERVER.
 */
static int end_and_wait(struct scoped_process *shared, int64_t grace, struct rusage *ret_usage)
{
    const struct procspawn__handle_kind *kind = shared->process->kind;
    int rc = kind->gone(shared->process, 0, ret_usage);

    while (rc < 0 && rc != PROCSPAWN_ESERVER) {
        if (!kind->pooled && (rc == -EMFILE || rc == -ENFILE))
            procspawn__outcome_fail(&shared->process->outcome,
                                    procspawn__error_new(PROCSPAWN_ERROR_IO, -rc,
                                                         "the result cannot be received"));
        if (rc != -ETIMEDOUT)
            poll(NULL, 0, 1);
        int told = kind->end(shared->process, SIGTERM, grace, WIRE_ENDED_BY_SCOPE);
        rc = kind->gone(shared->process, time_to_go(told, grace), ret_usage);
    }
    return rc;
}

/* If the end of the scope killed the process, its error says which scope that is, and why. */
static void name_scope(struct procspawn__outcome *outcome)
{
    char name[SCOPED__NAME_BYTES];

    if (outcome->state != PROCSPAWN__FAILED || !outcome->died ||
        outcome->death.cause != WIRE_ENDED_BY_SCOPE)
        return;
    bool by_limit = scoped__was_ended_by_limit(name);
    procspawn__error_by_scope(outcome->error, name, by_limit);
}

/* The `done` function of the task: always runs, and is not cancelled. */
static void finish(void *argument)
{
    struct scoped_process *shared = argument;
    bool pooled = shared->process->kind->pooled;
    struct rusage usage = { 0 };
    int status = end_and_wait(shared, grace_of(shared), pooled ? NULL : &usage);

    if (!has_passed_on(shared))
        name_scope(&shared->process->outcome);
    procspawn__scoped_process_enter(shared);
    shared->gone_status = status;
    shared->usage = usage;
    shared->has_gone = true;
    procspawn__scoped_process_leave(shared);
    pass_on(shared);
    base__event_raise(shared->gone);
    procspawn__scoped_process_drop(shared);
}

int procspawn__supervisor_start(struct scoped_process *shared, scoped_spawner spawner,
                                struct scoped_parent_signals *ret_signals)
    NO_THREAD_SAFETY_ANALYSIS("its task has not started, or does not start")
{
    shared->references = 2;
    int rc = ret_signals ? scoped_spawn_leaf_with_signal(spawner, supervise, shared, finish,
                                                         ret_signals)
                         : scoped_spawn_leaf(spawner, supervise, shared, finish);
    if (rc < 0)
        shared->references = 1;
    return rc;
}

void procspawn__supervisor_end(struct scoped_process *shared)
{
    struct wait section = scoped__uncancelled_begin();

    end_and_wait(shared, 0, NULL);
    scoped__uncancelled_end(section);
}
