/*
 * A sandbox with threads and one TCP port. Prints "a thread", and that
 * the call could not be made where the kernel cannot do all of it.
 */
#include <forkscope.h>
#include <pthread.h>
#include <stdio.h>

static void *thread(void *unused)
{
    return unused;
}

static json_t *start_thread(json_t *null)
{
    pthread_t id;

    (void)null;
    if (pthread_create(&id, NULL, thread, NULL) != 0)
        return json_string("no thread");
    pthread_join(id, NULL);
    return json_string("a thread");
}

int main(int argc, char **argv)
{
    if (procspawn_init(argc, argv) < 0)
        return 1;
    procspawn_builder *builder = procspawn_builder_new();
    struct procspawn_call_options options = { .builder = builder };
    struct procspawn_result result;

    procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_NETWORK);
    procspawn_builder_port(builder, 443, false);
    procspawn_builder_sandbox_allow(builder, PROCSPAWN_ALLOW_THREADS);
    procspawn_builder_sandbox_partial(builder, true);
    if (procspawn_call_with(&options, start_thread, NULL, &result) == 0)
        puts(json_string_value(result.value));
    else
        puts(procspawn_error_message(result.error));
    procspawn_result_fini(&result);
    procspawn_builder_free(builder);
    return procspawn_fini();
}
