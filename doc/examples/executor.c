/*
 * An executor of the program's own, here one that starts the threads of
 * the library's default executor and counts them. Prints "2 tasks".
 */
#include <forkscope.h>
#include <stdatomic.h>
#include <stdio.h>

struct counting {
    struct scoped_executor base;
    atomic_int tasks;
};

static scoped_execute_function count;

static int count(struct scoped_executor *self, void (*run)(void *arg),
                 void *arg)
{
    struct scoped_executor *threads = scoped_thread_executor();

    atomic_fetch_add(&((struct counting *)self)->tasks, 1);
    return threads->execute(threads, run, arg);
}

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

int main(void)
{
    struct counting executor = { .base = { count } };
    scoped_spawner root;

    if (scoped_spawner_open(&executor.base, &root) < 0)
        return 1;
    scoped_spawn_leaf(root, nothing, NULL, NULL);
    scoped_spawn_leaf(root, nothing, NULL, NULL);
    if (scoped_close(root, SCOPED_FOREVER, NULL) < 0)
        return 1;
    return printf("%d tasks\n", executor.tasks) < 0;
}
