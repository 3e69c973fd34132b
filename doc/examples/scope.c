/*
 * A root with options, a scope with room for one task, and a spawner that
 * is used by the wrong task. Prints "first", "second", "misuse" and
 * "both are done".
 */
#include <forkscope.h>
#include <stdio.h>

static scoped_leaf_function print;
static scoped_task_function work;
static scoped_done_function say_done;
static scoped_misuse_hook tell;
static scoped_spawner root;

static int print(void *text)
{
    return puts(text) < 0 ? -1 : 0;
}

static void say_done(void *unused)
{
    (void)unused;
    puts("both are done");
}

static void tell(int error, scoped_spawner spawner)
{
    (void)spawner;
    puts(error == SCOPED_ENOTOWNER ? "misuse" : "other misuse");
}

static int work(scoped_spawner self, void *unused)
{
    struct scoped_options options = { .max_tasks = 1 };
    scoped_spawner scope;

    (void)unused;
    if (scoped_scope_open(self, &options, &scope) < 0)
        return -1;
    scoped_spawn_leaf(scope, print, "first", NULL);
    scoped_scope_wait_room_until(scope, SCOPED_FOREVER);
    scoped_spawn_leaf(scope, print, "second", NULL);
    int status = scoped_close(scope, SCOPED_FOREVER, NULL);
    scoped_spawn_leaf(root, print, "never", NULL);    /* is main's */
    return status;
}

int main(void)
{
    struct scoped_options options = { .time_limit = 30 * FORKSCOPE_S };

    scoped_set_misuse_hook(tell);
    if (scoped_spawner_open_with(&options, &root) < 0)
        return 1;
    scoped_spawn(root, work, NULL, say_done);
    return scoped_close(root, SCOPED_FOREVER, NULL) < 0;
}
