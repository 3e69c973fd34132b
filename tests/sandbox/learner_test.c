/*
 * learner_test.c - the process that learns: functions that attack it, its death, its limits
 */
#include "tests/support/learn_helpers.h"
#include "tests/support/pool_helpers.h"

#include "src/wire/frame.h"
#include "src/wire/protocol.h"

#include <asm/sockios.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static json_t *opens(json_t *path)
{
    return json_integer(open(json_string_value(path), O_RDONLY) < 0 ? errno : 0);
}

/* ---- attacks ---- */

#define REFUSED(number, call) \
    do { \
        errno = 0; \
        if ((long)(call) >= 0 || errno != EPERM) \
            return json_integer(number); \
    } while (0)

static json_t *attacks(json_t *learner)
{
    const struct rlimit none = { 0, 0 };
    const pid_t pid = (pid_t)json_integer_value(learner);
    char path[32];
    cpu_set_t all;

    memset(&all, 0xff, sizeof all);
    REFUSED(1, kill(pid, SIGKILL));
    REFUSED(2, kill(pid, SIGSTOP));
    REFUSED(3, kill(-1, 0));
    REFUSED(4, syscall(SYS_tgkill, pid, pid, SIGKILL));
    REFUSED(5, syscall(SYS_tkill, pid, SIGKILL));
    REFUSED(6, syscall(SYS_pidfd_open, pid, 0));
    REFUSED(7, prlimit(pid, RLIMIT_CPU, &none, NULL));
    REFUSED(8, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
    REFUSED(9, setpriority(PRIO_PROCESS, (id_t)pid, 19));
    REFUSED(10, sched_setaffinity(pid, sizeof all, &all));
    REFUSED(11, fcntl(0, F_SETOWN, pid));
    REFUSED(12, fcntl(0, F_SETSIG, SIGKILL));
    REFUSED(13, kill(-pid, SIGKILL));
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    const int fd = open(path, O_RDONLY | O_DIRECTORY);
    REFUSED(14, syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0));
    close(fd);
    REFUSED(15, ioctl(0, FIOSETOWN, &pid));
    REFUSED(16, setpgid(0, getpgid(pid)));
    return json_integer(0);
}

static json_t *attacks_by_a_thread(json_t *thread)
{
    REFUSED(1, kill((pid_t)json_integer_value(thread), SIGKILL));
    REFUSED(2, syscall(SYS_tkill, (pid_t)json_integer_value(thread), SIGKILL));
    return json_integer(0);
}

/* A thread of the process that is not its first one. */
static pid_t other_thread(pid_t pid)
{
    char path[64];
    pid_t thread = 0;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    CU_ASSERT_FATAL(threads != NULL);
    for (struct dirent *entry; thread == 0 && (entry = readdir(threads)) != NULL;) {
        const pid_t id = (pid_t)atoi(entry->d_name);
        thread = id != pid ? id : 0;
    }
    closedir(threads);
    return thread;
}

static void a_function_cannot_end_its_learner(void)
{
    procspawn_pool *pool = learn_pool(1);

    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, opens, json_string("/etc/group")), 0);
    const pid_t learner = learn_learner();
    CU_ASSERT_FATAL(learner > 0);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, attacks, json_integer(learner)), 0);
    const pid_t thread = other_thread(learner);
    CU_ASSERT_FATAL(thread > 0);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, attacks_by_a_thread, json_integer(thread)), 0);
    PROCSPAWN_CUNIT_EQUAL(learn_learner(), learner);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, opens, json_string("/etc/passwd")), 0);
    procspawn_pool_free(pool);
}

static json_t *opens_many_names(json_t *count)
{
    char path[64];

    for (int i = 0; i < json_integer_value(count); i++) {
        snprintf(path, sizeof path, "/proc/no-such-%d", i);
        if (chmod(path, 0600) == 0)
            return json_integer(i);
    }
    return json_integer(0);
}

static void no_more_is_written_down_than_has_room(void)
{
    json_int_t number = -1;
    procspawn_needs *needs = learn_call(opens_many_names, json_integer(1500), &number);

    PROCSPAWN_CUNIT_EQUAL(number, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_needs_count(needs), 1024);
    CU_ASSERT(procspawn_needs_truncated(needs));
    procspawn_needs_free(needs);
}

static json_t *gives_bad_paths(json_t *unused)
{
    static char page[8192] __attribute__((aligned(4096)));
    static char longest[6000];

    (void)unused;
    memset(page, '/', sizeof page);
    memset(longest, 'x', sizeof longest - 1);
    if (munmap(page + 4096, 4096) < 0)
        return json_integer(1);
    if (syscall(SYS_openat, AT_FDCWD, 1L, O_RDONLY) == 0 || errno != EFAULT)
        return json_integer(2);
    if (syscall(SYS_openat, AT_FDCWD, page + 4000, O_RDONLY) == 0 || errno != EFAULT)
        return json_integer(3);
    if (syscall(SYS_openat, AT_FDCWD, longest, O_RDONLY) == 0 || errno != ENAMETOOLONG)
        return json_integer(4);
    if (syscall(SYS_openat, -5, "relative", O_RDONLY) == 0 || errno != EBADF)
        return json_integer(5);
    if (syscall(SYS_connect, 0, 1L, 16) == 0)
        return json_integer(6);
    return json_integer(0);
}

static void paths_that_cannot_be_read_are_told_as_such(void)
{
    procspawn_needs *needs = learn(gives_bad_paths, NULL);
    const struct procspawn_need *need = learn_find(needs, "openat");

    learn_check_reason(need, "could not be read");
    CU_ASSERT(need->path == NULL);
    PROCSPAWN_CUNIT_EQUAL(need->count, 4);
    learn_check_reason(learn_find(needs, "connect"), "could not be read");
    procspawn_needs_free(needs);
}

/* The socket that the program has made, and not the server. */
static int learner_socket(void)
{
    struct ucred maker;

    for (int fd = 3; fd < 64; fd++) {
        socklen_t length = sizeof maker;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &maker, &length) == 0 &&
            maker.pid != getppid())
            return fd;
    }
    return -1;
}

/* Also descriptors that are no listeners. */
static json_t *sends_junk(json_t *path)
{
    const int socket = learner_socket();

    for (int i = 0; i < 20; i++) {
        if (send(socket, "junk", 4, 0) != 4 ||
            wire__send_struct(socket, WIRE_LISTENER, NULL, 0, i % 2 ? 0 : socket, false) < 0 ||
            wire__send_struct(socket, WIRE_LEARN, NULL, 0, 0, false) < 0)
            return json_integer(-1);
    }
    const int rc = procspawn_sandbox_enter(PROCSPAWN_SANDBOX_COMPUTE, 0);
    return rc < 0 ? json_integer(rc) : opens(path);
}

static void junk_does_not_disturb_the_learner(void)
{
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_NONE);
    procspawn_needs *needs = learn(sends_junk, json_string("/etc/passwd"));

    CU_ASSERT(learn_find_path(needs, "/etc/passwd") != NULL);
    procspawn_needs_free(needs);
    learn_await_end();
}

/* ---- memory that does not come ---- */

static void *opens_in_withheld_memory(void *page)
{
    syscall(SYS_openat, AT_FDCWD, page, O_RDONLY);
    return NULL;
}

/* Withholds a page; returns the descriptor that provides it, or -1. */
static int withhold(void *page)
{
    struct uffdio_api api = { .api = UFFD_API };
    struct uffdio_register range = { .range = { (uintptr_t)page, 4096 },
                                     .mode = UFFDIO_REGISTER_MODE_MISSING };
    const int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

    if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0 || ioctl(fd, UFFDIO_REGISTER, &range) < 0)
        return -1;
    return fd;
}

/* What it needs to go on waits for the learner, which waits for the page. */
static json_t *waits_for_itself(json_t *path)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_zeropage zero = { .range = { (uintptr_t)page, 4096 } };
    struct uffd_msg fault;
    pthread_t thread;
    const int fd = page == MAP_FAILED ? -1 : withhold(page);

    if (fd < 0)
        return json_integer(-1);
    if (pthread_create(&thread, NULL, opens_in_withheld_memory, page) != 0 ||
        read(fd, &fault, sizeof fault) != sizeof fault)
        return json_integer(1);
    const bool opened = json_integer_value(opens(path)) == 0;
    if (ioctl(fd, UFFDIO_ZEROPAGE, &zero) < 0 || pthread_join(thread, NULL) != 0)
        return json_integer(2);
    return json_integer(opened ? 0 : 3);
}

static void a_function_whose_memory_waits_for_the_learner_goes_on(void)
{
    json_int_t number = -2;
    procspawn_needs *needs = learn_call(waits_for_itself, json_string("/etc/passwd"), &number);

    if (number >= 0) {
        PROCSPAWN_CUNIT_EQUAL(number, 0);
        CU_ASSERT(learn_find_path(needs, "/etc/passwd") != NULL);
    }
    procspawn_needs_free(needs);
}

static json_t *waits_for_ever(json_t *unused)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)unused;
    if (withhold(page) < 0)
        pause();
    opens_in_withheld_memory(page);
    return NULL;
}

static void a_function_that_waits_for_ever_ends_at_its_limit_and_harms_no_other(void)
{
    procspawn_pool *pool = learn_pool(2);
    procspawn_handle *handle = NULL;

    PROCSPAWN_CUNIT_EQUAL(pool_spawn_limited(pool, 2 * CALLS_SECOND, waits_for_ever, json_null(),
                                             &handle), 0);
    for (int i = 0; i < 20; i++)
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, opens, json_string("/etc/passwd")), 0);
    calls_check_end(handle, PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_TIME_LIMIT);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, opens, json_string("/etc/group")), 0);
    procspawn_pool_free(pool);
    learn_await_end();
}

/* ---- its death ---- */

static json_t *opens_until_nobody_answers(json_t *unused)
{
    const int64_t end = calls_now() + 50 * CALLS_SECOND;
    int fd;

    (void)unused;
    do {
        fd = open("/etc/passwd", O_RDONLY);
        if (fd >= 0)
            close(fd);
    } while (fd >= 0 && calls_now() < end);
    return json_integer(fd < 0 ? errno : 0);
}

static void without_its_learner_a_call_goes_on(void)
{
    procspawn_handle *handle = calls_build(sandbox_builder, opens_until_nobody_answers,
                                           json_null());
    procspawn_needs *needs = NULL;
    size_t count = 0;

    while (count == 0) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_learned(handle, &needs), 0);
        count = procspawn_needs_count(needs);
        procspawn_needs_free(needs);
        poll(NULL, 0, 1);
    }
    const pid_t learner = learn_learner();
    CU_ASSERT_FATAL(learner > 0 && kill(learner, SIGKILL) == 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), ENOSYS);
}

static void without_its_learner_a_pool_says_so(void)
{
    procspawn_pool *pool = learn_pool(1);

    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, opens, json_string("/etc/passwd")), 0);
    const pid_t learner = learn_learner();
    CU_ASSERT_FATAL(learner > 0 && kill(learner, SIGKILL) == 0);
    learn_await_end();
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, opens, json_string("/etc/passwd")), ENOSYS);
    procspawn_handle *handle = pool_start(pool, calls_hang, json_null());
    pool_await_start(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_end(handle, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    procspawn_error *error = calls_error(pool_start(pool, calls_echo, json_null()));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(error), PROCSPAWN_ERROR_SETUP);
    CU_ASSERT(strstr(procspawn_error_message(error), "the process that learns has ended") !=
              NULL);
    procspawn_error_free(error);
    procspawn_pool_free(pool);
}

static void a_call_that_is_killed_takes_its_learner_with_it(void)
{
    procspawn_handle *handle = calls_build(sandbox_builder, opens_until_nobody_answers,
                                           json_null());

    while (learn_learner() == 0)
        poll(NULL, 0, 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_end(handle, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    learn_await_end();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_function_cannot_end_its_learner),
    TEST(no_more_is_written_down_than_has_room),
    TEST(paths_that_cannot_be_read_are_told_as_such),
    TEST(junk_does_not_disturb_the_learner),
    TEST(a_function_whose_memory_waits_for_the_learner_goes_on),
    TEST(a_function_that_waits_for_ever_ends_at_its_limit_and_harms_no_other),
    TEST(without_its_learner_a_call_goes_on),
    TEST(without_its_learner_a_pool_says_so),
    TEST(a_call_that_is_killed_takes_its_learner_with_it),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    LEARN_SUITES("the learner", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
