/*
 * Tasks on threads that the program has started itself. One is run by the
 * library, one looks after its signals itself. Prints "task" and
 * "signals", in this order.
 */
#include <forkscope.h>
#include <pthread.h>
#include <stdio.h>

static int task(scoped_spawner self, void *unused)
{
    (void)self;
    (void)unused;
    return puts("task") < 0 ? -1 : 0;
}

static void *run(void *signals)
{
    remote_scope_run(*(struct scoped_child_signals *)signals, task, NULL,
                     NULL);
    return NULL;
}

static void *wait_for_cancel(void *arg)
{
    struct scoped_child_signals *signals = arg;
    struct scoped_cancel_receiver *cancel = signals->cancel_receiver;
    struct scoped_done_sender *done = signals->done_sender;

    if (!scoped_cancel_receiver_poll(cancel))
        scoped_cancel_receiver_wait(cancel);
    puts("signals");
    scoped_cancel_receiver_free(cancel);
    scoped_done_sender_set_status(done, 0);
    scoped_done_sender_free(done);
    return NULL;
}

int main(void)
{
    struct scoped_child_signals first, second;
    pthread_t a, b;
    scoped_spawner root;

    if (scoped_spawner_open(NULL, &root) < 0 ||
        remote_spawner_spawn_raw(root, &first) < 0 ||
        remote_spawner_spawn_raw(root, &second) < 0)
        return 1;
    pthread_create(&a, NULL, run, &first);
    pthread_join(a, NULL);
    pthread_create(&b, NULL, wait_for_cancel, &second);
    int status = scoped_cancel_close(root, SCOPED_FOREVER, NULL);
    pthread_join(b, NULL);
    return status < 0;
}
