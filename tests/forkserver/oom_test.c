/*
 * oom_test.c - the cause "out of memory": from the kernel's counter to the caller's error
 */
#include "forkserver/process/oom.h"
#include "tests/support/call_helpers.h"
#include "tests/support/memory_group.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <unistd.h>

static json_t *use_memory(json_t *path)
{
    if (!memory_group_exceed(json_string_value(path)))
        procspawn_panic("not in the group");
    return json_incref(path);
}

static unsigned long long count_in(const char *vmstat)
{
    int file = memfd_create("vmstat", MFD_CLOEXEC);

    CU_ASSERT_FATAL(write(file, vmstat, strlen(vmstat)) == (ssize_t)strlen(vmstat));
    unsigned long long count = forkserver__oom_kills(file);
    close(file);
    return count;
}

static void the_kernel_s_count_of_such_kills_is_read(void)
{
    PROCSPAWN_CUNIT_EQUAL(count_in("nr_free_pages 7\noom_kill 12\nnuma_hit 9\n"), 12);
    PROCSPAWN_CUNIT_EQUAL(count_in("nr_free_pages 7\nold_oom_kill 12\noom_killer 3\n"), 0);
    PROCSPAWN_CUNIT_EQUAL(count_in("nr_free_pages 7\noom_kill 3"), 3);
    PROCSPAWN_CUNIT_EQUAL(count_in(""), 0);
    PROCSPAWN_CUNIT_EQUAL(forkserver__oom_kills(-1), 0);
}

static bool make_group(struct memory_group *group)
{
    bool made = geteuid() == 0 && memory_group_make(group);

    if (!made)
        CU_PASS("no control group for memory can be made here");
    return made;
}

static void the_kernel_s_kill_for_want_of_memory_is_told(void)
{
    struct memory_group group;

    if (!make_group(&group))
        return;
    calls_begin();
    procspawn_error *error = calls_error(calls_start(use_memory, json_string(group.path)));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGKILL);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_OUT_OF_MEMORY);
    memory_group_remove(&group);
    calls_end();
}

/* Nobody but its server traces it, and that lets nobody go on who asks to be traced. */
static json_t *asks_to_be_traced(json_t *argument)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGUSR1);
    return json_incref(argument);
}

/* The kernel's count is that of the machine. */
static void who_is_killed_by_its_server_lacked_no_memory(void)
{
    struct memory_group group;

    if (!make_group(&group))
        return;
    calls_begin();
    memory_group_kill_one(&group);
    procspawn_error *error = calls_error(calls_start(asks_to_be_traced, NULL));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGKILL);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    calls_end();
    memory_group_remove(&group);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_kernel_s_count_of_such_kills_is_read),
    TEST(the_kernel_s_kill_for_want_of_memory_is_told),
    TEST(who_is_killed_by_its_server_lacked_no_memory),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { { .pName = "oom", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
