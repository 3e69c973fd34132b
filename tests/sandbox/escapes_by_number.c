/*
 * escapes_by_number.c - attempts by numbers of system calls and tables that are no native ones, by
 * the signal of the filter, and what must go on in spite of all that
 */
#include "tests/sandbox/escapes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static const struct escape_world *const w = &escape_world;

/* ---- numbers ---- */

ATTEMPT(calls_the_future, syscall(999L))
ATTEMPT(calls_the_newest, syscall(451L))
ATTEMPT(calls_the_gap, syscall(400L))
ATTEMPT(calls_the_end_of_the_gap, syscall(423L))
ATTEMPT(calls_less_than_nothing, syscall(-1L))
ATTEMPT(calls_much_less, syscall(-4096L))
ATTEMPT(calls_with_a_high_half, syscall((1L << 32) | SYS_getppid) < 0 ? -1 : 0)
ATTEMPT(opens_with_a_high_half, syscall((1L << 32) | SYS_openat, AT_FDCWD, w->out_file,
                                        O_RDONLY | O_CLOEXEC))
ATTEMPT(restarts, syscall(SYS_restart_syscall))

#ifdef __x86_64__

enum { CALLS_OF_X32 = 0x40000000, GETPID_OF_I386 = 20 };

ATTEMPT(calls_by_x32, syscall((long)CALLS_OF_X32 + SYS_getpid))
ATTEMPT(calls_the_last_of_x32, syscall(0x7fffffffL))
ATTEMPT(executes_by_x32, syscall((long)CALLS_OF_X32 + 520, "/bin/true", NULL, NULL))

static int calls_by_interrupt(int handed)
{
    long result;

    (void)handed;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(GETPID_OF_I386) : "memory");
    return result > 0 ? DID : ENOSYS;
}

/* Where the kernel has an entry for three calls at a fixed place: it asks the filter there too. */
static int calls_by_the_old_page(int handed)
{
    struct timespec time_;
    long (*get)(long *) = (long (*)(long *))UINT64_C(0xffffffffff600400);
    long seconds = 0;

    (void)handed;
    clock_gettime(CLOCK_REALTIME, &time_);
    get(&seconds);
    return seconds >= time_.tv_sec - 1 ? DID : ENOSYS;
}

#endif

/* ---- the signal ---- */

static void set_handler(void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = { .sa_flags = SA_SIGINFO | SA_NODEFER };

    action.sa_sigaction = handler;
    sigaction(SIGSYS, &action, NULL);
}

static struct sigaction before;

static int opened(void)
{
    int fd = open(w->out_file, O_RDONLY | O_CLOEXEC);
    int result = fd < 0 ? errno : DID;

    if (fd >= 0)
        close(fd);
    sigaction(SIGSYS, &before, NULL);
    return result;
}

static int blocks_the_signal(int handed)
{
    sigset_t set, old;

    (void)handed;
    sigaction(SIGSYS, NULL, &before);
    sigemptyset(&set);
    sigaddset(&set, SIGSYS);
    sigprocmask(SIG_BLOCK, &set, &old);
    int result = opened();
    sigprocmask(SIG_SETMASK, &old, NULL);
    return result;
}

static int ignores_the_signal(int handed)
{
    (void)handed;
    sigaction(SIGSYS, NULL, &before);
    signal(SIGSYS, SIG_IGN);
    return opened();
}

static void say_it_is_not_permitted(ucontext_t *context)
{
#if defined(__x86_64__)
    context->uc_mcontext.gregs[REG_RAX] = -EPERM;
#elif defined(__aarch64__)
    context->uc_mcontext.regs[0] = (unsigned long)-EPERM;
#endif
}

static void go_on(int signal_, siginfo_t *info, void *context)
{
    (void)signal_;
    (void)info;
    say_it_is_not_permitted(context);
}

static int handles_the_signal(int handed)
{
    (void)handed;
    sigaction(SIGSYS, NULL, &before);
    set_handler(go_on);
    return opened();
}

/* Returns into the instruction that makes the system call, again and again. */
static volatile int tries;

static void go_back(int signal_, siginfo_t *info, void *context)
{
    (void)signal_;
    if (tries-- <= 0) {
        say_it_is_not_permitted(context);
        return;
    }
#if defined(__x86_64__)
    ucontext_t *at = context;
    at->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)info->si_call_addr - 2;
    at->uc_mcontext.gregs[REG_RAX] = info->si_syscall;
#else
    (void)info;
#endif
}

static int forges_the_frame(int handed)
{
    (void)handed;
    sigaction(SIGSYS, NULL, &before);
    tries = 3;
    set_handler(go_back);
    return opened();
}

/* The handler makes the call by itself. */
static void open_inside(int signal_, siginfo_t *info, void *context)
{
    (void)signal_;
    (void)info;
    if (tries-- > 0)
        syscall(SYS_openat, AT_FDCWD, w->out_file, O_RDONLY | O_CLOEXEC);
    say_it_is_not_permitted(context);
}

static int opens_in_the_handler(int handed)
{
    (void)handed;
    sigaction(SIGSYS, NULL, &before);
    tries = 3;
    set_handler(open_inside);
    return opened();
}

/* ---- what the filter leaves to the handler ---- */

static struct stat status;

ATTEMPT(looks_with_a_bad_path, syscall(SYS_newfstatat, STDIN_FILENO, 16, &status, AT_EMPTY_PATH))
ATTEMPT(looks_with_a_bad_result, syscall(SYS_newfstatat, STDIN_FILENO, "", 16, AT_EMPTY_PATH))
ATTEMPT(looks_at_its_directory, fstatat(AT_FDCWD, "", &status, AT_EMPTY_PATH))
ATTEMPT(looks_past_the_end, syscall(SYS_newfstatat, STDIN_FILENO, UINTPTR_MAX, &status,
                                    AT_EMPTY_PATH))

/* A page that can be written and not read is readable all the same; one without rights is not. */
static int looks_with_a_hidden_path(int handed)
{
    char *path = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)handed;
    int result = escape_told(syscall(SYS_newfstatat, STDIN_FILENO, path + 4095, &status,
                                     AT_EMPTY_PATH));
    munmap(path, 4096);
    return result;
}

static int prints(int handed)
{
    (void)handed;
    return printf("%s", "") < 0 || fflush(stdout) != 0 ? errno : DID;
}

static int knows_the_local_time(int handed)
{
    const time_t then = 0;
    struct tm tm;

    (void)handed;
    return localtime_r(&then, &tm) && (tzset(), true) ? DID : errno;
}

static const struct escape escapes[] = {
    { "unknown", calls_the_future, 0, ALL(ENOSYS, ENOSYS), NULL, 0 },
    { "first unknown", calls_the_newest, 0, ALL(ANY, ENOSYS), NULL, 0 },
    { "gap", calls_the_gap, 0, ALL(ENOSYS, ENOSYS), NULL, 0 },
    { "end of the gap", calls_the_end_of_the_gap, 0, ALL(ENOSYS, ENOSYS), NULL, 0 },
    { "minus one", calls_less_than_nothing, 0, ALL(ENOSYS, ANY), NULL, 0 },
    { "far below nothing", calls_much_less, 0, ALL(ENOSYS, ANY), NULL, 0 },
    { "number with a high half", calls_with_a_high_half, 0, ALL(DID, DID), NULL, 0 },
    { "open with a high half", opens_with_a_high_half, 0, BY_PATH(DID, VIOLATION, EACCES),
      "openat", 0 },
    { "restart", restarts, 0, ALL(EINTR, EINTR), NULL, 0 },
#ifdef __x86_64__
    { "int80", calls_by_interrupt, 0, ALL(ANY, KILLED), NULL, KILLED },
    { "x32", calls_by_x32, 0, ALL(ANY, KILLED), NULL, KILLED },
    { "last of x32", calls_the_last_of_x32, 0, ALL(ENOSYS, KILLED), NULL, KILLED },
    { "execve of x32", executes_by_x32, 0, ALL(ANY, KILLED), NULL, KILLED },
    { "vsyscall", calls_by_the_old_page, 0, ALL(ANY, ANY), NULL, 0 },
#endif
    { "hidden", blocks_the_signal, 0, BY_PATH(DID, KILLED, EACCES), NULL, 0 },
    { "ignored", ignores_the_signal, 0, BY_PATH(DID, KILLED, EACCES), NULL, 0 },
    { "ownhandler", handles_the_signal, 0, BY_PATH(DID, EPERM, EACCES), NULL, 0 },
    { "forged frame", forges_the_frame, 0, BY_PATH(DID, EPERM, EACCES), NULL, 0 },
    { "open in the handler", opens_in_the_handler, 0, BY_PATH(DID, EPERM, EACCES), NULL, 0 },
    { "badfstat", looks_with_a_bad_path, 0, ALL(EFAULT, EFAULT), NULL, 0 },
    { "badfstat of a result", looks_with_a_bad_result, 0, ALL(EFAULT, EFAULT), NULL, 0 },
    { "badfstat past the end", looks_past_the_end, 0, ALL(EFAULT, EFAULT), NULL, 0 },
    { "badfstat of a page", looks_with_a_hidden_path, 0, ALL(EFAULT, EFAULT), NULL, 0 },
    { "fstat of the directory", looks_at_its_directory, 0, BY_PATH(DID, EBADF, DID), NULL, 0 },
    { "stdio", prints, 0, ALL(DID, DID), NULL, 0 },
    { "localtime", knows_the_local_time, 0, BY_PATH(DID, VIOLATION, DID), "openat", GOES_ON },
};

ESCAPE_TABLE(escapes_by_number, escapes);
