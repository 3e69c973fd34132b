/*
 * common.c - what several cases use
 */
#include "tests/torture/torture.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>

volatile int sink;
void *volatile nowhere;
sem_t ready;
pthread_barrier_t together;

NI void die_here(void)
{
    *(volatile int *)nowhere = 1;
    KEEP;
}

NI void wild(char *p)
{
    *(volatile char *)p = 0;
    KEEP;
}

NI void calls(void *p)
{
    ((void (*)(void))p)();
    KEEP;
}

NI void thread_of(void *(*f)(void *), void *a, pthread_t *t)
{
    if (pthread_create(t, NULL, f, a))
        abort();
}

NI void run_thread(void *(*f)(void *))
{
    pthread_t t;
    thread_of(f, NULL, &t);
    pthread_join(t, NULL);
    KEEP;
}

NI int recurse(int n)
{
    volatile char b[100];
    b[n % 100] = 1;
    int r = recurse(n + 1);
    KEEP;
    return r + b[3];
}

NI int deep(int n)
{
    if (n == 0)
        die_here();
    else
        deep(n - 1);
    KEEP;
    return n;
}

NI void own_altstack(void)
{
    stack_t s = { .ss_sp = malloc(65536), .ss_size = 65536 };
    sigaltstack(&s, 0);
}

NI void on(int s, void (*f)(int), int flags)
{
    struct sigaction a = { .sa_handler = f, .sa_flags = flags };
    sigaction(s, &a, 0);
}

NI void raises(int s)
{
    raise(s);
    KEEP;
}

void h_crash(int s)
{
    (void)s;
    die_here();
    KEEP;
}

NI void killed_by(int s)
{
    char c[64];
    snprintf(c, sizeof c, "(sleep 0.05; kill -%d %d) &", s, getpid());
    (void)!system(c);
    for (;;)
        pause();
    KEEP;
}

NI void *load(const char *file)
{
    char p[4096];
    snprintf(p, sizeof p, "%s/%s", plugin_dir, file);
    void *h = dlopen(p, RTLD_NOW);
    if (!h) {
        fprintf(stderr, "%s\n", dlerror());
        _exit(99);
    }
    return h;
}

NI void spins(void)
{
    for (;;) {
        sink++;
    }
}

NI void parked(void)
{
    sem_post(&ready);
    for (;;)
        pause();
}

NI void *parks(void *a)
{
    parked();
    KEEP;
    return a;
}

NI int in_dl(struct dl_phdr_info *i, size_t n, void *a)
{
    (void)i;
    (void)n;
    if (a) {
        die_here();
    } else
        parked();
    KEEP;
    return 1;
}
