#include "tests/support/task_helpers.h"

struct scoped_parent_signals task;

void task_spawn(scoped_spawner where, scoped_leaf_function *function, void *arg)
{
    CU_ASSERT_FATAL(scoped_spawn_leaf_with_signal(where, function, arg, NULL, &task) == 0);
}

void task_cancel(void)
{
    scoped_cancel_sender_free(task.cancel_sender);
    task.cancel_sender = NULL;
}

int task_status(void)
{
    int status = 1;
    CU_ASSERT(scoped_done_receiver_wait_until(task.done_receiver, soon()) == 0);
    CU_ASSERT(scoped_done_receiver_status(task.done_receiver, &status) == 0);
    scoped_done_receiver_free(task.done_receiver);
    return status;
}

int task_end_status(void)
{
    int status = task_status();
    scoped_cancel_sender_forget(task.cancel_sender);
    return status;
}

int task_return(void *status)
{
    return (int)(intptr_t)status;
}

int task_return_when_released(void *status)
{
    event_happen(started);
    event_wait(released);
    return (int)(intptr_t)status;
}

int task_block(void *arg)
{
    (void)arg;
    event_happen(started);
    block_for_ever();
    return 0;
}
