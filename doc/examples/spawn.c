/*
 * A task in a thread, and another one below it. Both are gone when the
 * root is closed. Prints "hello" and "done".
 */
#include <forkscope.h>
#include <stdio.h>

static int print(void *text)
{
    return puts(text) < 0 ? -1 : 0;
}

static int task(scoped_spawner self, void *text)
{
    scoped_spawner scope;

    /* Children that are left when a task returns are cancelled. Those of
     * a scope are waited for. */
    int error = scoped_scope_open(self, NULL, &scope);
    if (error < 0)
        return error;
    scoped_spawn_leaf(scope, print, text, NULL);
    return scoped_close(scope, SCOPED_FOREVER, NULL);
}

int main(void)
{
    static char text[] = "hello";
    scoped_spawner root;

    if (scoped_spawner_open(NULL, &root) < 0)
        return 1;
    scoped_spawn(root, task, text, NULL);
    if (scoped_close(root, SCOPED_FOREVER, NULL) < 0)
        return 1;
    return puts("done") < 0;
}
