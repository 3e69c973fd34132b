/*
 * A call with options: what the function reads from stdin, what it
 * prints, and a limit for its time. Prints "HELLO".
 */
#include <ctype.h>
#include <forkscope.h>
#include <stdio.h>
#include <string.h>

static json_t *shout(json_t *null)
{
    int c;

    while ((c = getchar()) != EOF)
        putchar(toupper(c));
    return json_incref(null);
}

int main(int argc, char **argv)
{
    const char *text = "hello";
    struct procspawn_call_options options = {
        .run_limit = 10 * FORKSCOPE_S,
        .capture_limit = 4096,
        .input = text,
        .input_size = strlen(text),
    };
    struct procspawn_result result;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    if (procspawn_call_with(&options, shout, NULL, &result) == 0)
        puts(result.out.data);
    procspawn_result_fini(&result);
    return procspawn_fini();
}
