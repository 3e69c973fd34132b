/*
 * many_test.c - many crashes from several threads at a time: each has its report, and nothing is
 * left of any
 *
 * MANY_CRASHES says how many; `make check-crashes` asks for a thousand.
 */
#include "src/base/clock.h"
#include "tests/support/call_helpers.h"
#include "tests/support/frame.h"

#include <forkscope/pool.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* The address sanitizer keeps up to 256 MiB of what was freed. */
#ifdef __SANITIZE_ADDRESS__
enum { GROWTH_KIB = 256 * 1024 };
#else
enum { GROWTH_KIB = 2048 };
#endif
enum { THREADS = 4, BEFORE = 10, FEW = 100, SERVERS = 8, STOCK = 32 };

static volatile int *volatile nowhere;
static procspawn_pool *pool;        /* NULL: each call has a process of its own */

static FRAME void write_to_null(void)
{
    *nowhere = 1;
}

static json_t *dies_by_null(json_t *argument)
{
    write_to_null();
    return argument;
}

static bool is_whole(const procspawn_error *error)
{
    struct procspawn_frame frame;

    return error && procspawn_error_signal(error) == SIGSEGV &&
           strcmp(procspawn_error_reason(error), "write to 0x0: null pointer") == 0 &&
           procspawn_error_incomplete(error) == 0 && procspawn_error_thread_count(error) == 1 &&
           procspawn_error_frame(error, 0, &frame) == 0 && frame.symbol &&
           strcmp(frame.symbol, "write_to_null") == 0;
}

/* Returns whether the crash was reported as it should be. */
static bool crash_once(void)
{
    procspawn_handle *handle;
    procspawn_error *error = NULL;
    bool whole;

    int rc = pool ? procspawn_pool_spawn(pool, dies_by_null, NULL, &handle)
                  : procspawn(dies_by_null, NULL, &handle);
    if (rc < 0)
        return false;
    procspawn_join(handle, NULL, &error);
    whole = is_whole(error);
    if (!whole && error)
        procspawn_error_print_all(error, stdout);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    return whole;
}

struct part {
    pthread_t thread;
    unsigned crashes, reported;
};

static void *crash_in_a_row(void *argument)
{
    struct part *part = argument;

    for (unsigned i = 0; i < part->crashes; i++)
        part->reported += crash_once();
    return NULL;
}

static void crash(unsigned each)
{
    struct part parts[THREADS];

    for (int i = 0; i < THREADS; i++) {
        parts[i] = (struct part){ .crashes = each };
        CU_ASSERT_FATAL(pthread_create(&parts[i].thread, NULL, crash_in_a_row, &parts[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(parts[i].thread, NULL);
        PROCSPAWN_CUNIT_EQUAL(parts[i].reported, each);
    }
}

/* ---- what is left ---- */

struct state {
    unsigned descriptors;
    unsigned count;             /* of the processes that hold memory: the program, root, servers */
    pid_t pid[SERVERS];
    long kib[SERVERS];
    unsigned server_descriptors[SERVERS];
};

static unsigned descriptors_of(pid_t pid)
{
    char path[64];
    unsigned count = 0;

    for (int fd = 0; fd < 1024; fd++) {
        snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)pid, fd);
        FILE *file = fopen(path, "re");
        count += file != NULL;
        if (file)
            fclose(file);
    }
    return count;
}

static void add(struct state *state, pid_t pid)
{
    state->pid[state->count] = pid;
    state->kib[state->count] = calls_status(pid, "VmRSS:");
    state->server_descriptors[state->count++] = pid == getpid() ? 0 : descriptors_of(pid);
}

static void look(struct state *state)
{
    pid_t root = calls_root(), server = calls_server();

    *state = (struct state){ .descriptors = calls_descriptors() };
    add(state, getpid());
    add(state, root);
    add(state, server);
}

static bool is_settled(const struct state *before, struct state *ret_now)
{
    look(ret_now);
    for (unsigned i = 0; i < before->count; i++)
        if (ret_now->server_descriptors[i] > before->server_descriptors[i])
            return false;
    return true;
}

/* The program holds the channels of its spares, whose number changes. */
static void check_left(const struct state *before)
{
    int64_t deadline = base__deadline(20 * BASE_SECOND);
    struct state now;

    while (!is_settled(before, &now) && base__now() < deadline)
        poll(NULL, 0, 10);
    CU_ASSERT(now.descriptors <= before->descriptors + STOCK);
    for (unsigned i = 0; i < before->count; i++) {
        PROCSPAWN_CUNIT_EQUAL(now.pid[i], before->pid[i]);
        CU_ASSERT(now.server_descriptors[i] <= before->server_descriptors[i]);
        CU_ASSERT(now.kib[i] <= before->kib[i] + GROWTH_KIB);
        if (now.kib[i] > before->kib[i] + GROWTH_KIB)
            printf("  %ld KiB, %ld before\n", now.kib[i], before->kib[i]);
    }
}

static void begin(void)
{
    struct rlimit no_core = { 0, 0 };

    procspawn_cunit_time_limit(1200 * CALLS_SECOND);
    setrlimit(RLIMIT_CORE, &no_core);
    calls_begin();
}

/* A worker dies in each call, and its pool has another one. */
static void make_fresh_pool(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(THREADS);

    CU_ASSERT_FATAL(builder != NULL);
    procspawn_pool_builder_fresh(builder);
    CU_ASSERT_EQUAL_FATAL(procspawn_pool_builder_build(builder, &pool), 0);
    procspawn_pool_builder_free(builder);
}

/* After the end of the library the runner looks for descriptors and processes that are left. */
static void crash_and_look(void)
{
    const char *wanted = getenv("MANY_CRASHES");
    unsigned count = wanted ? (unsigned)atoi(wanted) : FEW;
    struct calls_tree tree;
    struct state before;

    crash(BEFORE);
    look(&before);
    crash(count / THREADS);
    procspawn_pool_free(pool);
    pool = NULL;
    check_left(&before);
    calls_tree_open(&tree, getpid());
    calls_end();
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(&tree, 20 * CALLS_SECOND), 0);
    calls_tree_close(&tree);
}

static void many_crashes_each_have_their_report_and_leave_nothing(void)
{
    begin();
    crash_and_look();
}

static void so_do_many_crashes_of_fresh_workers(void)
{
    begin();
    make_fresh_pool();
    crash_and_look();
}

static CU_TestInfo tests[] = {
    { "many_crashes_each_have_their_report_and_leave_nothing",
      many_crashes_each_have_their_report_and_leave_nothing },
    { "so_do_many_crashes_of_fresh_workers", so_do_many_crashes_of_fresh_workers },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "many", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
