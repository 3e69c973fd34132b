/*
 * 07_cancel_fd.c - a task with a loop around poll(2) of its own, which is asked to end
 *
 * Shows scoped_cancel_fd, a descriptor that becomes readable when the task is cancelled, in a scope
 * whose cancel only asks (SCOPED_CANCEL_ASKS). So the task ends at a place of its own choice, and
 * with a status of its own. Prints the requests that it answers, and how it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <forkscope.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char requests[] = "abc";

static int answer(void *arg)
{
    struct pollfd fds[2] = { { .fd = *(int *)arg, .events = POLLIN }, { .events = POLLIN } };
    size_t answered = 0;
    char request;

    int rc = scoped_cancel_fd(&fds[1].fd);
    if (rc < 0)
        return rc;
    while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
        if (read(fds[0].fd, &request, 1) != 1)
            return -EIO;
        printf("answered %c\n", request);
        if (++answered == strlen(requests))
            scoped_notify_started();
    }
    puts("asked to end: nothing is left half done");
    return 0;
}

static int body(scoped_spawner scope, void *arg)
{
    int *pipe_ends = arg;
    struct scoped_task *task;

    int rc = scoped_start_leaf(scope, NULL, answer, &pipe_ends[0], &task);
    if (rc < 0)
        return rc;
    if (write(pipe_ends[1], requests, strlen(requests)) != (ssize_t)strlen(requests))
        return -EIO;
    scoped_task_wait_started_until(task, SCOPED_FOREVER);
    scoped_task_cancel(task);
    return scoped_task_join(task, NULL);
}

int main(void)
{
    struct scoped_options options = { .cancel = SCOPED_CANCEL_ASKS };
    int pipe_ends[2];

    if (pipe2(pipe_ends, O_CLOEXEC) < 0)
        return 1;
    int status = scoped_run(&options, body, pipe_ends, NULL);
    printf("status: %s\n", forkscope_strerror(status));
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return status == 0 ? 0 : 1;
}
