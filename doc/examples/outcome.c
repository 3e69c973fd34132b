/*
 * The failures of a scope: each is told at once, and all are there at its
 * end, with the error of a process that failed. Prints "at once: fetch",
 * "no such file" and "fetch: a process".
 */
#include <forkscope.h>
#include <stdio.h>

static json_t *fetch(json_t *null)
{
    (void)null;
    return procspawn_fail("no such file");
}

static scoped_failure_function tell;

static void tell(const struct scoped_failure *failure, void *unused)
{
    (void)unused;
    printf("at once: %s\n", failure->name);
}

static int body(scoped_spawner scope, void *builder)
{
    return scoped_procspawn(scope, builder, fetch, NULL, NULL);
}

int main(int argc, char **argv)
{
    struct scoped_options options = { .on_failure = tell };
    struct scoped_outcome outcome;
    FILE *log = fopen("/dev/null", "w");

    if (log == NULL || procspawn_init(argc, argv) < 0)
        return 1;
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_builder_name(builder, "fetch");
    if (scoped_run(&options, body, builder, &outcome) == 0)
        return 1;
    const struct scoped_failure *failure = outcome.failures;
    const struct scoped_detail *detail = failure->detail;
    puts(procspawn_error_message(procspawn_failure_error(failure)));
    printf("%s: %s\n", failure->name, detail ? "a process" : "a task");
    scoped_outcome_print(&outcome, log);
    fclose(log);
    scoped_outcome_fini(&outcome);
    procspawn_builder_free(builder);
    return procspawn_fini();
}
