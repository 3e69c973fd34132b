/*
 * signals.c - acts that stop, continue and kill: themselves, what they started, and all that they
 * may
 */
#include "tests/hostile/act.h"

#include "src/base/clock.h"
#include "tests/hostile/rights.h"
#include "tests/hostile/settings.h"
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void stop_itself(struct random *random)
{
    static const int signals[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };

    raise(signals[random_below(random, 4)]);
}

static void stop_group(struct random *random)
{
    (void)random;
    kill(0, SIGSTOP);
}

static void pester_until(struct random *random, pid_t pid, int64_t end)
{
    static const int signals[] = { SIGCONT, SIGSTOP, SIGCONT, SIGTSTP, SIGUSR1, SIGCHLD, SIGWINCH };
    int only = random_one_in(random, 2) ? SIGCONT : 0;

    while (base__now() < end && kill(pid, only ? only : signals[random_below(random, 7)]) == 0)
        continue;
}

static void pester_parent(struct random *random)
{
    pester_until(random, act_parent(), base__now() + (int64_t)random_below(random, 400) * MS);
}

/* Goes on while the parent crashes, hangs and is looked at. */
static void be_pestered(struct random *random)
{
    act_fork(random, pester_parent);
    act_pause(random, 5);
}

static void pester_children(struct random *random)
{
    pid_t pid = act_fork(random, pester_parent);

    if (pid > 0)
        pester_until(random, pid, base__now() + 30 * MS);
}

static void stop_children(struct random *random)
{
    for (unsigned i = 1 + random_below(random, 4); i > 0; i--)
        kill(act_fork(random, be_pestered), SIGSTOP);
}

static void ignore_all(struct random *random)
{
    sigset_t all;

    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_IGN);
    sigfillset(&all);
    if (random_one_in(random, 2))
        sigprocmask(SIG_SETMASK, &all, NULL);
}

static void pass(int signo)
{
    (void)signo;
}

static void set_timers(struct random *random)
{
    struct itimerval each = { { 0, 50 + (long)random_below(random, 1000) }, { 0, 1 } };
    struct sigaction action = { .sa_handler = pass, .sa_flags = SA_RESTART };

    if (random_one_in(random, 2))
        action.sa_flags = 0;
    for (int i = 1; i < NSIG; i++)
        sigaction(i, &action, NULL);
    setitimer(ITIMER_REAL, &each, NULL);
    setitimer(ITIMER_PROF, &each, NULL);
}

static void fill_signal_queue(struct random *random)
{
    union sigval value = { .sival_int = 0 };

    ignore_all(random);
    signal(SIGRTMIN, pass);
    for (int i = 0; i < 20000 && sigqueue(getpid(), SIGRTMIN, value) == 0; i++)
        continue;
}

/* The server, the program: as another user it is refused. (SIGCONT is let in by a session.) */
static void signal_others(struct random *random)
{
    const pid_t pids[] = { act_server(), settings->program };
    static const int signals[] = { SIGSTOP, SIGKILL, SIGTERM, 0 };

    for (unsigned i = 0; i < 2; i++) {
        if (pids[i] > 1 && kill(pids[i], signals[random_below(random, 4)]) == 0)
            rights_show("a hostile function may signal process %d", (int)pids[i]);
    }
}

static void signal_all(struct random *random)
{
    static const int signals[] = { SIGSTOP, SIGCONT, SIGKILL, SIGTERM, SIGSEGV, SIGABRT };

    for (unsigned i = 1 + random_below(random, 5); i > 0; i--)
        kill(-1, signals[random_below(random, 6)]);
}

static void stop_all_again_and_again(struct random *random)
{
    int64_t end = base__now() + (int64_t)random_below(random, 200) * MS;

    while (base__now() < end) {
        kill(-1, SIGSTOP);
        nanosleep(&(struct timespec){ 0, MS }, NULL);
    }
}

const struct act act_of_signals[] = {
    { .name = "stop", .run = stop_itself },
    { .name = "stop_of_group", .run = stop_group },
    { .name = "pestered", .run = be_pestered },
    { .name = "pestering", .run = pester_children },
    { .name = "stopped_children", .run = stop_children },
    { .name = "ignored_signals", .run = ignore_all },
    { .name = "timers", .run = set_timers },
    { .name = "full_signal_queue", .run = fill_signal_queue },
    { .name = "signals_to_others", .run = signal_others, .flags = ACT_ALIEN },
    { .name = "signals_to_all", .run = signal_all, .flags = ACT_ALIEN | ACT_OWN_USER },
    { .name = "stops_of_all", .run = stop_all_again_and_again,
      .flags = ACT_ALIEN | ACT_OWN_USER },
    { 0 },
};
