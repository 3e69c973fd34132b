/*
 * crash.c - signal handlers of the test's process: they record stacks
 */
#include "src/cunit/crash.h"

#include <execinfo.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "src/cunit/clock.h"
#include "src/cunit/mailbox.h"

enum { ALTERNATE_STACK = 64 << 10 };

static const int deadly[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };

void procspawn__cunit_crash_prepare(void)
{
    void *frame;

    backtrace(&frame, 1);
}

#if defined(__x86_64__)
static void *interrupted_at(const ucontext_t *context)
{
    return (void *)context->uc_mcontext.gregs[REG_RIP];
}
#elif defined(__aarch64__)
static void *interrupted_at(const ucontext_t *context)
{
    return (void *)context->uc_mcontext.pc;
}
#else
static void *interrupted_at(const ucontext_t *context)
{
    (void)context;
    return NULL;
}
#endif

static void note_stack(struct mailbox *mailbox, const ucontext_t *context)
{
    unsigned slot = atomic_fetch_add(&mailbox->stacks, 1);
    struct mailbox_stack *stack;

    if (slot >= MAILBOX_STACKS)
        return;
    stack = &mailbox->stack[slot];
    stack->tid = gettid();
    stack->interrupted = interrupted_at(context);
    stack->depth = backtrace(stack->frames, MAILBOX_FRAMES);
    atomic_store(&stack->written, true);
}

/*
 * Resets the signal to its default. A fault then repeats when the handler returns; a signal that
 * was sent is sent again.
 */
static void die(int number, const siginfo_t *info)
{
    signal(number, SIG_DFL);
    if (info->si_code <= 0)
        raise(number);
}

/*
 * Runs on the thread that got the signal. The unwinder may hang on a lock that the crashed code
 * holds, so the signal is recorded first, and the deadline is set to two seconds.
 */
static void on_signal(int number, siginfo_t *info, void *context)
{
    struct mailbox *mailbox = procspawn__cunit_mailbox;
    int none = 0;

    if (getpid() != mailbox->pid) {
        die(number, info);
        return;
    }
    if (number == SIGABRT && atomic_load(&mailbox->asked_for_stacks)) {
        note_stack(mailbox, context);
        return;
    }
    if (atomic_compare_exchange_strong(&mailbox->signal, &none, number)) {
        mailbox->address = info->si_addr;
        mailbox->code = info->si_code;
        atomic_store(&mailbox->deadline, procspawn__cunit_now() + 2 * CUNIT_SECOND);
        note_stack(mailbox, context);
    }
    die(number, info);
}

void procspawn__cunit_crash_watch(void)
{
    struct sigaction action = { .sa_sigaction = on_signal,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
    void *memory =
        mmap(NULL, ALTERNATE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = { .ss_sp = memory, .ss_size = ALTERNATE_STACK };
    stack_t present;
    void *frames[MAILBOX_FRAMES];

    procspawn__cunit_mailbox->runner_depth = backtrace(frames, MAILBOX_FRAMES) - 1;
    if (memory != MAP_FAILED && sigaltstack(NULL, &present) == 0 && present.ss_flags & SS_DISABLE)
        sigaltstack(&stack, NULL);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++) {
        struct sigaction old;

        if (sigaction(deadly[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(deadly[i], &action, NULL);
    }
}
