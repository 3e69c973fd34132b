/*
 * watch.c - prints what each thread is doing; ends the program when one waits too long
 */
#include "tests/random/watch.h"

#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- threads ---- */

static atomic_bool printed;

static void print_stack(int signo)
{
    void *frames[64];
    int error = errno;
    (void)signo;
    backtrace_symbols_fd(frames, backtrace(frames, 64), STDERR_FILENO);
    errno = error;
    atomic_store(&printed, true);
}

static void print_file(int task, const char *name)
{
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/self/task/%d/%s", task, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[size < 0 ? 0 : size] = '\0';
    text[strcspn(text, "\n")] = '\0';
    fprintf(stderr, " %s", text);
}

/* The stack is printed by the thread itself, if it gets to it within a second. */
static void print_thread(int task)
{
    static const struct timespec moment = { 0, 10000000 };

    fprintf(stderr, "thread %d:", task);
    print_file(task, "comm");
    print_file(task, "wchan");
    print_file(task, "syscall");
    fputc('\n', stderr);
    atomic_store(&printed, false);
    if (task == (int)syscall(SYS_gettid) ||
        syscall(SYS_tgkill, getpid(), task, SIGUSR2) < 0)
        return;
    for (int i = 0; i < 100 && !atomic_load(&printed); i++)
        nanosleep(&moment, NULL);
}

static void for_each_entry(const char *path, void (*visit)(int number), int *ret_count)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        ++*ret_count;
        if (visit != NULL)
            visit(atoi(entry->d_name));
    }
    if (directory != NULL)
        closedir(directory);
}

void watch_print_threads(void)
{
    struct sigaction action = { .sa_handler = print_stack, .sa_flags = SA_RESTART };
    int count = 0;
    sigaction(SIGUSR2, &action, NULL);
    for_each_entry("/proc/self/task", print_thread, &count);
}

/* Defined in a program built with the thread sanitizer. */
void __tsan_init(void) __attribute__((weak));

static void *return_at_once(void *nothing)
{
    return nothing;
}

/*
 * The thread sanitizer starts a thread of its own together with the first one of a process. It
 * stays, so it has to be there before threads are counted.
 */
static void start_a_first_thread(void)
{
    static bool started;
    pthread_t thread;

    if (started || __tsan_init == NULL)
        return;
    started = pthread_create(&thread, NULL, return_at_once, NULL) == 0 &&
              pthread_join(thread, NULL) == 0;
}

int watch_count_threads(void)
{
    int count = 0;
    start_a_first_thread();
    for_each_entry("/proc/self/task", NULL, &count);
    return count;
}

/* The descriptor of the directory itself is one of them. */
int watch_count_descriptors(void)
{
    int count = 0;
    for_each_entry("/proc/self/fd", NULL, &count);
    return count - 1;
}

/* ---- the watch ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_t watcher;
static bool stops;
static unsigned calms;
static int patience;
static void (*when_late)(void);

static bool wait_for_change(void)
{
    struct timespec until;
    unsigned before = calms;
    int error = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += patience;
    while (error == 0 && !stops && calms == before)
        error = pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &until);
    return stops || calms != before;
}

static void *watch(void *arg)
{
    pthread_mutex_lock(&lock);
    while (!stops) {
        if (!wait_for_change())
            when_late();
    }
    pthread_mutex_unlock(&lock);
    return arg;
}

void watch_start(void (*too_late)(void), int seconds)
{
    when_late = too_late;
    patience = seconds;
    if (pthread_create(&watcher, NULL, watch, NULL) != 0)
        abort();
}

static void tell(bool stop)
{
    pthread_mutex_lock(&lock);
    stops = stop;
    calms++;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

void watch_calm(void)
{
    tell(false);
}

void watch_stop(void)
{
    tell(true);
    pthread_join(watcher, NULL);
}
