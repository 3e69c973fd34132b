/*
 * 68_limits.c - a limit for the function, not for the queue; and a function as a filter
 *
 * Shows run_limit: six calls wait for one worker, longer than the limit, and only the one that runs
 * too long is ended by it. Then input and capture_limit: 100 KB go into stdin, and of what is
 * printed the beginning and the end are kept. Both with typed functions in a set. Prints the
 * results in the order of the calls.
 */
#include <forkscope.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

PROCSPAWN_DEFINE_STATIC(work, int, (int, milliseconds))
{
    usleep((useconds_t)milliseconds * 1000);
    return milliseconds;
}

PROCSPAWN_DEFINE_STATIC(count_stdin, size)
{
    size_t count = 0;

    while (getchar() != EOF)
        count++;
    for (int i = 1; i <= 100000; i++)
        printf("line %d\n", i);
    return count;
}

static void wait_in_a_queue(procspawn_set *set, procspawn_pool *pool)
{
    struct procspawn_call_options options = { .pool = pool, .run_limit = FORKSCOPE_S };
    struct procspawn_result result;
    int milliseconds;

    for (int i = 0; i < 6; i++)
        work_set_start(set, &options, i == 4 ? 60000 : 250, NULL);
    while (procspawn_set_next(set, &result) == 0) {
        if (work_result(&result, &milliseconds) == 0)
            printf("worked for %d ms\n", milliseconds);
        else
            printf("%s\n", procspawn_error_message(result.error));
        procspawn_result_fini(&result);
    }
}

static void filter(procspawn_set *set)
{
    static char text[100000];
    struct procspawn_call_options options = { .input = text,
                                              .input_size = sizeof text,
                                              .capture_limit = 60 };
    struct procspawn_result result;
    size_t bytes;

    memset(text, 'x', sizeof text);
    count_stdin_set_start(set, &options, NULL);
    if (procspawn_set_next(set, &result) < 0)
        return;
    if (count_stdin_result(&result, &bytes) == 0)
        printf("%zu bytes read, %ju printed\n%s", bytes, (uintmax_t)result.out.total,
               result.out.data);
    procspawn_result_fini(&result);
}

int main(int argc, char **argv)
{
    procspawn_pool *pool;
    procspawn_set *set;

    if (procspawn_init(argc, argv) < 0 || procspawn_pool_new(1, &pool) < 0 ||
        procspawn_set_new(&set) < 0)
        return 1;
    wait_in_a_queue(set, pool);
    filter(set);
    procspawn_set_free(set);
    procspawn_pool_free(pool);
    return procspawn_fini() == 0 ? 0 : 1;
}
