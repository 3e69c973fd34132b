/*
 * stop.c - a child has stopped, perhaps to be unwound
 */
#include "forkserver/internal.h"

#include "forkserver/crash.h"
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/*
 * A stop counts if the child's crash handler made it. Others are somebody's business, and pass.
 * Where the child cannot be read (it has other ids, or made itself undumpable) it goes on: better a
 * stop undone than a crash that never ends.
 */
void forkserver__on_stop(struct server *s, pid_t pid)
{
    struct crash_record record;
    siginfo_t info;
    struct child *child = forkserver__child_by_pid(&s->children, pid);

    waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG);
    if (!child || child->state != CHILD_ALIVE)
        return;
    int rc = forkserver__crash_read(pid, &record);
    if (rc == -ENOENT)
        return;
    if (rc < 0 || !forkserver__report_start(s, child))
        kill(pid, SIGCONT);
    else
        child->stopped = true;
}

void forkserver__heed_stop(struct server *s, pid_t pid)
{
    siginfo_t info = { .si_pid = 0 };

    if (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
        forkserver__on_stop(s, pid);
}
