/*
 * 02_cancel.c - cancelling a task, and everything below it
 *
 * Shows a task with a child, both asleep, cancelled by freeing the cancel sender; scoped_defer and
 * `done` show the order of the end. Prints who cleans up, children before parents' `done`.
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

static int child(void *name)
{
    scoped_defer(clean_up, name);
    scoped_notify_started();
    return scoped_sleep_until(SCOPED_FOREVER);
}

static int parent(scoped_spawner self, void *name)
{
    static char of_child[] = "the child";
    struct scoped_parent_signals signals;

    scoped_defer(clean_up, name);
    int rc = scoped_spawn_leaf_with_signal(self, child, of_child, done, &signals);
    if (rc < 0)
        return rc;
    scoped_done_receiver_wait_started_until(signals.done_receiver, SCOPED_FOREVER);
    scoped_done_receiver_free(signals.done_receiver);
    scoped_cancel_sender_forget(signals.cancel_sender);
    scoped_notify_started();
    return scoped_sleep_until(SCOPED_FOREVER);
}

int main(void)
{
    static char of_parent[] = "the parent";
    struct scoped_parent_signals signals;
    scoped_spawner root;

    if (scoped_spawner_open(NULL, &root) < 0 ||
        scoped_spawn_with_signal(root, parent, of_parent, done, &signals) < 0)
        return 1;
    scoped_done_receiver_wait_started_until(signals.done_receiver, SCOPED_FOREVER);
    scoped_cancel_sender_free(signals.cancel_sender);
    scoped_done_receiver_wait(signals.done_receiver);
    scoped_done_receiver_free(signals.done_receiver);
    return scoped_cancel_close(root, SCOPED_FOREVER, NULL) == 0 ? 0 : 1;
}
