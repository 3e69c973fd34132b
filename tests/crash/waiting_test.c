/*
 * waiting_test.c - what a thread that waits is said to wait for
 */
#include "src/crash/waiting.h"

#include "src/crash/remote_memory.h"

#include <errno.h>
#include <forkscope/cunit.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct tracees tracees = {
    .tracee = {{.tid = 100, .call = -1, .name = "main"}, {.tid = 200, .call = -1, .name = "loader"}},
    .count = 2,
};

static const char *text_of(const struct tracee *tracee, bool readable)
{
    static char text[WAITING_TEXT];
    static struct memory memory;

    crash__memory_open(&memory, getpid());
    crash__waiting_text(tracee, &tracees, readable ? &memory : NULL, text);
    crash__memory_close(&memory);
    return text;
}

static struct tracee in_futex(const int32_t *word, int32_t expected)
{
    struct tracee tracee = {.tid = 100, .call = SYS_futex};

    tracee.argument[0] = (uint64_t)(uintptr_t)word;
    tracee.argument[1] = FUTEX_WAIT | FUTEX_PRIVATE_FLAG;
    tracee.argument[2] = (uint64_t)(uint32_t)expected;
    return tracee;
}

static void a_mutex_is_told_with_its_owner(void)
{
    static int32_t mutex[3] = {2, 1, 200};
    struct tracee tracee = in_futex(mutex, 2);

    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(&tracee, true), "waits for the mutex at 0x"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(&tracee, true), ", which thread 200 (loader) holds"));
    mutex[2] = 300;
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(&tracee, true), ", which thread 300 holds"));
    mutex[2] = 100;
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(&tracee, true), ", which it holds itself"));
}

static void a_join_is_told_with_the_thread(void)
{
    static int32_t tid[3] = {200, 0, 0};
    const struct tracee tracee = in_futex(tid, 200);

    CU_ASSERT_STRING_EQUAL(text_of(&tracee, true), "waits for the end of thread 200 (loader)");
}

static void any_other_futex_is_a_system_call(void)
{
    static int32_t word[3] = {1, 0, 200};
    const struct tracee tracee = in_futex(word, 1), bad = in_futex(NULL, 2);

    CU_ASSERT_EQUAL(strncmp(text_of(&tracee, true), "in futex(0x", 11), 0);
    CU_ASSERT_EQUAL(strncmp(text_of(&tracee, false), "in futex(0x", 11), 0);
    CU_ASSERT_EQUAL(strncmp(text_of(&bad, true), "in futex(NULL", 13), 0);
}

static void a_system_call_is_told_with_its_path(void)
{
    static const char path[] = "/some/file";
    struct tracee tracee = {.tid = 100, .call = SYS_chdir};

    tracee.argument[0] = (uint64_t)(uintptr_t)path;
    CU_ASSERT_STRING_EQUAL(text_of(&tracee, true), "in chdir(\"/some/file\")");
    tracee.argument[0] = 0;
    CU_ASSERT_STRING_EQUAL(text_of(&tracee, true), "in chdir(NULL)");
}

static void a_thread_in_no_system_call_runs(void)
{
    struct tracee tracee = {.tid = 100, .call = -1};

    CU_ASSERT_STRING_EQUAL(text_of(&tracee, true), "runs");
    tracee.error = -EPERM;
    CU_ASSERT_STRING_EQUAL(text_of(&tracee, true), "");
    tracee.error = -ESRCH;
    tracee.call = SYS_pause;
    CU_ASSERT_STRING_EQUAL(text_of(&tracee, true), "has ended");
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_mutex_is_told_with_its_owner),
    TEST(a_join_is_told_with_the_thread),
    TEST(any_other_futex_is_a_system_call),
    TEST(a_system_call_is_told_with_its_path),
    TEST(a_thread_in_no_system_call_runs),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "waiting", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
