/*
 * births_test.c - whether newly forked children still hold descriptors of others
 */
#include "forkserver/children/births.h"

#include <forkscope/cunit.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct births births;

/* One that lets go when it is told, goes to the group of its parent, and says so. */
struct newborn {
    pid_t pid;
    int order, word;
};

static void live(int mark, int order, int word)
{
    char byte;

    setpgid(0, 0);
    if (read(order, &byte, 1) != 1)
        _exit(1);
    close(mark);
    setpgid(0, getpgid(getppid()));
    if (write(word, "", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static struct newborn bear(void)
{
    int order[2], word[2];
    int mark = forkserver__births_mark(&births);

    CU_ASSERT_FATAL(mark >= 0 && pipe(order) == 0 && pipe(word) == 0);
    struct newborn newborn = { fork(), order[1], word[0] };
    if (newborn.pid == 0)
        live(mark, order[0], word[1]);
    close(order[0]);
    close(word[1]);
    return newborn;
}

static void let_go(const struct newborn *newborn)
{
    char byte;

    CU_ASSERT(write(newborn->order, "", 1) == 1);
    CU_ASSERT(read(newborn->word, &byte, 1) == 1);
}

static void end(const struct newborn *newborn)
{
    kill(newborn->pid, SIGKILL);
    waitpid(newborn->pid, NULL, 0);
    close(newborn->order);
    close(newborn->word);
}

static void begin(void)
{
    forkserver__births_init(&births);
}

static void without_births_no_child_is_waited_for(void)
{
    CU_ASSERT(forkserver__births_over(&births));
}

static void who_has_let_go_cannot_seem_not_to(void)
{
    struct newborn newborn = bear();

    CU_ASSERT(!forkserver__births_over(&births));
    let_go(&newborn);
    CU_ASSERT(forkserver__births_over(&births));
    end(&newborn);
}

static void each_is_waited_for(void)
{
    struct newborn first = bear();
    struct newborn second = bear();

    let_go(&first);
    CU_ASSERT(!forkserver__births_over(&births));
    struct newborn third = bear();
    let_go(&second);
    CU_ASSERT(!forkserver__births_over(&births));
    let_go(&third);
    CU_ASSERT(forkserver__births_over(&births));
    end(&first);
    end(&second);
    end(&third);
}

static void the_dead_hold_nothing(void)
{
    struct newborn newborn = bear();

    CU_ASSERT(!forkserver__births_over(&births));
    end(&newborn);
    CU_ASSERT(forkserver__births_over(&births));
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(without_births_no_child_is_waited_for),
    TEST(who_has_let_go_cannot_seem_not_to),
    TEST(each_is_waited_for),
    TEST(the_dead_hold_nothing),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "births", .pSetUpFunc = begin, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
