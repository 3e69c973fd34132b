/*
 * 04_first_success.c - three ways to the same answer: the first that arrives ends the others
 *
 * Shows a scope with a policy and a deadline: the first success cancels the rest, wherever they
 * wait, and every failure is told. Prints the answer, how the other tasks ended, and the failure
 * with its path.
 */
#include <errno.h>
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static int broken(void *arg)
{
    (void)arg;
    scoped_set_name("broken");
    return -EIO;
}

static int slow(void *arg)
{
    (void)arg;
    pause();
    return 0;
}

static int quick(void *arg)
{
    scoped_set_result(arg);
    return 0;
}

int main(void)
{
    struct scoped_options options = {
        .name = "ways",
        .policy = &scoped_first_success,
        .until = forkscope_after(INT64_C(10000000000)),
    };
    struct scoped_parent_signals signals;
    struct scoped_outcome outcome;
    scoped_spawner root, ways;

    if (scoped_spawner_open(NULL, &root) < 0 || scoped_scope_open(root, &options, &ways) < 0)
        return 1;
    scoped_spawn_leaf(ways, slow, NULL, NULL);
    if (scoped_spawn_leaf_with_signal(ways, broken, NULL, NULL, &signals) < 0)
        return 1;
    scoped_done_receiver_wait(signals.done_receiver);
    scoped_done_receiver_free(signals.done_receiver);
    scoped_cancel_sender_forget(signals.cancel_sender);
    scoped_spawn_leaf(ways, quick, "forty-two", NULL);
    scoped_close(ways, SCOPED_FOREVER, &outcome);

    printf("answer: %s\n", (const char *)outcome.result);
    printf("%zu succeeded, %zu failed, %zu cancelled\n", outcome.succeeded, outcome.failed,
           outcome.cancelled);
    for (const struct scoped_failure *failed = outcome.failures; failed; failed = failed->next)
        printf("%s: %s\n", failed->path, forkscope_strerror(failed->status));
    scoped_outcome_fini(&outcome);
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
    return 0;
}
