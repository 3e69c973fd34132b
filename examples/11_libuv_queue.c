/*
 * 11_libuv_queue.c - tasks on libuv's work queue, through an executor of 15 lines
 *
 * Shows an executor for uv_queue_work, and a done descriptor watched by the loop. libuv's loop
 * belongs to one thread, so tasks can only be spawned there, and are leaves; the executor refuses
 * others with an error, which whoever spawned gets. Cancelling only asks: libuv's threads are never
 * cancelled. Prints what the task computed, when the loop hears that it is gone.
 */
#include <errno.h>
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct uv_executor {
    struct scoped_executor base;
    uv_loop_t *loop;
    uv_thread_t thread;
};

struct call {
    uv_work_t work;
    void (*run)(void *arg);
    void *arg;
};

static void run_call(uv_work_t *work)
{
    struct call *call = (struct call *)work;
    call->run(call->arg);
}

static void free_call(uv_work_t *work, int status)
{
    (void)status;
    free(work);
}

static int queue_call(struct scoped_executor *self, void (*run)(void *arg), void *arg)
{
    struct uv_executor *executor = (struct uv_executor *)self;
    uv_thread_t here = uv_thread_self();
    if (!uv_thread_equal(&here, &executor->thread))
        return -EPERM;
    struct call *call = malloc(sizeof *call);
    if (call == NULL)
        return -ENOMEM;
    call->run = run;
    call->arg = arg;
    return uv_queue_work(executor->loop, &call->work, run_call, free_call);
}

static int add_up(void *sum)
{
    for (long i = 0; i < 1000; i++)
        *(long *)sum += i;
    return 0;
}

static void task_is_gone(uv_poll_t *poll, int status, int events)
{
    (void)events;
    printf("gone: %ld%s\n", *(long *)poll->data, status < 0 ? ", badly" : "");
    uv_close((uv_handle_t *)poll, NULL);
}

int main(void)
{
    struct uv_executor executor = { { queue_call }, uv_default_loop(), uv_thread_self() };
    struct scoped_parent_signals task;
    scoped_spawner root;
    uv_poll_t poll;
    long sum = 0;
    int fd;

    if (scoped_spawner_open(&executor.base, &root) < 0 ||
        scoped_spawn_leaf_with_signal(root, add_up, &sum, NULL, &task) < 0 ||
        scoped_done_receiver_fd(task.done_receiver, &fd) < 0)
        return 1;
    scoped_cancel_sender_forget(task.cancel_sender);
    uv_poll_init(executor.loop, &poll, fd);
    poll.data = &sum;
    uv_poll_start(&poll, UV_READABLE, task_is_gone);
    uv_run(executor.loop, UV_RUN_DEFAULT);

    scoped_done_receiver_free(task.done_receiver);
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
    uv_loop_close(executor.loop);
    return 0;
}
