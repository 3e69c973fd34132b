/*
 * hostile_test.c - workers that write what they like into the memory of their chunk: a map ends,
 * and what others do is not harmed
 */
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <forkscope/map.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ITEMS = 100, CHUNK = 20 };

/* The shared memory of the chunk, as a function finds it in its own address space. */
static unsigned char *find_ledger(size_t *ret_size)
{
    char line[512];
    unsigned char *found = NULL;
    FILE *maps = fopen("/proc/self/maps", "re");

    while (maps && !found && fgets(line, sizeof line, maps)) {
        uintptr_t from, to;
        char mode[8];
        if (strstr(line, "memfd:forkscope") &&
            sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &from, &to, mode) == 3 &&
            mode[1] == 'w') {
            found = (unsigned char *)from;
            *ret_size = to - from;
        }
    }
    if (maps)
        fclose(maps);
    return found;
}

/* What a function does to the numbers at the beginning of the memory: begun, results, end. */
static void set_head(uint64_t begun, uint64_t results, uint64_t end)
{
    size_t size;
    uint64_t *head = (uint64_t *)(void *)find_ledger(&size);

    if (!head)
        return;
    head[0] = begun;
    head[1] = results;
    head[2] = end;
}

static json_t *say_many_results(json_t *item)
{
    set_head(CHUNK, CHUNK, 4096);
    return json_incref(item);
}

static json_t *say_too_much(json_t *item)
{
    set_head(UINT64_MAX, UINT64_MAX, UINT64_MAX);
    abort();
    return json_incref(item);
}

static json_t *say_nothing_was_begun(json_t *item)
{
    set_head(0, 0, 24);
    _exit(0);
    return item;
}

static json_t *write_anything(json_t *item)
{
    size_t size;
    unsigned char *ledger = find_ledger(&size);
    unsigned seed = (unsigned)json_integer_value(item);

    for (size_t i = 0; ledger && i < size; i += 1 + (size_t)rand_r(&seed) % 64)
        ledger[i] = (unsigned char)rand_r(&seed);
    _exit(1);
    return item;
}

/* Reading it would take memory of the reader, or raise a signal, if the reader mapped it. */
static json_t *give_the_memory_back(json_t *item)
{
    size_t size;
    unsigned char *ledger = find_ledger(&size);

    if (ledger)
        madvise(ledger, size, MADV_REMOVE);
    _exit(1);
    return item;
}

/* It says that all have results, and goes on. */
static json_t *say_results_and_hang(json_t *item)
{
    set_head(CHUNK, CHUNK, 4096);
    return calls_hang(item);
}

struct job {
    size_t made, sunk;
    bool wrong;
};

static int make_number(json_t **ret_item, void *argument)
{
    struct job *job = argument;

    if (job->made == ITEMS)
        return -ENODATA;
    *ret_item = json_integer((json_int_t)job->made++);
    return 0;
}

static int count_result(size_t index, struct procspawn_result *result, void *argument)
{
    struct job *job = argument;

    job->wrong |= index != job->sunk || (result->value != NULL) == (result->error != NULL);
    job->sunk++;
    return 0;
}

/* Descriptors of such memory in this process. */
static int open_ledgers(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++) {
        char path[32], target[64] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, target, sizeof target - 1) > 0)
            count += strstr(target, "memfd:forkscope") != NULL;
    }
    return count;
}

static void check(procspawn_function *function)
{
    procspawn_pool *pool = pool_make(2);
    const struct procspawn_map_options options = { .pool = pool, .chunk = CHUNK };
    struct job job = { 0 };

    PROCSPAWN_CUNIT_EQUAL(procspawn_map_each(&options, function, make_number, count_result, &job,
                                             NULL), 0);
    PROCSPAWN_CUNIT_EQUAL((int)job.sunk, ITEMS);
    CU_ASSERT(!job.wrong);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_echo, json_integer(3)), 3);
    procspawn_pool_free(pool);
    PROCSPAWN_CUNIT_EQUAL(open_ledgers(), 0);
}

static void results_that_were_not_written_are_none(void)
{
    check(say_many_results);
}

static void numbers_out_of_range_are_not_believed(void)
{
    check(say_too_much);
}

static void a_worker_that_denies_what_it_does_ends_its_map(void)
{
    check(say_nothing_was_begun);
}

static void any_bytes_are_read_without_harm(void)
{
    check(write_anything);
}

static void memory_that_was_given_back_is_read_without_harm(void)
{
    check(give_the_memory_back);
}

static void a_worker_that_lies_and_hangs_is_killed(void)
{
    check(say_results_and_hang);
}

/* As many results as there is room for, each as long as may be and slow to decode; no end. */
static json_t *give_slow_results(json_t *item)
{
    enum { HEAD = 24, ENTRY = 16, TEXT = 240 << 10 };
    size_t size = 0;
    unsigned char *ledger = find_ledger(&size);
    uint64_t *head = (uint64_t *)(void *)ledger;
    size_t at = HEAD;

    for (uint64_t i = 1; ledger && at + ENTRY + TEXT <= size; i++) {
        const uint32_t entry[] = { TEXT, 0, 0, 0 };
        memcpy(ledger + at, entry, sizeof entry);
        ledger[at + ENTRY] = '[';
        ledger[at + ENTRY + 1] = '0';
        ledger[at + ENTRY + 2] = ',';
        ledger[at + ENTRY + 3] = '0';
        for (size_t place = 4; place < TEXT; place++)
            ledger[at + ENTRY + place] = place % 2 == 0 ? ',' : '0';
        ledger[at + ENTRY + TEXT - 1] = ']';
        ledger[at + ENTRY + TEXT - 2] = ' ';
        at += ENTRY + TEXT;
        head[2] = at;
        head[0] = head[1] = i;
    }
    calls_hang(item);
    return NULL;
}

static void the_total_limit_holds_against_results_that_are_slow_to_decode(void)
{
    enum { MANY = 120000, WORKERS = 2 };
    procspawn_pool *pool = pool_make(WORKERS);
    const struct procspawn_map_options options = { .pool = pool, .chunk = MANY / 2,
                                                   .total_limit = CALLS_SECOND / 2 };
    json_t *items = json_array();

    for (int i = 0; i < MANY; i++)
        json_array_append_new(items, json_null());
    int64_t before = calls_now();
    PROCSPAWN_CUNIT_EQUAL(procspawn_map(&options, give_slow_results, items, NULL, NULL),
                          PROCSPAWN_ECALL);
    CU_ASSERT(calls_now() - before < CALLS_SECOND);
    json_decref(items);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(results_that_were_not_written_are_none),
    TEST(numbers_out_of_range_are_not_believed),
    TEST(a_worker_that_denies_what_it_does_ends_its_map),
    TEST(any_bytes_are_read_without_harm),
    TEST(memory_that_was_given_back_is_read_without_harm),
    TEST(a_worker_that_lies_and_hangs_is_killed),
    TEST(the_total_limit_holds_against_results_that_are_slow_to_decode),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { CALLS_SUITE("hostile", tests), CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
