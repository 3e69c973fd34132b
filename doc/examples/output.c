/*
 * What a call has printed, in the memory of its caller, bounded in size.
 * Prints "out: hello" and "err: 6 bytes".
 */
#include <forkscope.h>
#include <stdio.h>

static json_t *talk(json_t *null)
{
    printf("hello\n");
    fprintf(stderr, "world\n");
    return json_incref(null);
}

int main(int argc, char **argv)
{
    struct procspawn_output out, err;
    procspawn_handle *handle;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_builder_capture(builder, 4096, false);
    if (procspawn_builder_spawn(builder, talk, NULL, &handle) < 0 ||
        procspawn_join(handle, NULL, NULL) < 0)
        return 1;
    if (procspawn_captured_stdout(handle, &out) == 0 &&
        procspawn_captured_stderr(handle, &err) == 0)
        printf("out: %serr: %zu bytes\n", out.data, err.size);
    procspawn_handle_free(handle);
    procspawn_builder_free(builder);
    return procspawn_fini();
}
