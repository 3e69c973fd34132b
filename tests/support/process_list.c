/*
 * process_list.c - reads the children of a process, and ends those that are left
 */
#include "tests/support/process_list.h"

#include "src/base/clock.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t children_one(pid_t parent, uint64_t number)
{
    enum { MOST = 256 };
    int children[MOST], n = 0;
    char path[64];

    if (parent <= 0)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *list = fopen(path, "re");
    while (list && n < MOST && fscanf(list, "%d", &children[n]) == 1)
        n++;
    if (list)
        fclose(list);
    return n == 0 ? 0 : children[number % (unsigned)n];
}

static pid_t reap_until(int64_t deadline)
{
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0 && base__now() < deadline) {
        if (pid == 0)
            poll(NULL, 0, 1);
    }
    return pid;
}

/*
 * Kills all before it reaps any: a process that is traced by another one can be reaped only after
 * its tracer has ended.
 */
static unsigned kill_all(void)
{
    unsigned count = 0;
    pid_t first = children_one(getpid(), 0), pid = first;

    while (pid > 0) {
        kill(pid, SIGKILL);
        pid = children_one(getpid(), ++count);
        if (pid == first)
            break;
    }
    return count;
}

unsigned children_left_behind(void)
{
    unsigned left = 0;

    for (int i = 0; i < 10 && reap_until(base__deadline(BASE_SECOND)) >= 0; i++)
        left += kill_all();
    return left;
}
