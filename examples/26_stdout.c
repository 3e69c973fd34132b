/*
 * 26_stdout.c - the standard output of a call, read while it runs
 *
 * Shows a builder's pipe. Prints what the process printed. 38_capture.c lets the library read it.
 */
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static json_t *print(json_t *pair)
{
    printf("%lld %lld\n", (long long)json_integer_value(json_array_get(pair, 0)),
           (long long)json_integer_value(json_array_get(pair, 1)));
    return json_null();
}

int main(int argc, char **argv)
{
    procspawn_builder *builder;
    procspawn_handle *handle;
    char text[64];

    if (procspawn_init(argc, argv) < 0 || !(builder = procspawn_builder_new()))
        return 1;
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    json_t *pair = json_pack("[i, i]", 1, 2);
    if (procspawn_builder_spawn(builder, print, pair, &handle) < 0)
        return 1;
    ssize_t n = read(procspawn_stdout(handle), text, sizeof text);
    if (procspawn_join(handle, NULL, NULL) < 0)
        return 1;
    printf("caught: %.*s", (int)(n > 0 ? n : 0), text);
    procspawn_handle_free(handle);
    procspawn_builder_free(builder);
    json_decref(pair);
    return procspawn_fini() == 0 ? 0 : 1;
}
