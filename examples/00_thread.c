#include <forkscope.h>
#include <stdio.h>

static int tick(void *name)
{
    scoped_sleep_until(SCOPED_FOREVER);     /* cut short when the task is cancelled */
    return printf("%s overslept\n", (char *)name);
}

int main(void)
{
    scoped_spawner root;
    scoped_spawner_open(NULL, &root);       /* a thread per task */
    scoped_spawn_leaf(root, tick, "a task", NULL);
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);     /* cancels, waits, joins */
    return puts("every thread is gone") < 0;
}
