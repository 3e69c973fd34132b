#include "examples/vet/confine.h"

#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/sandbox.h>
#include <stdio.h>
#include <sys/resource.h>

/* A parser writes no files, and its answer is short. Files in memory count, too. */
#define WRITTEN_MAX (1 << 20)

static int let_in(procspawn_builder *builder, const struct options *options)
{
    int code = procspawn_builder_sandbox(builder, options->sandbox);
    for (size_t i = 0; code == 0 && i < options->read_count; i++)
        code = procspawn_builder_path(builder, options->reads[i], PROCSPAWN_PATH_READ);
    return code;
}

int confine(procspawn_builder *builder, const struct options *options)
{
    const struct rlimit no_core = { 0, 0 };
    const struct rlimit written = { WRITTEN_MAX, WRITTEN_MAX };
    int code = let_in(builder, options);
    procspawn_builder_memory_limit(builder, options->memory);
    if (code == 0)
        code = procspawn_builder_rlimit(builder, RLIMIT_CORE, &no_core);
    return code < 0 ? code : procspawn_builder_rlimit(builder, RLIMIT_FSIZE, &written);
}

static json_t *do_nothing(json_t *argument)
{
    (void)argument;
    return json_true();
}

static void print_failure(const struct options *options, const char *reason)
{
    fprintf(stderr, "vet: the parser's process cannot be set up: %s\n", reason);
    if (options->sandbox != PROCSPAWN_SANDBOX_NONE)
        fputs("vet: --sandbox=none does without a sandbox: for files that you trust\n", stderr);
}

bool confine_works(const struct options *options)
{
    const char *missing = procspawn_sandbox_missing(options->sandbox);
    procspawn_builder *builder = procspawn_builder_new();
    struct procspawn_result result;
    int code = builder ? confine(builder, options) : -ENOMEM;
    if (missing || code < 0) {
        procspawn_builder_free(builder);
        print_failure(options, missing ? missing : forkscope_strerror(code));
        return false;
    }
    const struct procspawn_call_options call = { .builder = builder };
    code = procspawn_call_with(&call, do_nothing, NULL, &result);
    if (code < 0)
        print_failure(options, result.error ? procspawn_error_message(result.error)
                                            : forkscope_strerror(code));
    procspawn_result_fini(&result);
    procspawn_builder_free(builder);
    return code == 0;
}
