/*
 * 42_sandbox.c - a function that can only compute
 *
 * Shows procspawn_builder_sandbox. The program opens a file and hands it to a function that counts
 * its lines, in profile COMPUTE: it reads what it was handed, and reaches nothing else. The second
 * function opens a file by itself. That is a violation: the call fails, and its error names the
 * system call, the path and the place. With denial FAIL the system call fails instead, and the
 * function goes on. Prints the number of lines, the violation, and what the third call returns.
 */
#include <errno.h>
#include <fcntl.h>
#include <forkscope.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

json_t *count_lines(json_t *file);
json_t *open_passwords(json_t *argument);

json_t *count_lines(json_t *file)
{
    json_int_t lines = 0;
    int fd, c;

    if (procspawn_value_claim_fd(file, &fd) < 0)
        return procspawn_fail("no file");
    FILE *stream = fdopen(fd, "r");
    if (!stream)
        return procspawn_fail("no memory for a stream");
    while ((c = getc(stream)) != EOF)
        lines += c == '\n';
    fclose(stream);
    return json_integer(lines);
}

json_t *open_passwords(json_t *argument)
{
    int fd = open("/etc/passwd", O_RDONLY);

    (void)argument;
    return json_string(fd < 0 ? strerror(errno) : "opened");
}

/* The innermost function of the program. */
static const char *innermost(const procspawn_error *error)
{
    struct procspawn_frame frame;

    for (size_t i = 0; procspawn_error_frame(error, i, &frame) == 0; i++) {
        if (frame.owner == PROCSPAWN_FRAME_PROGRAM && frame.symbol)
            return frame.symbol;
    }
    return "?";
}

static void show(const struct procspawn_result *result)
{
    if (!result->error) {
        json_dumpf(result->value, stdout, JSON_ENCODE_ANY);
        putchar('\n');
    } else if (procspawn_error_is_violation(result->error)) {
        printf("%s in %s\n", procspawn_error_message(result->error), innermost(result->error));
        printf("it wanted %s\n", procspawn_error_path(result->error));
    } else {
        printf("failed: %s\n", procspawn_error_message(result->error));
    }
}

static void call(procspawn_builder *builder, procspawn_function *function, json_t *argument)
{
    struct procspawn_call_options options = { .builder = builder, .take_argument = true };
    struct procspawn_result result;

    procspawn_call_with(&options, function, argument, &result);
    show(&result);
    procspawn_result_fini(&result);
}

int main(int argc, char **argv)
{
    static const char text[] = "one\ntwo\nthree\n";
    procspawn_builder *builder;
    int ends[2];

    if (procspawn_init(argc, argv) < 0 || !(builder = procspawn_builder_new()))
        return 1;
    const char *missing = procspawn_sandbox_missing(PROCSPAWN_SANDBOX_COMPUTE);
    if (missing)
        return fprintf(stderr, "no sandbox here: %s\n", missing), 1;
    if (pipe(ends) < 0 || write(ends[1], text, strlen(text)) != (ssize_t)strlen(text))
        return 1;
    close(ends[1]);

    procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_COMPUTE);
    call(builder, count_lines, procspawn_value_fd_take(ends[0]));
    call(builder, open_passwords, json_null());
    procspawn_builder_denial(builder, PROCSPAWN_DENIAL_FAIL);
    call(builder, open_passwords, json_null());

    procspawn_builder_free(builder);
    return procspawn_fini() == 0 ? 0 : 1;
}
