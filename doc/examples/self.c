/*
 * What a task asks and says of itself, and how it cancels itself. Prints
 * "loop has a limit", "colour: red" and "cancelled".
 */
#include <errno.h>
#include <forkscope.h>
#include <stdio.h>

static const char colour;

static int loop(scoped_spawner self, void *unused)
{
    (void)unused;
    scoped_set_name("loop");
    if (scoped_ends_at() < SCOPED_FOREVER)
        puts("loop has a limit");
    printf("colour: %s\n", (const char *)scoped_lookup(&colour));
    scoped_cancel(self);
    if (scoped_cancelled())
        puts("cancelled");
    while (scoped_checkpoint() == 0)    /* the task ends here */
        continue;
    return -ECANCELED;
}

int main(void)
{
    static char red[] = "red";
    struct scoped_binding bindings[] = { { &colour, red }, { NULL, NULL } };
    struct scoped_options options = {
        .time_limit = 30 * FORKSCOPE_S,
        .bindings = bindings,
    };

    return scoped_run(&options, loop, NULL, NULL) != -ECANCELED;
}
