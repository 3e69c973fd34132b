/*
 * endurance_test.c - very many calls leave nothing behind. CALLS_STRESS multiplies their number (10
 * is 100,000 processes and a million calls of a pool)
 */
#include "tests/support/pool_helpers.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What the sanitizers keep from being used again grows up to a bound of its own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SPAWNS = 1000, POOL_CALLS = 10000, SLACK_MEMORY = 256 << 10 };
#else
enum { SPAWNS = 10000, POOL_CALLS = 100000, SLACK_MEMORY = 1 << 10 };
#endif
enum { SLACK = 300 };       /* spares come and go, with a descriptor or two each */

static int scaled(int count)
{
    const char *factor = getenv("CALLS_STRESS");
    return factor ? count * atoi(factor) : count;
}

static unsigned descriptors_of(pid_t pid)
{
    char path[64];
    unsigned count = 0;
    struct dirent *entry;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *directory = opendir(path);
    while (directory && (entry = readdir(directory)))
        count += entry->d_name[0] != '.';
    if (directory)
        closedir(directory);
    return count;
}

struct use {
    long own, server, worker;   /* KiB */
    unsigned descriptors, server_descriptors;
    unsigned processes;
};

static struct use use_now(pid_t worker)
{
    static struct calls_tree tree;
    pid_t server = calls_server();
    struct use use = {
        .own = calls_status(getpid(), "VmRSS:"),
        .server = calls_status(server, "VmRSS:"),
        .worker = calls_status(worker, "VmRSS:"),
        .descriptors = calls_descriptors(),
        .server_descriptors = descriptors_of(server),
    };

    calls_tree_open(&tree, getpid());
    use.processes = tree.count;
    calls_tree_close(&tree);
    return use;
}

static void check_call(int rc, procspawn_handle *handle, int number)
{
    json_t *result = NULL;

    if (rc == 0)
        rc = procspawn_join(handle, &result, NULL);
    if (rc != 0 || json_integer_value(result) != number)
        CU_FAIL_FATAL("a call went wrong");
    json_decref(result);
    procspawn_handle_free(handle);
}

/*
 * The time limit grows with the number of calls: the test is whether they continue, not how fast.
 */
static void work(procspawn_pool *pool, int spawns, int pool_calls)
{
    enum { ROW = 1000 };

    for (int i = 0; i < spawns + pool_calls; i++) {
        if (i % ROW == 0)
            procspawn_cunit_time_limit(60 * CALLS_SECOND);
        procspawn_handle *handle = NULL;
        json_t *argument = json_integer(i);
        int rc = i < spawns ? procspawn(calls_echo, argument, &handle)
                            : procspawn_pool_spawn(pool, calls_echo, argument, &handle);

        check_call(rc, handle, i);
        json_decref(argument);
    }
}

static void very_many_calls_use_no_more_than_many(void)
{
    enum { FIRST = 1000 };

    procspawn_pool *pool = pool_make(1);
    pid_t worker = (pid_t)pool_number(pool, calls_pid, NULL);

    work(pool, FIRST, FIRST);
    struct use before = use_now(worker);
    work(pool, scaled(SPAWNS), scaled(POOL_CALLS));
    struct use after = use_now(worker);
    CU_ASSERT(after.own < before.own + SLACK_MEMORY);
    CU_ASSERT(after.server < before.server + SLACK_MEMORY);
    CU_ASSERT(after.worker < before.worker + SLACK_MEMORY);
    CU_ASSERT(after.descriptors < before.descriptors + SLACK);
    CU_ASSERT(after.server_descriptors < before.server_descriptors + SLACK);
    CU_ASSERT(after.processes < before.processes + SLACK);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_pid, NULL), worker);
    procspawn_pool_free(pool);
}

static CU_TestInfo tests[] = {
    { "very_many_calls_use_no_more_than_many", very_many_calls_use_no_more_than_many },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("endurance", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
