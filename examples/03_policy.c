/*
 * 03_policy.c - what the failure of one task means for the others
 *
 * Shows the same two tasks under two policies: the first failure cancels the rest, and all are
 * collected. Prints how the scopes ended.
 */
#include <errno.h>
#include <forkscope.h>
#include <stdio.h>

static int fail(void *unused)
{
    (void)unused;
    return -ENOENT;
}

static int sleep_a_little(void *unused)
{
    (void)unused;
    return scoped_sleep(200 * FORKSCOPE_MS);
}

static int body(scoped_spawner scope, void *arg)
{
    int rc = scoped_spawn_leaf(scope, sleep_a_little, arg, NULL);
    return rc < 0 ? rc : scoped_spawn_leaf(scope, fail, arg, NULL);
}

static void run(const char *title, const struct scoped_policy *policy)
{
    struct scoped_options options = { .policy = policy };
    struct scoped_outcome outcome = { .status = 0 };

    int status = scoped_run(&options, body, NULL, &outcome);
    printf("%s: %s; failed %zu, cancelled %zu\n", title, forkscope_strerror(status),
           outcome.failed, outcome.cancelled);
    scoped_outcome_fini(&outcome);
}

int main(void)
{
    run("fail fast", &scoped_fail_fast);
    run("collect", &scoped_collect);
    return 0;
}
