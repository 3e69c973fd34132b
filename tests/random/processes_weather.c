/*
 * processes_weather.c - kills and stops processes of a round, and withholds resources
 */
#include "tests/random/processes.h"

#include "tests/support/process_list.h"
#include "tests/random/run.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_STOPPED = 8 };

struct stopped {
    int pidfd; /* 0: none */
    int64_t until;
};

static pthread_t maker;
static atomic_bool ends;
static struct stopped stopped[MOST_STOPPED];
static struct rlimit descriptors, processes;
static int64_t next_change;
static bool is_few;

void weather_draw(struct dice *dice)
{
    static const unsigned rates[] = { 0, 0, 20, 100, 500 };
    board->weather = (struct weather){ .copies = dice_one_in(dice, 2) };
    if (dice_one_in(dice, 4))
        return;
    board->weather.strikes = dice_one_in(dice, 3);
    board->weather.stops = dice_one_in(dice, 3);
    board->weather.server_kills = dice_one_in(dice, 3);
    board->weather.root_kill = dice_one_in(dice, 10);
    board->weather.few_descriptors = dice_one_in(dice, 4);
    board->weather.few_processes = dice_one_in(dice, 4);
    if (dice_one_in(dice, 3)) {
        board->weather.faults = (struct faults){
            .memory = rates[dice_roll(dice, 5)],
            .threads = rates[dice_roll(dice, 5)],
            .descriptors = rates[dice_roll(dice, 5)],
            .late = rates[dice_roll(dice, 5)],
        };
    }
}

bool weather_is_short(void)
{
    return board->weather.few_descriptors || board->weather.few_processes ||
           board->weather.faults.memory > 0 || board->weather.faults.threads > 0 ||
           board->weather.faults.descriptors > 0;
}

/* A call may have been given to one that was just dying. */
bool weather_lost_since(int64_t since)
{
    return board->root_killed || board->is_over ||
           (board->server_killed != 0 && board->server_killed > since - 2 * BASE_SECOND);
}

/* ---- blows ---- */

/* Of this program: a number may have been given to a stranger by now. */
static bool is_ours(pid_t pid)
{
    struct stat theirs, ours;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    return stat(path, &theirs) == 0 && stat("/proc/self/exe", &ours) == 0 &&
           theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

/* A pidfd of it, or -1. */
static int strike(pid_t pid, int signal)
{
    int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (pidfd < 0)
        return -1;
    if (is_ours(pid)) {
        syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
        atomic_fetch_add(&board->strikes, 1);
    }
    return pidfd;
}

static void strike_once(pid_t pid, int signal)
{
    int pidfd = strike(pid, signal);
    if (pidfd >= 0)
        close(pidfd);
}

static void stop(pid_t pid, int64_t duration)
{
    for (int i = 0; i < MOST_STOPPED; i++) {
        if (stopped[i].pidfd > 0)
            continue;
        int pidfd = strike(pid, SIGSTOP);
        if (pidfd >= 0)
            stopped[i] = (struct stopped){ pidfd, base__deadline(duration) };
        return;
    }
}

static void let_go(int64_t now)
{
    for (int i = 0; i < MOST_STOPPED; i++) {
        if (stopped[i].pidfd <= 0 || stopped[i].until > now)
            continue;
        syscall(SYS_pidfd_send_signal, stopped[i].pidfd, SIGCONT, NULL, 0);
        close(stopped[i].pidfd);
        stopped[i].pidfd = 0;
    }
}

static pid_t root(void)
{
    return children_one(getpid(), 0);
}

static pid_t some_server(struct dice *dice)
{
    pid_t pid = root();
    return pid > 0 ? children_one(pid, dice_roll(dice, 64)) : 0;
}

static pid_t some_child(struct dice *dice)
{
    pid_t pid = some_server(dice);
    return pid > 0 ? children_one(pid, dice_roll(dice, 256)) : 0;
}

static void kill_server(struct dice *dice)
{
    pid_t pid = some_server(dice);
    if (pid <= 0)
        return;
    board->server_killed = base__now();
    strike_once(pid, SIGKILL);
}

void weather_kill_root(void)
{
    pid_t pid = root();
    if (pid <= 0)
        return;
    board->root_killed = true;
    strike_once(pid, SIGKILL);
}

/* ---- shortages ---- */

static void limit(int resource, const struct rlimit *enough, rlim_t few)
{
    struct rlimit limit = { few < enough->rlim_cur ? few : enough->rlim_cur, enough->rlim_max };
    setrlimit(resource, &limit);
}

static void have_enough(void)
{
    setrlimit(RLIMIT_NOFILE, &descriptors);
    setrlimit(RLIMIT_NPROC, &processes);
    is_few = false;
}

static void change(struct dice *dice)
{
    if (is_few) {
        have_enough();
    } else {
        if (board->weather.few_descriptors)
            limit(RLIMIT_NOFILE, &descriptors, 4 + dice_roll(dice, 150));
        if (board->weather.few_processes)
            limit(RLIMIT_NPROC, &processes, 1);
        is_few = true;
    }
    next_change = base__deadline((int64_t)(1 + dice_roll(dice, 50)) * MS);
}

/* ---- the thread ---- */

static void do_something(struct dice *dice)
{
    static const int signals[] = { SIGKILL, SIGKILL, SIGTERM };
    if (board->weather.strikes && dice_one_in(dice, 8))
        strike_once(some_child(dice), signals[dice_roll(dice, 3)]);
    if (board->weather.stops && dice_one_in(dice, 12))
        stop(dice_one_in(dice, 4) ? some_server(dice) : some_child(dice),
             (int64_t)dice_roll(dice, 150) * MS);
    if (board->weather.server_kills && dice_one_in(dice, 100))
        kill_server(dice);
    if (board->weather.root_kill && dice_one_in(dice, 400))
        weather_kill_root();
    if ((board->weather.few_descriptors || board->weather.few_processes) &&
        base__now() >= next_change)
        change(dice);
}

static void *make(void *argument)
{
    struct dice dice = dice_new(*(uint64_t *)argument);
    faults_spare(true);
    while (!ends) {
        do_something(&dice);
        let_go(base__now());
        poll(NULL, 0, 1);
    }
    let_go(BASE_NEVER);
    return NULL;
}

void weather_begin(uint64_t seed)
{
    static uint64_t own_seed;
    own_seed = seed;
    ends = false;
    getrlimit(RLIMIT_NOFILE, &descriptors);
    getrlimit(RLIMIT_NPROC, &processes);
    faults_set(board->weather.faults, seed);
    EXPECT(pthread_create(&maker, NULL, make, &own_seed) == 0, "no thread");
}

void weather_end(void)
{
    ends = true;
    pthread_join(maker, NULL);
    have_enough();
    faults_set((struct faults){ 0 }, 0);
}
