#include "src/scope/executor.h"

#include "src/base/thread.h"
#include "src/scope/task.h"

#include <errno.h>
#include <stdlib.h>

struct call {
    void (*run)(void *arg);
    void *arg;
};

static void *run_call(void *arg)
{
    struct call call = *(struct call *)arg;
    free(arg);
    base__cancelable(false);
    call.run(call.arg);
    return NULL;
}

/*
 * A detached thread, for executors of the user's that hand on to this one. The library's own tasks
 * have joined threads instead: see start_thread.
 */
static int execute_detached(struct scoped_executor *self, void (*run)(void *arg), void *arg)
{
    (void)self;
    struct call *call = malloc(sizeof *call);
    if (call == NULL)
        return -ENOMEM;
    *call = (struct call){ run, arg };
    pthread_t thread;
    int error = pthread_create(&thread, NULL, run_call, call);
    if (error != 0) {
        free(call);
        return -error;
    }
    pthread_detach(thread);
    return 0;
}

static struct scoped_executor thread_executor = { execute_detached };

struct scoped_executor *scoped_thread_executor(void)
{
    return &thread_executor;
}

bool scoped__executor_forces(const struct scoped_executor *executor)
{
    return executor->execute == execute_detached;
}

bool scoped__executor_joins(const struct scoped_executor *executor)
{
    return executor->execute == execute_detached;
}

/* A thread starts with cancellation on, but nobody cancels it before it has said that it runs. */
static void *thread_main(void *arg)
{
    base__cancelable(false);
    scoped__task_run(arg);
    return NULL;
}

static int start_thread(struct node *node)
{
    struct tree *tree = node->tree;
    pthread_t thread;
    int error = pthread_create(&thread, NULL, thread_main, node);
    if (error != 0)
        return -error;
    scoped__lock(tree);
    scoped__node_joinable(node, thread);
    scoped__node_unref(node);
    scoped__unlock(tree);
    return 0;
}

/* The node may be gone already: a waiter has run it meanwhile. */
static void run_queued(void *arg)
{
    struct node *node = arg;
    if (scoped__task_claim(node))
        scoped__task_run(node);
    scoped__node_release(node);
}

int scoped__executor_start(struct node *node)
{
    if (node->executor->execute == execute_detached)
        return start_thread(node);
    int error = node->executor->execute(node->executor, run_queued, node);
    return error > 0 ? -EIO : error;
}
