/*
 * 10_glib_pool.c - tasks on a pool of GLib's, through an executor of 15 lines
 *
 * Shows scoped_execute_function for GThreadPool, with two threads for a tree of 31 tasks: a task
 * that waits for its children runs those that no thread has come to, so the pool cannot run out. On
 * a pool of the user's, cancelling only asks: the library's waits return -ECANCELED and the task
 * returns by itself; its thread is GLib's and is never cancelled. Prints how many tasks ran, and
 * how the last one took being asked.
 */
#include <errno.h>
#include <forkscope.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

struct glib_executor {
    struct scoped_executor base;
    GThreadPool *pool;
};

struct call {
    void (*run)(void *arg);
    void *arg;
};

static void run_call(gpointer data, gpointer unused)
{
    struct call call = *(struct call *)data;
    (void)unused;
    free(data);
    call.run(call.arg);
}

static int push_call(struct scoped_executor *self, void (*run)(void *arg), void *arg)
{
    struct call *call = malloc(sizeof *call);
    if (call == NULL)
        return -ENOMEM;
    *call = (struct call){ run, arg };
    /* It reports failure to start a thread, but the call is queued all the same. */
    g_thread_pool_push(((struct glib_executor *)self)->pool, call, NULL);
    return 0;
}

static gint tasks_run;

static int branch(scoped_spawner self, void *height)
{
    intptr_t left = (intptr_t)height;
    scoped_spawner scope;
    g_atomic_int_inc(&tasks_run);
    if (left == 0 || scoped_scope_open(self, NULL, &scope) < 0)
        return 0;
    scoped_spawn(scope, branch, (void *)(left - 1), NULL);
    scoped_spawn(scope, branch, (void *)(left - 1), NULL);
    return scoped_close(scope, SCOPED_FOREVER, NULL);
}

static int until_asked(void *arg)
{
    (void)arg;
    scoped_notify_started();
    return scoped_sleep_until(SCOPED_FOREVER);
}

static int status_of(struct scoped_parent_signals *task)
{
    int status = 0;
    scoped_done_receiver_wait(task->done_receiver);
    scoped_done_receiver_status(task->done_receiver, &status);
    scoped_done_receiver_free(task->done_receiver);
    return status;
}

int main(void)
{
    struct glib_executor executor = { .base = { push_call } };
    struct scoped_parent_signals task;
    scoped_spawner root;

    executor.pool = g_thread_pool_new(run_call, NULL, 2, FALSE, NULL);
    if (scoped_spawner_open(&executor.base, &root) < 0)
        return 1;
    if (scoped_spawn_with_signal(root, branch, (void *)4, NULL, &task) < 0)
        return 1;
    scoped_cancel_sender_forget(task.cancel_sender);
    status_of(&task);
    printf("%d tasks ran\n", g_atomic_int_get(&tasks_run));

    if (scoped_spawn_leaf_with_signal(root, until_asked, NULL, NULL, &task) < 0)
        return 1;
    scoped_done_receiver_wait_started_until(task.done_receiver, SCOPED_FOREVER);
    scoped_cancel_sender_free(task.cancel_sender);
    printf("asked: %s\n", status_of(&task) == -ECANCELED ? "its wait returned -ECANCELED" : "?");

    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
    g_thread_pool_free(executor.pool, FALSE, TRUE);
    return 0;
}
