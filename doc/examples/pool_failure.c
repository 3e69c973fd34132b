/*
 * A pool whose workers cannot be started: it fails, and tells why. Prints
 * "setup: no database".
 */
#include <forkscope.h>
#include <stdio.h>
#include <string.h>

static json_t *open_database(json_t *null)
{
    (void)null;
    return procspawn_fail("no database");
}

static json_t *query(json_t *null)
{
    return json_incref(null);
}

int main(int argc, char **argv)
{
    procspawn_error *error;
    procspawn_pool *pool;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    procspawn_pool_builder_initializer(builder, open_database, NULL);
    procspawn_pool_builder_attempts(builder, 2);
    if (procspawn_pool_builder_build(builder, &pool) < 0)
        return 1;
    procspawn_pool_builder_free(builder);
    procspawn_pool_call(pool, query, NULL, NULL, NULL);     /* fails */
    if (procspawn_pool_failure(pool, &error) == 0) {
        const char *message = procspawn_error_message(error);

        printf("%s: %s\n",
               procspawn_error_kind_name(procspawn_error_kind(error)),
               strstr(message, "no database") ? "no database" : message);
        procspawn_error_free(error);
    }
    procspawn_pool_free(pool);
    return procspawn_fini();
}
