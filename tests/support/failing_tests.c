/*
 * failing_tests.c - tests that misbehave, for the tests of the test runner, and the verdict
 * expected for each
 */
#include "tests/support/failing_tests.h"
#include "src/config.h"
#include "tests/support/divided_memory.h"

#include <fcntl.h>
#include <forkscope/cunit.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* gcc defines a macro for each sanitizer; clang has features. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { UNDER_ASAN = 1, UNDER_TSAN = 0 };
#elif defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
enum { UNDER_ASAN = 0, UNDER_TSAN = 1 };
#else
enum { UNDER_ASAN = 0, UNDER_TSAN = 0 };
#endif

#define SECOND INT64_C(1000000000)

static void behaves(void)
{
    CU_ASSERT(1);
}

static void fails_an_assertion(void)
{
    CU_ASSERT_EQUAL(1, 2);
}

static void shows_both_numbers(void)
{
    PROCSPAWN_CUNIT_EQUAL(1 + 1, 3);
}

static void fails_fatally(void)
{
    CU_ASSERT_FATAL(0 == 1);
    CU_FAIL("went on after a fatal assertion");
}

static void *fail_in_thread(void *fatal)
{
    CU_ASSERT_NOT_EQUAL(1, 1);
    if (fatal)
        CU_FAIL_FATAL("fatal in a thread");
    return NULL;
}

static void fails_in_a_thread(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, fail_in_thread, NULL);
    pthread_join(thread, NULL);
}

static void fails_fatally_in_a_thread(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, fail_in_thread, (void *)"fatal");
    pthread_join(thread, NULL);
    CU_FAIL("went on after a fatal assertion");
}

static void fails_in_a_forked_process(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        CU_FAIL_FATAL("fatal in a fork");
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

static void *volatile nowhere;

static void meets_a_bad_pointer(void)
{
    CU_ASSERT(1);
    *(volatile int *)nowhere = 1;
}

static volatile bool bottomless = true;

static int recurse(volatile char *above)
{
    volatile char frame[4096];

    frame[0] = above ? above[0] : 1;
    return bottomless ? recurse(frame) + frame[0] : 0;
}

static void overflows_the_stack(void)
{
    CU_ASSERT(recurse(NULL));
}

/*
 * Called through a pointer: the compiler would move a call that does not return into a function of
 * another name.
 */
static void (*volatile end_at_once)(void) = abort;

static void aborts(void)
{
    CU_ASSERT(1);
    end_at_once();
    CU_FAIL("it came back");
}

static void fails_and_is_killed(void)
{
    CU_FAIL("said before it died");
    raise(SIGKILL);
}

static void calls_exit(void)
{
    CU_ASSERT(1);
    exit(0);
}

static void calls_underscore_exit(void)
{
    CU_ASSERT(1);
    _exit(0);
}

static void loops_for_ever(void)
{
    procspawn_cunit_time_limit(SECOND / 5);
    CU_ASSERT(1);
    for (volatile int turn = 0;; turn++)
        continue;
}

static void waits_for_ever(void)
{
    procspawn_cunit_time_limit(SECOND / 5);
    CU_ASSERT(1);
    for (;;)
        pause();
}

static void leaves_a_descriptor(void)
{
    CU_ASSERT(open("/dev/null", O_RDONLY) >= 0);
}

static void closes_a_descriptor(void)
{
    CU_ASSERT(close(0) == 0);
}

static void exchanges_a_descriptor(void)
{
    int pipes[2];

    CU_ASSERT(pipe(pipes) == 0);
    CU_ASSERT(dup2(pipes[0], 0) == 0);
    close(pipes[0]);
    close(pipes[1]);
}

static void closes_all_descriptors(void)
{
    CU_ASSERT(1);
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
}

static void leaves_no_room_for_descriptors(void)
{
    struct rlimit none = { 0, 1024 };

    CU_ASSERT(open("/dev/null", O_RDONLY) >= 0);
    CU_ASSERT(setrlimit(RLIMIT_NOFILE, &none) == 0);
}

static void *sleep_in_thread(void *arg)
{
    pthread_setname_np(pthread_self(), "dawdler");
    for (;;)
        pause();
    return arg;
}

static void leaves_a_thread(void)
{
    pthread_t thread;

    CU_ASSERT(pthread_create(&thread, NULL, sleep_in_thread, NULL) == 0);
}

static void *return_at_once(void *arg)
{
    return arg;
}

static void never_joins_a_thread(void)
{
    pthread_t thread;

    CU_ASSERT(pthread_create(&thread, NULL, return_at_once, NULL) == 0);
}

static void joins_many_threads(void)
{
    pthread_t threads[8];

    for (int i = 0; i < 8; i++)
        CU_ASSERT(pthread_create(&threads[i], NULL, return_at_once, NULL) == 0);
    for (int i = 0; i < 8; i++)
        CU_ASSERT(pthread_join(threads[i], NULL) == 0);
}

static void leaves_memory_mapped(void)
{
    CU_ASSERT(mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static void leaves_a_memfd_mapped(void)
{
    int fd = memfd_create("kept", MFD_CLOEXEC);

    CU_ASSERT(ftruncate(fd, 65536) == 0);
    CU_ASSERT(mmap(NULL, 65536, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
    close(fd);
}

static void divides_the_memory_of_its_libraries(void)
{
    CU_ASSERT(divide_library_memory());
}

static void wait_to_be_killed(void)
{
    for (;;)
        pause();
}

static void leaves_a_child(void)
{
    CU_ASSERT(1);
    if (fork() == 0)
        wait_to_be_killed();
}

static void leaves_a_zombie(void)
{
    pid_t pid = fork();
    siginfo_t info;

    if (pid == 0)
        _exit(0);
    CU_ASSERT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
}

static void leaves_a_daemon(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        setsid();
        if (fork() == 0)
            wait_to_be_killed();
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, NULL, 0) == pid);
}

static void leaks_memory(void)
{
    void *volatile *chain = malloc(sizeof(*chain));

    CU_ASSERT(chain != NULL);
    *chain = malloc(100);
    chain = NULL;
}

static void *count_up(void *arg)
{
    ++*(volatile int *)arg;
    return NULL;
}

static void races(void)
{
    pthread_t threads[2];
    int counter = 0;

    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, count_up, &counter);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT(counter > 0);
}

static void terminates_the_runner(void)
{
    CU_ASSERT(1);
    if (fork() == 0)
        wait_to_be_killed();
    kill(getppid(), SIGTERM);
    wait_to_be_killed();
}

static void asserts_nothing(void)
{
}

static void asserts_nothing_by_permission(void)
{
    procspawn_cunit_allow(PROCSPAWN_CUNIT_NO_ASSERTION);
}

static void leaves_a_descriptor_by_permission(void)
{
    procspawn_cunit_allow(PROCSPAWN_CUNIT_DESCRIPTORS);
    leaves_a_descriptor();
}

/* How a frame begins, and the line that failed, where debug information is read. */
#ifdef HAVE_DW
#define FRAME(function) " " #function " at failing_tests.c:"
#define SOURCE(line, otherwise) line
#else
#define FRAME(function) " " #function " ("
#define SOURCE(line, otherwise) otherwise
#endif

const struct verdict verdicts[] = {
    { "behaves", behaves, NULL, NULL, 1 },
    { "fails_an_assertion", fails_an_assertion, "tests/support/failing_tests.c:", "CU_ASSERT_EQUAL(1,2)", 1 },
    { "shows_both_numbers", shows_both_numbers, "1 + 1 == 3: 2, not 3", NULL, 1 },
    { "fails_fatally", fails_fatally, ": 0 == 1\n0 passed", NULL, 1 },
    { "fails_in_a_thread", fails_in_a_thread, "CU_ASSERT_NOT_EQUAL(1,1)\n0 passed", NULL, 1 },
    { "fails_fatally_in_a_thread", fails_fatally_in_a_thread, "\"fatal in a thread\")\n0 passed",
      NULL, 1 },
    { "fails_in_a_forked_process", fails_in_a_forked_process, "\"fatal in a fork\")\n0 passed",
      NULL, 1 },
    { "meets_a_bad_pointer", meets_a_bad_pointer,
      "killed by SIGSEGV (Segmentation fault), address 0x0: null pointer", FRAME(meets_a_bad_pointer),
      !UNDER_ASAN && !UNDER_TSAN },
    { "overflows_the_stack", overflows_the_stack, "killed by SIGSEGV", FRAME(recurse),
      !UNDER_ASAN && !UNDER_TSAN },
    { "aborts", aborts, SOURCE("  end_at_once();\n", "killed by SIGABRT"), FRAME(aborts), 1 },
    { "fails_and_is_killed", fails_and_is_killed, "\"said before it died\")", "killed by SIGKILL",
      1 },
    { "calls_exit", calls_exit, "the test ended its process: exit status 0", NULL, 1 },
    { "calls_underscore_exit", calls_underscore_exit, "the test ended its process: exit status 0",
      NULL, 1 },
    { "loops_for_ever", loops_for_ever, "time limit exceeded after ", FRAME(loops_for_ever), 1 },
    { "waits_for_ever", waits_for_ever, "time limit exceeded after ", FRAME(waits_for_ever), 1 },
    { "leaves_a_descriptor", leaves_a_descriptor, "left open: descriptor", "(/dev/null)", 1 },
    { "closes_a_descriptor", closes_a_descriptor,
      "closed, but not opened by the test: descriptor 0", NULL, 1 },
    { "exchanges_a_descriptor", exchanges_a_descriptor, "left open: descriptor 0 (pipe:", NULL, 1 },
    { "closes_all_descriptors", closes_all_descriptors,
      "closed, but not opened by the test: descriptor 2", NULL, 1 },
    { "leaves_no_room_for_descriptors", leaves_no_room_for_descriptors, "left open: descriptor",
      NULL, 1 },
    { "leaves_a_thread", leaves_a_thread, "left running: thread", "(dawdler)", 1 },
    { "never_joins_a_thread", never_joins_a_thread, "left mapped: ", "of no file",
      !UNDER_ASAN && !UNDER_TSAN },
    { "joins_many_threads", joins_many_threads, NULL, NULL, 1 },
    { "leaves_memory_mapped", leaves_memory_mapped, "left mapped: 65536 bytes of no file", NULL,
      !UNDER_ASAN && !UNDER_TSAN },
    { "leaves_a_memfd_mapped", leaves_a_memfd_mapped, "left mapped: 65536 bytes of /memfd:kept",
      NULL, 1 },
    { "divides_the_memory_of_its_libraries", divides_the_memory_of_its_libraries, NULL, NULL, 1 },
    { "leaves_a_child", leaves_a_child, "left running: process", NULL, 1 },
    { "leaves_a_zombie", leaves_a_zombie, "left as a zombie: process", NULL, 1 },
    { "leaves_a_daemon", leaves_a_daemon, "outlived the test: process", NULL, 1 },
    { "leaks_memory", leaks_memory, "memory leaked", NULL, UNDER_ASAN },
    { "races", races, "after the test: a sanitizer's report", NULL, UNDER_TSAN },
    { "asserts_nothing", asserts_nothing, "no assertion ran", NULL, 1 },
    { "asserts_nothing_by_permission", asserts_nothing_by_permission, NULL, NULL, 1 },
    { "leaves_a_descriptor_by_permission", leaves_a_descriptor_by_permission, NULL, NULL, 1 },
    { NULL, NULL, NULL, NULL, 0 },
};

_Static_assert(sizeof(verdicts) / sizeof(*verdicts) <= VERDICTS_MAX, "VERDICTS_MAX is too small");

int misbehave(int argc, char **argv)
{
    CU_TestInfo tests[VERDICTS_MAX + 1] = { 0 };
    CU_SuiteInfo suites[2] = { { .pName = "misbehaving", .pTests = tests } };
    int count = 0;

    for (; verdicts[count].name; count++)
        tests[count] = (CU_TestInfo){ verdicts[count].name, verdicts[count].misbehave };
    tests[count] = (CU_TestInfo){ "terminates_the_runner", terminates_the_runner };
    return procspawn_cunit_run(suites, argc, argv);
}
