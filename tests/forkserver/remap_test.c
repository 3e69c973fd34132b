/*
 * remap_test.c - a server replaces inherited mappings by private ones; their contents must not
 * change
 */
#include "forkserver/process/remap.h"
#include <forkscope/cunit.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 4096 };

static int filled[WORDS] = { 1 };
static int zeroed[WORDS];
static int large[1024 * 1024];      /* the segment as a whole is too large to be copied */

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

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

/* How many mappings there are with these rights, of files or of none. */
static unsigned count_mappings(const char *rights, bool of_files)
{
    char line[512];
    unsigned count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");

    while (maps && fgets(line, sizeof line, maps))
        count += strstr(line, rights) && (strchr(line, '/') != NULL) == of_files;
    if (maps)
        fclose(maps);
    return count;
}

static void compare_contents(void)
{
    int *heap = malloc(WORDS * sizeof *heap);

    for (int i = 0; i < WORDS; i++)
        filled[i] = zeroed[i] = heap[i] = 3 * i;
    forkserver__remap_memory();
    for (int i = 0; i < WORDS; i++) {
        CU_ASSERT_FATAL(filled[i] == 3 * i);
        CU_ASSERT_FATAL(zeroed[i] == 3 * i);
        CU_ASSERT_FATAL(heap[i] == 3 * i);
    }
    filled[7] = zeroed[7] = heap[7] = large[7] = 8;
    CU_ASSERT(filled[7] + zeroed[7] + heap[7] + large[7] == 32);
    free(heap);
}

static void what_was_written_stays_as_it_was(void)
{
    in_a_process(compare_contents);
}

static void look_for_segments(void)
{
    size_t page = page_size();
    CU_ASSERT(count_mappings("rw-p", true) > 0);
    forkserver__remap_memory();
    CU_ASSERT(count_mappings("rw-p", true) == 0);
    forkserver__remap_memory();
    CU_ASSERT(malloc(page) != NULL);
}

static void no_data_segment_is_the_host_s_any_more(void)
{
    in_a_process(look_for_segments);
}

/* Its code looks as if something unknown to the dynamic linker had mapped it. */
static void run_by_something_else(void)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    unsigned before = count_mappings("rw-p", true);

    CU_ASSERT_FATAL(mmap(NULL, page_size(), PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) !=
                    MAP_FAILED);
    close(fd);
    forkserver__remap_memory();
    CU_ASSERT(before > 0 && count_mappings("rw-p", true) == before);
}

static void a_program_that_something_else_runs_keeps_its_memory(void)
{
    in_a_process(run_by_something_else);
}

static void check_rights(void)
{
    size_t page = page_size();
    unsigned char *pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    memset(pages, 1, 3 * page);
    mprotect(pages, page, PROT_READ);
    mprotect(pages + page, page, PROT_NONE);
    forkserver__remap_memory();
    CU_ASSERT(pages[0] == 1 && pages[2 * page] == 1);
    int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    CU_ASSERT(read(zeros, pages, 1) < 0 && errno == EFAULT);
    CU_ASSERT(read(zeros, pages + 2 * page, 1) == 1);
    close(zeros);
    CU_ASSERT(mprotect(pages + page, page, PROT_READ) == 0 && pages[page] == 1);
}

static void rights_stay_as_they_were(void)
{
    in_a_process(check_rights);
}

static void check_unusual(void)
{
    size_t page = page_size();
    unsigned char *shared = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                                 0);
    unsigned char *wiped = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                                0);

    memset(wiped, 1, page);
    madvise(wiped, page, MADV_WIPEONFORK);
    forkserver__remap_memory();
    if (fork() == 0) {
        *shared = 5;
        _exit(wiped[0]);
    }
    int status = 1;
    wait(&status);
    CU_ASSERT(status == 0);
    CU_ASSERT(*shared == 5);
}

static void what_is_shared_or_wiped_in_children_stays_so(void)
{
    in_a_process(check_unusual);
}

/* KiB of the mapping with this address that were written to; -1 if there is no such mapping. */
static long written_of(const void *address)
{
    char line[512];
    unsigned long start, end, at = (unsigned long)(uintptr_t)address;
    long written = -1;
    bool inside = false;
    FILE *maps = fopen("/proc/self/smaps", "re");

    while (maps && fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            inside = start <= at && at < end;
        else if (inside)
            sscanf(line, "Anonymous: %ld kB", &written);
    }
    if (maps)
        fclose(maps);
    return written;
}

static void look_at_code(void)
{
    static const char constant[] = "as it was";
    void *file = mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE,
                      open("/proc/self/exe", O_RDONLY | O_CLOEXEC), 0);
    long before = written_of((const void *)look_at_code);

    CU_ASSERT_FATAL(file != MAP_FAILED);
    forkserver__remap_memory();
    CU_ASSERT(before == 0 && written_of((const void *)look_at_code) > 0);
    CU_ASSERT(written_of(constant) > 0);
    CU_ASSERT(written_of(file) == 0);
    CU_ASSERT(memcmp(constant, "as it was", sizeof constant) == 0);
}

extern const char __ehdr_start[];       /* the linker's: the headers of this program */

static void look_at_headers(void)
{
    CU_ASSERT_FATAL(*(const volatile char *)__ehdr_start == '\177');
    forkserver__remap_memory();
    CU_ASSERT(written_of(__ehdr_start) == 0);
}

static void children_do_not_get_page_tables_of_headers(void)
{
    in_a_process(look_at_headers);
}

static void children_get_page_tables_of_code_that_the_server_uses(void)
{
    in_a_process(look_at_code);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(what_was_written_stays_as_it_was),
    TEST(no_data_segment_is_the_host_s_any_more),
    TEST(a_program_that_something_else_runs_keeps_its_memory),
    TEST(rights_stay_as_they_were),
    TEST(what_is_shared_or_wiped_in_children_stays_so),
    TEST(children_get_page_tables_of_code_that_the_server_uses),
    TEST(children_do_not_get_page_tables_of_headers),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "remap", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
