/*
 * crashes.c - acts that end in a crash, and interfere while it is reported
 */
#include "tests/hostile/act.h"

#include "src/base/clock.h"
#include "tests/hostile/odd_fd.h"
#include "tests/hostile/settings.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };

static void *volatile nowhere;

/* ---- ways to crash ---- */

static void write_nowhere(struct random *random)
{
    *((volatile char *)nowhere + random_below(random, PAGE)) = 1;
}

static void jump_nowhere(struct random *random)
{
    void (*there)(void) = (void (*)(void))(uintptr_t)random_draw(random);

    there();
}

static void __attribute__((noinline)) overflow(volatile char *above)
{
    volatile char frame[1000];

    frame[0] = above ? above[0] : 0;
    if (nowhere == NULL)
        overflow(frame);
    frame[1] = frame[0];
}

static void overflow_stack(struct random *random)
{
    (void)random;
    overflow(NULL);
}

/* Frames that lead in a circle, or anywhere. */
static void smash_stack(struct random *random)
{
    volatile uint64_t *frame = __builtin_frame_address(0);

    for (unsigned i = 0; i < 64; i++)
        frame[i] = random_one_in(random, 2) ? (uint64_t)(uintptr_t)&frame[i] : random_draw(random);
    write_nowhere(random);
}

static void lose_stack(struct random *random)
{
    uintptr_t here = (uintptr_t)&random & ~(uintptr_t)(PAGE - 1);

    munmap((void *)(here - 16 * PAGE), 64 * PAGE);
    write_nowhere(random);
}

/* Beyond the end of what is behind a mapping. */
static void read_beyond_end(struct random *random)
{
    int fd = memfd_create("short", MFD_CLOEXEC);
    volatile char *bytes = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

    (void)random;
    (void)bytes[0];
}

static void fail_assertion(struct random *random)
{
    (void)random;
    abort();
}

/* With the signal's action, mask or second stack as drawn. */
static void raise_some(struct random *random)
{
    static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS,
                                   SIGQUIT, SIGXCPU, SIGKILL };
    int signo = signals[random_below(random, 10)];
    sigset_t one;

    sigemptyset(&one);
    sigaddset(&one, signo);
    if (random_one_in(random, 3))
        signal(signo, SIG_DFL);
    if (random_one_in(random, 3))
        sigprocmask(SIG_BLOCK, &one, NULL);
    if (random_one_in(random, 3))
        sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
    raise(signo);
    write_nowhere(random);
}

/* Code that lies in a memory file, which is no program. */
static void run_odd_code(struct random *random)
{
    void *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE,
                      odd_fd_memory(random), 0);

    if (code == MAP_FAILED)
        return;
    ((void (*)(void))(uintptr_t)code)();
}

static void crash(struct random *random)
{
    static void (*const ways[])(struct random *random) = {
        write_nowhere, jump_nowhere, overflow_stack, smash_stack, lose_stack, read_beyond_end,
        fail_assertion, raise_some, raise_some, run_odd_code,
    };

    ways[random_below(random, sizeof ways / sizeof ways[0])](random);
}

/* ---- meanwhile ---- */

/* Another thread, while the first one is stopped for its report. */
static void *disturb(void *state)
{
    struct random *random = state;
    int64_t end = base__now() + 300 * MS;

    while (base__now() < end) {
        void *page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (random_one_in(random, 2))
            mremap(page, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
        if (random_one_in(random, 4))
            kill(getpid(), SIGCONT);
        if (random_one_in(random, 8))
            munmap(page, PAGE);
        if (random_one_in(random, 2000))
            _exit(4);
    }
    return NULL;
}

static void crash_disturbed(struct random *random)
{
    static struct random others[4];
    pthread_t thread;

    for (unsigned i = 0; i < 4; i++) {
        others[i].state = random_draw(random);
        pthread_create(&thread, NULL, disturb, &others[i]);
    }
    crash(random);
}

static void *crash_in_thread(void *state)
{
    crash(state);
    return NULL;
}

static void crash_in_many_threads(struct random *random)
{
    static struct random others[8];
    pthread_t thread;

    for (unsigned i = 0; i < 8; i++) {
        others[i].state = random_draw(random);
        pthread_create(&thread, NULL, crash_in_thread, &others[i]);
    }
    act_hang();
}

/* A stop for the report does not last. */
static void wake_parent(struct random *random)
{
    pid_t parent = act_parent();
    int64_t end = base__now() + (int64_t)random_below(random, 500) * MS;

    setsid();
    while (base__now() < end && kill(parent, SIGCONT) == 0)
        continue;
    if (random_one_in(random, 2))
        kill(parent, SIGKILL);
}

static void crash_awake(struct random *random)
{
    act_fork(random, wake_parent);
    crash(random);
}

static void crash_in_grandchildren(struct random *random)
{
    for (unsigned i = random_below(random, 5); i > 0; i--)
        act_fork(random, crash);
    act_pause(random, 30);
}

const struct act act_of_crashes[] = {
    { .name = "crash", .run = crash },
    { .name = "crash_disturbed", .run = crash_disturbed },
    { .name = "crash_in_many_threads", .run = crash_in_many_threads },
    { .name = "crash_awake", .run = crash_awake },
    { .name = "crash_in_grandchildren", .run = crash_in_grandchildren },
    { 0 },
};
