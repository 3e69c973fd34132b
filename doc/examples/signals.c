/*
 * The two signals of a task: it is cancelled by one, and its end is told
 * by the other. A third sender cancels a whole scope. Prints
 * "cancelled" twice.
 */
#include <errno.h>
#include <forkscope.h>
#include <stdio.h>

static int sleeper(void *unused)
{
    (void)unused;
    return scoped_sleep_until(SCOPED_FOREVER);
}

static void report(struct scoped_done_receiver *receiver)
{
    int status = 0;

    if (scoped_done_receiver_wait(receiver) == 0 &&
        scoped_done_receiver_poll(receiver) == 0 &&
        scoped_done_receiver_status(receiver, &status) == 0)
        puts(status == -ECANCELED ? "cancelled" : "not cancelled");
    scoped_done_receiver_free(receiver);
}

int main(void)
{
    struct scoped_parent_signals signals;
    struct scoped_cancel_sender *all;
    scoped_spawner root;

    if (scoped_spawner_open(NULL, &root) < 0 ||
        scoped_cancel_sender_new(root, &all) < 0)
        return 1;
    if (scoped_spawn_leaf_with_signal(root, sleeper, NULL, NULL,
                                      &signals) < 0)
        return 1;
    scoped_cancel_sender_free(signals.cancel_sender);   /* cancels it */
    report(signals.done_receiver);

    if (scoped_spawn_leaf_with_signal(root, sleeper, NULL, NULL,
                                      &signals) < 0)
        return 1;
    scoped_cancel_sender_forget(signals.cancel_sender); /* does not */
    scoped_cancel_sender_free(all);                     /* this does */
    report(signals.done_receiver);
    return scoped_close(root, SCOPED_FOREVER, NULL) < 0;
}
