/*
 * unheard.c - reaps servers of which the root could not tell before it died
 */
#include "src/client/unheard.h"

#include "forkserver/forkserver.h"
#include "src/base/clock.h"
#include "src/base/proc.h"
#include "src/client/links.h"
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* A server has the name of the root until it has begun. */
static bool is_server(pid_t pid)
{
    return base__proc_is_named(pid, FORKSERVER_SERVER_NAME) ||
           base__proc_is_named(pid, FORKSERVER_ROOT_NAME);
}

/* Never waits for a child that it is not told of: that may be the program's. */
static bool is_gone(pid_t pid)
{
    siginfo_t info = { .si_pid = 0 };

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG) < 0 || info.si_pid != 0;
}

/* Orphans become children of the first thread. Returns how many servers have not ended. */
static unsigned reap(void)
{
    char path[64];
    unsigned left = 0;
    int pid;

    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    while (children && fscanf(children, "%d", &pid) == 1)
        left += is_server(pid) && !is_gone(pid);
    if (children)
        fclose(children);
    return left;
}

void procspawn__unheard_reap(int64_t deadline)
{
    int64_t limit = base__deadline(BASE_SECOND);

    if (!procspawn__links_inherits() || !base__proc_is_ours())
        return;
    while (reap() > 0 && base__now() < deadline && base__now() < limit)
        poll(NULL, 0, 1);
}
