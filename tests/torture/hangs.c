/*
 * hangs.c - processes that do not end
 */
#include "tests/torture/torture.h"

#include <fcntl.h>
#include <signal.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

HANG(h_loop, "spins,t_h_loop", "")
{
    spins();
    KEEP;
    return OUT;
}

static pthread_mutex_t m1 = PTHREAD_MUTEX_INITIALIZER, m2 = PTHREAD_MUTEX_INITIALIZER;

NI static void locks(pthread_mutex_t *m)
{
    pthread_mutex_lock(m);
    KEEP;
}

NI static void *locks_21(void *a)
{
    locks(&m2);
    pthread_barrier_wait(&together);
    locks(&m1);
    KEEP;
    return a;
}

HANG(h_abba, "locks,t_h_abba", "locks,locks_21")
{
    pthread_t t;
    pthread_barrier_init(&together, 0, 2);
    thread_of(locks_21, 0, &t);
    locks(&m1);
    pthread_barrier_wait(&together);
    locks(&m2);
    KEEP;
    return OUT;
}

HANG(h_cond_wait, "pthread_cond_wait,t_h_cond_wait", "")
{
    pthread_cond_t c = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&m1);
    pthread_cond_wait(&c, &m1);
    KEEP;
    return OUT;
}

HANG(h_sleep, "sleep,t_h_sleep", "")
{
    sleep(1000);
    KEEP;
    return OUT;
}

HANG(h_all_parked, "pthread_join,run_thread,t_h_all_parked", "parked,parks")
{
    sem_init(&ready, 0, 0);
    pthread_t t;
    for (int i = 0; i < 5; i++)
        thread_of(parks, 0, &t);
    run_thread(parks);
    KEEP;
    return OUT;
}

HANG(h_signals_blocked, "t_h_signals_blocked", "")
{
    sigset_t s;
    sigfillset(&s);
    sigprocmask(SIG_SETMASK, &s, 0);
    for (;;)
        pause();
    return OUT;
}

NI static void vforks(void)
{
    if (vfork() == 0) {
        for (;;)
            pause();
    }
    KEEP;
}

HANG(h_vfork, "vforks,t_h_vfork", "")
{
    vforks();
    KEEP;
    return OUT;
}

NI static void *spin_thread(void *a)
{
    spins();
    KEEP;
    return a;
}

HANG(h_main_gone, "", "spins,spin_thread")
{
    pthread_t t;
    thread_of(spin_thread, 0, &t);
    pthread_exit(0);
    return OUT;
}

HANG(h_dl_lock, "parked,in_dl,dl_iterate_phdr,t_h_dl_lock", "")
{
    sem_init(&ready, 0, 0);
    dl_iterate_phdr(in_dl, 0);
    KEEP;
    return OUT;
}

HANG(h_traced, "t_h_traced", "")
{
    int p[2];
    char c;
    (void)!pipe(p);
    pid_t me = getpid();
    if (fork() == 0) {
        ptrace(PTRACE_SEIZE, me, 0, 0);
        (void)!write(p[1], "x", 1);
        for (;;)
            pause();
    }
    (void)!read(p[0], &c, 1);
    for (;;)
        pause();
    return OUT;
}

HANG(h_closed_all, "t_h_closed_all", "")
{
    closefrom(0);
    for (;;)
        pause();
    return OUT;
}

HANG(h_exec_sleep, "", "")
{
    execl("/bin/sleep", "sleep", "1000", (char *)0);
    return OUT;
}

static void h_spins(int s)
{
    (void)s;
    spins();
    KEEP;
}

NI static void raises_here(int s)
{
    raises(s);
    KEEP;
}

HANG(h_in_handler, "spins,h_spins,raises,raises_here,t_h_in_handler", "")
{
    own_altstack();
    on(SIGUSR1, h_spins, SA_ONSTACK);
    raises_here(SIGUSR1);
    KEEP;
    return OUT;
}

static ucontext_t outside, inside;

NI static void coroutine_spins(void)
{
    spins();
    KEEP;
}

HANG(h_coroutine, "spins,coroutine_spins", "")
{
    getcontext(&inside);
    inside.uc_stack.ss_sp = malloc(65536);
    inside.uc_stack.ss_size = 65536;
    inside.uc_link = &outside;
    makecontext(&inside, coroutine_spins, 0);
    swapcontext(&outside, &inside);
    KEEP;
    return OUT;
}

NI static void jumps_to(void *p)
{
    ((void (*)(void))p)();
    KEEP;
}

HANG(h_jit_loop, "?,jumps_to,t_h_jit_loop", "")
{
    static const unsigned char b[] = { 0x48, 0x83, 0xec, 0x28, 0xeb, 0xfe };
    void *p = mmap(NULL, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(p, b, sizeof b);
    jumps_to(p);
    KEEP;
    return OUT;
}

NI static void asks_time_forever(void)
{
    struct timespec t;
    for (;;)
        clock_gettime(CLOCK_MONOTONIC, &t);
}

HANG(h_clock, "asks_time_forever,t_h_clock", "")
{
    asks_time_forever();
    KEEP;
    return OUT;
}

NI static void reads_pipe(void)
{
    int p[2];
    char c;
    (void)!pipe(p);
    (void)!read(p[0], &c, 1);
    KEEP;
}

HANG(h_read, "read,reads_pipe,t_h_read", "")
{
    reads_pipe();
    KEEP;
    return OUT;
}

NI static void waits_for_child(void)
{
    (void)!system("exec sleep 100");
    KEEP;
}

HANG(h_system, "waits_for_child,t_h_system", "")
{
    waits_for_child();
    KEEP;
    return OUT;
}
