/*
 * reporter.c - backtraces of children, made by a reporter process
 *
 * A process is forked for each report on a child that stopped or passed its deadline, so that
 * damaged memory of the child cannot harm the server. It writes into a memfd and a few bytes of
 * shared memory; the server passes these to the spawner without reading them.
 */
#include "forkserver/children/reporter.h"

#include "forkserver/children/children.h"
#include "forkserver/children/examination.h"
#include "forkserver/children/state.h"
#include "forkserver/children/time_limits.h"
#include "forkserver/children/timing.h"
#include "src/base/clock.h"
#include "src/crash/modules.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Time limit of the unwinder, of one that valgrind runs, and how long after it the reporter is
 * killed.
 */
static const int64_t time_limit = BASE_SECOND;
static const int64_t valgrind_limit = 8 * BASE_SECOND;
static const int64_t kill_delay = BASE_SECOND / 2;
/* How long the child then has to die by itself. */
static const int64_t death_timeout = 2 * BASE_SECOND;

static struct backtrace_brief *map_brief(void)
{
    void *brief = mmap(NULL, BACKTRACE_BRIEF, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                       -1, 0);
    return brief == MAP_FAILED ? NULL : brief;
}

static void close_report(struct report *report)
{
    if (report->memfd >= 0)
        close(report->memfd);
    if (report->brief)
        munmap(report->brief, BACKTRACE_BRIEF);
    *report = (struct report){ .memfd = -1 };
}

/* Without a memfd the report has no frames, but still a cause. */
static bool prepare(const struct server *s, struct report *ret_report)
{
    *ret_report = (struct report){ .memfd = -1, .brief = map_brief() };
    if (ret_report->brief && s->options->capture_backtraces && s->own_proc)
        ret_report->memfd = memfd_create("backtrace", MFD_CLOEXEC);
    return ret_report->brief != NULL;
}

/*
 * The modules of the image at init, which never change here. Read when the first report needs them,
 * and again as long as reading fails.
 */
static const struct modules *modules_at_init(void)
{
    static struct modules modules;

    if (modules.count == 0)
        (void)crash__modules_own(&modules);
    return &modules;
}

/* Under valgrind a crash has longer, but no more than its call has left. */
static int64_t limit_of(const struct child *child, enum child_state state)
{
    int64_t left = forkserver__limit_next(child) - base__now();

    if (state != CHILD_STOPPED || left <= time_limit ||
        !crash__modules_of_valgrind(modules_at_init()))
        return time_limit;
    return left < valgrind_limit ? left : valgrind_limit;
}

/* state: CHILD_STOPPED or CHILD_HANGING, if a reporter could be started. */
static bool start(struct server *s, struct child *child, enum child_state state)
{
    struct report report;

    if (child->channel < 0 || s->reporters.late_count == REPORTERS_LATE || !prepare(s, &report))
        return false;
    const int64_t limit = limit_of(child, state);
    /* The server's memory is not inherited by the reporter. */
    const struct examination examination = {
        .server = s->pid,
        .pid = child->pid,
        .stopped = state == CHILD_STOPPED,
        .asked = state == CHILD_HANGING && child->cause == WIRE_ENDED_BY_ITSELF,
        .own_proc = s->own_proc,
        .with_symbols = s->options->resolve_backtraces,
        .with_places = s->options->resolve_backtraces && s->options->resolve_lines,
        .time_limit = limit,
        .at_init = modules_at_init(),
        .memfd = report.memfd,
        .brief = report.brief,
    };
    pid_t pid = fork();
    if (pid == 0)
        forkserver__examine(&examination);
    if (pid < 0) {
        close_report(&report);
        return false;
    }
    forkserver__child_enter(child, state);
    child->examined = true;
    child->report = report;
    child->report.pid = pid;
    child->report.give_up_at = base__deadline(limit + kill_delay);
    list_append(&s->reporters.examined, &child->in_examined);
    forkserver__look_by(s, child, child->report.give_up_at);
    return true;
}

/* The report of a hang consists of frames only. */
bool forkserver__report_hang(struct server *s, struct child *child)
{
    return s->options->capture_backtraces && s->own_proc && start(s, child, CHILD_HANGING);
}

bool forkserver__report_stop(struct server *s, struct child *child)
{
    if (start(s, child, CHILD_STOPPED))
        return true;
    /* The stop before this one was reported; this one is not, so it is not known to be a crash. */
    if (child->state == CHILD_UNWOUND)
        forkserver__child_enter(child, CHILD_RUNNING);
    return false;
}

void forkserver__report_refuse(const struct requester *requester, uint64_t question, int error)
{
    const struct wire_examined answer = { .question = question, .error = error };

    if (requester)
        wire__send_struct(requester->link.fd, WIRE_EXAMINED, &answer, sizeof answer, -1, true);
}

void forkserver__report_asked(struct server *s, struct child *child, uint64_t question)
{
    int error = 0;

    if (!s->options->capture_backtraces || !s->own_proc)
        error = -ENOTSUP;
    else if (child->state != CHILD_RUNNING || child->cause != WIRE_ENDED_BY_ITSELF)
        error = -EBUSY;
    else if (!start(s, child, CHILD_HANGING))
        error = -EAGAIN;
    if (error)
        forkserver__report_refuse(child->requester, question, error);
    else
        child->report.question = question;
}

/* If the requester's link is full, the answer is dropped, and the question has none. */
static void answer(const struct child *child)
{
    const struct wire_examined head = { .question = child->report.question };
    const struct wire_part parts[] = {
        { &head, sizeof head },
        { child->report.brief, BACKTRACE_BRIEF },
    };

    if (child->report.pid != 0)
        forkserver__report_refuse(child->requester, child->report.question, -EAGAIN);
    else if (child->requester)
        wire__send(child->requester->link.fd, WIRE_EXAMINED, parts, 2, &child->report.memfd,
                   child->report.memfd >= 0 ? 1 : 0, true);
}

/*
 * The reporter took too long. Its death may be delayed by a file read that never ends; nothing
 * waits for it.
 */
static void give_up(struct reporters *reporters, pid_t reporter)
{
    kill(reporter, SIGKILL);
    if (reporters->late_count < REPORTERS_LATE)
        reporters->late[reporters->late_count++] = reporter;
}

void forkserver__report_drop(struct child *child)
{
    list_remove(&child->in_examined);
    close_report(&child->report);
    forkserver__child_enter(child, CHILD_RUNNING);
}

/* The child may need its memory to die, and the reporter may still hold that in the kernel. */
void forkserver__report_end(struct server *s, struct child *child)
{
    bool asked = child->report.question != 0, ends = child->cause != WIRE_ENDED_BY_ITSELF;

    if (asked)
        answer(child);
    if (child->report.pid != 0 && asked && !ends) {
        give_up(&s->reporters, child->report.pid);
    } else if (child->report.pid != 0) {
        give_up(&s->reporters, child->report.pid);
        forkserver__kill_by(s, child, base__deadline(death_timeout), WIRE_ENDED_BY_ITSELF);
    }
    const struct wire_part parts[] = {
        { &child->token, sizeof child->token },
        { child->report.brief, BACKTRACE_BRIEF },
    };
    if (!asked || ends)
        wire__send(child->channel, WIRE_BACKTRACE, parts, 2, &child->report.memfd,
                   child->report.memfd >= 0 ? 1 : 0, true);
    list_remove(&child->in_examined);
    close_report(&child->report);
    forkserver__child_enter(child, child->state == CHILD_STOPPED ? CHILD_UNWOUND : CHILD_RUNNING);
}

static struct child *owner_of(const struct reporters *reporters, pid_t reporter)
{
    const struct list *all = &reporters->examined;

    for (struct list *item = all->next; item != all; item = item->next) {
        struct child *child = list_entry(item, struct child, in_examined);
        if (child->report.pid == reporter)
            return child;
    }
    return NULL;
}

/* Returns its index in the list of late reporters, or the length of the list. */
static unsigned late_place(const struct reporters *reporters, pid_t reporter)
{
    unsigned i = 0;

    while (i < reporters->late_count && reporters->late[i] != reporter)
        i++;
    return i;
}

bool forkserver__is_reporter(const struct server *s, pid_t pid)
{
    return owner_of(&s->reporters, pid) ||
           late_place(&s->reporters, pid) < s->reporters.late_count;
}

struct child *forkserver__reporter_died(struct server *s, pid_t pid)
{
    struct reporters *reporters = &s->reporters;
    struct child *child = owner_of(reporters, pid);
    unsigned late = late_place(reporters, pid);

    if (late < reporters->late_count)
        reporters->late[late] = reporters->late[--reporters->late_count];
    if (child)
        child->report.pid = 0;
    return child;
}

bool forkserver__report_is_failure(const struct child *child, int status)
{
    return child->state != CHILD_STOPPED || !WIFEXITED(status) ||
           WEXITSTATUS(status) != EXAMINATION_NO_FAILURE;
}

bool forkserver__report_is_late(const struct child *child, int status)
{
    return child->report.question != 0 && WIFEXITED(status) &&
           WEXITSTATUS(status) == EXAMINATION_FAILURE;
}
