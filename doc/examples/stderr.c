/*
 * What a process printed last before it failed. Prints "it worked".
 */
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *read_settings(json_t *argument)
{
    fprintf(stderr, "settings.conf: no such file\n");
    exit(argument ? 1 : 2);
}

int main(int argc, char **argv)
{
    procspawn_builder *builder = procspawn_builder_new();
    struct procspawn_call_options options = { .builder = builder };
    struct procspawn_result result;
    const char *printed;

    if (!builder || procspawn_init(argc, argv) < 0)
        return 1;
    procspawn_builder_capture(builder, 64 * 1024, false);
    procspawn_call_with(&options, read_settings, NULL, &result);
    printed = procspawn_error_stderr(result.error);
    if (printed && strcmp(printed, "settings.conf: no such file\n") == 0)
        puts("it worked");
    procspawn_result_fini(&result);
    procspawn_builder_free(builder);
    return procspawn_fini();
}
