/*
 * A parser in a sandbox tries to open a file that was not let in. Prints
 * "violation: openat", or what is missing for a sandbox.
 */
#include <fcntl.h>
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static json_t *parse(json_t *argument)
{
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    return json_incref(argument);
}

int main(int argc, char **argv)
{
    if (procspawn_init(argc, argv) < 0)
        return 1;
    procspawn_builder *builder = procspawn_builder_new();
    struct procspawn_call_options options = { .builder = builder };
    struct procspawn_result result;

    procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_COMPUTE);
    procspawn_call_with(&options, parse, NULL, &result);
    if (procspawn_error_is_violation(result.error))
        printf("violation: %s\n", procspawn_error_syscall(result.error));
    else
        puts(procspawn_error_message(result.error));
    procspawn_result_fini(&result);
    procspawn_builder_free(builder);
    return procspawn_fini();
}
