/*
 * oom_test.c - the cause "out of memory": from the kernel's counter to the caller's error
 */
#include "forkserver/oom.h"
#include "tests/support/call_helpers.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct group {
    char path[64];
};

static bool write_text(const char *directory, const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return written;
}

/* With 16 MiB for its processes, in either version of control groups. */
static bool make_group(struct group *group)
{
    static const struct { const char *at, *limit; } versions[] = {
        { "/sys/fs/cgroup/memory", "memory.limit_in_bytes" }, { "/sys/fs/cgroup", "memory.max" },
    };

    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        snprintf(group->path, sizeof group->path, "%s/forkscope-%d", versions[i].at, (int)getpid());
        if (mkdir(group->path, 0700) < 0)
            continue;
        write_text(group->path, "memory.swap.max", "0");
        if (write_text(group->path, versions[i].limit, "16777216"))
            return true;
        rmdir(group->path);
    }
    return false;
}

static json_t *use_memory(json_t *group)
{
    enum { MUCH = 256 << 20, PAGE = 4096 };

    if (!write_text(json_string_value(group), "cgroup.procs", "0"))
        procspawn_panic("not in the group");
    volatile char *memory = mmap(NULL, MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                                 -1, 0);
    for (size_t i = 0; memory != MAP_FAILED && i < MUCH; i += PAGE)
        memory[i] = 1;
    return json_incref(group);
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

static void the_kernel_s_kill_for_want_of_memory_is_told(void)
{
    struct group group;

    if (geteuid() != 0 || !make_group(&group)) {
        CU_PASS("no control group for memory can be made here");
        return;
    }
    calls_begin();
    procspawn_error *error = calls_error(calls_start(use_memory, json_string(group.path)));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGKILL);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_OUT_OF_MEMORY);
    CU_ASSERT(rmdir(group.path) == 0);
    calls_end();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_kernel_s_count_of_such_kills_is_read),
    TEST(the_kernel_s_kill_for_want_of_memory_is_told),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { { .pName = "oom", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
