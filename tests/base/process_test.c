/*
 * process_test.c - the number that tells a process from its forked copies
 */
#include "src/base/process.h"

#include <forkscope/cunit.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_process_keeps_its_number(void)
{
    uint64_t number = base__process();

    CU_ASSERT(number != 0);
    for (int i = 0; i < 3; i++)
        CU_ASSERT(base__process() == number);
}

enum { DEPTH = 5 };

/* Each is the copy of the one before: 0 when all numbers differ. */
static int fork_on(uint64_t numbers[DEPTH], int depth)
{
    int status = -1;

    numbers[depth] = base__process();
    for (int i = 0; i < depth; i++) {
        if (numbers[i] == numbers[depth])
            return 1;
    }
    if (depth + 1 == DEPTH)
        return 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(fork_on(numbers, depth + 1));
    waitpid(pid, &status, 0);
    return status == 0 && base__process() == numbers[depth] ? 0 : 1;
}

static void a_copy_has_another_number_than_all_before_it(void)
{
    uint64_t numbers[DEPTH];

    PROCSPAWN_CUNIT_EQUAL(fork_on(numbers, 0), 0);
}

/* As the root of the fork server does: its copies have numbers of their own. */
static void copies_of_a_copy_that_does_not_ask_have_numbers_of_their_own(void)
{
    uint64_t numbers[DEPTH] = { base__process() };
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        base__process_keep_on_fork();
        _exit(fork_on(numbers, 1));
    }
    waitpid(pid, &status, 0);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

static void a_process_that_shares_its_memory_is_the_same(void)
{
    uint64_t number = base__process();
    volatile uint64_t seen = 0;
    pid_t pid = vfork();

    if (pid == 0) {
        seen = base__process();
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    CU_ASSERT(seen == number);
}

static void *ask(void *number)
{
    *(uint64_t *)number = base__process();
    return NULL;
}

static int ask_at_once(void)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    uint64_t numbers[THREADS];

    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, ask, &numbers[i]) != 0)
            return 2;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        if (numbers[i] != base__process())
            return 1;
    }
    return 0;
}

static void threads_that_ask_at_once_hear_the_same(void)
{
    for (int i = 0; i < 50; i++) {
        int status = -1;
        pid_t pid = fork();

        if (pid == 0)
            _exit(ask_at_once());
        waitpid(pid, &status, 0);
        PROCSPAWN_CUNIT_EQUAL(status, 0);
    }
}

static CU_TestInfo tests[] = {
    { "a_process_keeps_its_number", a_process_keeps_its_number },
    { "a_copy_has_another_number_than_all_before_it",
      a_copy_has_another_number_than_all_before_it },
    { "copies_of_a_copy_that_does_not_ask_have_numbers_of_their_own",
      copies_of_a_copy_that_does_not_ask_have_numbers_of_their_own },
    { "a_process_that_shares_its_memory_is_the_same",
      a_process_that_shares_its_memory_is_the_same },
    { "threads_that_ask_at_once_hear_the_same", threads_that_ask_at_once_hear_the_same },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "process", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
