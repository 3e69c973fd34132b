/*
 * A sandboxed function that may read below one directory and nothing
 * else. Prints "a file of /usr, none of /etc".
 */
#include <fcntl.h>
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static const char *can_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return "none";
    close(fd);
    return "a file";
}

static json_t *look(json_t *null)
{
    (void)null;
    return json_sprintf("%s of /usr, %s of /etc", can_open("/usr/bin/env"),
                        can_open("/etc/passwd"));
}

int main(int argc, char **argv)
{
    if (procspawn_init(argc, argv) < 0)
        return 1;
    procspawn_builder *builder = procspawn_builder_new();
    struct procspawn_call_options options = { .builder = builder };
    struct procspawn_result result;

    procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_FILES);
    procspawn_builder_path(builder, "/usr", PROCSPAWN_PATH_READ);
    if (procspawn_call_with(&options, look, NULL, &result) == 0)
        puts(json_string_value(result.value));
    else
        puts(procspawn_error_message(result.error));
    procspawn_result_fini(&result);
    procspawn_builder_free(builder);
    return procspawn_fini();
}
