#include <errno.h>
#include <forkscope.h>
#include <stdio.h>

static int greet(void *name)
{
    return printf("hello, %s\n", (const char *)name) < 0 ? -EIO : 0;
}

static int body(scoped_spawner scope, void *arg)
{
    (void)arg;
    scoped_spawn_leaf(scope, greet, "world", NULL);         /* in a thread of its own */
    return scoped_sleep_until(SCOPED_FOREVER);              /* cut short by the time limit */
}

int main(void)
{
    struct scoped_options options = { .time_limit = 1 * FORKSCOPE_S };
    int status = scoped_run(&options, body, NULL, NULL);    /* returns when every thread is gone */
    return puts(status == -ETIME ? "time is over" : "something else happened") < 0;
}
