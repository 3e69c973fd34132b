/*
 * 23_timeout.c - two limits: how long somebody waits, and how long a call may take
 *
 * Shows procspawn_join_timeout, which gives up waiting and loses nothing, and a limit of the
 * function, which ends the call. Prints how the two end.
 */
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static json_t *hang(json_t *argument)
{
    while (pause() < 0)
        continue;
    return argument;
}

int main(int argc, char **argv)
{
    struct procspawn_call_options options = { .run_limit = 300 * FORKSCOPE_MS };
    procspawn_handle *handle;
    procspawn_error *error;

    if (procspawn_init(argc, argv) < 0 || procspawn_start(&options, hang, NULL, &handle) < 0)
        return 1;
    int rc = procspawn_join_timeout(handle, 100 * FORKSCOPE_MS, NULL, NULL);
    printf("waiting a little: %s\n", forkscope_strerror(rc));
    if (procspawn_join(handle, NULL, &error) != PROCSPAWN_ECALL)
        return 1;
    printf("the call itself: %s: %s\n", procspawn_error_kind_name(procspawn_error_kind(error)),
           procspawn_error_message(error));
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    return procspawn_fini() == 0 ? 0 : 1;
}
