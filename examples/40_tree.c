/*
 * 40_tree.c - threads and processes in one tree
 *
 * Shows a scope with a deadline around a task and a process that both never end. Prints that the
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

int main(int argc, char **argv)
{
    struct scoped_options options = { .name = "both", .until = forkscope_after(200000000) };
    struct scoped_outcome outcome;
    scoped_spawner root, scope;
    procspawn_handle *handle;
    procspawn_error *error;

    if (procspawn_init(argc, argv) < 0 || scoped_spawner_open(NULL, &root) < 0 ||
        scoped_scope_open(root, &options, &scope) < 0)
        return 1;
    if (scoped_spawn_leaf(scope, sleep_for_ever, NULL, NULL) < 0 ||
        scoped_procspawn(scope, NULL, hang, NULL, &handle) < 0)
        return 1;
    scoped_close(scope, SCOPED_FOREVER, &outcome);
    printf("cancelled at the deadline: %zu\n", outcome.cancelled);
    scoped_outcome_fini(&outcome);
    if (procspawn_join(handle, NULL, &error) != PROCSPAWN_ECALL)
        return 1;
    printf("the process: %s\n", procspawn_error_cause_name(procspawn_error_cause(error)));
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
    return procspawn_fini() == 0 ? 0 : 1;
}
