/*
 * A process that differs from its caller: its environment, directory,
 * user, limits and name. Prints "hello from /, at most 16 files".
 */
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static int files;

static int look(void *unused)
{
    struct rlimit limit;

    (void)unused;
    getrlimit(RLIMIT_NOFILE, &limit);
    files = (int)limit.rlim_cur;
    return 0;
}

static json_t *describe(json_t *null)
{
    char here[64];

    (void)null;
    return json_sprintf("%s from %s, at most %d files", getenv("WORD"),
                        getcwd(here, sizeof here), files);
}

int main(int argc, char **argv)
{
    if (procspawn_init(argc, argv) < 0)
        return 1;
    procspawn_builder *builder = procspawn_builder_new();
    struct procspawn_call_options options = { .builder = builder };
    struct procspawn_result result;

    procspawn_builder_env(builder, "WORD", "hello");
    procspawn_builder_cwd(builder, "/");
    procspawn_builder_uid(builder, getuid());
    procspawn_builder_gid(builder, getgid());
    procspawn_builder_rlimit(builder, RLIMIT_NOFILE,
                             &(struct rlimit){ 16, 16 });
    procspawn_builder_hook(builder, look, NULL);
    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_name(builder, "describe");
    if (procspawn_call_with(&options, describe, NULL, &result) == 0)
        puts(json_string_value(result.value));
    procspawn_result_fini(&result);
    procspawn_builder_free(builder);
    return procspawn_fini();
}
