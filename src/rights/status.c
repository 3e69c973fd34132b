/*
 * status.c - umask, capabilities, no_new_privs and seccomp state of the calling thread
 */
#include "src/rights/status.h"

#include "src/base/shortage.h"
#include "src/base/thread.h"
#include "src/rights/cached_fd.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static struct procspawn__cached_fd own_status = { .path = "/proc/self/status", .flags = O_RDONLY,
                                                  .fd = -1 };

void procspawn__status_close(void)
{
    procspawn__cached_fd_close(&own_status);
}

/* ---- the text ---- */

/* Reads the number behind the next `key`, and moves *at there. False if there is no such key. */
static bool find(const char **at, const char *key, int base, uint64_t *ret_value)
{
    const char *found = strstr(*at, key);

    if (!found)
        return false;
    *at = found + strlen(key);
    *ret_value = strtoull(*at, NULL, base);
    return true;
}

/* Keys are in the order in which the kernel writes them. Older kernels lack Seccomp_filters. */
bool procspawn__status_parse(const char *text, struct procspawn__status *ret_status)
{
    struct procspawn__capabilities *capabilities = &ret_status->rights.capabilities;
    uint64_t mask, no_new_privs, seccomp, filters = 0;

    if (!find(&text, "\nUmask:\t", 8, &mask) || !find(&text, "\nPid:\t", 10, &ret_status->pid) ||
        !find(&text, "\nCapInh:\t", 16, &capabilities->inheritable) ||
        !find(&text, "\nCapPrm:\t", 16, &capabilities->permitted) ||
        !find(&text, "\nCapEff:\t", 16, &capabilities->effective) ||
        !find(&text, "\nCapBnd:\t", 16, &capabilities->bounding) ||
        !find(&text, "\nCapAmb:\t", 16, &capabilities->ambient) ||
        !find(&text, "\nNoNewPrivs:\t", 10, &no_new_privs) ||
        !find(&text, "\nSeccomp:\t", 10, &seccomp))
        return false;
    ret_status->counted = find(&text, "\nSeccomp_filters:\t", 10, &filters);
    ret_status->umask = (mode_t)mask;
    ret_status->rights.no_new_privs = no_new_privs != 0;
    ret_status->seccomp = (unsigned)seccomp;
    ret_status->filters = (unsigned)filters;
    return true;
}

/* Reads the whole file in new memory. It is long if the process has many groups. */
static int read_all(int fd, char **ret_text)
{
    enum { LONGEST = 4 << 20 };

    for (size_t room = 4096; room <= LONGEST; room *= 4) {
        char *text = malloc(room);
        if (!text)
            return -ENOMEM;
        ssize_t length = pread(fd, text, room - 1, 0);
        int rc = length < 0 ? -errno : 0;
        if (length >= 0 && (size_t)length < room - 1) {
            text[length] = '\0';
            *ret_text = text;
            return 0;
        }
        free(text);
        if (rc < 0)
            return rc;
    }
    return -EPROTO;
}

int procspawn__status_text(const char *path, char **ret_text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = read_all(fd, ret_text);
    close(fd);
    return rc;
}

static int parse_all(int fd, struct procspawn__status *ret_status)
{
    char *text;
    int rc = read_all(fd, &text);

    if (rc < 0)
        return rc;
    bool parsed = procspawn__status_parse(text, ret_status);
    free(text);
    return parsed ? 0 : -EPROTO;
}

static int parse_file(int fd, struct procspawn__status *ret_status)
{
    char text[3072];
    ssize_t length = pread(fd, text, sizeof text - 1, 0);

    if (length < 0)
        return -errno;
    text[length] = '\0';
    if (procspawn__status_parse(text, ret_status))
        return 0;
    return length == sizeof text - 1 ? parse_all(fd, ret_status) : -EPROTO;
}

static int parse_path(const char *path, struct procspawn__status *ret_status)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = parse_file(fd, ret_status);
    close(fd);
    return rc;
}

/* The process id tells that the cached descriptor is still that of this process's file. */
static int read_main(struct procspawn__status *ret_status)
{
    static uint64_t own_pid;    /* as the file said when it was opened */
    int fd = procspawn__cached_fd_get(&own_status);

    if (fd >= 0 && parse_file(fd, ret_status) == 0 && ret_status->pid == own_pid)
        return 0;
    fd = procspawn__cached_fd_open(&own_status);
    if (fd < 0)
        return fd;
    int rc = parse_file(fd, ret_status);
    own_pid = rc == 0 ? ret_status->pid : 0;
    return rc;
}

static int read_text(struct procspawn__status *ret_status)
{
    if (base__is_main_thread())
        return read_main(ret_status);
    return parse_path("/proc/thread-self/status", ret_status);
}

/* ---- without /proc ---- */

static int take_umask(void *ret_umask)
{
    *(mode_t *)ret_umask = umask(0);
    return 0;
}

/*
 * umask(2) can be read only by setting it. So a process that shares the caller's memory, but not
 * its umask, reads it; the calling thread waits until it has ended.
 */
static int copy_umask(mode_t *ret_umask)
{
    enum { STACK = 16384 };
    unsigned char *stack = aligned_alloc(64, STACK);
    sigset_t before;

    if (!stack)
        return -ENOMEM;
    base__block_signals(&before);
    pid_t pid = clone(take_umask, stack + STACK, CLONE_VM | CLONE_VFORK, ret_umask);
    int rc = pid < 0 ? -errno : 0;
    while (pid > 0 && waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
        continue;
    base__restore_signals(&before);
    free(stack);
    return rc;
}

static int ask_capabilities(struct procspawn__capabilities *ret_capabilities)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data) < 0)
        return -errno;
    *ret_capabilities = (struct procspawn__capabilities){
        .inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32,
        .permitted = data[0].permitted | (uint64_t)data[1].permitted << 32,
        .effective = data[0].effective | (uint64_t)data[1].effective << 32,
    };
    for (unsigned long i = 0; i < 64 && prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++) {
        if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
            ret_capabilities->bounding |= UINT64_C(1) << i;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
            ret_capabilities->ambient |= UINT64_C(1) << i;
    }
    return 0;
}

static int ask_kernel(struct procspawn__status *ret_status)
{
    int seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
    int rc = ask_capabilities(&ret_status->rights.capabilities);

    ret_status->rights.no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    ret_status->seccomp = seccomp > 0 ? (unsigned)seccomp : 0;
    ret_status->counted = seccomp == 0;
    ret_status->filters = 0;
    return rc < 0 ? rc : copy_umask(&ret_status->umask);
}

/* ---- both ---- */

int procspawn__status_read(struct procspawn__status *ret_status)
{
    int rc = read_text(ret_status);
    if (rc < 0 && !base__is_shortage(rc))
        rc = ask_kernel(ret_status);
    int securebits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
    /* A sandbox that forbids reading the securebits forbids setting them, too. */
    ret_status->rights.securebits = securebits > 0 ? (uint32_t)securebits : 0;
    return rc;
}
