/*
 * thread.c - the executor that gives each task a thread of its own
 */
#include "src/executor/executor.h"

#include "src/base/thread.h"
#include "src/scope/task.h"

#include <errno.h>
#include <stdlib.h>

/*
 * The default executor. It has no attribute object: its threads have the defaults of
 * pthread_create.
 */
static struct scoped_executor thread_executor = { scoped__execute_detached };

struct call {
    void (*run)(void *arg);
    void *arg;
};

struct scoped_executor *scoped_thread_executor(void)
{
    return &thread_executor;
}

int scoped_thread_executor_new(const struct scoped_thread_attributes *attributes,
                               struct scoped_executor **ret_executor)
{
    struct thread_executor *executor = malloc(sizeof *executor);
    if (executor == NULL)
        return -ENOMEM;
    int error = scoped__attributes_init(&executor->attributes, attributes);
    if (error < 0) {
        free(executor);
        return error;
    }
    executor->base.execute = scoped__execute_detached;
    *ret_executor = &executor->base;
    return 0;
}

static const struct attributes *attributes_of(struct scoped_executor *self)
{
    return self == &thread_executor ? NULL : &((struct thread_executor *)self)->attributes;
}

static const pthread_attr_t *attr_of(struct scoped_executor *self)
{
    const struct attributes *attributes = attributes_of(self);
    return attributes == NULL ? NULL : &attributes->attr;
}

static void *run_call(void *arg)
{
    struct call call = *(struct call *)arg;
    free(arg);
    base__cancelable(false);
    call.run(call.arg);
    return NULL;
}

/*
 * Starts a detached thread. Only user-made executors that pass their tasks on to this one come
 * here; the library's own tasks get joinable threads from scoped__start_thread.
 */
int scoped__execute_detached(struct scoped_executor *self, void (*run)(void *arg), void *arg)
{
    struct call *call = malloc(sizeof *call);
    if (call == NULL)
        return -ENOMEM;
    *call = (struct call){ run, arg };
    pthread_t thread;
    int error = pthread_create(&thread, attr_of(self), run_call, call);
    if (error != 0) {
        free(call);
        return -error;
    }
    pthread_detach(thread);
    return 0;
}

/*
 * The thread starts with cancellation on, but it is not cancelled before its node has entered
 * NODE_RUNNING.
 */
static void *thread_main(void *arg)
{
    struct node *node = arg;
    base__cancelable(false);
    const struct attributes *attributes = attributes_of(node->executor);
    if (attributes != NULL)
        scoped__attributes_apply(attributes);
    scoped__task_run(node, NULL);
    return NULL;
}

int scoped__start_thread(struct node *node)
{
    struct tree *tree = node->tree;
    pthread_t thread;
    int error = pthread_create(&thread, attr_of(node->executor), thread_main, node);
    if (error != 0)
        return -error;
    scoped__lock(tree);
    scoped__node_joinable(node, thread);
    scoped__node_unref(node);
    scoped__unlock(tree);
    return 0;
}
