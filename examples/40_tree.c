/*
 * 40_tree.c - threads and processes in one tree
 *
 * Shows a scope with a time limit around a task and a process that both never end. Prints that the
 * scope ended them, and how the process's call failed.
 */
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static int sleep_for_ever(void *unused)
{
    (void)unused;
    return scoped_sleep_until(SCOPED_FOREVER);
}

static json_t *hang(json_t *argument)
{
    while (pause() < 0)
        continue;
    return argument;
}

static int body(scoped_spawner scope, void *ret_handle)
{
    int rc = scoped_spawn_leaf(scope, sleep_for_ever, NULL, NULL);
    return rc < 0 ? rc : scoped_procspawn(scope, NULL, hang, NULL, ret_handle);
}

int main(int argc, char **argv)
{
    struct scoped_options options = { .name = "both", .time_limit = 200 * FORKSCOPE_MS };
    struct scoped_outcome outcome;
    procspawn_handle *handle = NULL;
    procspawn_error *error;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    int status = scoped_run(&options, body, &handle, &outcome);
    printf("%s: %zu cancelled\n", forkscope_strerror(status), outcome.cancelled);
    scoped_outcome_fini(&outcome);
    if (procspawn_join(handle, NULL, &error) != PROCSPAWN_ECALL)
        return 1;
    printf("the process: %s\n", procspawn_error_message(error));
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    return procspawn_fini() == 0 ? 0 : 1;
}
