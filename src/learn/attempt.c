/*
 * attempt.c - what a system call that waits for its answer needs
 */
#include "src/learn/attempt.h"

#include "src/base/system_call.h"
#include "src/learn/path_text.h"
#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- memory of the process ---- */

/* Up to the end of the page at first, since the next one may not be there. Returns the length. */
static size_t read_bytes(pid_t thread, uint64_t address, void *ret_bytes, size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t length = 0;

    while (length < size) {
        size_t step = page - (size_t)((address + length) % page);
        step = step < size - length ? step : size - length;
        struct iovec to = { (char *)ret_bytes + length, step };
        struct iovec from = { (void *)(uintptr_t)(address + length), step };
        ssize_t got = process_vm_readv(thread, &to, 1, &from, 1, 0);
        if (got <= 0)
            break;
        length += (size_t)got;
        if (memchr(to.iov_base, '\0', (size_t)got))
            break;
    }
    return length;
}

/* False: it is not there, or has no end. */
static bool read_text(pid_t thread, uint64_t address, char ret_text[PATH_MAX])
{
    size_t length = address == 0 ? 0 : read_bytes(thread, address, ret_text, PATH_MAX);
    return memchr(ret_text, '\0', length) != NULL;
}

/* ---- paths ---- */

static bool read_link(const char *link, char ret_path[PATH_MAX])
{
    ssize_t length = readlink(link, ret_path, PATH_MAX - 1);

    if (length <= 0)
        return false;
    ret_path[length] = '\0';
    return true;
}

static bool read_directory(pid_t thread, int fd, char ret_path[PATH_MAX])
{
    char link[64];

    if (fd == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/%d/cwd", (int)thread);
    else
        snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)thread, fd);
    return read_link(link, ret_path);
}

/* Gives the path from the root, in the call's own place for it. */
static bool complete_path(const struct learn_attempt *attempt, int directory, const char *path,
                          struct procspawn__learned_call *call)
{
    char base[PATH_MAX] = "";
    const int fd = directory < 0 ? AT_FDCWD : (int)attempt->argument[directory];

    if (*path != '/' && !read_directory(attempt->thread, fd, base))
        return false;
    return procspawn__path_join(base, path, call->path, sizeof call->path);
}

static void leave_unread(struct procspawn__learned_call *call)
{
    call->path[0] = '\0';
    call->need = (struct procspawn__need){ .kind = PROCSPAWN__NEED_REFUSED,
                                           .reason = PROCSPAWN__REFUSED_UNREAD };
}

/* "/proc/self" is another process here; all that lies in /proc is refused anyway. */
static bool is_there(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 || errno == EACCES;
}

static void use_path(const struct learn_attempt *attempt, const struct procspawn__path_use *use,
                     struct procspawn__learned_call *call)
{
    char path[PATH_MAX];
    size_t length;

    const bool read = read_text(attempt->thread, attempt->argument[use->path], path);
    if (read && procspawn__need_is_descriptor(attempt->number, attempt->argument, path)) {
        call->need.kind = PROCSPAWN__NEED_NOTHING;
    } else if (!read || !complete_path(attempt, use->directory, path, call)) {
        leave_unread(call);
    } else {
        procspawn__need_path(use, attempt->argument, call->path, is_there(call->path),
                             &call->need, &length);
        call->let_in = (uint32_t)length;
    }
}

/* The first text of these is no path. */
static bool names_no_path(int64_t number)
{
    static const long numbers[] = { SYS_add_key, SYS_request_key, SYS_fsopen, SYS_fsconfig,
                                    SYS_mq_open, SYS_mq_unlink, SYS_init_module,
                                    SYS_finit_module, SYS_delete_module, SYS_kexec_file_load };

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i] == number)
            return true;
    }
    return false;
}

/* A path that is told and not judged: that of a call which nothing lets in. */
static void tell_path(const struct learn_attempt *attempt, struct procspawn__learned_call *call)
{
    const int index = base__system_call_path(attempt->number);
    const struct base__system_call *known = base__system_call(attempt->number);
    char path[PATH_MAX];

    if (index < 0 || names_no_path(attempt->number) ||
        !read_text(attempt->thread, attempt->argument[index], path))
        return;
    const bool relative = index > 0 && known->arguments[index - 1] == 'd';
    if (!complete_path(attempt, relative ? index - 1 : -1, path, call))
        call->path[0] = '\0';
}

/* ---- addresses ---- */

static void use_address(const struct learn_attempt *attempt, struct procspawn__learned_call *call)
{
    struct sockaddr_storage address;
    struct iovec to = { &address, sizeof address };
    struct iovec from = { (void *)(uintptr_t)attempt->argument[1], (uint32_t)attempt->argument[2] };

    if (from.iov_len > sizeof address)
        from.iov_len = sizeof address;
    to.iov_len = from.iov_len;
    const ssize_t got = process_vm_readv(attempt->thread, &to, 1, &from, 1, 0);
    procspawn__need_address(attempt->number, got < 0 ? NULL : &address, got < 0 ? 0 : (size_t)got,
                            &call->need);
}

/* ---- the attempt ---- */

static unsigned look(const struct learn_attempt *attempt,
                     struct procspawn__learned_call calls[LEARN_ATTEMPT_CALLS])
{
    struct procspawn__path_use uses[PROCSPAWN__PATH_USES];
    const unsigned count = procspawn__need_paths(attempt->number, uses);

    if (calls[0].need.kind == PROCSPAWN__NEED_REFUSED)
        tell_path(attempt, &calls[0]);
    else if (procspawn__need_has_address(attempt->number))
        use_address(attempt, &calls[0]);
    else if (calls[0].need.profile == PROCSPAWN_SANDBOX_FILES && count > 0) {
        for (unsigned i = 0; i < count; i++)
            use_path(attempt, &uses[i], &calls[i]);
        return count;
    }
    return 1;
}

int learn__attempt(const struct learn_attempt *attempt,
                   struct procspawn__learned_call ret_calls[LEARN_ATTEMPT_CALLS],
                   unsigned *ret_count)
{
    struct procspawn__learned_call *first = &ret_calls[0];
    unsigned kept = 0;

    *ret_count = 0;
    *first = (struct procspawn__learned_call){ .number = attempt->number };
    memcpy(first->argument, attempt->argument, sizeof first->argument);
    int answer = procspawn__need_find(attempt->number, attempt->argument, attempt->thread,
                                      &first->need);
    if (answer != 0 || first->need.kind == PROCSPAWN__NEED_NOTHING)
        return answer;
    ret_calls[1] = *first;
    const unsigned count = look(attempt, ret_calls);
    for (unsigned i = 0; i < count; i++) {
        if (ret_calls[i].need.kind != PROCSPAWN__NEED_NOTHING)
            ret_calls[kept++] = ret_calls[i];
    }
    *ret_count = kept;
    return 0;
}

/* ---- what is aimed at the learner ---- */

/* Which argument names a process: a signal, a tracer or a limit can end it. */
static int process_argument(int64_t number)
{
    switch (number) {
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_rt_sigqueueinfo:
    case SYS_rt_tgsigqueueinfo:
    case SYS_pidfd_open:
    case SYS_prlimit64:
    case SYS_process_vm_readv:
    case SYS_process_vm_writev:
    case SYS_sched_setaffinity:
    case SYS_sched_setparam:
    case SYS_sched_setscheduler:
    case SYS_sched_setattr:
        return 0;
    case SYS_ptrace:
    case SYS_setpriority:
        return 1;
    default:
        return -1;
    }
}

/*
 * A descriptor that signals its owner could be given to it, with a signal that kills. What signals
 * by a descriptor of a process takes one of /proc, too.
 */
static bool may_be_aimed_anywhere(const struct learn_attempt *attempt)
{
    const unsigned command = (unsigned)attempt->argument[1];

    switch (attempt->number) {
    case SYS_fcntl:
        return command == F_SETOWN || command == F_SETOWN_EX || command == F_SETSIG;
    case SYS_ioctl:
        return command == FIOSETOWN || command == SIOCSPGRP;
    case SYS_pidfd_send_signal:
    case SYS_process_mrelease:
        return true;
    default:
        return false;
    }
}

/* Also by the id of one of its threads. */
static bool is_this_process(pid_t target)
{
    return target > 0 && syscall(SYS_tgkill, getpid(), target, 0) == 0;
}

bool learn__attempt_is_aimed_here(const struct learn_attempt *attempt)
{
    const int index = process_argument(attempt->number);

    if (may_be_aimed_anywhere(attempt))
        return true;
    /* Who is in the learner's group sends signals to it by kill(0, ...). */
    if (attempt->number == SYS_setpgid && (pid_t)attempt->argument[1] == getpgrp())
        return true;
    if (index < 0)
        return false;
    const pid_t target = (pid_t)attempt->argument[index];
    if (attempt->number == SYS_kill && (target == -1 || target == -getpgrp()))
        return true;
    return is_this_process(target);
}
