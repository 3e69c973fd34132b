/*
 * 24_kill.c - a call that would never end, killed
 *
 * Shows procspawn_kill and how the call's error names its end. Prints the kind and the cause.
 */
#include <forkscope.h>
#include <stdio.h>

static json_t *loop(json_t *argument)
{
    volatile bool forever = true;

    while (forever)
        continue;
    return argument;
}

int main(int argc, char **argv)
{
    procspawn_handle *handle;
    procspawn_error *error;

    if (procspawn_init(argc, argv) < 0 || procspawn(loop, NULL, &handle) < 0)
        return 1;
    if (procspawn_kill(handle) < 0 || procspawn_join(handle, NULL, &error) != PROCSPAWN_ECALL)
        return 1;
    printf("%s, cause: %s\n", procspawn_error_kind_name(procspawn_error_kind(error)),
           procspawn_error_cause_name(procspawn_error_cause(error)));
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    return procspawn_fini() == 0 ? 0 : 1;
}
