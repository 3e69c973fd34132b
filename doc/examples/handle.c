/*
 * The life of a handle: a call is started, asked to end, waited for, and
 * all that is known of its end is printed: "terminated by 15".
 */
#include <forkscope.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static json_t *wait_for_ever(json_t *null)
{
    pause();
    return json_incref(null);
}

int main(int argc, char **argv)
{
    struct procspawn_result result;
    procspawn_handle *handle;

    if (procspawn_init(argc, argv) < 0 ||
        procspawn_start(NULL, wait_for_ever, NULL, &handle) < 0)
        return 1;
    if (procspawn_pid(handle) <= 0)
        return 1;
    procspawn_terminate(handle, SIGTERM, 10 * FORKSCOPE_S);

    struct pollfd readable = { procspawn_fd(handle), POLLIN, 0 };
    poll(&readable, 1, -1);
    procspawn_wait(handle, NULL);
    procspawn_finish(handle, -1, &result);          /* takes the handle */
    if (procspawn_error_cause(result.error) == PROCSPAWN_CAUSE_KILLED)
        printf("terminated by %d\n", procspawn_error_signal(result.error));
    procspawn_result_fini(&result);
    return procspawn_fini();
}
