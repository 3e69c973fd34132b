/*
 * confine_test.c - the confinement of a reporter: ids, groups and memory
 */
#include "src/base/clock.h"
#include "src/base/confine.h"
#include "tests/support/somebody.h"

#include <errno.h>
#include <forkscope/cunit.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static void in_process(void (*part)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        part();
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    CU_ASSERT_EQUAL(status, 0);
}

static void name_itself_like_a_status(void)
{
    struct confine_ids ids;

    prctl(PR_SET_NAME, "a\nUid:\t7\nGid:\t7");
    if (base__confine_ids(getpid(), &ids) != 0 || ids.uid != getuid() || ids.gid != getgid())
        _exit(1);
}

static void a_name_does_not_pass_for_ids(void)
{
    in_process(name_itself_like_a_status);
}

static void be_in_many_groups(void)
{
    enum { MANY = 3000 };
    struct confine_ids ids;
    gid_t groups[MANY];

    for (gid_t i = 0; i < MANY; i++)
        groups[i] = 1000000 + i;
    if (setgroups(MANY, groups) != 0 || base__confine_ids(getpid(), &ids) != 0 ||
        ids.group_count != CONFINE_GROUPS)
        _exit(1);
    for (size_t i = 0; i < ids.group_count; i++)
        if (ids.groups[i] != groups[i])
            _exit(2);
}

static void of_many_groups_the_first_ones_are_taken(void)
{
    in_process(be_in_many_groups);
}

static void lend_and_ask(void)
{
    struct confine_ids ids;

    if (setresgid(SOME_GROUP, 0, 0) != 0 || setresuid(SOMEBODY, 0, 0) != 0 ||
        base__confine_ids(getpid(), &ids) != 0 || ids.uid != SOMEBODY || ids.gid != SOME_GROUP)
        _exit(1);
}

static void ids_that_a_program_has_lent_do_not_count(void)
{
    in_process(lend_and_ask);
}

static void confine_as_somebody_else(void)
{
    struct confine_ids ids = { .uid = SOMEBODY, .gid = SOME_GROUP };

    become(SOMEBODY + 1);
    if (base__confine(&ids) != -EPERM)
        _exit(1);
    ids.uid = SOMEBODY + 1;
    if (base__confine(&ids) != 0)
        _exit(2);
}

static void ids_that_cannot_be_taken_are_an_error(void)
{
    in_process(confine_as_somebody_else);
}

static void use_much_memory(void)
{
    const struct confine_limits limits = {
        .memory = 8 * MIB, .file_bytes = 10, .time = 60 * BASE_SECOND };
    void *one, *other;

    base__confine_limits(&limits);
    one = mmap(NULL, 5 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    other = mmap(NULL, 5 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (one == MAP_FAILED || other != MAP_FAILED)
        _exit(1);
}

static void memory_is_counted_from_what_is_there(void)
{
    in_process(use_much_memory);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_name_does_not_pass_for_ids),
    TEST(memory_is_counted_from_what_is_there),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo root_tests[] = {
    TEST(of_many_groups_the_first_ones_are_taken),
    TEST(ids_that_a_program_has_lent_do_not_count),
    TEST(ids_that_cannot_be_taken_are_an_error),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[3] = {
    { .pName = "confine", .pTests = tests },
};

/* Without root there are no ids to take. */
int main(int argc, char **argv)
{
    if (geteuid() == 0)
        suites[1] = (CU_SuiteInfo){ .pName = "confine_ids", .pTests = root_tests };
    return procspawn_cunit_run(suites, argc, argv);
}
