/*
 * 23_timeout.c - two limits: how long somebody waits, and how long a call may take
 *
 * Shows procspawn_join_timeout, which gives up waiting and loses nothing, and a builder's deadline,
 * which ends the call. Prints how the two end.
 */
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static const int64_t tenth = 100000000;

static json_t *hang(json_t *argument)
{
    while (pause() < 0)
        continue;
    return argument;
}

int main(int argc, char **argv)
{
    procspawn_builder *builder;
    procspawn_handle *handle;
    procspawn_error *error;

    if (procspawn_init(argc, argv) < 0 || !(builder = procspawn_builder_new()))
        return 1;
    procspawn_builder_total_limit(builder, 3 * tenth);
    if (procspawn_builder_spawn(builder, hang, NULL, &handle) < 0)
        return 1;
    int rc = procspawn_join_timeout(handle, tenth, NULL, NULL);
    printf("waiting a little: %s\n", forkscope_strerror(rc));
    if (procspawn_join(handle, NULL, &error) != PROCSPAWN_ECALL)
        return 1;
    printf("the call itself: %s: %s\n", procspawn_error_kind_name(procspawn_error_kind(error)),
           procspawn_error_message(error));
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    procspawn_builder_free(builder);
    return procspawn_fini() == 0 ? 0 : 1;
}
