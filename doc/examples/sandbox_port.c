/*
 * A sandbox with one TCP port, and with memory that can be executed, as
 * compilers at run time need it. Prints "memory for code".
 */
#include <forkscope.h>
#include <stdio.h>
#include <sys/mman.h>

static json_t *map_code(json_t *null)
{
    void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)null;
    if (code == MAP_FAILED)
        return procspawn_fail("no memory for code");
    munmap(code, 4096);
    return json_string("memory for code");
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
    procspawn_builder_sandbox_allow(builder, PROCSPAWN_ALLOW_CODE);
    /* Where the kernel cannot bound ports, the call is made without. */
    procspawn_builder_sandbox_partial(builder, true);
    if (procspawn_call_with(&options, map_code, NULL, &result) == 0)
        puts(json_string_value(result.value));
    else
        puts(procspawn_error_message(result.error));
    procspawn_result_fini(&result);
    procspawn_builder_free(builder);
    return procspawn_fini();
}
