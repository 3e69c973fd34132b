/*
 * 41_subtree.c - the tree goes on in the process: tasks of a called function
 *
 * Shows procspawn_scope_root, the root of the tasks of a called function. Two tasks compute halves
 * of the result. A third one would never end: it is cancelled when the function returns, and gone
 * before the result is sent. Prints how that task ends, and the result.
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

static void say(void *text)
{
    puts(text);
}

static int never_end(void *text)
{
    scoped_defer(say, text);
    scoped_notify_started();
    return scoped_sleep_until(SCOPED_FOREVER);
}

static int start_all(scoped_spawner root, long ranges[2][3], struct scoped_task *tasks[3])
{
    static char text[] = "in the process: cancelled with the function";

    int rc = scoped_start_leaf(root, NULL, never_end, text, &tasks[2]);
    for (int i = 0; rc == 0 && i < 2; i++)
        rc = scoped_start_leaf(root, NULL, add_up, ranges[i], &tasks[i]);
    return rc;
}

static json_t *sum(json_t *null)
{
    long ranges[2][3] = { { 0, 500 }, { 500, 1000 } };
    struct scoped_task *tasks[3];
    scoped_spawner root;

    (void)null;
    if (procspawn_scope_root(&root) < 0 || start_all(root, ranges, tasks) < 0)
        return procspawn_fail("no root, or no tasks");
    scoped_task_join(tasks[0], NULL);
    scoped_task_join(tasks[1], NULL);
    scoped_task_wait_started_until(tasks[2], SCOPED_FOREVER);
    scoped_task_free(tasks[2]);
    return json_integer(ranges[0][2] + ranges[1][2]);
}

int main(int argc, char **argv)
{
    json_t *result;

    if (procspawn_init(argc, argv) < 0 || procspawn_call(sum, NULL, &result, NULL) < 0)
        return 1;
    printf("the sum: %lld\n", (long long)json_integer_value(result));
    json_decref(result);
    return procspawn_fini() == 0 ? 0 : 1;
}
