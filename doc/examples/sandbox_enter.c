/*
 * A function that opens what it needs and then puts itself into a
 * sandbox. What it tries after that fails. Prints "open before, closed
 * after", or "no sandbox here" where the kernel has none.
 */
#include <fcntl.h>
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static json_t *read_and_try(json_t *null)
{
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)null;
    if (procspawn_sandbox_enter(PROCSPAWN_SANDBOX_COMPUTE,
                                PROCSPAWN_ALLOW_THREADS) < 0)
        return procspawn_fail("cannot enter the sandbox");
    int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return json_sprintf("%s before, %s after",
                        before < 0 ? "closed" : "open",
                        after < 0 ? "closed" : "open");
}

int main(int argc, char **argv)
{
    if (procspawn_init(argc, argv) < 0)
        return 1;
    if (procspawn_sandbox_missing(PROCSPAWN_SANDBOX_COMPUTE) != NULL) {
        puts("no sandbox here");
        return procspawn_fini();
    }
    procspawn_builder *builder = procspawn_builder_new();
    struct procspawn_call_options options = { .builder = builder };
    struct procspawn_result result;

    procspawn_builder_denial(builder, PROCSPAWN_DENIAL_FAIL);
    if (procspawn_call_with(&options, read_and_try, NULL, &result) == 0)
        puts(json_string_value(result.value));
    else
        puts(procspawn_error_message(result.error));
    procspawn_result_fini(&result);
    procspawn_builder_free(builder);
    return procspawn_fini();
}
