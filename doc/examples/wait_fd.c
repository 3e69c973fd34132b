/*
 * A task waits for a pipe, until a time limit cuts the wait short. Prints
 * "a byte" and "no more".
 */
#include <errno.h>
#include <forkscope.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static int body(scoped_spawner scope, void *arg)
{
    int *ends = arg, error;
    char byte;

    (void)scope;
    while ((error = scoped_wait_fd_until(ends[0], POLLIN,
                                         SCOPED_FOREVER)) == 0)
        if (read(ends[0], &byte, 1) == 1)
            puts("a byte");
    return error;
}

int main(void)
{
    struct scoped_options options = { .time_limit = 200 * FORKSCOPE_MS };
    int ends[2];

    if (pipe(ends) < 0 || write(ends[1], "x", 1) != 1)
        return 1;
    if (scoped_run(&options, body, ends, NULL) == -ETIME)
        puts("no more");
    close(ends[0]);
    close(ends[1]);
    return 0;
}
