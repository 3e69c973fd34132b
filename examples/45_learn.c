/*
 * 45_learn.c - what has to be let into the sandbox of a function
 *
 * Shows procspawn_config_learning, denial LEARN and procspawn_learned. The function reads a file,
 * writes another one, starts a thread and changes a mode. First it is learned: all of that is let
 * through, and the program prints the builder's calls that let it in, and what nothing lets in.
 * Then the function runs in a sandbox with these calls, without what nothing lets in. That it was
 * learned with input that can be trusted matters: there is no protection meanwhile. With LEARN_JSON
 * in the environment the whole list goes to stderr.
 */
#include <fcntl.h>
#include <forkscope.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

json_t *make_report(json_t *argument);

static void *count(void *users)
{
    int *number = users;
    FILE *file = fopen("/etc/passwd", "r");

    for (int c; file && (c = getc(file)) != EOF;)
        *number += c == '\n';
    if (file)
        fclose(file);
    return NULL;
}

/* The argument: path of the report, and whether all may read it. */
json_t *make_report(json_t *argument)
{
    pthread_t thread;
    const char *path;
    int is_public, users = 0;

    if (json_unpack(argument, "[s, b]", &path, &is_public) < 0)
        return NULL;

    if (pthread_create(&thread, NULL, count, &users) != 0)
        return procspawn_fail("no thread");
    pthread_join(thread, NULL);
    FILE *file = fopen(path, "w");
    if (!file)
        return procspawn_fail("no file");
    fprintf(file, "%d users\n", users);
    fclose(file);
    if (is_public && chmod(path, 0644) < 0)
        return procspawn_fail("no mode");
    unlink(path);
    return json_string(users > 0 ? "a report was made" : "there are no users");
}

/* For other programs: the whole list. */
static void show_all(const procspawn_needs *needs)
{
    json_t *json = procspawn_needs_json(needs);

    json_dumpf(json, stderr, JSON_INDENT(2));
    json_decref(json);
}

static void show(const procspawn_needs *needs)
{
    printf("let in by\n%s", procspawn_needs_code(needs));
    for (size_t i = 0; i < procspawn_needs_count(needs); i++) {
        const struct procspawn_need *need = procspawn_needs_at(needs, i);
        if (need->reason)
            printf("%s: %s\n", need->path, need->reason);
    }
}

static int learn(procspawn_builder *builder, const char *path)
{
    json_t *argument = json_pack("[s, b]", path, 1);
    procspawn_handle *handle;
    procspawn_needs *needs;

    int rc = procspawn_builder_spawn(builder, make_report, argument, &handle);
    json_decref(argument);
    if (rc < 0)
        return rc;
    rc = procspawn_join(handle, NULL, NULL);
    if (rc == 0)
        rc = procspawn_learned(handle, &needs);
    if (rc == 0) {
        show(needs);
        if (getenv("LEARN_JSON"))
            show_all(needs);
        procspawn_needs_free(needs);
    }
    procspawn_handle_free(handle);
    return rc;
}

static void run(procspawn_builder *builder, const char *directory, const char *path)
{
    struct procspawn_call_options options = { .builder = builder, .take_argument = true };
    struct procspawn_result result;

    procspawn_builder_denial(builder, PROCSPAWN_DENIAL_END);
    procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_FILES);
    procspawn_builder_sandbox_allow(builder, PROCSPAWN_ALLOW_THREADS);
    procspawn_builder_path(builder, "/etc/passwd", PROCSPAWN_PATH_READ);
    procspawn_builder_path(builder, directory, PROCSPAWN_PATH_WRITE | PROCSPAWN_PATH_CREATE);
    if (procspawn_call_with(&options, make_report, json_pack("[s, b]", path, 0), &result) == 0)
        printf("in the sandbox: %s\n", json_string_value(result.value));
    else
        procspawn_error_print(result.error, stdout);
    procspawn_result_fini(&result);
}

int main(int argc, char **argv)
{
    procspawn_config *config = procspawn_config_new();
    procspawn_builder *builder = procspawn_builder_new();
    char directory[] = "/tmp/learn.XXXXXX", path[64];

    if (!config || !builder)
        return 1;
    procspawn_config_learning(config, true);
    if (procspawn_init_with(config, argc, argv) < 0)
        return 1;
    procspawn_config_free(config);
    const char *missing = procspawn_sandbox_missing(PROCSPAWN_SANDBOX_FILES);
    if (missing)
        return fprintf(stderr, "no sandbox here: %s\n", missing), 1;
    if (!mkdtemp(directory))
        return 1;
    snprintf(path, sizeof path, "%s/report", directory);
    procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_COMPUTE);
    procspawn_builder_denial(builder, PROCSPAWN_DENIAL_LEARN);
    if (learn(builder, path) == 0)
        run(builder, directory, path);
    rmdir(directory);
    procspawn_builder_free(builder);
    return procspawn_fini() == 0 ? 0 : 1;
}
