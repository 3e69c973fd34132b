/*
 * orphans.c - finds and kills reparented descendants
 *
 * Roots, servers and children are subreapers: what a child forked belongs to the child while it
 * lives, and is reparented to its server when it dies, whatever process groups and sessions it
 * made. The kernel lists the children of a thread in /proc; unknown ones are killed. A dying
 * process is reparented before its death is reported, so a chain of forks is followed to its end
 * however fast it forks, and a process with a pending SIGKILL cannot fork.
 *
 * Without that list, or if /proc shows another pid namespace, waitid(2) is tried with each process
 * id that was assigned since the oldest process that can have left orphans.
 *
 * Why no cgroup. Creating one needs a delegated cgroup, which neither a container nor a login
 * session has as a rule, so subreapers are needed all the same. The one thing that they cannot do,
 * to kill what is left when program, root and server are killed in one moment, also needs a living
 * process to write cgroup.kill. A cgroup is also a name in a shared place, and remains when all
 * processes that knew it were killed. Processes with ids that this process may not signal are
 * waited for.
 */
#include "forkserver/process/orphans.h"

#include "src/base/proc.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void forkserver__orphans_open(struct orphan_list *list)
{
    char path[64];

    list->fd = -1;
    if (!base__proc_is_ours())
        return;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    list->fd = open(path, O_RDONLY | O_CLOEXEC);
}

bool forkserver__can_be_waited_for(pid_t pid)
{
    siginfo_t info;
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

static void note_orphan(pid_t pid, struct orphans *orphans)
{
    if (orphans->count < ORPHANS_MOST)
        orphans->pids[orphans->count] = pid;
    orphans->count++;
}

/*
 * A parent that ignores SIGCHLD never waits for its children. If one of them is dead when the
 * parent dies, because it was traced or is just ending, the kernel lists it here until it has
 * removed it, and no wait sees it. It is not signalled, as its id may be another process's by now.
 * But it counts: if it is removed while the list is being read, the kernel goes on by position, and
 * leaves out later processes. So that list is not complete, and must be read again.
 */
static void kill_listed_one(pid_t pid, struct orphans *orphans)
{
    if (forkserver__can_be_waited_for(pid))
        kill(pid, SIGKILL);
    note_orphan(pid, orphans);
}

/* Kills the processes in the list. Returns false if there is no list. */
static bool kill_listed(struct orphan_list *list, const struct known_processes *known,
                        struct orphans *orphans)
{
    pid_t pid = 0;
    off_t at = 0;
    ssize_t n;

    /* Only at the end of the list does the kernel return less than a piece. */
    do {
        n = pread(list->fd, list->piece, ORPHANS_PIECE, at);
        at += n;
        for (ssize_t i = 0; i < n; i++) {
            if (isdigit((unsigned char)list->piece[i])) {
                pid = pid * 10 + (list->piece[i] - '0');
            } else if (pid > 0) {
                if (!known->knows(known->owner, pid))
                    kill_listed_one(pid, orphans);
                pid = 0;
            }
        }
    } while (n == ORPHANS_PIECE);
    return n >= 0;
}

/* ---- without a list ---- */

static int quit(void *unused)
{
    (void)unused;
    return 0;
}

/*
 * The kernel assigns process ids in ascending order. Returns the id of a process cloned without an
 * exit signal, which no other wait sees.
 */
static pid_t newest(void)
{
    char stack[1024] __attribute__((aligned(16)));
    pid_t pid = clone(quit, stack + sizeof stack, CLONE_VM | CLONE_VFORK, NULL);

    if (pid > 0)
        waitpid(pid, NULL, __WALL);
    return pid;
}

static void kill_between(pid_t first, pid_t last, const struct known_processes *known,
                         struct orphans *orphans)
{
    for (pid_t pid = first; pid <= last; pid++) {
        if (forkserver__can_be_waited_for(pid) && !known->knows(known->owner, pid)) {
            kill(pid, SIGKILL);
            note_orphan(pid, orphans);
        }
    }
}

static int read_number(const char *path)
{
    char text[16];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    return atoi(text);
}

/*
 * Whether the kernel gives out such a process id. It checks that before the right to choose one. A
 * caller that has the right gets a process, if the number is free.
 */
static bool can_be_given(pid_t number)
{
    struct clone_args arguments = { .set_tid = (uintptr_t)&number, .set_tid_size = 1 };
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);

    if (pid == 0)
        _exit(0);
    if (pid > 0)
        waitpid(pid, NULL, __WALL);
    return pid > 0 || errno == EPERM || errno == EEXIST;
}

/*
 * A number that no process id exceeds. To try all ids up to the limit of any kernel takes seconds,
 * and most kernels are set to far fewer. Where neither /proc nor clone3(2) tells, it is that limit.
 */
static pid_t highest(void)
{
    enum { HIGHEST = 1 << 22, USUAL = 1 << 15 };
    static pid_t found;

    if (found == 0)
        found = read_number("/proc/sys/kernel/pid_max");
    if (found <= 0 || found > HIGHEST)
        found = can_be_given(USUAL - 1) && !can_be_given(USUAL) ? USUAL : HIGHEST;
    return found;
}

static void kill_since(pid_t first, const struct known_processes *known, struct orphans *orphans)
{
    pid_t last = newest();

    if (last >= 0 && last < first) {
        kill_between(first, highest(), known, orphans);
        first = 1;
    }
    kill_between(first, last, known, orphans);
}

unsigned forkserver__orphans_kill(struct orphan_list *list, const struct known_processes *known,
                                  pid_t since, struct orphans *ret_orphans)
{
    ret_orphans->count = 0;
    if (!kill_listed(list, known, ret_orphans)) {
        ret_orphans->count = 0;
        kill_since(since, known, ret_orphans);
    }
    return ret_orphans->count;
}
