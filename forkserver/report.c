/*
 * report.c - backtraces of children, made by a process of their own
 *
 * A child that crashed, raised a failure or passed its deadline is unwound by a process forked for
 * this one report: whatever it meets in the child's memory, the server goes on. It writes into a
 * memfd that the server hands to the spawner without looking into it.
 */
#include "forkserver/internal.h"

#include "forkserver/crash.h"
#include "forkserver/unwind.h"
#include "src/base/clock.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What the unwinder may take, and what it is left after that before it is killed. */
static const int64_t time_limit = BASE_SECOND;
static const int64_t patience = BASE_SECOND / 2;

static void __attribute__((noreturn)) unwind(pid_t server, pid_t pid, bool with_symbols, int memfd)
{
    struct crash_record record;
    bool recorded = forkserver__crash_read(pid, &record) == 0;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != server)
        _exit(1);
    forkserver__close_but(&memfd, 1);
    forkserver__unwind_and_exit(pid, recorded ? &record : NULL, with_symbols, time_limit, memfd);
}

bool forkserver__report_start(struct server *s, struct child *child)
{
    if (!s->options->capture_backtraces || child->channel < 0)
        return false;
    int memfd = memfd_create("backtrace", MFD_CLOEXEC);
    if (memfd < 0)
        return false;
    /* Nothing of the server's table is there after the fork. */
    const pid_t server = s->pid, target = child->pid;
    const bool with_symbols = s->options->resolve_backtraces;
    pid_t pid = fork();
    if (pid == 0)
        unwind(server, target, with_symbols, memfd);
    if (pid < 0) {
        close(memfd);
        return false;
    }
    child->state = CHILD_REPORTING;
    child->report = (struct report){ pid, memfd, base__deadline(time_limit + patience) };
    forkserver__wake_by(s, child->report.give_up_at);
    return true;
}

/* The reporter may still be there, if it took too long; its death is then nobody's. */
void forkserver__report_end(struct server *s, struct child *child)
{
    (void)s;
    if (child->report.pid != 0)
        kill(child->report.pid, SIGKILL);
    wire__send_struct(child->channel, WIRE_BACKTRACE, &child->token, sizeof child->token,
                      child->report.memfd, true);
    close(child->report.memfd);
    child->report = (struct report){ .memfd = -1 };
    child->state = CHILD_ALIVE;
    if (child->cause == WIRE_ENDED_BY_ITSELF)
        kill(child->pid, SIGCONT);
    else
        forkserver__end_child(s, child, SIGKILL, 0, child->cause);
}

struct child *forkserver__report_owner(const struct children *children, pid_t reporter)
{
    for (struct child *c = forkserver__child_first(children); c;
         c = forkserver__child_next(children, c)) {
        if (c->report.pid == reporter)
            return c;
    }
    return NULL;
}
