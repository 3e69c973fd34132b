/*
 * 05_acquire.c - what a task holds is given back, however the task ends
 *
 * Shows scoped_acquire, which opens a file and registers its close in one step that no cancel can
 * divide, and scoped_release, which gives it back earlier. The first file is released by the task,
 * the second one when the task is cancelled, and the third one cannot be opened. Prints each close.
 */
#include <errno.h>
#include <fcntl.h>
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static intptr_t open_file(void *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static void close_file(intptr_t fd)
{
    puts("a file is closed");
    close((int)fd);
}

static int use_files(void *arg)
{
    static char present[] = "/dev/null", absent[] = "/dev/null/absent";
    intptr_t first, second, third;

    (void)arg;
    int rc = scoped_acquire(open_file, present, close_file, &first);
    if (rc < 0)
        return rc;
    puts("the task releases");
    scoped_release(first, close_file);
    if ((rc = scoped_acquire(open_file, present, close_file, &second)) < 0)
        return rc;
    rc = scoped_acquire(open_file, absent, close_file, &third);
    printf("the third: %s\n", forkscope_strerror(rc));
    scoped_notify_started();
    return scoped_sleep_until(SCOPED_FOREVER);
}

static int body(scoped_spawner scope, void *arg)
{
    struct scoped_task *task;

    int rc = scoped_start_leaf(scope, NULL, use_files, arg, &task);
    if (rc < 0)
        return rc;
    scoped_task_wait_started_until(task, SCOPED_FOREVER);
    puts("the task is cancelled");
    scoped_task_cancel(task);
    return scoped_task_join(task, NULL) == -ECANCELED ? 0 : -EPROTO;
}

int main(void)
{
    return scoped_run(NULL, body, NULL, NULL) == 0 ? 0 : 1;
}
