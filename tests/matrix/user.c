/*
 * user.c - a user's program that is C and C++: tasks in threads, calls in processes, a cancelled
 * sleeper, and a crash with its report. Exit status 0: all came out right.
 */
#include <errno.h>
#include <forkscope.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(bool right, const char *what)
{
    if (right)
        return;
    printf("wrong: %s\n", what);
    exit(1);
}

static json_t *twice(json_t *number)
{
    return json_integer(2 * json_integer_value(number));
}

static json_t *crash(json_t *null)
{
    return *(json_t **)(uintptr_t)(json_integer_value(null) + 8);
}

static int set(void *arg)
{
    *(int *)arg = 7;
    return 0;
}

static int sleep_on(void *arg)
{
    (void)arg;
    return scoped_sleep_until(SCOPED_FOREVER);
}

static int body(scoped_spawner scope, void *arg)
{
    struct scoped_task *sleeper = NULL;

    check(scoped_spawn_leaf(scope, set, arg, NULL) == 0, "a task is spawned");
    check(scoped_start_leaf(scope, NULL, sleep_on, NULL, &sleeper) == 0, "a task is started");
    scoped_task_cancel(sleeper);
    check(scoped_task_join(sleeper, NULL) == -ECANCELED, "a cancelled task is joined");
    return 0;
}

int main(int argc, char **argv)
{
    procspawn_error *error = NULL;
    json_t *result = NULL;
    int number = 0;

    check(procspawn_init(argc, argv) == 0, "init");
    check(scoped_run(NULL, body, &number, NULL) == 0 && number == 7, "a scope of two tasks");
    check(procspawn_call_take(twice, json_integer(21), &result, &error) == 0 &&
              json_integer_value(result) == 42,
          "a call");
    json_decref(result);
    check(procspawn_call(crash, NULL, NULL, &error) < 0 && error != NULL, "a crash");
    check(strstr(procspawn_error_message(error), "SIGSEGV") != NULL, "the words of a crash");
    check(procspawn_error_frame_count(error) > 0, "a backtrace");
    procspawn_error_free(error);
    check(strcmp(forkscope_version(), FORKSCOPE_VERSION) == 0, "the version");
    check(procspawn_fini() == 0, "fini");
    return 0;
}
