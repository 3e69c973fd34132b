/*
 * fault_injection.c - wrappers of the C library's functions that can fail on request
 */
#include "tests/support/fault_injection.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static struct {
    bool armed;
    enum fail_kind kind;
    pid_t owner;
    int left;                   /* requests up to and including the first one that fails */
    bool all;                   /* so do those after it */
    const char *failed;
} plan;

static void arm(enum fail_kind kind, unsigned n, bool all)
{
    plan.kind = kind;
    plan.owner = getpid();
    plan.left = (int)n;
    plan.all = all;
    plan.failed = NULL;
    __atomic_store_n(&plan.armed, true, __ATOMIC_RELEASE);
}

void fail_arm(enum fail_kind kind, unsigned n)
{
    arm(kind, n, false);
}

void fail_arm_all(enum fail_kind kind, unsigned n)
{
    arm(kind, n, true);
}

const char *fail_disarm(void)
{
    __atomic_store_n(&plan.armed, false, __ATOMIC_RELEASE);
    return __atomic_load_n(&plan.failed, __ATOMIC_ACQUIRE);
}

static bool fails(enum fail_kind kind, const char *name, int error)
{
    if (!__atomic_load_n(&plan.armed, __ATOMIC_ACQUIRE) || plan.kind != kind ||
        plan.owner != getpid())
        return false;
    int left = __atomic_fetch_sub(&plan.left, 1, __ATOMIC_ACQ_REL);
    if (left > 1 || (left < 1 && !plan.all))
        return false;
    __atomic_store_n(&plan.failed, name, __ATOMIC_RELEASE);
    errno = error;
    return true;
}

#define WRAP(type, name, parameters) \
    type __real_##name parameters; \
    type __wrap_##name parameters; \
    type __wrap_##name parameters

/* ---- memory ---- */

/*
 * The blocks in use, in a hash table by address. Blocks that the C library allocated itself are not
 * in it.
 */
enum { SLOTS = 1 << 16 };
static uintptr_t slots[SLOTS];
static long blocks;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uintptr_t *slot_of(uintptr_t key)
{
    size_t at = (key >> 4) * 2654435761u % SLOTS;

    while (slots[at] != 0 && slots[at] != key)
        at = (at + 1) % SLOTS;
    return &slots[at];
}

static void *note(void *block)
{
    if (!block)
        return NULL;
    pthread_mutex_lock(&lock);
    *slot_of((uintptr_t)block) = (uintptr_t)block;
    blocks++;
    pthread_mutex_unlock(&lock);
    return block;
}

/* Removes a block. The entries behind it move up, so that a search still finds them. */
static void forget(const void *block)
{
    pthread_mutex_lock(&lock);
    uintptr_t *slot = slot_of((uintptr_t)block);
    if (block && *slot != 0) {
        blocks--;
        *slot = 0;
        for (size_t at = (size_t)(slot - slots + 1) % SLOTS; slots[at]; at = (at + 1) % SLOTS) {
            uintptr_t key = slots[at];
            slots[at] = 0;
            *slot_of(key) = key;
        }
    }
    pthread_mutex_unlock(&lock);
}

long fail_blocks(void)
{
    return __atomic_load_n(&blocks, __ATOMIC_ACQUIRE);
}

WRAP(void *, malloc, (size_t size))
{
    return fails(FAIL_MEMORY, "malloc", ENOMEM) ? NULL : note(__real_malloc(size));
}

WRAP(void *, calloc, (size_t count, size_t size))
{
    return fails(FAIL_MEMORY, "calloc", ENOMEM) ? NULL : note(__real_calloc(count, size));
}

WRAP(void, free, (void *block))
{
    forget(block);
    __real_free(block);
}

WRAP(void *, realloc, (void *block, size_t size))
{
    if (fails(FAIL_MEMORY, "realloc", ENOMEM))
        return NULL;
    forget(block);
    return note(__real_realloc(block, size));
}

WRAP(char *, strdup, (const char *text))
{
    return fails(FAIL_MEMORY, "strdup", ENOMEM) ? NULL : note(__real_strdup(text));
}

WRAP(int, vasprintf, (char **ret_text, const char *format, va_list arguments))
{
    if (fails(FAIL_MEMORY, "vasprintf", ENOMEM))
        return -1;
    int length = __real_vasprintf(ret_text, format, arguments);
    if (length >= 0)
        note(*ret_text);
    return length;
}

void fail_prepare(void)
{
    json_set_alloc_funcs(__wrap_malloc, __wrap_free);
}

/* ---- the system ---- */

#define REFUSE(name, error, result, call) \
    return fails(FAIL_SYSTEM, #name, error) ? (result) : __real_##name call

WRAP(int, socketpair, (int domain, int type, int protocol, int ends[2]))
{
    REFUSE(socketpair, EMFILE, -1, (domain, type, protocol, ends));
}

WRAP(int, setsockopt, (int fd, int level, int option, const void *value, socklen_t length))
{
    REFUSE(setsockopt, ENOMEM, -1, (fd, level, option, value, length));
}

WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags))
{
    REFUSE(sendmsg, ENOBUFS, -1, (fd, message, flags));
}

WRAP(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags))
{
    REFUSE(recvmsg, ENOMEM, -1, (fd, message, flags));
}

WRAP(int, pipe2, (int ends[2], int flags))
{
    REFUSE(pipe2, EMFILE, -1, (ends, flags));
}

WRAP(int, memfd_create, (const char *name, unsigned flags))
{
    REFUSE(memfd_create, EMFILE, -1, (name, flags));
}

WRAP(int, ftruncate, (int fd, off_t length))
{
    REFUSE(ftruncate, ENOSPC, -1, (fd, length));
}

WRAP(void *, mmap, (void *at, size_t length, int protection, int flags, int fd, off_t offset))
{
    REFUSE(mmap, ENOMEM, MAP_FAILED, (at, length, protection, flags, fd, offset));
}

WRAP(int, epoll_create1, (int flags))
{
    REFUSE(epoll_create1, EMFILE, -1, (flags));
}

WRAP(int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event))
{
    if (operation == EPOLL_CTL_DEL)
        return __real_epoll_ctl(epoll, operation, fd, event);
    REFUSE(epoll_ctl, ENOSPC, -1, (epoll, operation, fd, event));
}

WRAP(int, eventfd, (unsigned value, int flags))
{
    REFUSE(eventfd, EMFILE, -1, (value, flags));
}

WRAP(int, pthread_create, (pthread_t *ret_thread, const pthread_attr_t *attributes,
                           void *(*run)(void *), void *argument))
{
    REFUSE(pthread_create, EAGAIN, EAGAIN, (ret_thread, attributes, run, argument));
}

WRAP(pid_t, fork, (void))
{
    REFUSE(fork, EAGAIN, -1, ());
}

WRAP(FILE *, fopen, (const char *path, const char *mode))
{
    REFUSE(fopen, EMFILE, NULL, (path, mode));
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;

    va_start(arguments, flags);
    unsigned mode = flags & O_CREAT ? va_arg(arguments, unsigned) : 0;
    va_end(arguments);
    REFUSE(open, EMFILE, -1, (path, flags, mode));
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
    va_list arguments;

    va_start(arguments, command);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    if (command != F_DUPFD_CLOEXEC)
        return __real_fcntl(fd, command, argument);
    REFUSE(fcntl, EMFILE, -1, (fd, command, argument));
}

/*
 * Covers clone3, pidfd_open and pidfd_send_signal; fails as a filter of system calls would. It reads
 * six arguments, also where fewer were given.
 */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
__attribute__((no_sanitize_address)) long __wrap_syscall(long number, ...)
{
    long a[6];
    va_list arguments;

    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(arguments, long);
    va_end(arguments);
    REFUSE(syscall, ENOSYS, -1, (number, a[0], a[1], a[2], a[3], a[4], a[5]));
}
