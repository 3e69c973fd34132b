/*
 * tour.c - the steps of a tour, the process that makes it, and the checks of its outcome
 */
#include "tests/support/frame.h"
#include "tests/support/tour.h"

#include "tests/support/call_helpers.h"
#include "tests/support/closed.h"
#include "tests/support/process_list.h"

#include <errno.h>
#include <forkscope/pool.h>
#include <forkscope/tree.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VALUE = 42 };

static const int64_t patience = 10 * CALLS_SECOND;

static struct tour *tour;       /* in shared memory */

/* ---- steps ---- */

/* Joins and frees the handle. Returns 0 if the result is this value. */
static int check_value(int rc, procspawn_handle *handle)
{
    json_t *result = NULL;

    if (rc < 0)
        return rc;
    rc = procspawn_join_timeout(handle, patience, &result, NULL);
    procspawn_handle_free(handle);
    if (rc == 0 && json_integer_value(result) != VALUE)
        rc = TOUR_WRONG_VERDICT;
    json_decref(result);
    return rc;
}

static int call(void)
{
    procspawn_handle *handle = NULL;
    json_t *value = json_integer(VALUE);
    int rc = procspawn(calls_echo, value, &handle);

    json_decref(value);
    return check_value(rc, handle);
}

/* Joins and frees the handle; the call must have failed. */
static int failure(procspawn_handle *handle, procspawn_error **ret_error)
{
    int rc = procspawn_join_timeout(handle, patience, NULL, ret_error);

    procspawn_handle_free(handle);
    if (rc == 0)
        return TOUR_WRONG_VERDICT;
    return rc == PROCSPAWN_ECALL ? 0 : rc;
}

static FRAME json_t *crashes(json_t *argument)
{
    static volatile int *volatile nowhere;

    *nowhere = 1;
    return argument;
}

static int crash(void)
{
    procspawn_handle *handle = NULL;
    procspawn_error *error = NULL;
    int rc = procspawn(crashes, NULL, &handle);

    if (rc == 0)
        rc = failure(handle, &error);
    if (rc != 0)
        return rc;
    bool right = procspawn_error_cause(error) == PROCSPAWN_CAUSE_SIGNAL &&
                 procspawn_error_signal(error) == SIGSEGV;
    tour->frames = procspawn_error_frame_count(error) > 0;
    procspawn_error_free(error);
    return right ? 0 : TOUR_WRONG_VERDICT;
}

static int pool(void)
{
    procspawn_pool *made = NULL;
    procspawn_handle *handle = NULL;
    json_t *value = json_integer(VALUE);
    int rc = procspawn_pool_new(1, &made);

    if (rc == 0)
        rc = procspawn_pool_spawn(made, calls_echo, value, &handle);
    rc = check_value(rc, handle);
    json_decref(value);
    procspawn_pool_free(made);
    return rc;
}

static int scope(void)
{
    scoped_spawner root;
    procspawn_handle *handle = NULL;
    json_t *value = json_integer(VALUE);
    int rc = scoped_spawner_open(NULL, &root);

    if (rc == 0) {
        rc = scoped_procspawn(root, NULL, calls_echo, value, &handle);
        rc = check_value(rc, handle);
        int closed = close_whatever(root, calls_now() + patience);
        rc = rc == 0 ? closed : rc;
    }
    json_decref(value);
    return rc;
}

static int deadline(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_handle *handle = NULL;
    procspawn_error *error = NULL;

    procspawn_builder_total_limit(builder, CALLS_SECOND / 20);
    int rc = procspawn_builder_spawn(builder, calls_hang, NULL, &handle);
    procspawn_builder_free(builder);
    if (rc == 0)
        rc = failure(handle, &error);
    if (rc == 0 && !procspawn_error_is_timeout(error))
        rc = TOUR_WRONG_VERDICT;
    procspawn_error_free(error);
    return rc;
}

static json_t *calls_itself(json_t *unused)
{
    int rc = call();

    (void)unused;
    return json_integer(rc == 0 ? VALUE : rc);
}

static int nested(void)
{
    procspawn_handle *handle = NULL;
    json_t *result = NULL;
    int rc = procspawn(calls_itself, NULL, &handle);

    if (rc == 0)
        rc = procspawn_join_timeout(handle, 2 * patience, &result, NULL);
    if (rc == 0 && json_integer_value(result) != VALUE)
        rc = (int)json_integer_value(result);
    procspawn_handle_free(handle);
    json_decref(result);
    return rc;
}

static json_t *leaves_a_daemon(json_t *unused)
{
    pid_t pid = fork();

    if (pid == 0) {
        setsid();
        calls_hang(unused);
    }
    return json_integer(pid);
}

/* When the end of a call is reported, all processes below it have ended. */
static int leave_daemon(void)
{
    procspawn_handle *handle = NULL;
    json_t *result = NULL;
    int rc = procspawn(leaves_a_daemon, NULL, &handle);

    if (rc == 0)
        rc = procspawn_join_timeout(handle, patience, &result, NULL);
    if (rc == 0)
        rc = procspawn_wait_timeout(handle, patience, NULL);
    if (rc == 0 && kill((pid_t)json_integer_value(result), 0) == 0)
        rc = TOUR_WRONG_VERDICT;
    procspawn_handle_free(handle);
    json_decref(result);
    return rc;
}

static int fini(void)
{
    int rc = procspawn_fini();

    if (rc == 0 && (waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD))
        rc = TOUR_WRONG_VERDICT;
    return rc;
}

static const struct {
    const char *name;
    int (*run)(void);
} steps[TOUR_STEPS] = {
    [TOUR_INIT] = { "init" },
    [TOUR_CALL] = { "call", call },
    [TOUR_CRASH] = { "crash", crash },
    [TOUR_POOL] = { "pool", pool },
    [TOUR_SCOPE] = { "scope", scope },
    [TOUR_DEADLINE] = { "deadline", deadline },
    [TOUR_NESTED] = { "nested", nested },
    [TOUR_DAEMON] = { "daemon", leave_daemon },
    [TOUR_FINI] = { "fini", fini },
};

/* ---- the process ---- */

static void travel(void (*prepare)(const void *), const void *argument)
{
    if (prepare)
        prepare(argument);
    tour->outcome[TOUR_INIT] = procspawn_init(0, NULL);
    for (int i = TOUR_INIT + 1; i < TOUR_STEPS && tour->outcome[TOUR_INIT] == 0; i++)
        tour->outcome[i] = steps[i].run();
}

static void kill_overdue(pid_t pid)
{
    siginfo_t info = { 0 };
    int64_t limit = calls_now() + 4 * patience;

    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0 &&
           calls_now() < limit)
        usleep(2000);
    tour->ended = info.si_pid != 0;
    if (!tour->ended)
        kill(pid, SIGKILL);
    waitpid(pid, &tour->status, 0);
}

static double seconds_of(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

/* A subreaper: it inherits every process that the host leaves. */
static void watch(void (*prepare)(const void *), const void *argument)
{
    struct rusage usage;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t pid = fork();
    if (pid == 0) {
        travel(prepare, argument);
        _exit(0);
    }
    kill_overdue(pid);
    tour->left_behind = children_left_behind();
    getrusage(RUSAGE_CHILDREN, &usage);
    tour->seconds = seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime);
    _exit(0);
}

void tour_run(void (*prepare)(const void *argument), const void *argument, struct tour *ret_tour)
{
    tour = mmap(NULL, sizeof *tour, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_FATAL(tour != MAP_FAILED);
    for (int i = 0; i < TOUR_STEPS; i++)
        tour->outcome[i] = TOUR_NOT_REACHED;
    pid_t pid = fork();
    if (pid == 0)
        watch(prepare, argument);
    waitpid(pid, NULL, 0);
    *ret_tour = *tour;
    munmap(tour, sizeof *tour);
}

/* ---- the checks ---- */

static void expect(bool right, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void expect(bool right, const char *name, const char *format, ...)
{
    char text[512];
    int length = snprintf(text, sizeof text, "%s: ", name);
    va_list list;

    va_start(list, format);
    vsnprintf(text + length, sizeof text - (size_t)length, format, list);
    va_end(list);
    CU_assertImplementation(right, __LINE__, text, __FILE__, "", CU_FALSE);
}

void tour_check_end(const struct tour *taken, const char *name)
{
    static const double enough = 5;

    expect(taken->ended && taken->status == 0, name, "ended %d, with status %d", taken->ended,
           taken->status);
    expect(taken->left_behind == 0, name, "%u processes left", taken->left_behind);
    expect(taken->seconds < enough, name, "%.1f s of processor time", taken->seconds);
}

void tour_check_step(const struct tour *taken, enum tour_step step, int outcome, const char *name)
{
    expect(taken->outcome[step] == outcome, name, "%s: %d, not %d", steps[step].name,
           taken->outcome[step], outcome);
}

void tour_check_frames(const struct tour *taken, const char *name)
{
    expect(taken->frames, name, "no frames");
}

void tour_check_all(const struct tour *taken, const char *name)
{
    for (int i = 0; i < TOUR_STEPS; i++)
        tour_check_step(taken, i, 0, name);
    tour_check_end(taken, name);
}
