/*
 * The start and the end of a task, waited for by others: by a function,
 * and by a descriptor. Prints "ready" and "gone".
 */
#include <forkscope.h>
#include <poll.h>
#include <stdio.h>

static int serve(void *unused)
{
    (void)unused;
    return scoped_notify_started();
}

int main(void)
{
    struct scoped_parent_signals signals;
    struct pollfd gone = { .events = POLLIN };
    scoped_spawner root;

    if (scoped_spawner_open(NULL, &root) < 0 ||
        scoped_spawn_leaf_with_signal(root, serve, NULL, NULL,
                                      &signals) < 0)
        return 1;
    scoped_cancel_sender_forget(signals.cancel_sender);
    struct scoped_done_receiver *done = signals.done_receiver;
    if (scoped_done_receiver_wait_started_until(done, SCOPED_FOREVER) == 0)
        puts("ready");
    if (scoped_done_receiver_fd(done, &gone.fd) == 0 &&
        poll(&gone, 1, -1) == 1)
        puts("gone");
    scoped_done_receiver_free(done);
    return scoped_close(root, SCOPED_FOREVER, NULL) < 0;
}
