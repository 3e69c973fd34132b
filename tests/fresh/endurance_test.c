/*
 * endurance_test.c - after many fresh calls there are no more memory, descriptors and processes
 * than after a few
 *
 * `make check-fresh-calls` runs FRESH_CALLS calls.
 */
#include "tests/support/fresh_helpers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* KiB, and spare processes with their channels, that may come and go. */
enum { WORKERS = 2, KIB = 1024, SLACK = 8192, SPARES = 40 };

/* Of a process, in KiB. */
static long resident(const char *path)
{
    FILE *stream = fopen(path, "r");
    long size = 0, pages = 0;

    if (stream) {
        if (fscanf(stream, "%ld %ld", &size, &pages) != 2)
            pages = 0;
        fclose(stream);
    }
    return pages * (sysconf(_SC_PAGESIZE) / KIB);
}

/* Works, leaves all of it behind, and tells what the process had before. */
static json_t *work(json_t *argument)
{
    json_t *told = json_pack("{s:i, s:i, s:i, s:O}", "mappings", (int)acts_mappings(),
                             "descriptors", (int)acts_descriptors(), "resident",
                             (int)resident("/proc/self/statm"), "argument", argument);

    for (int i = 0; i < 20; i++)
        memset(malloc((size_t)(1000 << i % 10)), i, 1000);
    mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    setenv("FRESH", "endurance", 1);
    (void)!dup(0);
    (void)!chdir("/");
    return told;
}

static unsigned count_processes(void)
{
    struct calls_tree tree = { .count = 0 };

    calls_tree_open(&tree, getpid());
    unsigned count = tree.count;
    calls_tree_close(&tree);
    return count;
}

struct amounts {
    json_int_t mappings, descriptors, resident;
    long host_resident, host_descriptors;
    unsigned processes;
};

static void call(procspawn_pool *pool, unsigned number, struct amounts *amounts)
{
    json_t *told = calls_result(pool_start(pool, work, json_integer(number)));

    CU_ASSERT_EQUAL(json_integer_value(json_object_get(told, "argument")), number);
    amounts->mappings = json_integer_value(json_object_get(told, "mappings"));
    amounts->descriptors = json_integer_value(json_object_get(told, "descriptors"));
    amounts->resident = json_integer_value(json_object_get(told, "resident"));
    json_decref(told);
}

static void measure(struct amounts *amounts)
{
    amounts->host_resident = resident("/proc/self/statm");
    amounts->host_descriptors = acts_descriptors();
    amounts->processes = count_processes();
}

static void many_calls_leave_no_more_than_few(void)
{
    const char *text = getenv("FRESH_CALLS");
    const unsigned calls = text ? (unsigned)strtoul(text, NULL, 0) : 400;
    procspawn_pool *pool = fresh_make(WORKERS);
    struct amounts few, many;

    for (unsigned i = 0; i < 100; i++)
        call(pool, i, &few);
    measure(&few);
    for (unsigned i = 0; i < calls; i++)
        call(pool, i, &many);
    measure(&many);
    printf("worker: %lld KiB, then %lld; host: %ld KiB, then %ld; processes: %u, then %u\n",
           (long long)few.resident, (long long)many.resident, few.host_resident,
           many.host_resident, few.processes, many.processes);
    CU_ASSERT_EQUAL(many.mappings, few.mappings);
    CU_ASSERT_EQUAL(many.descriptors, few.descriptors);
    CU_ASSERT(many.resident < few.resident + SLACK);
    CU_ASSERT(many.host_descriptors < few.host_descriptors + SPARES);
    CU_ASSERT(many.host_resident < few.host_resident + SLACK);
    CU_ASSERT(many.processes < few.processes + SPARES);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo endurance[] = {
    TEST(many_calls_leave_no_more_than_few),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("endurance", endurance),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    acts_prepare();
    return procspawn_cunit_run(suites, argc, argv);
}
