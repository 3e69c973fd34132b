/*
 * soak.c - a tree of tasks and processes under everything that can happen to it at once
 *
 * A program runs a tree (tree.c) whose tasks and calls are cancelled, killed, limited and cut short
 * at random, beside pools whose calls start fresh (fresh.c). This one watches it, kills and stops
 * processes from outside, and checks all the time that no node of the tree outlives its parent.
 * SOAK_SECONDS sets the duration; SEED repeats the decisions of a run, but not their timing.
 */
#include "tests/support/process_list.h"
#include "tests/soak/nodes.h"
#include "tests/soak/tree.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int64_t second = 1000000000;
static const int64_t ms = 1000000;

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t some_seed(void)
{
    uint32_t seed = 0;
    return getrandom(&seed, sizeof seed, 0) == sizeof seed ? seed : (uint32_t)now();
}

/* ---- blows from outside ---- */

/* Does it run this program? An id may have been given to a stranger by now. */
static bool is_ours(pid_t pid)
{
    struct stat theirs, ours;
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    return stat(path, &theirs) == 0 && stat("/proc/self/exe", &ours) == 0 &&
           theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

static void send(pid_t pid, int signal)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

    if (pidfd < 0)
        return;
    if (is_ours(pid))
        syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
    close(pidfd);
}

static void strike_server(pid_t program, int signal, uint64_t number)
{
    pid_t root = children_one(program, 0);
    pid_t server = root > 0 ? children_one(root, number) : 0;

    if (server <= 0)
        return;
    if (signal == SIGKILL)
        __atomic_store_n(&shared->server_killed, now(), __ATOMIC_RELEASE);
    send(server, signal);
}

static void strike(pid_t program, uint64_t *random)
{
    static const int signals[] = { SIGKILL, SIGSTOP, SIGCONT, SIGTERM };
    uint64_t number = draw(random);
    pid_t pid = number % 8 == 0 ? node_process(number / 8) : 0;

    if (pid > 0)
        send(pid, signals[draw(random) % 4]);
    if (draw(random) % 3000 == 0)
        strike_server(program, draw(random) % 2 ? SIGKILL : SIGSTOP, number);
}

/* ---- the run ---- */

static void look_on(pid_t program, uint64_t random, int64_t until)
{
    struct timespec pause = { 0, ms / 2 };

    while (now() < until) {
        strike(program, &random);
        nodes_check();
        nanosleep(&pause, NULL);
    }
    __atomic_store_n(&shared->stop, true, __ATOMIC_RELEASE);
}

static int end_of(pid_t program)
{
    int64_t until = now() + 60 * second;
    int status = -1;

    while (waitpid(program, &status, WNOHANG) == 0 && now() < until) {
        nodes_check();
        poll(NULL, 0, 1);
    }
    return status;
}

static bool say(bool holds, const char *what)
{
    printf("%-6s soak/%s\n", holds ? "ok" : "FAILED", what);
    return !holds;
}

static void show(const struct counts *counts)
{
    printf("tasks %" PRIu64 ", calls %" PRIu64 ", refused %" PRIu64 ", checks %" PRIu64
           "; endings:",
           counts->tasks, counts->calls, counts->refused, counts->checks);
    for (int i = 0; i < ENDINGS; i++)
        printf(" %s %" PRIu64, ending_names[i], counts->endings[i]);
    printf("\n");
    if (counts->wrong > 0)
        printf("wrong %" PRIu64 ", first: %s\n", counts->wrong, counts->first_wrong);
    if (counts->outlived > 0)
        printf("outlived %" PRIu64 ", first: %s\n", counts->outlived, counts->first_outlived);
}

static uint64_t endings(const struct counts *counts)
{
    uint64_t sum = 0;

    for (int i = 0; i < ENDINGS; i++)
        sum += counts->endings[i];
    return sum;
}

static int judge(int status, unsigned left)
{
    const struct counts *counts = &shared->counts;
    int failed = 0;

    show(counts);
    failed += say(counts->calls > 0 && counts->outlived == 0, "no_node_outlives_its_parent");
    failed += say(counts->wrong == 0 && endings(counts) == counts->calls,
                  "every_call_ends_in_exactly_one_state");
    failed += say(status == 0, "the_program_ends_in_order");
    failed += say(left == 0, "nothing_is_left");
    printf("%d passed, %d failed\n", 4 - failed, failed);
    return failed > 0;
}

int main(void)
{
    uint64_t seed = number_from("SEED", some_seed());
    int64_t length = (int64_t)number_from("SOAK_SECONDS", 5) * second;

    printf("SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    nodes_open();
    pid_t program = fork();
    if (program == 0)
        _exit(tree_run(seed));
    look_on(program, seed + 1, now() + length);
    int status = end_of(program);
    return judge(status, children_left_behind());
}
