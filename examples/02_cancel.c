/*
 * 02_cancel.c - cancelling a task, and everything below it
 *
 * Shows a task with a child, both asleep, and scoped_task_cancel; scoped_defer and `done` show the
 * order of the end. Prints who cleans up, children before parents' `done`, and the task's status.
 */
#include <forkscope.h>
#include <stdio.h>

static void clean_up(void *name)
{
    printf("%s cleans up\n", (const char *)name);
}

static void done(void *name)
{
    printf("%s is done\n", (const char *)name);
}

static const struct scoped_task_options options = { .done = done };

static int child(void *name)
{
    scoped_defer(clean_up, name);
    scoped_notify_started();
    return scoped_sleep_until(SCOPED_FOREVER);
}

static int parent(scoped_spawner self, void *name)
{
    static char of_child[] = "the child";
    struct scoped_task *task;

    scoped_defer(clean_up, name);
    int rc = scoped_start_leaf(self, &options, child, of_child, &task);
    if (rc < 0)
        return rc;
    scoped_task_wait_started_until(task, SCOPED_FOREVER);
    scoped_task_free(task);
    scoped_notify_started();
    return scoped_sleep_until(SCOPED_FOREVER);
}

static int body(scoped_spawner scope, void *arg)
{
    static char of_parent[] = "the parent";
    struct scoped_task *task;

    (void)arg;
    int rc = scoped_start(scope, &options, parent, of_parent, &task);
    if (rc < 0)
        return rc;
    scoped_task_wait_started_until(task, SCOPED_FOREVER);
    scoped_task_cancel(task);
    printf("status: %s\n", forkscope_strerror(scoped_task_join(task, NULL)));
    return 0;
}

int main(void)
{
    return scoped_run(NULL, body, NULL, NULL) == 0 ? 0 : 1;
}
