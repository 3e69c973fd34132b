/*
 * A task as one object, watched by poll(2). Prints "started" and
 * "result: 42".
 */
#include <forkscope.h>
#include <poll.h>
#include <stdio.h>

static int answer(void *number)
{
    scoped_notify_started();
    scoped_set_result(number);
    return 0;
}

static int body(scoped_spawner scope, void *unused)
{
    static int number = 42;
    struct scoped_task_options options = { .name = "answer" };
    struct scoped_task *task;
    struct pollfd gone = { .events = POLLIN };
    void *result;

    (void)unused;
    if (scoped_start_leaf(scope, &options, answer, &number, &task) < 0)
        return -1;
    if (scoped_task_wait_started_until(task, SCOPED_FOREVER) == 0)
        puts("started");
    if (scoped_task_fd(task, &gone.fd) == 0)
        poll(&gone, 1, -1);
    if (scoped_task_join(task, &result) == 0)
        printf("result: %d\n", *(int *)result);
    return 0;
}

int main(void)
{
    return scoped_run(NULL, body, NULL, NULL) < 0;
}
