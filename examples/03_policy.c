/*
 * 03_policy.c - what the failure of one task means for the others
 *
 * Shows the same two tasks under two policies: the first failure cancels the rest, and all are
 * collected. Prints how the scopes ended.
 */
#include <forkscope.h>
#include <errno.h>
#include <stdio.h>

static int fail(void *unused)
{
    (void)unused;
    return -ENOENT;
}

static int sleep_a_little(void *unused)
{
    (void)unused;
    return scoped_sleep_until(forkscope_after(200000000));
}

static int run(scoped_spawner root, const char *title, const struct scoped_policy *policy)
{
    struct scoped_options options = { .policy = policy };
    struct scoped_outcome outcome;
    scoped_spawner scope;

    if (scoped_scope_open(root, &options, &scope) < 0)
        return 1;
    scoped_spawn_leaf(scope, sleep_a_little, NULL, NULL);
    scoped_spawn_leaf(scope, fail, NULL, NULL);
    scoped_close(scope, SCOPED_FOREVER, &outcome);
    printf("%s: %s; failed %zu, cancelled %zu\n", title, forkscope_strerror(outcome.status),
           outcome.failed, outcome.cancelled);
    scoped_outcome_fini(&outcome);
    return 0;
}

int main(void)
{
    scoped_spawner root;

    if (scoped_spawner_open(NULL, &root) < 0)
        return 1;
    int rc = run(root, "fail fast", &scoped_fail_fast);
    rc |= run(root, "collect", &scoped_collect);
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
    return rc;
}
