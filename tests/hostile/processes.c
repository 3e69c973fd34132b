/*
 * processes.c - acts that hide: in groups, sessions, forks, behind tracers, in other programs
 */
#include "tests/hostile/act.h"

#include "src/base/clock.h"
#include "tests/hostile/rights.h"
#include "tests/hostile/settings.h"
#include "tests/hostile/raw.h"
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void stay(struct random *random)
{
    (void)random;
    act_hang();
}

static void stay_deaf(struct random *random)
{
    (void)random;
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_IGN);
    act_hang();
}

/* ---- groups and sessions ---- */

static void lead_a_group(struct random *random)
{
    setpgid(0, 0);
    stay_deaf(random);
}

static void leave_group(struct random *random)
{
    act_fork(random, stay);
    pid_t other = act_fork(random, lead_a_group);
    for (int i = 0; i < 1000 && setpgid(0, other) < 0; i++)
        setpgid(other, other);
}

static void hide(struct random *random)
{
    setsid();
    act_fork(random, random_one_in(random, 2) ? stay : stay_deaf);
}

static void leave_session(struct random *random)
{
    act_fork(random, hide);
    if (random_one_in(random, 2))
        setsid();
}

/* A chain of forks, each process of which ends at once. */
static void run_away_until(struct random *random, int64_t end)
{
    while (base__now() < end) {
        if (random_one_in(random, 2))
            setsid();
        if (fork() != 0)
            _exit(0);
    }
    act_hang();
}

static void run_away(struct random *random)
{
    run_away_until(random, base__now() + (int64_t)random_below(random, 500) * MS);
}

static void leave_runaways(struct random *random)
{
    for (unsigned i = 1 + random_below(random, 2); i > 0; i--)
        act_fork(random, run_away);
}

/* ---- numbers ---- */

static void multiply(struct random *random)
{
    enum { GENERATIONS = 4 };

    for (int i = 0; i < GENERATIONS; i++) {
        fork();
        if (random_one_in(random, 3))
            setpgid(0, 0);
    }
    act_hang();
}

static void bomb(struct random *random)
{
    for (unsigned i = 1 + random_below(random, 3); i > 0; i--)
        act_fork(random, multiply);
    act_pause(random, 20);
}

static void breed_zombies(struct random *random)
{
    for (unsigned i = random_below(random, 60); i > 0; i--) {
        if (fork() == 0)
            _exit(0);
    }
}

/* ---- parents and children ---- */

/* A child of the server that the server has not forked. */
static void fork_sister(struct random *random)
{
    for (unsigned i = 1 + random_below(random, 4); i > 0; i--) {
        struct clone_args how = { .flags = CLONE_PARENT,
                                  .exit_signal = random_one_in(random, 2) ? SIGCHLD : 0 };
        if (syscall(SYS_clone3, &how, sizeof how) == 0) {
            if (random_one_in(random, 2))
                setsid();
            act_pause(random, 100);
            if (random_one_in(random, 2))
                act_hang();
            _exit(0);
        }
    }
}

static void change_kinship(struct random *random)
{
    static const int signals[] = { 0, SIGTERM, SIGSTOP, SIGKILL };

    prctl(PR_SET_CHILD_SUBREAPER, random_below(random, 2));
    prctl(PR_SET_PDEATHSIG, signals[random_below(random, 4)]);
    leave_session(random);
}

/* The parent sleeps until its child ends or executes something, which this one does not. */
static void sleep_in_vfork(struct random *random)
{
    struct clone_args how = { .flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD };

    if (random_one_in(random, 2))
        how.flags &= ~(uint64_t)CLONE_VM;
    if (syscall(SYS_clone3, &how, sizeof how) == 0) {
        if (how.flags & CLONE_VM)
            for (;;)
                syscall(SYS_pause);
        stay_deaf(random);
    }
}

/* ---- threads ---- */

static void *wait_in_thread(void *unused)
{
    act_hang();
    return unused;
}

static void start_threads(struct random *random)
{
    pthread_t thread;

    for (unsigned i = 1 + random_below(random, 40); i > 0; i--) {
        if (pthread_create(&thread, NULL, wait_in_thread, NULL) == 0)
            pthread_detach(thread);
    }
}

/* The first thread is a zombie then, and the process lives. */
static void end_first_thread(struct random *random)
{
    start_threads(random);
    syscall(SYS_exit, 0);
}

static void *execute_in_thread(void *unused)
{
    execl("/bin/sleep", "sleep", "1000", (char *)NULL);
    return unused;
}

static void execute_beside(struct random *random)
{
    pthread_t thread;

    act_pause(random, 10);
    pthread_create(&thread, NULL, execute_in_thread, NULL);
}

/* ---- tracing ---- */

static void trace_parent(struct random *random)
{
    pid_t parent = act_parent();

    if (random_one_in(random, 2))
        ptrace(PTRACE_SEIZE, parent, NULL, PTRACE_O_TRACEEXIT);
    else
        ptrace(PTRACE_ATTACH, parent, NULL, NULL);
    setsid();
    act_pause(random, 50);
    stay_deaf(random);
}

static void be_traced(struct random *random)
{
    prctl(PR_SET_DUMPABLE, 1);
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    act_fork(random, trace_parent);
    act_pause(random, 20);
}

static void be_traced_by_server(struct random *random)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    if (random_one_in(random, 2))
        raise(1 + (int)random_below(random, 31));
}

static void be_traced_child(struct random *random)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    stay_deaf(random);
}

static void trace_child(struct random *random)
{
    pid_t child = act_fork(random, be_traced_child);
    int status;

    if (child > 0 && waitpid(child, &status, WUNTRACED) == child && random_one_in(random, 2))
        ptrace(PTRACE_CONT, child, NULL, NULL);
}

/* As another user than the server's it is refused. */
static void trace_server(struct random *random)
{
    static const int requests[] = { PTRACE_SEIZE, PTRACE_ATTACH };
    const pid_t pids[] = { act_server(), settings->program };
    pid_t pid = pids[random_below(random, 2)];

    if (ptrace(requests[random_below(random, 2)], pid, NULL, NULL) == 0)
        rights_show("a hostile function could trace process %d", (int)pid);
}

/* ---- other programs ---- */

static void keep_sockets(void)
{
    for (int fd = 3; fd < 64; fd++)
        fcntl(fd, F_SETFD, 0);
}

static void execute(struct random *random)
{
    static char *const programs[][4] = {
        { "/bin/true" }, { "/bin/sleep", "1000" }, { "/bin/cat", "/dev/zero" },
        { "/usr/bin/passwd", "--help" }, { "/bin/su", "--version" }, { "/bin/mount", "--version" },
        { "/bin/sh", "-c", "trap '' TERM; while :; do :; done" },
        { "/bin/sh", "-c", "sleep 1000 & sleep 1000 & exec sleep 1000" },
        { "/proc/self/exe" },
    };
    char *const *program = programs[random_below(random, sizeof programs / sizeof programs[0])];

    if (random_one_in(random, 2))
        keep_sockets();
    execv(program[0], program);
}

static void execute_below(struct random *random)
{
    act_fork(random, execute);
    act_pause(random, 20);
}

const struct act act_of_processes[] = {
    { .name = "other_group", .run = leave_group },
    { .name = "other_session", .run = leave_session },
    { .name = "runaways", .run = leave_runaways },
    { .name = "fork_bomb", .run = bomb },
    { .name = "zombies", .run = breed_zombies },
    { .name = "sisters", .run = fork_sister },
    { .name = "kinship", .run = change_kinship },
    { .name = "vfork", .run = sleep_in_vfork },
    { .name = "threads", .run = start_threads },
    { .name = "first_thread_gone", .run = end_first_thread },
    { .name = "exec_beside_threads", .run = execute_beside },
    { .name = "traced_by_grandchild", .run = be_traced },
    { .name = "traced_by_server", .run = be_traced_by_server },
    { .name = "traced_child", .run = trace_child },
    { .name = "tracing_server", .run = trace_server, .flags = ACT_ALIEN },
    { .name = "exec", .run = execute },
    { .name = "exec_below", .run = execute_below },
    { 0 },
};
