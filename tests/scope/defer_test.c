/*
 * defer_test.c - deferred functions, and what was acquired with its release
 */
#include "src/base/thread.h"
#include "tests/support/scope_helpers.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static void log_one(void *letter)
{
    log_letter(*(const char *)letter);
}

static void log_handler(void *arg)
{
    (void)arg;
    log_letter('h');
}

static int defer_twice(void *blocks)
{
    pthread_cleanup_push(log_handler, NULL);
    CU_ASSERT(scoped_defer(log_one, "1") == 0);
    CU_ASSERT(scoped_defer(log_one, "2") == 0);
    event_happen(started);
    if (blocks != NULL)
        block_for_ever();
    pthread_cleanup_pop(1);
    return 0;
}

static void deferred_calls_run_last_first_however_the_task_ends(void)
{
    CU_ASSERT(scoped_defer(log_one, "x") == -EPERM);
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, defer_twice, NULL, log_done, &task) == 0);
    CU_ASSERT(task_end_status() == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "h21d");
    log_clear();
    event_reset(started);
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, defer_twice, "x", log_done, &task) == 0);
    CU_ASSERT(event_wait(started));
    task_cancel();
    CU_ASSERT(task_end_status() == -ECANCELED);
    CU_ASSERT_STRING_EQUAL(log_letters(), "h21d");
}

static intptr_t open_file(void *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static void close_file(intptr_t fd)
{
    log_letter('x');
    close((int)fd);
}

static int acquire_three(void *arg)
{
    intptr_t first, second, none = 77;
    (void)arg;
    CU_ASSERT(scoped_acquire(open_file, "/nowhere", close_file, &none) == -ENOENT && none == 77);
    CU_ASSERT(scoped_acquire(open_file, "/dev/null", close_file, &first) == 0);
    CU_ASSERT(scoped_acquire(open_file, "/dev/null", close_file, &second) == 0);
    CU_ASSERT(scoped_release(first, close_file) == 0);
    CU_ASSERT(scoped_release(first, close_file) == -ENOENT);
    log_letter('-');
    return 0;
}

static void what_was_acquired_is_released_once(void)
{
    task_spawn(root, acquire_three, NULL);
    CU_ASSERT(task_end_status() == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "x-x");
    intptr_t fd;
    CU_ASSERT(scoped_acquire(open_file, "/dev/null", close_file, &fd) == -EPERM);
    CU_ASSERT(scoped_release(3, close_file) == -EPERM);
}

static void close_silently(intptr_t fd)
{
    close((int)fd);
}

static int open_and_release(void *arg)
{
    (void)arg;
    event_happen(started);
    for (;;) {
        intptr_t fd;
        if (scoped_acquire(open_file, "/dev/null", close_silently, &fd) == 0)
            scoped_release(fd, close_silently);
    }
    return 0;
}

static int count_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void cancelled_acquisitions_lose_no_descriptor(void)
{
    int cancels = base__join_cancelable() ? 20000 : 2000;
    int before = count_descriptors();
    for (int i = 0; i < cancels; i++) {
        task_spawn(root, open_and_release, NULL);
        for (int spin = 0; spin < i % 64 * 50; spin++)
            __asm__ volatile("");
        task_cancel();
        CU_ASSERT_FATAL(task_end_status() == -ECANCELED);
    }
    CU_ASSERT(count_descriptors() == before);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(deferred_calls_run_last_first_however_the_task_ends),
    TEST(what_was_acquired_is_released_once),
    TEST(cancelled_acquisitions_lose_no_descriptor),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    ROOT_SUITE("cancelling", tests),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
