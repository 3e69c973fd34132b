/*
 * 67_tasks.c - three sources asked at the same time, one of them in a process, all within a limit
 *
 * Shows scoped_run around tasks with results and a call in the same scope, twice: at first the call
 * succeeds, and a task that would never end is cut short by the time limit; then the call fails,
 * which cancels the tasks. Prints the answers, and how each run ended.
 */
#include <forkscope.h>
#include <stdio.h>

static json_t *measure(json_t *text)
{
    size_t length = json_string_length(text);

    if (length > 5)
        return procspawn_fail("\"%s\" is too long", json_string_value(text));
    return json_integer((json_int_t)length);
}

static int answer_later(void *answer)
{
    scoped_sleep(50 * FORKSCOPE_MS);
    scoped_set_result(answer);
    return 0;
}

static int never_end(void *arg)
{
    (void)arg;
    return scoped_sleep_until(SCOPED_FOREVER);
}

/* Gives both tasks, or, with a status that is negative, none. */
static int start_both(scoped_spawner scope, struct scoped_task *tasks[2])
{
    int rc = scoped_start_leaf(scope, &(struct scoped_task_options){ .name = "first" },
                               answer_later, "one", &tasks[0]);
    if (rc < 0)
        return rc;
    rc = scoped_start_leaf(scope, &(struct scoped_task_options){ .name = "second" }, answer_later,
                           "two", &tasks[1]);
    if (rc < 0)
        scoped_task_free(tasks[0]);
    return rc;
}

static int ask(scoped_spawner scope, void *text)
{
    struct scoped_task *tasks[2];
    void *first = NULL, *second = NULL;
    procspawn_error *error;
    json_t *length;

    int rc = start_both(scope, tasks);
    if (rc < 0)
        return rc;
    rc = scoped_procspawn_call(scope, measure, text, &length, &error);
    if (rc < 0) {
        printf("measure: %s\n", procspawn_error_message(error));
        procspawn_error_free(error);
        scoped_task_free(tasks[0]);
        scoped_task_free(tasks[1]);
        return rc;
    }
    scoped_task_join(tasks[0], &first);
    scoped_task_join(tasks[1], &second);
    printf("%s, %s, %lld\n", (char *)first, (char *)second,
           (long long)json_integer_value(length));
    json_decref(length);
    return scoped_spawn_leaf(scope, never_end, NULL, NULL);
}

static void run(const char *text)
{
    struct scoped_options options = { .policy = &scoped_fail_fast, .time_limit = FORKSCOPE_S };
    json_t *argument = json_string(text);

    int status = scoped_run(&options, ask, argument, NULL);
    printf("\"%s\": %s\n", text, forkscope_strerror(status));
    json_decref(argument);
}

int main(int argc, char **argv)
{
    if (procspawn_init(argc, argv) < 0)
        return 1;
    run("three");
    run("fifteen");
    return procspawn_fini() == 0 ? 0 : 1;
}
