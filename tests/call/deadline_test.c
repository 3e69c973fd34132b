/*
 * deadline_test.c - the deadline of a call, and which outcomes it must not hide
 */
#include "tests/support/call_helpers.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Stacks that take a while to unwind: longer than what is left until the deadline. */
enum { DIVERS = 12, DEPTH = 30000 };
static const int64_t deadline = CALLS_SECOND;
static const int64_t left_at_crash = 30 * CALLS_MS;

/* What __builtin_trap() ends with. */
#if defined(__x86_64__)
enum { TRAP_SIGNAL = SIGILL };
#else
enum { TRAP_SIGNAL = SIGTRAP };
#endif

static pthread_barrier_t all_down;

static void __attribute__((noinline)) dive(int depth)
{
    if (depth > 0) {
        dive(depth - 1);
    } else {
        pthread_barrier_wait(&all_down);
        pause();
    }
    __asm__ volatile("" ::: "memory");
}

static void *diver(void *unused)
{
    dive(DEPTH);
    return unused;
}

/* Says when it crashes, at the moment that it got, and does. */
static json_t *crash_at(json_t *moment)
{
    pthread_t thread;
    int64_t now;

    pthread_barrier_init(&all_down, NULL, DIVERS + 1);
    for (int i = 0; i < DIVERS; i++)
        pthread_create(&thread, NULL, diver, NULL);
    pthread_barrier_wait(&all_down);
    do
        now = calls_now();
    while (now < json_integer_value(moment));
    if (write(STDOUT_FILENO, &now, sizeof now) == sizeof now)
        __builtin_trap();
    return NULL;
}

static json_t *crash_at_once(json_t *argument)
{
    __builtin_trap();
    return argument;
}

/* Waits until the process has stopped itself; it may be gone before that is seen. */
static bool has_stopped(pid_t pid, const char *thread)
{
    char path[64], state = 'Z';

    snprintf(path, sizeof path, "/proc/%d/task/%.16s/stat", (int)pid, thread);
    FILE *stat = fopen(path, "re");
    if (stat && fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
        state = 'Z';
    if (stat)
        fclose(stat);
    return state == 'T' || state == 't' || state == 'Z';
}

/* A process has stopped when its last thread has, and a sanitizer may have added one. */
static void await_stop(pid_t pid)
{
    char path[64];
    bool stopped = false;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    while (!stopped) {
        DIR *tasks = opendir(path);
        struct dirent *entry;
        stopped = true;
        while (tasks && stopped && (entry = readdir(tasks)))
            stopped = entry->d_name[0] == '.' || has_stopped(pid, entry->d_name);
        if (tasks)
            closedir(tasks);
    }
}

static void a_crash_stays_one_when_it_is_killed_while_it_is_unwound(void)
{
    enum { ATTEMPTS = 20 };

    for (int i = 0; i < ATTEMPTS; i++) {
        procspawn_handle *handle = calls_start(crash_at_once, NULL);
        await_stop(procspawn_pid(handle));
        CU_ASSERT_EQUAL(procspawn_kill(handle), 0);
        procspawn_error *error = calls_error(handle);
        PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), TRAP_SIGNAL);
        calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    }
}

/* Returns whether the machine let it crash in time. */
static bool crash_before_deadline(procspawn_builder *builder)
{
    int64_t moment = calls_now() + deadline - left_at_crash;
    int64_t crashed = INT64_MAX;
    procspawn_handle *handle = calls_build(builder, crash_at, json_integer(moment));
    int stream = procspawn_stdout_claim(handle);
    procspawn_error *error = calls_error(handle);

    bool timely = read(stream, &crashed, sizeof crashed) == sizeof crashed &&
                  crashed < moment + left_at_crash / 3;
    close(stream);
    if (timely)
        calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    else
        procspawn_error_free(error);
    return timely;
}

static void a_crash_stays_one_while_the_deadline_passes(void)
{
    enum { ATTEMPTS = 10 };
    procspawn_builder *builder = procspawn_builder_new();
    int attempt = 0;

    procspawn_builder_total_limit(builder, deadline);
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    while (attempt < ATTEMPTS && !crash_before_deadline(builder))
        attempt++;
    CU_ASSERT(attempt < ATTEMPTS);
    procspawn_builder_free(builder);
}

/* A stopped root lets no server go on. */
static void a_call_that_no_server_starts_is_given_up_at_the_deadline(void)
{
    enum { MORE_THAN_SPARES = 300 };
    procspawn_builder *builder = procspawn_builder_new();
    int64_t start = 0;
    int rc = 0;

    procspawn_builder_total_limit(builder, 30 * CALLS_MS);
    calls_stop_servers();
    for (int i = 0; i < MORE_THAN_SPARES && rc == 0; i++) {
        procspawn_handle *handle = NULL;
        start = calls_now();
        rc = procspawn_builder_spawn(builder, calls_echo, NULL, &handle);
        procspawn_handle_free(handle);
    }
    PROCSPAWN_CUNIT_EQUAL(rc, -ETIMEDOUT);
    CU_ASSERT(calls_now() - start >= 30 * CALLS_MS);
    CU_ASSERT(calls_now() - start < 5 * CALLS_SECOND);
    calls_signal_servers(SIGCONT);
    kill(calls_root(), SIGCONT);
    procspawn_builder_free(builder);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(1))), 1);
}

static CU_TestInfo tests[] = {
    { "a_crash_stays_one_while_the_deadline_passes", a_crash_stays_one_while_the_deadline_passes },
    { "a_crash_stays_one_when_it_is_killed_while_it_is_unwound",
      a_crash_stays_one_when_it_is_killed_while_it_is_unwound },
    { "a_call_that_no_server_starts_is_given_up_at_the_deadline",
      a_call_that_no_server_starts_is_given_up_at_the_deadline },
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    { .pName = "deadline", .pSetUpFunc = calls_begin, .pTearDownFunc = calls_end, .pTests = tests },
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
