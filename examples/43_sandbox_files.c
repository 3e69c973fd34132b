/*
 * 43_sandbox_files.c - a function that reads one directory
 *
 * Shows procspawn_builder_path. In profile FILES a function opens what lies below the paths that
 * were let in, with the rights that they were given: here it reads a directory. Writing there, and
 * opening anything else, fails with EACCES. What no path can let in, as the change of a file's
 * mode, is a violation. Prints what became of each.
 */
#include <errno.h>
#include <fcntl.h>
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

json_t *read_line(json_t *path);
json_t *append_line(json_t *path);
json_t *make_public(json_t *path);

static json_t *failure_of_system(void)
{
    return procspawn_fail("%s", strerror(errno));
}

json_t *read_line(json_t *path)
{
    char line[64] = "";
    FILE *file = fopen(json_string_value(path), "r");

    if (!file)
        return failure_of_system();
    if (fgets(line, sizeof line, file))
        line[strcspn(line, "\n")] = '\0';
    fclose(file);
    return json_string(line);
}

json_t *append_line(json_t *path)
{
    int fd = open(json_string_value(path), O_WRONLY | O_APPEND);

    return fd < 0 ? failure_of_system() : json_integer(fd);
}

json_t *make_public(json_t *path)
{
    return chmod(json_string_value(path), 0666) < 0 ? failure_of_system() : json_true();
}

static void call(procspawn_builder *builder, const char *what, procspawn_function *function,
                 const char *path)
{
    struct procspawn_call_options options = { .builder = builder, .take_argument = true };
    struct procspawn_result result;

    if (procspawn_call_with(&options, function, json_string(path), &result) == 0)
        printf("%s: %s\n", what, json_string_value(result.value));
    else if (procspawn_error_is_violation(result.error))
        printf("%s: %s is denied\n", what, procspawn_error_syscall(result.error));
    else
        printf("%s: %s\n", what, procspawn_error_message(result.error));
    procspawn_result_fini(&result);
}

static int make_file(const char *path)
{
    FILE *file = fopen(path, "w");

    return file && fputs("this may be read\n", file) >= 0 && fclose(file) == 0 ? 0 : -1;
}

static void run(procspawn_builder *builder, const char *directory, const char *path)
{
    procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_FILES);
    procspawn_builder_path(builder, directory, PROCSPAWN_PATH_READ);
    call(builder, "read below", read_line, path);
    call(builder, "write below", append_line, path);
    call(builder, "read elsewhere", read_line, "/etc/passwd");
    call(builder, "change the mode", make_public, path);
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/sandbox.XXXXXX", path[64];
    procspawn_builder *builder;

    if (procspawn_init(argc, argv) < 0 || !(builder = procspawn_builder_new()))
        return 1;
    const char *missing = procspawn_sandbox_missing(PROCSPAWN_SANDBOX_FILES);
    if (missing)
        return fprintf(stderr, "no sandbox here: %s\n", missing), 1;
    if (!mkdtemp(directory))
        return 1;
    snprintf(path, sizeof path, "%s/file", directory);
    if (make_file(path) == 0)
        run(builder, directory, path);
    unlink(path);
    rmdir(directory);
    procspawn_builder_free(builder);
    return procspawn_fini() == 0 ? 0 : 1;
}
