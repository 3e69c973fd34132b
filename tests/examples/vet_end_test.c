/*
 * vet_end_test.c - how vet ends, and that it leaves nothing behind
 */
#include "examples/vet/leftovers.h"
#include "tests/support/subprocess.h"
#include "tests/support/vet_helpers.h"

#include <fcntl.h>
#include <forkscope/cunit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS 20

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

/* A folder that keeps the naive parser busy: most of it ends at the limit only. */
static char *make_endless(int count)
{
    char *folder = folder_new();
    for (int i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.json", i);
        free(folder_write(folder, name, i % 4 == 0 ? "{\"a\": [1, 2, 3]}" : "[1, /* "));
    }
    return folder;
}

/* More files than the queue holds, so that the threads that walk and those that call both wait. */
static void check_interrupt(int signal)
{
    char *rejected = vet_data("/hostile/empty.json");
    char *folder = make_endless(500);
    char *argv[] = { (char *)VET, (char *)"-p", (char *)"naive", (char *)"-j", (char *)"4",
                     (char *)"-l", (char *)"0.3", rejected, folder, NULL };
    struct program program;
    if (program_start(&program, argv, -1)) {
        CU_ASSERT(program_read_until(&program, "rejected"));
        int64_t asked = now();
        CU_ASSERT(kill(program.pid, signal) == 0);
        PROCSPAWN_CUNIT_EQUAL(program_end(&program), 130);
        CU_ASSERT(now() - asked < 10 * SECOND);
        CU_ASSERT_PTR_NOT_NULL(strstr(program.out, "\ninterrupted"));
        PROCSPAWN_CUNIT_EQUAL(vet_line_number(program.out, "rejected"), 1);
        PROCSPAWN_CUNIT_EQUAL(vet_line_number(program.out, "crashed"), 0);
        PROCSPAWN_CUNIT_EQUAL(vet_line_number(program.out, "processes left"), 0);
        free(program.out);
    }
    folder_remove(folder);
    free(rejected);
}

static void an_interrupt_ends_it_in_order(void)
{
    check_interrupt(SIGINT);
    check_interrupt(SIGTERM);
}

/*
 * Waits until nothing is below this process, at most until the deadline; the number of those that
 * are left.
 */
static int wait_for_nobody(int64_t deadline)
{
    const struct timespec pause = { 0, 5000000 };
    for (;;) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        int left = leftovers_count();
        if (left == 0 || now() > deadline)
            return left;
        nanosleep(&pause, NULL);
    }
}

static void leftovers_are_seen(void)
{
    int ends[2];
    pid_t orphan = -1;
    CU_ASSERT_FATAL(leftovers_watch() == 0 && pipe2(ends, O_CLOEXEC) == 0);
    PROCSPAWN_CUNIT_EQUAL(leftovers_count(), 0);
    pid_t middle = fork();
    if (middle == 0) {
        orphan = fork();
        if (orphan == 0)
            pause();
        _exit(write(ends[1], &orphan, sizeof orphan) == sizeof orphan ? 0 : 1);
    }
    CU_ASSERT(waitpid(middle, NULL, 0) == middle);
    CU_ASSERT_FATAL(read(ends[0], &orphan, sizeof orphan) == sizeof orphan && orphan > 0);
    close(ends[0]);
    close(ends[1]);
    PROCSPAWN_CUNIT_EQUAL(leftovers_count(), 1);
    CU_ASSERT(kill(orphan, SIGKILL) == 0);
    PROCSPAWN_CUNIT_EQUAL(wait_for_nobody(now() + SECOND), 0);
}

/* Kills it after a while, and everything that it ever started has to be gone a second later. */
static void kill_after(char *const *argv, long nanoseconds)
{
    const struct timespec while_ = { 0, nanoseconds };
    struct program program;
    if (!program_start(&program, argv, -1))
        return;
    nanosleep(&while_, NULL);
    CU_ASSERT(kill(program.pid, SIGKILL) == 0);
    int64_t killed = now();
    int left = wait_for_nobody(killed + SECOND);
    if (left != 0)
        printf("killed after %ld us: %d processes left\n", nanoseconds / 1000, left);
    PROCSPAWN_CUNIT_EQUAL(left, 0);
    program_end(&program);
    free(program.out);
}

static void a_kill_at_any_moment_leaves_nothing(void)
{
    char *folder = make_endless(40);
    char *deadly = vet_data("/hostile");
    char *argv[] = { (char *)VET, (char *)"-p", (char *)"naive", (char *)"-j", (char *)"6",
                     (char *)"-l", (char *)"600", deadly, folder, NULL };
    unsigned seed = (unsigned)getpid();
    CU_ASSERT(leftovers_watch() == 0);
    for (int i = 0; i < KILLS; i++)
        kill_after(argv, rand_r(&seed) % 400 * 1000000L + rand_r(&seed) % 1000000);
    free(deadly);
    folder_remove(folder);
}

static CU_TestInfo endings[] = {
    { "leftovers_are_seen", leftovers_are_seen },
    { "an_interrupt_ends_it_in_order", an_interrupt_ends_it_in_order },
    { "a_kill_at_any_moment_leaves_nothing", a_kill_at_any_moment_leaves_nothing },
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    { .pName = "endings", .pTests = endings },
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
