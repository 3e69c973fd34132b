/*
 * child_start.c - from the fork to the function that receives the call; runs in the child
 */
#include "forkserver/children/child_start.h"

#include "forkserver/process/daemonize.h"
#include "src/crash/handler.h"
#include "src/crash/notice.h"
#include "src/wire/protocol.h"
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Unblocks all signals. By the system call, because the C library's function would write to one
 * more page in each child.
 */
static void unblock_signals(void)
{
    const unsigned char none[8] = { 0 };

    syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, sizeof none);
}

static void wait_for_word(int link)
{
    struct wire_header word;

    if (recv(link, &word, sizeof word, 0) != sizeof word)
        _exit(0);
}

static void arm(const struct forkserver_child *child)
{
    static const struct wire_header crashed = { .type = WIRE_CRASHED };

    crash__arm(child->server);
    crash__set_notice(child->link, &crashed, sizeof crashed);
}

/*
 * The first steps of a child. The death signal is set before getppid(), so that a death of the
 * server cannot be missed. When the child has closed its mark, it holds no descriptors of others
 * (births.h). Signals are unblocked last.
 */
void forkserver__child_main(const struct child_start *start)
{
    const struct forkserver_child *child = &start->child;
    const int keep[] = { child->channel, child->link, start->mark };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != child->server)
        _exit(0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (start->descriptors_differ)
        setrlimit(RLIMIT_NOFILE, &start->descriptors);
    forkserver__close_except(keep, 3, start->options->held);
    close(start->mark);
    setpgid(0, 0);
    if (start->options->program[0])
        prctl(PR_SET_NAME, start->options->program);
    if (start->held)
        wait_for_word(child->link);
    if (start->options->catch_crashes)
        arm(child);
    unblock_signals();
    start->options->enter(child);
    _exit(0);
}
