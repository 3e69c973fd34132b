/*
 * torture.h - one kind of death or hang: what the process does, and what its report must show
 *
 * CRASH(name, cause, frames) and HANG(name, frames, others) stand before the body of the function
 * that is called. `frames` are functions of the thread that failed, innermost first and separated
 * by commas; "?" is one without a name. CRASH2 and HANG also name functions of another thread.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <forkscope.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>

#ifdef __cplusplus
#define EXTERN_C extern "C"
#else
#define EXTERN_C
#endif

struct tcase {
    const char *name;
    json_t *(*function)(json_t *);
    const char *want; /* cause, with ":" and its signal or status; "result" for none */
    const char *frames;
    const char *others; /* of one other thread */
    int hang;
    long padding[2]; /* the cases lie in a row in their section */
};

/* The function has a frame of its own, and its name. */
#define NI __attribute__((noinline, noclone, noipa, unused))
/* At the end of a function: its last call is not made a jump. */
#define KEEP __asm__ volatile("" ::: "memory")
#define OUT json_true()

#define CASE_(n, w, f, o, h) \
    EXTERN_C json_t *t_##n(json_t *); \
    EXTERN_C const struct tcase case_##n; \
    const struct tcase case_##n \
        __attribute__((section("tcases"), used)) = { #n, t_##n, w, f, o, h, { 0, 0 } }; \
    EXTERN_C NI json_t *t_##n(json_t *arg __attribute__((unused)))
#define CRASH(n, w, f) CASE_(n, w, f, "", 0)
#define CRASH2(n, w, f, o) CASE_(n, w, f, o, 0)
#define HANG(n, f, o) CASE_(n, "time_limit", f, o, 1)

/* common.c */
#ifdef __cplusplus
extern "C" {
#endif

extern char plugin_dir[];      /* where the plug-ins are, and the program */
extern volatile int sink;      /* what the compiler must compute */
extern void *volatile nowhere; /* NULL, which the compiler does not know */
extern sem_t ready;            /* posted by parked() */
extern pthread_barrier_t together;

void die_here(void); /* writes to NULL */
void wild(char *p);  /* writes to p */
void calls(void *p);
void thread_of(void *(*f)(void *), void *a, pthread_t *ret_thread);
void run_thread(void *(*f)(void *));
int recurse(int n); /* until the stack is used up */
int deep(int n);    /* recurses n times, then die_here() */
void own_altstack(void);
void on(int s, void (*f)(int), int flags);
void raises(int s);
void h_crash(int s);
void killed_by(int s); /* a shell sends the signal to this process, which waits */
void *load(const char *file);
void spins(void);
void parked(void);
void *parks(void *a);
struct dl_phdr_info;
int in_dl(struct dl_phdr_info *info, size_t size, void *a); /* a: crash, else wait */

#ifdef __cplusplus
}
#endif

#endif
