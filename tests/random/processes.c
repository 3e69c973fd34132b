/*
 * processes.c - the driver of the process half: each round is a program of its own, which is
 * sometimes killed; nothing of it is left, however it ends
 */
#include "tests/random/processes.h"

#include "tests/support/process_list.h"
#include "tests/random/run.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const ending_names[ENDINGS] = { "result",    "panic",  "closed", "cancelled",
                                                   "timed out", "setup",  "lost",   "json",
                                                   "io",        "failed", "unheard" };

static void say_hang(pid_t program)
{
    board_report();
    kill(program, SIGUSR1);
    poll(NULL, 0, 5000);
    kill(program, SIGKILL);
}

/* As its subreaper, of all that have lost their parents. */
static bool has_ended(pid_t program, int *ret_status)
{
    bool ended = false;
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == program)
            *ret_status = status;
        ended |= pid == program;
    }
    return ended;
}

/* Its status; -1: it hangs. It is killed in the end, if that is not never. */
static int look_on(pid_t program, int64_t killed_at)
{
    int64_t late = base__deadline(4 * run_patience() * BASE_SECOND);
    int status = 0;
    while (!has_ended(program, &status)) {
        if (base__now() >= killed_at)
            kill(program, SIGKILL);
        if (base__now() >= late) {
            say_hang(program);
            waitpid(program, &status, 0);
            return -1;
        }
        poll(NULL, 0, 2);
    }
    return status;
}

/*
 * With the root and a server killed, what functions have started and moved out of their group is
 * ended by nobody.
 */
static void end_deserted(void)
{
    pid_t pid;
    while (board->root_killed && board->server_killed != 0 && (pid = children_one(getpid(), 0)) > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

/* A copy of a program that was killed ends by itself, by its alarm at the latest. */
static unsigned left_behind(void)
{
    int64_t late = base__deadline(board->weather.copies ? run_patience() * BASE_SECOND
                                                        : run_slack());
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0 && base__now() < late) {
        if (pid == 0)
            poll(NULL, 0, 1);
    }
    end_deserted();
    if (pid < 0 || waitpid(-1, NULL, WNOHANG) < 0)
        return 0;
    for (uint64_t i = 0; i < 16; i++)
        describe_process(children_one(getpid(), i));
    return children_left_behind();
}

static bool run_round(uint64_t seed)
{
    struct dice dice = dice_new(dice_seed(seed, 1));
    bool kills = dice_one_in(&dice, 5);
    int64_t killed_at = kills ? base__deadline((int64_t)dice_roll(&dice, 1500) * MS) : BASE_NEVER;
    board_begin(seed);
    fflush(NULL);
    pid_t program = fork();
    if (program == 0)
        exit(host_run(seed));
    if (program < 0) {
        perror("fork");
        return false;
    }
    int status = look_on(program, killed_at);
    unsigned left = left_behind();
    bool right = (status == 0 || (kills && status == SIGKILL)) && left == 0 && board->failed == 0;
    if (!right) {
        fprintf(stderr, "the program ended with %#x%s; it left %u processes\n", (unsigned)status,
                kills ? ", or was killed" : "", left);
        board_report();
    }
    return right;
}

static void tell(unsigned long rounds)
{
    printf("processes: %lu rounds, %lu operations, %lu sessions, %lu calls, %lu refused, %lu "
           "copies, %lu strikes;",
           rounds, board->operations, board->sessions, board->calls, board->refused, board->copies,
           board->strikes);
    for (int i = 0; i < ENDINGS; i++)
        printf(" %s %lu", ending_names[i], board->endings[i]);
    printf("\n");
    fflush(stdout);
}

bool processes_run(uint64_t seed, int seconds)
{
    int64_t end = base__deadline(seconds * BASE_SECOND);
    uint64_t round_seed = seed;
    unsigned long rounds = 0;
    bool right = true;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    board_open();
    for (; right && base__now() < end; rounds++) {
        right = run_round(round_seed);
        round_seed = dice_seed(seed, rounds);
    }
    tell(rounds);
    return right && rounds > 0;
}
