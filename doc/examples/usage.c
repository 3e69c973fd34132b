/*
 * What a process used until it was ended by a limit, and what a sanitizer
 * has said of it. Prints "it worked" and "no sanitizer".
 */
#include <forkscope.h>
#include <stdio.h>

static json_t *spin(json_t *argument)
{
    volatile bool forever = true;

    while (forever)
        continue;
    return argument;
}

int main(int argc, char **argv)
{
    struct procspawn_call_options options = {
        .run_limit = 100 * FORKSCOPE_MS,
    };
    struct procspawn_result result;
    struct rusage usage;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    procspawn_call_with(&options, spin, NULL, &result);
    if (procspawn_error_usage(result.error, &usage) == 0 &&
        usage.ru_utime.tv_sec + usage.ru_utime.tv_usec > 0)
        puts("it worked");
    if (procspawn_error_sanitizer(result.error) == NULL)
        puts("no sanitizer");
    procspawn_result_fini(&result);
    return procspawn_fini();
}
