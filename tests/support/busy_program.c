/*
 * busy_program.c - a program with a busy tree, and the functions that it calls
 */
#include "tests/support/busy_program.h"

#include "tests/support/call_helpers.h"
#include "tests/support/closed.h"
#include <errno.h>
#include <fcntl.h>
#include <forkscope/pool.h>
#include <forkscope/tree.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct busy_report *report;

struct busy_report *busy_report_new(void)
{
    void *memory = mmap(NULL, sizeof(struct busy_report), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void busy_report_free(struct busy_report *shared)
{
    munmap(shared, sizeof *shared);
}

static void count(unsigned *number)
{
    __atomic_add_fetch(number, 1, __ATOMIC_RELEASE);
}

static void __attribute__((format(printf, 1, 2))) wrong(const char *format, ...)
{
    va_list arguments;

    if (__atomic_fetch_add(&report->wrong, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    va_start(arguments, format);
    vsnprintf(report->first_wrong, sizeof report->first_wrong, format, arguments);
    va_end(arguments);
}

static bool stopped(void)
{
    return __atomic_load_n(&report->stop, __ATOMIC_ACQUIRE);
}

static bool exists(pid_t pid)
{
    return kill(pid, 0) == 0 || errno != ESRCH;
}

/* ---- processes that called functions start ---- */

static void __attribute__((noreturn)) stay(int ready)
{
    pid_t pid = getpid();

    (void)!write(ready, &pid, sizeof pid);
    close(ready);
    for (;;)
        pause();
}

static void __attribute__((noreturn)) stay_in_the_group(int ready)
{
    stay(ready);
}

/*
 * Ignores SIGTERM, is in a session of its own, and is not a child of the process that started it.
 */
static void __attribute__((noreturn)) hide(int ready)
{
    signal(SIGTERM, SIG_IGN);
    setsid();
    if (fork() != 0)
        _exit(0);
    setsid();
    stay(ready);
}

/* Forks and exits again and again, so that its process id changes. */
static void __attribute__((noreturn)) run_away(int ready)
{
    pid_t pid = getpid();

    (void)!write(ready, &pid, sizeof pid);
    close(ready);
    for (;;) {
        setsid();
        if (fork() != 0)
            _exit(0);
    }
}

static pid_t start(void (*life)(int ready))
{
    int ends[2];
    pid_t pid = 0;

    if (pipe(ends) < 0)
        procspawn_panic("no pipe");
    if (fork() == 0) {
        close(ends[0]);
        life(ends[1]);
    }
    close(ends[1]);
    if (read(ends[0], &pid, sizeof pid) != sizeof pid)
        pid = 0;
    close(ends[0]);
    return pid;
}

/* ---- called functions ---- */

static json_t *twice(json_t *number)
{
    return json_integer(2 * json_integer_value(number));
}

/* Leaves more than its answer. Any number but twice the argument: something was left before. */
static json_t *twice_if_fresh(json_t *number)
{
    static int visits;
    json_int_t value = json_integer_value(number);

    if (visits++ > 0 || getenv("BUSY_PROGRAM"))
        return json_integer(2 * value + 1);
    setenv("BUSY_PROGRAM", "left", 1);
    memset(malloc(100000), 1, 100000);
    if (chdir("/") < 0 || open("/dev/null", O_RDONLY) < 0)
        procspawn_panic("a call cannot leave anything");
    return twice(number);
}

/* Returns process ids; 0 for a process that was killed before it could report its own. */
static json_t *breed(json_t *unused)
{
    (void)unused;
    pid_t first = start(stay_in_the_group), second = start(hide), third = start(run_away);
    return json_pack("[i, i, i]", first, second, third);
}

static json_t *breed_and_hang(json_t *unused)
{
    json_decref(breed(unused));
    return calls_hang(unused);
}

/* Returns the result of a nested call, or how it failed. */
static json_t *nest(json_t *number)
{
    procspawn_handle *handle;
    procspawn_error *error = NULL;
    json_t *result = NULL;
    int rc = procspawn(twice, number, &handle);

    if (rc < 0)
        return json_pack("[s, s]", rc == PROCSPAWN_ESERVER ? "server_lost" : "refused",
                         forkscope_strerror(rc));
    rc = procspawn_join(handle, &result, &error);
    if (rc < 0)
        result = json_pack("[s, s]", procspawn_error_kind_name(procspawn_error_kind(error)),
                           procspawn_error_message(error));
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    return result;
}

/* ---- how calls may end ---- */

static void note_failure(const char *what, const char *kind, const char *message)
{
    if (strcmp(kind, "server_lost") == 0)
        count(&report->lost);
    else if (strcmp(kind, "remote_close") == 0)
        count(&report->closed);
    else
        wrong("%s: %s: %s", what, kind, message);
}

static void note_error(const char *what, procspawn_error *error)
{
    note_failure(what, procspawn_error_kind_name(procspawn_error_kind(error)),
                 procspawn_error_message(error));
    procspawn_error_free(error);
}

/* Returns true if the caller is to continue. */
static bool note_refusal(const char *what, int rc)
{
    if (rc == PROCSPAWN_ESERVER) {
        count(&report->lost);
        poll(NULL, 0, 1);
    } else {
        wrong("%s is refused: %s", what, forkscope_strerror(rc));
    }
    return !stopped();
}

static bool join(const char *what, procspawn_handle *handle, json_t **ret_result)
{
    procspawn_error *error = NULL;
    int rc = procspawn_join(handle, ret_result, &error);

    if (rc == PROCSPAWN_ECALL)
        note_error(what, error);
    else if (rc < 0)
        wrong("%s cannot be joined: %s", what, forkscope_strerror(rc));
    return rc == 0;
}

/* ---- tasks ---- */

static void check_number(const char *what, json_int_t number, json_t *result)
{
    if (json_is_array(result))
        note_failure(what, json_string_value(json_array_get(result, 0)),
                     json_string_value(json_array_get(result, 1)));
    else if (json_integer_value(result) != 2 * number)
        wrong("%s of %lld is %lld", what, (long long)number,
              (long long)json_integer_value(result));
    else
        count(&report->right);
    json_decref(result);
}

static int call_again_and_again(scoped_spawner self, const char *what, procspawn_function *function)
{
    procspawn_handle *handle;

    for (json_int_t i = 0; !stopped(); i++) {
        json_t *number = json_integer(i), *result;
        int rc = scoped_procspawn(self, NULL, function, number, &handle);
        json_decref(number);
        if (rc < 0 && note_refusal(what, rc))
            continue;
        if (rc < 0)
            break;
        if (join(what, handle, &result))
            check_number(what, i, result);
        procspawn_handle_free(handle);
    }
    return 0;
}

static int call(scoped_spawner self, void *unused)
{
    (void)unused;
    return call_again_and_again(self, "twice", twice);
}

static int call_nested(scoped_spawner self, void *unused)
{
    (void)unused;
    return call_again_and_again(self, "nested twice", nest);
}

/* A pool that has failed lost its servers too often. */
static bool make_fresh_pool(procspawn_pool **pool)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(2);

    procspawn_pool_free(*pool);
    *pool = NULL;
    if (!builder)
        abort();
    procspawn_pool_builder_fresh(builder);
    int rc = procspawn_pool_builder_build(builder, pool);
    procspawn_pool_builder_free(builder);
    return rc == 0 || note_refusal("a pool", rc);
}

static int call_fresh(scoped_spawner self, void *unused)
{
    procspawn_pool *pool = NULL;
    procspawn_handle *handle;

    (void)self;
    (void)unused;
    for (json_int_t i = 0; !stopped(); i++) {
        if (!pool && !make_fresh_pool(&pool))
            break;
        json_t *number = json_integer(i), *result;
        int rc = pool ? procspawn_pool_spawn(pool, twice_if_fresh, number, &handle)
                      : PROCSPAWN_ESERVER;
        json_decref(number);
        if (rc == PROCSPAWN_EPOOL) {
            count(&report->lost);
            make_fresh_pool(&pool);
        } else if (rc < 0 && !note_refusal("fresh twice", rc)) {
            break;
        } else if (rc == 0) {
            if (join("fresh twice", handle, &result))
                check_number("fresh twice", i, result);
            procspawn_handle_free(handle);
        }
    }
    procspawn_pool_free(pool);
    return 0;
}

/* After a call has ended, all processes that it started must have ended. */
static void check_bred(procspawn_handle *handle, json_t *pids)
{
    json_t *pid;
    size_t i;

    int rc = procspawn_wait_timeout(handle, -1, NULL);
    json_array_foreach (pids, i, pid) {
        if (rc == 0 && json_integer_value(pid) > 0 && exists((pid_t)json_integer_value(pid)))
            wrong("process %d outlives its call", (int)json_integer_value(pid));
    }
    if (rc < 0 && rc != PROCSPAWN_ESERVER)
        wrong("waiting for a call: %s", forkscope_strerror(rc));
    count(&report->right);
    json_decref(pids);
}

static int leave_processes(scoped_spawner self, void *unused)
{
    procspawn_handle *handle;
    json_t *pids;

    (void)unused;
    while (!stopped()) {
        int rc = scoped_procspawn(self, NULL, breed, NULL, &handle);
        if (rc < 0 && note_refusal("breed", rc))
            continue;
        if (rc < 0)
            break;
        if (join("breed", handle, &pids))
            check_bred(handle, pids);
        procspawn_handle_free(handle);
    }
    return 0;
}

static void check_ended(procspawn_handle *handle)
{
    procspawn_error *error = NULL;

    if (procspawn_wait_timeout(handle, 0, NULL) == 0 && exists(procspawn_pid(handle)))
        wrong("process %d outlives its scope", (int)procspawn_pid(handle));
    int rc = procspawn_join_timeout(handle, 0, NULL, &error);
    if (rc != PROCSPAWN_ECALL) {
        wrong("a call whose scope was closed: %s", forkscope_strerror(rc));
    } else if (procspawn_error_cause(error) == PROCSPAWN_CAUSE_KILLED) {
        count(&report->right);
        procspawn_error_free(error);
    } else {
        note_error("hang", error);
    }
    procspawn_handle_free(handle);
}

static int cancel_again_and_again(scoped_spawner self, void *unused)
{
    enum { LIFE_MS = 15 };
    procspawn_handle *handle;
    scoped_spawner scope;

    (void)self;
    (void)unused;
    while (!stopped()) {
        if (scoped_spawner_open(NULL, &scope) < 0)
            wrong("no scope");
        int rc = scoped_procspawn(scope, NULL, breed_and_hang, NULL, &handle);
        if (rc == 0)
            procspawn_wait_timeout(handle, LIFE_MS * CALLS_MS, NULL);
        int closed = close_whatever(scope, SCOPED_FOREVER);
        if (closed < 0)
            wrong("a scope cannot be closed: %s", forkscope_strerror(closed));
        if (rc == 0)
            check_ended(handle);
        else if (!note_refusal("hang", rc))
            break;
    }
    return 0;
}

enum { TASKS = 4 };

static void run_tasks(void)
{
    scoped_task_function *const all[TASKS] = { call, call_nested, leave_processes,
                                               cancel_again_and_again };
    scoped_task_function *const fresh[TASKS] = { call_fresh, call_fresh, call_fresh, call_fresh };
    scoped_task_function *const *tasks = report->only_fresh ? fresh : all;
    struct scoped_parent_signals signals[TASKS];
    scoped_spawner root;

    if (scoped_spawner_open(NULL, &root) < 0)
        abort();
    for (unsigned i = 0; i < TASKS; i++) {
        if (scoped_spawn_with_signal(root, tasks[i], NULL, NULL, &signals[i]) < 0)
            abort();
    }
    for (unsigned i = 0; i < TASKS; i++) {
        scoped_done_receiver_wait(signals[i].done_receiver);
        scoped_done_receiver_free(signals[i].done_receiver);
        scoped_cancel_sender_forget(signals[i].cancel_sender);
    }
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
}

void busy_program(struct busy_report *shared)
{
    report = shared;
    int rc = procspawn_init(0, NULL);
    if (rc == 0)
        run_tasks();
    else if (rc == PROCSPAWN_ESTART)
        count(&report->lost);
    else
        wrong("init: %s", forkscope_strerror(rc));
    if (rc == 0 && procspawn_fini() < 0)
        wrong("fini");
    if (waitpid(-1, NULL, WNOHANG) != -1)
        wrong("the program has a child");
    _exit(0);
}
