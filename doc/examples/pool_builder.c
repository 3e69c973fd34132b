/*
 * A pool whose workers load something before their first call, take at
 * most 100 calls each, and refuse calls when too many wait. Prints
 * "greeting: hello" and "refused".
 */
#include <errno.h>
#include <forkscope.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *word;

static json_t *load(json_t *argument)
{
    word = strdup(json_string_value(argument));
    return json_null();
}

static json_t *greet(json_t *null)
{
    (void)null;
    return json_sprintf("greeting: %s", word);
}

static json_t *hang(json_t *null)
{
    pause();
    return json_incref(null);
}

int main(int argc, char **argv)
{
    procspawn_handle *waiting, *one, *more;
    procspawn_pool *pool;
    json_t *result;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    json_t *argument = json_string("hello");
    procspawn_pool_builder_env(builder, "LANG", "C");
    procspawn_pool_builder_initializer(builder, load, argument);
    procspawn_pool_builder_disable_stdin(builder);
    procspawn_pool_builder_minimum(builder, 1, 10 * FORKSCOPE_S);
    procspawn_pool_builder_queue_limit(builder, 1);
    procspawn_pool_builder_recycle_after_calls(builder, 100);
    procspawn_pool_builder_result_limit(builder, 1 << 20);
    procspawn_pool_builder_attempts(builder, 3);
    procspawn_builder_total_limit(procspawn_pool_builder_process(builder),
                                  10 * FORKSCOPE_S);
    if (procspawn_pool_builder_build(builder, &pool) < 0)
        return 1;
    procspawn_pool_builder_free(builder);
    json_decref(argument);

    if (procspawn_pool_call(pool, greet, NULL, &result, NULL) == 0) {
        puts(json_string_value(result));
        json_decref(result);
    }
    procspawn_pool_spawn(pool, hang, NULL, &one);
    while (procspawn_pool_wait_room(pool) == 0 &&
           procspawn_pool_active_count(pool) == 0)
        continue;
    procspawn_pool_spawn(pool, greet, NULL, &waiting);
    if (procspawn_pool_spawn(pool, greet, NULL, &more) == -EAGAIN)
        puts("refused");
    procspawn_pool_kill(pool);
    procspawn_handle_free(one);
    procspawn_handle_free(waiting);
    procspawn_pool_free(pool);
    return procspawn_fini();
}
