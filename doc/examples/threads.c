/*
 * Executors of the library with attributes: threads with small stacks,
 * one for each task, and threads that are used again. Prints "done"
 * twice.
 */
#include <forkscope.h>
#include <stdio.h>

static int done(void *unused)
{
    (void)unused;
    return puts("done") < 0 ? -1 : 0;
}

static int run_on(struct scoped_executor *executor)
{
    scoped_spawner root;

    if (scoped_spawner_open(executor, &root) < 0)
        return -1;
    scoped_spawn_leaf(root, done, NULL, NULL);
    return scoped_close(root, SCOPED_FOREVER, NULL);
}

int main(void)
{
    struct scoped_thread_attributes attributes = {
        .stack_size = 256 * 1024,
        .name = "worker",
    };
    struct scoped_executor *fresh, *cached;

    if (scoped_thread_executor_new(&attributes, &fresh) < 0)
        return 1;
    if (scoped_cached_executor_new(&attributes, 4, 10 * FORKSCOPE_S,
                                   &cached) < 0)
        return 1;
    int failed = run_on(fresh) < 0 || run_on(cached) < 0;
    scoped_executor_free(fresh);
    scoped_executor_free(cached);
    return failed;
}
