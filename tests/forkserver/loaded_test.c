/*
 * loaded_test.c - memory that was written before init becomes a mapping of a file, and stays as it
 * was for all who use it
 */
#include "forkserver/process/loaded.h"
#include "forkserver/process/memory_room.h"
#include "tests/support/call_helpers.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum { MIB = 1024 * 1024, SIZE = 8 * MIB, SMALL = 16 * 1024, BLOCKS = SIZE / SMALL };

static uint32_t progress;

static void in_a_process(void (*check)(void))
{
    int status = 1;
    pid_t pid = fork();

    if (pid == 0) {
        check();
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
}

static void fill(unsigned char *memory, size_t size)
{
    for (size_t i = 0; i < size; i++)
        memory[i] = (unsigned char)(i % 251 + i / 4096);
}

static bool is_filled(const unsigned char *memory, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (memory[i] != (unsigned char)(i % 251 + i / 4096))
            return false;
    }
    return true;
}

static unsigned char *filled(size_t size)
{
    unsigned char *memory = malloc(size);

    CU_ASSERT_FATAL(memory != NULL);
    fill(memory, size);
    return memory;
}

/* Does the mapping with this address belong to such a file? */
static bool is_of_file(const void *address)
{
    char line[512];
    unsigned long start, end, at = (unsigned long)(uintptr_t)address;
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "re");

    while (maps && fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2 && start <= at && at < end)
            found = strstr(line, "/memfd:forkscope-loaded") != NULL;
    }
    if (maps)
        fclose(maps);
    return found;
}

/* Other allocators, and those of sanitizers, keep their memory as it is. */
static bool is_taken_here(void)
{
    unsigned char *memory = filled(SIZE);

    forkserver__loaded_to_file(-1, &progress);
    bool taken = is_of_file(memory + SIZE / 2);
    free(memory);
    return taken;
}

/* ---- what becomes of blocks ---- */

static void check_block(void)
{
    unsigned char *memory = filled(SIZE);

    forkserver__loaded_to_file(-1, &progress);
    CU_ASSERT(is_filled(memory, SIZE));
    CU_ASSERT(is_of_file(memory) == is_taken_here());
    CU_ASSERT(progress > 0 || !is_of_file(memory));
    memory[SIZE / 2]++;
    pid_t pid = fork();
    if (pid == 0) {
        memset(memory, 1, SIZE);
        _exit(0);
    }
    int status = 1;
    CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
    memory[SIZE / 2]--;
    CU_ASSERT(is_filled(memory, SIZE));
    free(memory);
}

static void a_block_keeps_its_contents_and_is_written_by_each_for_itself(void)
{
    in_a_process(check_block);
}

static void check_growth(void)
{
    unsigned char *memory = filled(SIZE);

    forkserver__loaded_to_file(-1, &progress);
    memory = realloc(memory, 4 * SIZE);
    CU_ASSERT_FATAL(memory != NULL);
    CU_ASSERT(is_filled(memory, SIZE));
    fill(memory, 4 * SIZE);
    CU_ASSERT(is_filled(memory, 4 * SIZE));
    memory = realloc(memory, 2 * MIB);
    CU_ASSERT_FATAL(memory != NULL);
    CU_ASSERT(is_filled(memory, 2 * MIB));
    free(memory);
}

static void a_block_can_grow_and_shrink(void)
{
    in_a_process(check_growth);
}

static void check_gaps(void)
{
    unsigned char *memory = calloc(4, SIZE);

    CU_ASSERT_FATAL(memory != NULL);
    fill(memory, 2 * MIB);
    fill(memory + 2 * SIZE, 2 * MIB);
    forkserver__loaded_to_file(-1, &progress);
    CU_ASSERT(!is_of_file(memory + SIZE));
    CU_ASSERT(is_of_file(memory + 2 * SIZE + MIB) == is_taken_here());
    CU_ASSERT(is_filled(memory, 2 * MIB) && is_filled(memory + 2 * SIZE, 2 * MIB));
    for (size_t i = 2 * MIB; i < 2 * SIZE; i++)
        CU_ASSERT_FATAL(memory[i] == 0);
    free(memory);
}

static void what_was_never_written_stays_out(void)
{
    in_a_process(check_gaps);
}

static void check_heap(void)
{
    static unsigned char *blocks[BLOCKS], *more[BLOCKS];

    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = filled(SMALL);
    forkserver__loaded_to_file(-1, &progress);
    CU_ASSERT(is_of_file(blocks[BLOCKS / 2]) == is_taken_here());
    for (int i = 0; i < BLOCKS; i++) {
        CU_ASSERT_FATAL(is_filled(blocks[i], SMALL));
        more[i] = calloc(1, SMALL);
        CU_ASSERT_FATAL(more[i] && more[i][0] == 0 && more[i][SMALL - 1] == 0);
        fill(more[i], SMALL);
    }
    for (int i = 0; i < BLOCKS; i += 2)
        free(blocks[i]);
    malloc_trim(0);
    for (int i = 0; i < BLOCKS; i += 2) {
        blocks[i] = calloc(1, SMALL);
        for (int k = 0; k < SMALL; k++)
            CU_ASSERT_FATAL(blocks[i][k] == 0);
    }
    for (int i = 0; i < BLOCKS; i++) {
        CU_ASSERT_FATAL(is_filled(more[i], SMALL) && (i % 2 == 0 || is_filled(blocks[i], SMALL)));
        free(blocks[i]);
        free(more[i]);
    }
    malloc_trim(0);
}

static void the_heap_works_as_before(void)
{
    in_a_process(check_heap);
}

/* ---- what stays as it is ---- */

static void *mapped(int flags)
{
    void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);

    CU_ASSERT_FATAL(memory != MAP_FAILED);
    fill(memory, SIZE);
    return memory;
}

static void check_mappings(void)
{
    unsigned char *own = mapped(MAP_PRIVATE), *shared = mapped(MAP_SHARED);
    unsigned char *without_reserve = mapped(MAP_PRIVATE | MAP_NORESERVE);

    forkserver__loaded_to_file(-1, &progress);
    CU_ASSERT(!is_of_file(own) && !is_of_file(shared) && !is_of_file(without_reserve));
    CU_ASSERT(is_filled(shared, SIZE) && is_filled(without_reserve, SIZE));
    CU_ASSERT(madvise(own, SIZE, MADV_DONTNEED) == 0 && own[0] == 0 && own[MIB] == 0);
}

static void the_program_s_own_mappings_stay(void)
{
    in_a_process(check_mappings);
}

/* A page within the block, and the whole pages of it. */
static unsigned char *inside(unsigned char *block)
{
    return (unsigned char *)(((uintptr_t)block + MIB) / 4096 * 4096);
}

static void check_unusual(void)
{
    unsigned char *locked = filled(SIZE), *huge = filled(SIZE), *forbidden = filled(SIZE);
    unsigned char *guarded = filled(SIZE);
    bool has_lock = mlock(inside(locked), MIB) == 0;
    bool has_huge = madvise(inside(huge), MIB, MADV_HUGEPAGE) == 0;
    bool has_guard = madvise(inside(guarded), 4096, MADV_GUARD_INSTALL) == 0;

    mprotect(inside(forbidden), 4096, PROT_NONE);
    forkserver__loaded_to_file(-1, &progress);
    CU_ASSERT(!has_lock || !is_of_file(inside(locked)));
    CU_ASSERT(!has_huge || !is_of_file(inside(huge)));
    CU_ASSERT(!has_guard || !is_of_file(inside(guarded)));
    CU_ASSERT(!is_of_file(inside(forbidden)));
    CU_ASSERT(is_filled(locked, SIZE) && is_filled(huge, SIZE));
    CU_ASSERT(mprotect(inside(forbidden), 4096, PROT_READ) == 0 && is_filled(forbidden, SIZE));
}

static void locked_huge_and_guarded_memory_stays(void)
{
    in_a_process(check_unusual);
}

static void check_amounts(void)
{
    unsigned char *memory = filled(SIZE);

    forkserver__loaded_to_file(0, &progress);
    CU_ASSERT(!is_of_file(memory + SIZE / 2));
    CU_ASSERT(is_filled(memory, SIZE));
    free(memory);
}

static void nothing_is_copied_without_time(void)
{
    CU_ASSERT(forkserver__memory_room() > MIB);
    in_a_process(check_amounts);
}

/* ---- in calls ---- */

static unsigned char *loaded;

static json_t *look_and_overwrite(json_t *unused)
{
    bool same = is_filled(loaded, SIZE);

    (void)unused;
    memset(loaded, 1, SIZE);
    return json_boolean(same);
}

static void each_call_sees_what_was_loaded(void)
{
    loaded = filled(SIZE);
    calls_begin();
    for (int i = 0; i < 10; i++) {
        json_t *same = calls_result(calls_start(look_and_overwrite, NULL));
        CU_ASSERT(json_is_true(same));
        json_decref(same);
    }
    calls_end();
    CU_ASSERT(is_filled(loaded, SIZE));
    free(loaded);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_block_keeps_its_contents_and_is_written_by_each_for_itself),
    TEST(a_block_can_grow_and_shrink),
    TEST(what_was_never_written_stays_out),
    TEST(the_heap_works_as_before),
    TEST(the_program_s_own_mappings_stay),
    TEST(locked_huge_and_guarded_memory_stays),
    TEST(nothing_is_copied_without_time),
    TEST(each_call_sees_what_was_loaded),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "loaded", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
