/*
 * 37_pool_builder.c - a pool that differs from the plain one
 *
 * Shows a pool builder: a variable of the environment, a hook that each worker runs when it starts,
 * and workers that are replaced after two calls. What a call leaves in static variables is there
 * for the next call of the same worker, so each one counts from the beginning. Prints what five
 * calls return.
 */
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>

static int calls;
static const char *greeting;

static int start_worker(void *fallback)
{
    greeting = getenv("GREETING");
    if (!greeting)
        greeting = fallback;
    return 0;
}

static json_t *greet(json_t *null)
{
    (void)null;
    return json_sprintf("%s, call %d of this worker", greeting, ++calls);
}

static int build(procspawn_pool **ret_pool)
{
    static char fallback[] = "hm";
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    if (!builder)
        return -1;
    procspawn_pool_builder_env(builder, "GREETING", "hello");
    procspawn_pool_builder_hook(builder, start_worker, fallback);
    procspawn_pool_builder_recycle_after_calls(builder, 2);
    int rc = procspawn_pool_builder_build(builder, ret_pool);
    procspawn_pool_builder_free(builder);
    return rc;
}

int main(int argc, char **argv)
{
    procspawn_pool *pool;

    if (procspawn_init(argc, argv) < 0 || build(&pool) < 0)
        return 1;
    for (int i = 0; i < 5; i++) {
        json_t *text;
        if (procspawn_pool_call(pool, greet, NULL, &text, NULL) < 0)
            return 1;
        puts(json_string_value(text));
        json_decref(text);
    }
    procspawn_pool_free(pool);
    return procspawn_fini() == 0 ? 0 : 1;
}
