/*
 * unwinders.c - a program for tests/unwinders_test.sh
 *
 * The script builds it with and without -fexceptions, linked statically or not, with another
 * unwinder before libgcc's or without. It cancels tasks and prints what ran at their end.
 */
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static void say(const char *text, size_t length)
{
    if (write(STDOUT_FILENO, text, length) < 0)
        _exit(2);
}

static void deferred(void *arg)
{
    (void)arg;
    say("deferred ", 9);
}

static void done(void *arg)
{
    (void)arg;
    say("done\n", 5);
}

static int wait_in_library(void *arg)
{
    scoped_defer(deferred, arg);
    scoped_notify_started();
    return scoped_sleep_until(SCOPED_FOREVER);
}

static int wait_in_system(void *arg)
{
    scoped_defer(deferred, arg);
    scoped_notify_started();
    pause();
    return 0;
}

static int wait_for_child(scoped_spawner self, void *arg)
{
    struct scoped_parent_signals child;
    scoped_defer(deferred, arg);
    if (scoped_spawn_leaf_with_signal(self, wait_in_system, NULL, done, &child) < 0)
        return -1;
    scoped_cancel_sender_forget(child.cancel_sender);
    scoped_defer((void (*)(void *))scoped_done_receiver_free, child.done_receiver);
    scoped_done_receiver_wait_started_until(child.done_receiver, SCOPED_FOREVER);
    scoped_notify_started();
    return scoped_done_receiver_wait(child.done_receiver);
}

static int cancel(struct scoped_parent_signals *signals)
{
    int status = 0;
    scoped_done_receiver_wait_started_until(signals->done_receiver, SCOPED_FOREVER);
    scoped_cancel_sender_free(signals->cancel_sender);
    int64_t deadline = forkscope_after(20000000000);
    int error = scoped_done_receiver_wait_until(signals->done_receiver, deadline);
    scoped_done_receiver_status(signals->done_receiver, &status);
    scoped_done_receiver_free(signals->done_receiver);
    return error == 0 && status < 0 ? 0 : -1;
}

static int cancel_all(scoped_spawner root, scoped_leaf_function *function)
{
    struct scoped_parent_signals signals;
    int error = scoped_spawn_leaf_with_signal(root, function, NULL, done, &signals);
    if (error == 0)
        error = cancel(&signals);
    return error;
}

int main(void)
{
    struct scoped_options waits = { .cancel = SCOPED_CANCEL_WAITS };
    struct scoped_parent_signals signals;
    scoped_spawner root, scope;
    int error = scoped_spawner_open(NULL, &root);
    error |= scoped_scope_open(root, &waits, &scope);
    error |= cancel_all(root, wait_in_library);
    error |= cancel_all(root, wait_in_system);
    error |= cancel_all(scope, wait_in_library);
    error |= scoped_spawn_with_signal(root, wait_for_child, NULL, done, &signals);
    error |= cancel(&signals);
    error |= scoped_cancel_close(root, SCOPED_FOREVER, NULL);
    return error != 0;
}
