/*
 * standing_test.c - standing buffers: what the other side of one can do to it, and what not
 */
#include "src/wire/standing.h"
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LENGTH = 100 * 1000 };

static struct wire_standing ours, theirs = { NULL, 0, -1 };

/* Both ends of a buffer; the second as another process has it. */
static void open_ends(bool to_write)
{
    int rc = to_write ? wire__standing_to_write(LENGTH, &ours)
                      : wire__standing_to_read(LENGTH, &ours);

    CU_ASSERT_FATAL(rc == 0);
    CU_ASSERT(ours.size >= LENGTH);
    PROCSPAWN_CUNIT_EQUAL(wire__standing_adopt(dup(ours.fd), !to_write, &theirs), 0);
    CU_ASSERT_EQUAL(theirs.size, ours.size);
}

static void close_ends(void)
{
    wire__standing_close(&ours);
    wire__standing_close(&theirs);
    CU_ASSERT(!ours.bytes && ours.fd == -1);
}

static void check_size_is_fixed(void)
{
    CU_ASSERT(ftruncate(ours.fd, 1) < 0 && errno == EPERM);
    CU_ASSERT(ftruncate(ours.fd, (off_t)ours.size + 1) < 0 && errno == EPERM);
    CU_ASSERT(fcntl(ours.fd, F_ADD_SEALS, F_SEAL_WRITE) < 0 && errno == EPERM);
}

static void what_is_written_is_read_in_its_order(void)
{
    const struct wire_part parts[] = { { "one", 3 }, { NULL, 0 }, { "two", 3 } };
    char text[7] = "";

    open_ends(true);
    CU_ASSERT_EQUAL(wire__standing_write(&ours, 2, parts, 3), 8);
    CU_ASSERT(memcmp(theirs.bytes + 2, "onetwo", 6) == 0);
    close_ends();
    open_ends(false);
    wire__standing_write(&theirs, 0, parts, 3);
    PROCSPAWN_CUNIT_EQUAL(wire__standing_read(&ours, 6, text), 0);
    CU_ASSERT_STRING_EQUAL(text, "onetwo");
    close_ends();
}

static void who_reads_arguments_cannot_write_them(void)
{
    open_ends(true);
    check_size_is_fixed();
    CU_ASSERT(mprotect(theirs.bytes, theirs.size, PROT_READ | PROT_WRITE) < 0);
    CU_ASSERT(mmap(NULL, ours.size, PROT_WRITE, MAP_SHARED, ours.fd, 0) == MAP_FAILED);
    CU_ASSERT(pwrite(ours.fd, "x", 1, 0) < 0 && errno == EPERM);
    CU_ASSERT(fallocate(ours.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) < 0);
    CU_ASSERT(madvise(theirs.bytes, 4096, MADV_REMOVE) < 0);
    close_ends();
}

/* A hole would be a fault without an end in memory that is mapped. */
static void holes_in_results_are_read_as_zeros(void)
{
    static const struct wire_part part = { "text", 4 };
    char text[5] = "....";

    open_ends(false);
    check_size_is_fixed();
    wire__standing_write(&theirs, 0, &part, 1);
    CU_ASSERT(madvise(theirs.bytes, theirs.size, MADV_REMOVE) == 0);
    PROCSPAWN_CUNIT_EQUAL(wire__standing_read(&ours, 4, text), 0);
    CU_ASSERT(memcmp(text, "\0\0\0\0", 4) == 0);
    PROCSPAWN_CUNIT_EQUAL(wire__standing_read(&ours, 0, text), 0);
    close_ends();
}

static void a_forked_process_has_no_mapping(void)
{
    open_ends(true);
    pid_t pid = fork();
    if (pid == 0) {
        unsigned char present;
        bool here = mincore(ours.bytes, 1, &present) == 0 || mincore(theirs.bytes, 1, &present) == 0;
        _exit(here);
    }
    int status = -1;
    CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
    close_ends();
}

static void what_cannot_be_adopted_leaves_no_buffer(void)
{
    unsigned before = calls_descriptors();
    int ends[2];

    CU_ASSERT_FATAL(pipe(ends) == 0);
    CU_ASSERT(wire__standing_adopt(ends[0], true, &theirs) < 0);
    CU_ASSERT(wire__standing_adopt(ends[1], false, &theirs) < 0);
    PROCSPAWN_CUNIT_EQUAL(wire__standing_adopt(-1, false, &theirs), -EBADF);
    CU_ASSERT(!theirs.bytes && theirs.size == 0);
    CU_ASSERT_EQUAL(calls_descriptors(), before);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(what_is_written_is_read_in_its_order),
    TEST(who_reads_arguments_cannot_write_them),
    TEST(holes_in_results_are_read_as_zeros),
    TEST(a_forked_process_has_no_mapping),
    TEST(what_cannot_be_adopted_leaves_no_buffer),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "standing", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
