/*
 * run.c - scoped_run: a function as the body of a scope
 *
 * The body is a task of the scope, and the scope's spawner is its own as long as it runs. The
 * caller has opened the scope, but does nothing with it before the body is gone; then it waits for
 * the other tasks. So at each moment one thread owns the scope.
 */
#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/scope/cancel_tree.h"
#include "src/scope/current.h"
#include "src/scope/interrupts.h"
#include "src/scope/scope.h"
#include "src/scope/spawn.h"
#include "src/scope/wait_gone.h"

#include <errno.h>

struct run {
    struct node *scope;
    struct node *body;
    struct interrupts interrupts;
};

static int wait_for_all(struct wait wait, const struct run *run)
{
    int error = scoped__wait_gone(wait, run->body, BASE_NEVER);
    return error < 0 ? error : scoped__wait_children(wait, run->scope, 0, BASE_NEVER);
}

/* The caller was cancelled: so is all that it runs, and it waits for that. */
static void cut_short(const struct run *run)
{
    scoped__lock(run->scope->tree);
    scoped__cancel(run->scope);
    scoped__unlock(run->scope->tree);
    wait_for_all(SCOPED_UNCANCELLED, run);
}

/* All tasks are gone. */
static void finish(struct run *run, struct scoped_outcome *ret_outcome)
{
    scoped__interrupts_end(&run->interrupts);
    scoped__node_release(run->body);
    scoped__scope_forget(run->scope, ret_outcome);
    ret_outcome->signal = run->interrupts.first;
}

/* A join lets the thread of the caller be cancelled: its stack must outlive the body. */
static void unwound_in_wait(void *arg)
{
    struct scoped_outcome outcome;
    base__stack_unwound();
    bool was_on = base__cancelable(false);
    cut_short(arg);
    finish(arg, &outcome);
    scoped_outcome_fini(&outcome);
    base__cancelable(was_on);
}

static int wait_or_cut_short(struct wait wait, struct run *run)
{
    int error;
    pthread_cleanup_push(unwound_in_wait, run);
    error = wait_for_all(wait, run);
    pthread_cleanup_pop(0);
    if (error < 0)
        cut_short(run);
    return error;
}

/* Starts what runs in the open scope: the thread that takes signals, and the body. */
static int start(struct run *run, scoped_task_function *body, void *arg)
{
    int error = scoped__interrupts_watch(&run->interrupts, run->scope);
    return error < 0 ? error : scoped__spawn_body(run->scope, body, arg, &run->body);
}

/* Blocks the signals first, so that all threads that are started have them blocked. */
static int begin(struct run *run, const struct scoped_options *options, scoped_task_function *body,
                 void *arg)
{
    struct scoped_outcome none;
    int error = scoped__interrupts_block(&run->interrupts, options->signals);
    if (error < 0)
        return error;
    error = scoped__scope_of_run(options, &run->scope);
    if (error == 0) {
        error = start(run, body, arg);
        if (error == 0)
            return 0;
    }
    scoped__interrupts_end(&run->interrupts);
    if (run->scope != NULL)
        scoped__scope_forget(run->scope, &none);
    return error;
}

int scoped_run(const struct scoped_options *options, scoped_task_function *body, void *arg,
               struct scoped_outcome *ret_outcome)
{
    static const struct scoped_options none;
    struct run run = { .scope = NULL };
    struct scoped_outcome outcome;
    if (body == NULL)
        return -EINVAL;
    struct wait wait = scoped__wait_begin();
    int error = begin(&run, options != NULL ? options : &none, body, arg);
    if (error < 0) {
        scoped__wait_end(wait, 0);
        return error;
    }
    error = wait_or_cut_short(wait, &run);
    finish(&run, &outcome);
    bool unwinds = error < 0 && wait.task != NULL && scoped__node_forced(wait.task);
    if (unwinds)
        scoped_outcome_fini(&outcome);
    scoped__wait_end(wait, unwinds ? -ECANCELED : 0);
    return scoped__outcome_hand_out(&outcome, ret_outcome);
}
