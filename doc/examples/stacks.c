/*
 * Where a call is at, while it runs. Its configuration says that a time
 * limit holds for a process with a debugger, too. Prints "running, in
 * wait_here".
 */
#include <forkscope.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

json_t *wait_here(json_t *argument);

json_t *wait_here(json_t *argument)
{
    while (pause() < 0)
        continue;
    return argument;
}

static bool is_in(const procspawn_error *report, const char *function)
{
    struct procspawn_frame frame;

    for (size_t i = 0; procspawn_error_frame(report, i, &frame) == 0; i++) {
        if (frame.symbol && strcmp(frame.symbol, function) == 0)
            return true;
    }
    return false;
}

/* The process may not have come to the function at first. */
static void find(procspawn_handle *handle)
{
    bool found = false;

    for (int i = 0; i < 100 && !found; i++) {
        procspawn_error *report;
        if (procspawn_stacks(handle, FORKSCOPE_S, &report) < 0)
            continue;
        found = is_in(report, "wait_here");
        if (found)
            printf("%s, in wait_here\n",
                   procspawn_error_kind_name(procspawn_error_kind(report)));
        procspawn_error_free(report);
    }
}

int main(int argc, char **argv)
{
    procspawn_config *config = procspawn_config_new();
    procspawn_handle *handle;

    if (!config)
        return 1;
    procspawn_config_limits_debugged(config, true);
    int rc = procspawn_init_with(config, argc, argv);
    procspawn_config_free(config);
    if (rc < 0 || procspawn(wait_here, NULL, &handle) < 0)
        return 1;
    find(handle);
    procspawn_kill(handle);
    procspawn_handle_free(handle);
    return procspawn_fini();
}
