/*
 * Limits of a call: of its time, its memory and its result, and what its
 * error tells then. Prints "sleepy: run limit" and "result: json".
 */
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static json_t *sleeper(json_t *null)
{
    pause();
    return json_incref(null);
}

static json_t *list(json_t *null)
{
    json_t *numbers = json_array();

    (void)null;
    for (int i = 0; i < 10000; i++)
        json_array_append_new(numbers, json_integer(i));
    return numbers;
}

int main(int argc, char **argv)
{
    procspawn_handle *handle;
    procspawn_error *error;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_builder_name(builder, "sleepy");
    procspawn_builder_run_limit(builder, 50 * FORKSCOPE_MS);
    procspawn_builder_total_limit(builder, 20 * FORKSCOPE_S);
    procspawn_builder_memory_limit(builder, 64 << 20);
    procspawn_builder_grace(builder, 100 * FORKSCOPE_MS);
    if (procspawn_builder_spawn(builder, sleeper, NULL, &handle) < 0)
        return 1;
    if (procspawn_join(handle, NULL, &error) == PROCSPAWN_ECALL) {
        enum procspawn_limit limit = procspawn_error_limit(error);

        printf("%s: %s\n", procspawn_error_name(error),
               limit == PROCSPAWN_LIMIT_RUN ? "run limit" : "other limit");
        procspawn_error_free(error);
    }
    procspawn_handle_free(handle);

    procspawn_builder_run_limit(builder, 0);
    procspawn_builder_result_limit(builder, 4096);
    procspawn_builder_result_depth(builder, 16);
    if (procspawn_builder_spawn(builder, list, NULL, &handle) < 0)
        return 1;
    if (procspawn_join(handle, NULL, &error) == PROCSPAWN_ECALL) {
        printf("result: %s\n",
               procspawn_error_kind_name(procspawn_error_kind(error)));
        procspawn_error_free(error);
    }
    procspawn_handle_free(handle);
    procspawn_builder_free(builder);
    return procspawn_fini();
}
