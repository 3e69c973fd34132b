/*
 * coverage.c - a program that is built with --coverage, for coverage_test.sh: how often each marked
 * line has run stands in its comment
 */
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>

extern void __gcov_reset(void);
extern void __gcov_dump(void);

static void begin(void *unused)
{
    (void)unused;
    __gcov_reset();
}

static void end(void *unused)
{
    (void)unused;
    __gcov_dump();
    __gcov_reset();
}

static void before_init(void)
{
    puts("before"); /* COUNT 1 */
}

static json_t *work(json_t *argument)
{
    return json_incref(argument); /* COUNT 7 */
}

static json_t *leave(json_t *argument)
{
    (void)argument;
    exit(3); /* COUNT 1 */
}

static json_t *panic(json_t *argument)
{
    (void)argument;
    procspawn_panic("no"); /* COUNT 1 */
}

static json_t *prepare(json_t *argument)
{
    return json_incref(argument); /* COUNT 2 */
}

static int init(void)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_callback(config, begin, NULL);
    procspawn_config_end_callback(config, end, NULL);
    int rc = procspawn_init_with(config, 0, NULL);
    procspawn_config_free(config);
    return rc;
}

static int call(procspawn_pool *pool, procspawn_function *function)
{
    struct procspawn_call_options options = { .pool = pool };
    struct procspawn_result result;
    int rc = procspawn_call_with(&options, function, NULL, &result);

    procspawn_result_fini(&result);
    return rc;
}

/* The first worker exits in a call, and the second one is killed with the pool. */
static int call_in_pool(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    procspawn_pool *pool;

    procspawn_pool_builder_initializer(builder, prepare, NULL);
    int rc = procspawn_pool_builder_build(builder, &pool);
    procspawn_pool_builder_free(builder);
    for (int i = 0; i < 4 && rc == 0; i++) {
        rc = call(pool, work);
        if (i == 1)
            call(pool, leave);
    }
    procspawn_pool_free(pool);
    return rc;
}

int main(void)
{
    before_init();
    if (init() < 0)
        return 1;
    for (int i = 0; i < 3; i++) {
        if (call(NULL, work) < 0)
            return 1;
    }
    call(NULL, panic);
    if (call_in_pool() < 0)
        return 1;
    return procspawn_fini() < 0;
}
