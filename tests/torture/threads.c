/*
 * threads.c - crashes with other threads, without the main thread, and on stacks of the program
 */
#include "tests/torture/torture.h"

#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

NI static void *crasher(void *a)
{
    die_here();
    KEEP;
    return a;
}

CRASH2(thread_crash, "signal:11", "die_here,crasher", "run_thread,t_thread_crash")
{
    run_thread(crasher);
    KEEP;
    return OUT;
}

CRASH2(hundred_threads, "signal:11", "die_here,crasher", "parked,parks")
{
    pthread_t t;
    sem_init(&ready, 0, 0);
    for (int i = 0; i < 100; i++)
        thread_of(parks, 0, &t);
    for (int i = 0; i < 100; i++)
        sem_wait(&ready);
    run_thread(crasher);
    KEEP;
    return OUT;
}

CRASH(dl_lock_mine, "signal:11", "die_here,in_dl,dl_iterate_phdr,t_dl_lock_mine")
{
    dl_iterate_phdr(in_dl, (void *)1);
    KEEP;
    return OUT;
}

NI static void *crash_together(void *a)
{
    pthread_barrier_wait(&together);
    die_here();
    KEEP;
    return a;
}

CRASH(four_at_once, "signal:11", "die_here,crash_together")
{
    pthread_t t[4];
    pthread_barrier_init(&together, 0, 4);
    for (int i = 0; i < 4; i++)
        thread_of(crash_together, 0, &t[i]);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], 0);
    KEEP;
    return OUT;
}

NI static void *late_crasher(void *a)
{
    usleep(30000);
    die_here();
    KEEP;
    return a;
}

CRASH(main_gone, "signal:11", "die_here,late_crasher")
{
    pthread_t t;
    thread_of(late_crasher, 0, &t);
    pthread_exit(0);
    KEEP;
    return OUT;
}

static int raw_thread(void *a)
{
    (void)a;
    die_here();
    KEEP;
    return 0;
}

CRASH(clone_vm_thread, "signal:11", "die_here,raw_thread")
{
    char *s = malloc(65536);
    clone(raw_thread, s + 65536 - 64,
          CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES, 0);
    for (;;)
        pause();
    KEEP;
    return OUT;
}

static ucontext_t here, there;

NI static void coroutine(void)
{
    die_here();
    KEEP;
}

CRASH(makecontext_crash, "signal:11", "die_here,coroutine")
{
    getcontext(&there);
    there.uc_stack.ss_sp = malloc(65536);
    there.uc_stack.ss_size = 65536;
    there.uc_link = &here;
    makecontext(&there, coroutine, 0);
    swapcontext(&here, &there);
    KEEP;
    return OUT;
}

NI static void coroutine_over(void)
{
    sink = recurse(0);
    KEEP;
}

CRASH(makecontext_overflow, "stack_overflow:11", "recurse,recurse,coroutine_over")
{
    char *p = mmap(0, 73728, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(p, 4096, 0);
    getcontext(&there);
    there.uc_stack.ss_sp = p + 4096;
    there.uc_stack.ss_size = 65536;
    there.uc_link = &here;
    makecontext(&there, coroutine_over, 0);
    swapcontext(&here, &there);
    KEEP;
    return OUT;
}

NI static void *crashes_cancelled(void *a)
{
    pthread_cancel(pthread_self());
    die_here();
    KEEP;
    return a;
}

CRASH(cancelled_thread, "signal:11", "die_here,crashes_cancelled")
{
    run_thread(crashes_cancelled);
    KEEP;
    return OUT;
}

static pthread_key_t key;

NI static void destroys_key(void *a)
{
    (void)a;
    die_here();
    KEEP;
}

NI static void *sets_key(void *a)
{
    pthread_setspecific(key, &key);
    return a;
}

CRASH(key_destructor, "signal:11", "die_here,destroys_key")
{
    pthread_key_create(&key, destroys_key);
    run_thread(sets_key);
    KEEP;
    return OUT;
}

NI static void switches(void)
{
    swapcontext(&there, &here);
    die_here();
    KEEP;
}

NI static void coroutine_back(void)
{
    switches();
    KEEP;
}

CRASH(coroutine_resumed, "signal:11", "die_here,switches,coroutine_back")
{
    getcontext(&there);
    there.uc_stack.ss_sp = malloc(65536);
    there.uc_stack.ss_size = 65536;
    there.uc_link = &here;
    makecontext(&there, coroutine_back, 0);
    swapcontext(&here, &there);
    swapcontext(&here, &there);
    KEEP;
    return OUT;
}

NI static void switches_back(void)
{
    swapcontext(&here, &there);
    die_here();
    KEEP;
}

CRASH(after_coroutine, "signal:11", "die_here,switches_back,t_after_coroutine")
{
    getcontext(&there);
    there.uc_stack.ss_sp = malloc(65536);
    there.uc_stack.ss_size = 65536;
    there.uc_link = &here;
    makecontext(&there, coroutine_back, 0);
    switches_back();
    KEEP;
    return OUT;
}
