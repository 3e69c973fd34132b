/*
 * thread.c - the executor that runs each function on a thread of its own
 */
#include "src/executor/thread.h"

#include "src/base/signal_stack.h"
#include "src/base/thread.h"
#include "src/executor/attributes.h"

#include <errno.h>
#include <stdlib.h>

struct thread_executor {
    struct scoped_executor base;
    struct attributes attributes;
};

struct call {
    void (*run)(void *arg);
    void *arg;
};

static int execute(struct scoped_executor *self, void (*run)(void *arg), void *arg);

/*
 * The default executor. It has no attribute object: its threads have the defaults of
 * pthread_create.
 */
static struct scoped_executor default_executor = { execute };

static const struct attributes *attributes_of(const struct scoped_executor *self)
{
    return self == &default_executor ? NULL : &((const struct thread_executor *)self)->attributes;
}

static const pthread_attr_t *attr_of(const struct scoped_executor *self)
{
    const struct attributes *attributes = attributes_of(self);
    return attributes == NULL ? NULL : &attributes->attr;
}

static void *run_call(void *arg)
{
    struct call call = *(struct call *)arg;
    free(arg);
    base__cancelable(false);
    base__signal_stack_begin();
    call.run(call.arg);
    return NULL;
}

/*
 * Starts a detached thread. Only user-made executors that pass their functions on to this one come
 * here; the tasks of scopes get joinable threads from executor__thread_start.
 */
static int execute(struct scoped_executor *self, void (*run)(void *arg), void *arg)
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

int executor__thread_start(struct scoped_executor *executor, void *(*thread_main)(void *arg),
                           void *arg, pthread_t *ret_thread)
{
    return -pthread_create(ret_thread, attr_of(executor), thread_main, arg);
}

void executor__thread_begin(const struct scoped_executor *executor)
{
    const struct attributes *attributes = attributes_of(executor);
    base__cancelable(false);
    base__signal_stack_begin();
    if (attributes != NULL)
        executor__attributes_apply(attributes);
}

bool executor__is_thread(const struct scoped_executor *executor)
{
    return executor->execute == execute;
}

struct scoped_executor *scoped_thread_executor(void)
{
    return &default_executor;
}

int scoped_thread_executor_new(const struct scoped_thread_attributes *attributes,
                               struct scoped_executor **ret_executor)
{
    struct thread_executor *executor = malloc(sizeof *executor);
    if (executor == NULL)
        return -ENOMEM;
    int error = executor__attributes_init(&executor->attributes, attributes);
    if (error < 0) {
        free(executor);
        return error;
    }
    executor->base.execute = execute;
    *ret_executor = &executor->base;
    return 0;
}

void executor__thread_free(struct scoped_executor *executor)
{
    if (executor == &default_executor)
        return;
    executor__attributes_fini(&((struct thread_executor *)executor)->attributes);
    free(executor);
}
