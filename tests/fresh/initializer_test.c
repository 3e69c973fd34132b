/*
 * initializer_test.c - what the initializer of a fresh pool has left is there for each call, as it
 * was for the first one
 */
#include "tests/support/fresh_helpers.h"

#include <fcntl.h>
#include <forkscope/call.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static procspawn_pool *make_with(procspawn_function *function, json_t *argument)
{
    procspawn_pool_builder *builder = fresh_builder(1);

    procspawn_pool_builder_initializer(builder, function, argument);
    json_decref(argument);
    return fresh_build(builder);
}

/* ---- acts ---- */

enum { FAILED = -77 };          /* also a failed call is the same each time */

static json_int_t see(procspawn_pool *pool, unsigned number)
{
    json_t *argument = json_integer(number), *result = NULL;
    json_int_t seen = FAILED;

    if (procspawn_pool_call(pool, fresh_see, argument, &result, NULL) == 0)
        seen = json_integer_value(result);
    json_decref(argument);
    json_decref(result);
    return seen;
}

static bool is_the_same_for_each(unsigned number)
{
    procspawn_pool *pool = make_with(fresh_leave, json_integer(number));
    json_int_t first = see(pool, number);
    bool same = see(pool, number) == first;

    same &= see(pool, number) == first;
    procspawn_pool_free(pool);
    return same;
}

static void each_call_sees_what_the_first_one_has_seen(void)
{
    for (unsigned i = 0; acts_get(i)->name != rights_acts[0].name; i++) {
        bool same = is_the_same_for_each(i);
        CU_ASSERT(same);
        if (!same)
            printf("%s\n", acts_get(i)->name);
    }
}

/* ---- timers ---- */

static json_t *set_alarm(json_t *argument)
{
    alarm(1000);
    return json_incref(argument);
}

static json_t *see_alarm(json_t *argument)
{
    (void)argument;
    return json_integer(alarm(0) > 0);
}

static void an_alarm_of_the_initializer_is_set_in_each_call(void)
{
    procspawn_pool *pool = make_with(set_alarm, json_null());

    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(pool_number(pool, see_alarm, NULL), 1);
    procspawn_pool_free(pool);
}

/* ---- files ---- */

static int file, event, set;

static json_t *open_files(json_t *argument)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 1 };

    file = memfd_create("initializer", MFD_CLOEXEC);
    event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    set = epoll_create1(EPOLL_CLOEXEC);
    return fcntl(file, F_SETLK, &lock) == 0 ? json_incref(argument) : NULL;
}

enum { LOCK, LOCK_ALL, LOCK_OPEN, APPEND, COUNT, WATCH, NOTHING };

static json_t *use_files(json_t *number)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1 };
    struct epoll_event events = { .events = EPOLLIN };

    switch (json_integer_value(number)) {
    case LOCK:
        fcntl(file, F_SETLK, &lock);
        break;
    case LOCK_ALL:
        flock(file, LOCK_EX);
        break;
    case LOCK_OPEN:
        fcntl(file, F_OFD_SETLK, &lock);
        break;
    case APPEND:
        fcntl(file, F_SETFL, O_APPEND);
        break;
    case COUNT:
        eventfd_write(event, 3);
        break;
    case WATCH:
        epoll_ctl(set, EPOLL_CTL_ADD, event, &events);
        break;
    }
    return json_incref(number);
}

/* Each lock, and each descriptor of a set, has a line. The initializer has one lock. */
static json_t *see_files(json_t *argument)
{
    char path[64], text[4096];
    json_int_t lines = 0;
    const int fds[] = { file, event, set };

    (void)argument;
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fds[i]);
        int info = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = read(info, text, sizeof text);
        close(info);
        for (ssize_t at = 0; at < length; at++)
            lines += text[at] == '\n';
        lines = lines * 10 + (fcntl(fds[i], F_GETFL) & O_APPEND ? 1 : 0);
    }
    eventfd_t count = 0;
    eventfd_read(event, &count);
    return json_integer(lines * 10 + (json_int_t)count);
}

static void what_a_call_does_to_files_of_the_initializer_is_not_there_for_the_next(void)
{
    procspawn_pool *pool = make_with(open_files, json_null());
    json_int_t before = pool_number(pool, see_files, NULL);
    json_int_t pid = pool_number(pool, calls_pid, NULL);

    CU_ASSERT_EQUAL(pool_number(pool, use_files, json_integer(NOTHING)), NOTHING);
    FRESH_CHECK_SAME(pool, pid);
    for (int i = LOCK; i < NOTHING; i++) {
        pool_number(pool, use_files, json_integer(i));
        CU_ASSERT_EQUAL(pool_number(pool, see_files, NULL), before);
    }
    procspawn_pool_free(pool);
}

/* ---- memory that forks treat in another way ---- */

static char *wiped, *kept_from_forks;

static char *map_page(int advice)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    madvise(page, 4096, advice);
    page[0] = 5;
    return page;
}

static json_t *map_pages(json_t *argument)
{
    wiped = map_page(MADV_WIPEONFORK);
    kept_from_forks = map_page(MADV_DONTFORK);
    return json_incref(argument);
}

/* What it finds, and whether a process that it forks finds zeros, and nothing. */
static json_t *see_pages(json_t *argument)
{
    int found = wiped[0] * 10 + kept_from_forks[0];
    int status = 0;

    (void)argument;
    wiped[0] = 7;
    kept_from_forks[0] = 8;
    pid_t child = fork();
    if (child == 0)
        _exit(wiped[0] == 0 && msync(kept_from_forks, 4096, MS_ASYNC) < 0);
    waitpid(child, &status, 0);
    return json_integer(found * 10 + WEXITSTATUS(status));
}

static void memory_that_a_fork_wipes_is_wiped_before_each_call(void)
{
    procspawn_pool *pool = make_with(map_pages, json_null());

    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(pool_number(pool, see_pages, NULL), 51);
    json_int_t pid = pool_number(pool, calls_pid, NULL);
    FRESH_CHECK_SAME(pool, pid);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo acts[] = {
    TEST(each_call_sees_what_the_first_one_has_seen),
    TEST(an_alarm_of_the_initializer_is_set_in_each_call),
    TEST(what_a_call_does_to_files_of_the_initializer_is_not_there_for_the_next),
    TEST(memory_that_a_fork_wipes_is_wiped_before_each_call),
    CU_TEST_INFO_NULL
};
static CU_SuiteInfo suites[] = {
    CALLS_SUITE("acts", acts),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    acts_prepare();
    return procspawn_cunit_run(suites, argc, argv);
}
