/*
 * watch.c - the runner's side of one test: forks its process, waits for it, and judges the result
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/cunit/case.h"
#include "src/cunit/child.h"
#include "src/cunit/clock.h"
#include "src/cunit/interrupt.h"
#include "src/cunit/mailbox.h"
#include "src/cunit/orphans.h"
#include "src/cunit/result.h"
#include "src/cunit/stacks.h"
#include "src/cunit/watch.h"

#include <forkscope/cunit.h>

/* The test may change its deadline at any time, so the deadline is read at this interval. */
static const int64_t look = 50 * CUNIT_MILLISECOND;

static pid_t start(const struct test_case *test_case, const struct run_settings *settings,
                   struct mailbox *mailbox)
{
    pid_t runner = getpid();
    pid_t pid;

    fflush(NULL); /* otherwise the child would write the buffered output again */
    pid = fork();
    if (pid != 0) {
        if (pid > 0)
            setpgid(pid, pid); /* in both processes, so that each can rely on it from here on */
        return pid;
    }
    setpgid(0, 0);
    procspawn__cunit_interrupt_forget();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != runner)
        _exit(1);
    mailbox->pid = getpid();
    procspawn__cunit_mailbox = mailbox;
    procspawn__cunit_child(test_case, settings);
}

/* Returns whether the process has ended; false at the deadline or if the run is interrupted. */
static bool wait_for_end(int pidfd, struct mailbox *mailbox)
{
    struct pollfd event = { .fd = pidfd, .events = POLLIN };

    while (!procspawn__cunit_interrupted()) {
        int64_t left = atomic_load(&mailbox->deadline) - procspawn__cunit_now();
        int64_t wait = left < look ? left : look;
        struct timespec turn = { .tv_nsec = wait > 0 ? wait : 0 };

        if (procspawn__cunit_interrupt_ppoll(&event, &turn) > 0)
            return true;
        if (left <= 0)
            return false;
    }
    return false;
}

/* Where a fault was. A signal that a process sent has no address, and some faults have none. */
static void describe_address(const struct mailbox *mailbox, int number, char *ret_text, size_t size)
{
    enum { FIRST_PAGE = 4096 };
    uintptr_t address = (uintptr_t)mailbox->address;

    ret_text[0] = '\0';
    if (!atomic_load(&mailbox->signal) || number == SIGABRT || mailbox->code <= 0)
        return;
    if (number == SIGSEGV && mailbox->code == SI_KERNEL)
        snprintf(ret_text, size, ", no valid address");
    else
        snprintf(ret_text, size, ", address 0x%lx%s", (unsigned long)address,
                 number == SIGSEGV && address < FIRST_PAGE ? ": null pointer" : "");
}

static void judge_signal(struct mailbox *mailbox, int number, struct result *result)
{
    char text[200], address[64];

    describe_address(mailbox, number, address, sizeof(address));
    snprintf(text, sizeof(text), "killed by SIG%s (%s)%s",
             sigabbrev_np(number) ? sigabbrev_np(number) : "?", strsignal(number), address);
    procspawn__cunit_result_fail(result, "", 0, text);
}

static void judge_exit(struct mailbox *mailbox, int status, struct result *result)
{
    char text[200];
    int state = atomic_load(&mailbox->state);

    if (state == MAILBOX_RUNNING)
        snprintf(text, sizeof(text), "the test ended its process: exit status %d", status);
    else if (state == MAILBOX_FINISHED && status != 0)
        snprintf(text, sizeof(text),
                 "exit status %d after the test: a sanitizer's report, or an exit handler", status);
    else
        return;
    procspawn__cunit_result_fail(result, "", 0, text);
}

static void take_failures(struct mailbox *mailbox, struct result *result)
{
    unsigned count = atomic_load(&mailbox->failures);
    char text[100];

    result->assertions = atomic_load(&mailbox->assertions);
    for (unsigned i = 0; i < count && i < MAILBOX_FAILURES; i++) {
        struct mailbox_failure *failure = &mailbox->failure[i];

        if (!atomic_load(&failure->written))
            continue;
        failure->file[MAILBOX_FILE - 1] = failure->text[MAILBOX_TEXT - 1] = '\0';
        procspawn__cunit_result_fail(result, failure->file, failure->line, failure->text);
    }
    if (count > MAILBOX_FAILURES) {
        snprintf(text, sizeof(text), "and %u more failures", count - MAILBOX_FAILURES);
        procspawn__cunit_result_fail(result, "", 0, text);
    }
}

/* Describes a hung process, before it is killed. */
static void judge_time_out(pid_t pid, struct mailbox *mailbox, int64_t began, struct result *result,
                           FILE *details)
{
    double seconds = (double)(procspawn__cunit_now() - began) / (double)CUNIT_SECOND;
    char text[100];

    if (atomic_load(&mailbox->signal))
        return; /* the crash handler hung; the signal is the cause of death */
    if (procspawn__cunit_interrupted())
        snprintf(text, sizeof(text), "interrupted");
    else
        snprintf(text, sizeof(text), "time limit exceeded after %.1f s", seconds);
    procspawn__cunit_result_fail(result, "", 0, text);
    procspawn__cunit_stacks_of_hung(pid, mailbox, details);
}

static void judge_end(struct mailbox *mailbox, const siginfo_t *end, bool ended,
                      struct result *result)
{
    if (!ended && atomic_load(&mailbox->signal))
        judge_signal(mailbox, atomic_load(&mailbox->signal), result);
    else if (ended && end->si_code == CLD_EXITED)
        judge_exit(mailbox, end->si_status, result);
    else if (ended)
        judge_signal(mailbox, end->si_status, result);
    if (result->count == 0 && result->assertions == 0 &&
        !(atomic_load(&mailbox->allowed) & PROCSPAWN_CUNIT_NO_ASSERTION))
        procspawn__cunit_result_fail(result, "", 0, "no assertion ran");
}

static void wait_and_judge(pid_t pid, const struct run_settings *settings,
                           const struct inventory *known, struct mailbox *mailbox,
                           struct result *result, FILE *details)
{
    int64_t began = procspawn__cunit_now();
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    bool ended = wait_for_end(pidfd, mailbox);
    siginfo_t end = { 0 };

    if (!ended) {
        judge_time_out(pid, mailbox, began, result, details);
        kill(pid, SIGKILL);
    }
    while (waitid(P_PID, (id_t)pid, &end, WEXITED) < 0 && errno == EINTR)
        continue;
    close(pidfd);
    take_failures(mailbox, result);
    judge_end(mailbox, &end, ended, result);
    procspawn__cunit_stacks_write(mailbox, details);
    procspawn__cunit_orphans_end(
        known, result->count ? 0 : (int64_t)((double)(CUNIT_SECOND / 2) * settings->factor),
        result->count || atomic_load(&mailbox->allowed) & PROCSPAWN_CUNIT_PROCESSES ? NULL
                                                                                    : result);
    result->ns = procspawn__cunit_now() - began;
}

void procspawn__cunit_watch(const struct test_case *test_case, const struct run_settings *settings,
                            struct result *ret_result)
{
    struct inventory known = { 0 };
    struct mailbox *mailbox = NULL;
    size_t size;
    FILE *details = open_memstream(&ret_result->details, &size);
    pid_t pid = -1;

    procspawn__cunit_processes(&known);
    if (details && procspawn__cunit_mailbox_map(&mailbox) == 0) {
        atomic_store(&mailbox->deadline, procspawn__cunit_now() + settings->limit);
        atomic_store(&mailbox->allowed, settings->allowed);
        pid = start(test_case, settings, mailbox);
    }
    if (pid > 0)
        wait_and_judge(pid, settings, &known, mailbox, ret_result, details);
    else
        procspawn__cunit_result_fail(ret_result, "", 0,
                                     "no process for the test: fork or memory failed");
    if (mailbox)
        procspawn__cunit_mailbox_unmap(mailbox);
    if (details)
        fclose(details);
    procspawn__cunit_inventory_clear(&known);
}
