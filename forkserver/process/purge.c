/*
 * purge.c - closes sockets without blocking the server
 */
#include "forkserver/process/purge.h"

#include "src/base/clock.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const int64_t retry_delay = BASE_SECOND / 50;

void forkserver__purge_add(struct purge *purge, int fd)
{
    shutdown(fd, SHUT_RDWR);
    if (purge->count < PURGE_MOST)
        purge->fds[purge->count++] = fd;
}

bool forkserver__purge_has_space(const struct purge *purge)
{
    return purge->count + PURGE_EACH <= PURGE_MOST;
}

bool forkserver__purge_due(const struct purge *purge)
{
    return purge->count > 0 && purge->not_before <= base__now();
}

static void __attribute__((noreturn)) hold_until_killed(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
        pause();
}

void forkserver__purge_later(struct purge *purge)
{
    purge->not_before = base__deadline(retry_delay);
}

/* The server later reaps the process as an unknown one. */
bool forkserver__purge(struct purge *purge)
{
    if (purge->not_before > base__now())
        return false;
    pid_t pid = fork();
    if (pid == 0)
        hold_until_killed();
    if (pid < 0) {
        forkserver__purge_later(purge);
        return false;
    }
    while (purge->count > 0)
        close(purge->fds[--purge->count]);
    kill(pid, SIGKILL);
    return true;
}
