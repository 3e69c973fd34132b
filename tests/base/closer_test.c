/*
 * closer_test.c - descriptors whose close takes long, and others closed beside them
 */
#include "src/base/clock.h"
#include "src/base/closer.h"
#include "tests/support/lingering_sockets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <forkscope/cunit.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a program has for each of its threads is the library's threads', too. */
static __thread volatile char much[256 << 10];

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* Sooner or later; false after ten seconds. */
static bool gets_closed(int fd)
{
    int64_t deadline = base__deadline(10 * BASE_SECOND);

    while (is_open(fd) && base__now() < deadline)
        poll(NULL, 0, 1);
    return !is_open(fd);
}

static unsigned count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    unsigned count = 0;

    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static bool was_quick(int64_t start)
{
    return base__now() - start < 5 * BASE_SECOND;
}

static void what_is_closed_is_so_when_it_has_settled(void)
{
    enum { MANY = 100 };
    int ends[MANY];
    char byte;

    for (int i = 0; i < MANY; i += 2)
        CU_ASSERT_FATAL(pipe(&ends[i]) == 0);
    for (int i = 1; i < MANY; i += 2)
        base__close_foreign(ends[i]);
    base__close_settle();
    PROCSPAWN_CUNIT_EQUAL(count_threads(), 1);
    for (int i = 0; i < MANY; i += 2) {
        CU_ASSERT(!is_open(ends[i + 1]) && read(ends[i], &byte, 1) == 0);
        close(ends[i]);
    }
}

static void nothing_is_fine_where_there_is_nothing(void)
{
    errno = ENOTTY;
    base__close_foreign(-1);
    base__close_foreign(12345);
    base__close_settle();
    PROCSPAWN_CUNIT_EQUAL(errno, ENOTTY);
}

static void sealed_memory_needs_no_thread(void)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    CU_ASSERT_FATAL(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
    base__close_foreign(fd);
    CU_ASSERT(!is_open(fd));
}

static void a_lingering_socket_holds_up_nobody(void)
{
    struct linger_pair pair = linger_open();
    int64_t start = base__now();
    int ends[2];

    CU_ASSERT_FATAL(pipe(ends) == 0);
    base__close_foreign(linger_pack(pair.socket));
    base__close_foreign(ends[0]);
    base__close_foreign(ends[1]);
    base__close_settle();
    CU_ASSERT(was_quick(start));
    CU_ASSERT(gets_closed(ends[0]) && gets_closed(ends[1]));
    CU_ASSERT(was_quick(start));
    CU_ASSERT(count_threads() > 1);
    close(pair.peer);
}

/* What is added while others are stuck goes to a thread of its own, up to a limit. */
static void even_many_have_few_threads(void)
{
    enum { MANY = 100, AT_MOST = 9 };
    struct linger_pair pair[MANY];
    int64_t start = base__now();

    for (int i = 0; i < MANY; i++)
        pair[i] = linger_open();
    for (int i = 0; i < MANY; i++)
        base__close_foreign(linger_pack(pair[i].socket));
    CU_ASSERT(was_quick(start));
    while (!base__close_is_behind() && was_quick(start))
        base__close_settle();
    CU_ASSERT(base__close_is_behind());
    CU_ASSERT(count_threads() <= AT_MOST);
    for (int i = 0; i < MANY; i++)
        close(pair[i].peer);
    while (base__close_is_behind())
        base__close_settle();
}

/* The last thread takes no risk: sockets come to their end, though many others do not. */
static void plain_sockets_end_though_all_threads_are_stuck(void)
{
    enum { STUCK = 7, SOCKETS = 20 };
    struct linger_pair stuck[STUCK], pair[SOCKETS];

    for (int i = 0; i < STUCK; i++) {
        stuck[i] = linger_open();
        base__close_foreign(linger_pack(stuck[i].socket));
    }
    /* What is opened after the first close may get its number. */
    for (int i = 0; i < SOCKETS; i++)
        pair[i] = linger_open();
    for (int i = 0; i < SOCKETS; i++)
        base__close_foreign(pair[i].socket);
    for (int i = 0; i < SOCKETS; i++)
        CU_ASSERT(gets_closed(pair[i].socket));
    for (int i = 0; i < SOCKETS; i++)
        close(pair[i].peer);
    for (int i = 0; i < STUCK; i++)
        close(stuck[i].peer);
}

static void without_threads_a_socket_does_not_linger(void)
{
    struct linger_pair pair = linger_open();
    int64_t start = base__now();

    base__close_by_threads(false);
    base__close_foreign(pair.socket);
    base__close_by_threads(true);
    CU_ASSERT(was_quick(start) && !is_open(pair.socket));
    PROCSPAWN_CUNIT_EQUAL(count_threads(), 1);
    close(pair.peer);
}

static int in_a_copy(void)
{
    int ends[2];

    if (pipe(ends) < 0)
        return 1;
    base__close_foreign(ends[0]);
    base__close_settle();
    return is_open(ends[0]) ? 2 : 0;
}

static void a_copy_made_meanwhile_can_close_too(void)
{
    struct linger_pair pair = linger_open();
    int status;

    base__close_foreign(linger_pack(pair.socket));
    pid_t pid = fork();
    if (pid == 0)
        _exit(in_a_copy());
    CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
    close(pair.peer);
}

static void the_number_of_a_stream_is_free_at_once(void)
{
    struct linger_pair pair = linger_open();
    int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);

    CU_ASSERT_FATAL(dup2(pair.socket, STDIN_FILENO) == STDIN_FILENO);
    close(pair.socket);
    base__close_foreign(STDIN_FILENO);
    CU_ASSERT(!is_open(STDIN_FILENO));
    CU_ASSERT(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
    close(saved);
    close(pair.peer);
    while (count_threads() > 1)
        base__close_settle();
    CU_ASSERT(is_open(STDIN_FILENO));
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(what_is_closed_is_so_when_it_has_settled),
    TEST(nothing_is_fine_where_there_is_nothing),
    TEST(sealed_memory_needs_no_thread),
    TEST(a_lingering_socket_holds_up_nobody),
    TEST(even_many_have_few_threads),
    TEST(plain_sockets_end_though_all_threads_are_stuck),
    TEST(without_threads_a_socket_does_not_linger),
    TEST(a_copy_made_meanwhile_can_close_too),
    TEST(the_number_of_a_stream_is_free_at_once),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "closer", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    much[0] = 1;
    return procspawn_cunit_run(suites, argc, argv);
}
