/*
 * A task calls a function in a process. The time limit of the scope ends
 * both. Prints "time is over".
 */
#include <errno.h>
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static json_t *hang(json_t *null)
{
    pause();
    return json_incref(null);
}

static int body(scoped_spawner scope, void *unused)
{
    (void)unused;
    return scoped_procspawn_call(scope, hang, NULL, NULL, NULL);
}

int main(int argc, char **argv)
{
    struct scoped_options options = { .time_limit = 200 * FORKSCOPE_MS };

    if (procspawn_init(argc, argv) < 0)
        return 1;
    if (scoped_run(&options, body, NULL, NULL) == -ETIME)
        puts("time is over");
    return procspawn_fini();
}
