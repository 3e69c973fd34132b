/*
 * 01_tasks.c - two tasks in threads of their own, under a root that nothing outlives
 *
 * Shows scoped_spawn_leaf and the root's close, which waits until the threads are gone. Prints the
 * two halves of a sum, each added up by its own task, and the sum.
 */
#include <forkscope.h>
#include <stdio.h>

static int add_up(void *range)
{
    long *r = range;
    for (long i = r[0]; i < r[1]; i++)
        r[2] += i;
    return 0;
}

int main(void)
{
    long halves[2][3] = { { 0, 500 }, { 500, 1000 } };
    struct scoped_parent_signals tasks[2];
    scoped_spawner root;

    if (scoped_spawner_open(NULL, &root) < 0)
        return 1;
    for (int i = 0; i < 2; i++) {
        if (scoped_spawn_leaf_with_signal(root, add_up, halves[i], NULL, &tasks[i]) < 0)
            return 1;
    }
    for (int i = 0; i < 2; i++) {
        scoped_done_receiver_wait(tasks[i].done_receiver);
        scoped_done_receiver_free(tasks[i].done_receiver);
        scoped_cancel_sender_forget(tasks[i].cancel_sender);
    }
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
    printf("%ld + %ld = %ld\n", halves[0][2], halves[1][2], halves[0][2] + halves[1][2]);
    return 0;
}
