/*
 * 38_capture.c - what a call has printed, also when it crashed
 *
 * Shows capture_limit: the beginning and the end of the output are kept, within a bound, and the
 * call never waits for a reader. Prints how the call ended, how much it has printed, and what was
 * kept of it.
 */
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *talk(json_t *lines)
{
    for (int i = 1; i <= json_integer_value(lines); i++)
        printf("line %d\n", i);
    fprintf(stderr, "this is the end\n");
    abort();
}

int main(int argc, char **argv)
{
    struct procspawn_call_options options = { .capture_limit = 40, .take_argument = true };
    struct procspawn_result result;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    if (procspawn_call_with(&options, talk, json_integer(1000), &result) < 0)
        printf("the call: %s\n", procspawn_error_message(result.error));
    printf("stdout: %ju bytes, %s\n%s", (uintmax_t)result.out.total,
           result.out.truncated ? "truncated" : "whole", result.out.data);
    printf("stderr: %ju bytes, %s\n%s", (uintmax_t)result.err.total,
           result.err.truncated ? "truncated" : "whole", result.err.data);
    procspawn_result_fini(&result);
    return procspawn_fini() == 0 ? 0 : 1;
}
