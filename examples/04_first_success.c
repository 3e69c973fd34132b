/*
 * 04_first_success.c - three ways to the same answer: the first that arrives ends the others
 *
 * Shows a scope with a policy and a time limit: the first success cancels the rest, wherever they
 * wait, and every failure is told. Prints the answer, how the other tasks ended, and the failure
 * with its path and its message.
 */
#include <errno.h>
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static int broken(void *arg)
{
    (void)arg;
    return scoped_fail(-EIO, "the disk is gone");
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

static int body(scoped_spawner ways, void *arg)
{
    struct scoped_task_options named = { .name = "broken" };
    struct scoped_task *task;

    (void)arg;
    int rc = scoped_spawn_leaf(ways, slow, NULL, NULL);
    if (rc < 0 || (rc = scoped_start_leaf(ways, &named, broken, NULL, &task)) < 0)
        return rc;
    scoped_task_join(task, NULL);
    return scoped_spawn_leaf(ways, quick, "forty-two", NULL);
}

int main(void)
{
    struct scoped_options options = {
        .name = "ways",
        .policy = &scoped_first_success,
        .time_limit = 10 * FORKSCOPE_S,
    };
    struct scoped_outcome outcome;

    if (scoped_run(&options, body, NULL, &outcome) < 0)
        return 1;
    printf("answer: %s\n", (const char *)outcome.result);
    printf("%zu failed, %zu cancelled\n", outcome.failed, outcome.cancelled);
    for (const struct scoped_failure *failed = outcome.failures; failed; failed = failed->next)
        printf("%s: %s: %s\n", failed->path, failed->message, forkscope_strerror(failed->status));
    scoped_outcome_fini(&outcome);
    return 0;
}
