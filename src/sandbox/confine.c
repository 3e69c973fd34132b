/*
 * confine.c - puts the calling process into a sandbox; what is missing for that
 */
#include "src/sandbox/confine.h"

#include "src/base/written.h"
#include "src/crash/handler.h"
#include "src/sandbox/landlock.h"
#include "src/sandbox/program.h"
#include "src/sandbox/trap.h"
#include <errno.h>
#include <forkscope/sandbox.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The sandbox that this process is in. */
static struct {
    enum procspawn_sandbox profile;
    uint32_t allowed;
    bool filtered;              /* by seccomp, which may be missing if that was allowed */
} present BASE_WRITTEN;

/* The filter lets through only the installation of one that lies here. */
static struct sock_fprog filter BASE_WRITTEN;

/* ---- what is missing ---- */

static bool has_filters(void)
{
    const uint32_t action = SECCOMP_RET_TRAP;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static const char *missing_filter(void)
{
    if (!sandbox__can_compile())
        return "the library was built without libseccomp";
    return has_filters() ? NULL : "the kernel has no seccomp filters, or they are refused here";
}

static const char *missing_landlock(enum procspawn_sandbox profile)
{
    int needed = sandbox__landlock_needed(profile);
    int version = needed > 0 ? sandbox__landlock_version() : 0;

    if (version >= needed)
        return NULL;
    if (version == 0)
        return "the kernel has no Landlock, or it is switched off or refused here: paths and ports "
               "cannot be limited";
    if (version < sandbox__landlock_needed(PROCSPAWN_SANDBOX_FILES))
        return "the kernel's Landlock cannot forbid to truncate files (Linux 6.2 can)";
    return "the kernel's Landlock cannot limit TCP ports (Linux 6.7 can)";
}

const char *procspawn_sandbox_missing(enum procspawn_sandbox profile)
{
    if (profile == PROCSPAWN_SANDBOX_NONE)
        return NULL;
    const char *missing = missing_filter();
    return missing ? missing : missing_landlock(profile);
}

/* ---- the steps ---- */

/* unshare(CLONE_THREAD) does nothing, and fails if there is another thread. */
static bool has_one_thread(void)
{
    struct stat status;

    if (syscall(SYS_unshare, CLONE_THREAD) == 0)
        return true;
    if (errno == EINVAL || stat("/proc/self/task", &status) < 0)
        return false;
    return status.st_nlink == 3;
}

static bool is_wider(const struct procspawn__sandbox *sandbox)
{
    if (present.profile == PROCSPAWN_SANDBOX_NONE)
        return false;
    return sandbox->profile > present.profile || sandbox->allowed & ~present.allowed;
}

static int install_filter(const struct procspawn__sandbox *sandbox)
{
    const bool threads = sandbox->allowed & PROCSPAWN_ALLOW_THREADS;
    const uint32_t denied = sandbox->denial == PROCSPAWN_DENIAL_END ? SECCOMP_RET_TRAP
                                                                    : SECCOMP_RET_ERRNO | EPERM;
    const struct sandbox_completion completion = {
        .pid = getpid(),
        .filter = (uint64_t)(uintptr_t)&filter,
        .denied = denied,
        .threads = threads ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EPERM,
        .code = sandbox->allowed & PROCSPAWN_ALLOW_CODE ? SECCOMP_RET_ALLOW : denied,
        .listen = procspawn__sandbox_listens(sandbox) ? SECCOMP_RET_ALLOW : denied,
    };
    int rc = sandbox__program(sandbox->profile, &completion, &filter);

    if (rc < 0)
        return rc;
    sandbox__trap_denial(sandbox->denial);
    rc = crash__set_trap(sandbox__trap);
    if (rc < 0)
        return rc;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0 ? -errno : 0;
}

/* Without a filter, Landlock without a path is what is left of COMPUTE. */
static bool needs_landlock(const struct procspawn__sandbox *sandbox, bool filtered)
{
    return sandbox->profile >= PROCSPAWN_SANDBOX_FILES || !filtered;
}

static int confine(const struct procspawn__sandbox *sandbox, bool filtered,
                   const char **ret_reason)
{
    static char reason[SANDBOX_REASON];
    int rc = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;

    *ret_reason = "no_new_privs cannot be set";
    if (rc == 0 && present.profile == PROCSPAWN_SANDBOX_NONE && needs_landlock(sandbox, filtered)) {
        *ret_reason = reason;
        rc = sandbox__landlock(sandbox, reason);
    }
    if (rc < 0 || !filtered)
        return rc;
    *ret_reason = "the system call filter cannot be installed";
    return install_filter(sandbox);
}

int procspawn__sandbox_confine(const struct procspawn__sandbox *sandbox, const char **ret_reason)
{
    const bool first = present.profile == PROCSPAWN_SANDBOX_NONE;

    *ret_reason = "the process is in a sandbox that allows less";
    if (is_wider(sandbox))
        return -EINVAL;
    *ret_reason = first ? procspawn_sandbox_missing(sandbox->profile) : NULL;
    if (*ret_reason && !sandbox->partial)
        return -ENOSYS;
    const bool filtered = first ? !missing_filter() : present.filtered;
    *ret_reason = "the process has a second thread, which would not be in the sandbox";
    if (!has_one_thread())
        return -EINVAL;
    int rc = confine(sandbox, filtered, ret_reason);
    if (rc < 0)
        return rc;
    present.profile = sandbox->profile;
    present.allowed = sandbox->allowed;
    present.filtered = filtered;
    return 0;
}

/* ---- learning ---- */

/* A process that the user may not trace otherwise (Yama) lets the learner read its memory. */
static int install_listener(void)
{
    const struct sandbox_completion completion = { .pid = getpid(), .learns = true };
    int rc = sandbox__program(PROCSPAWN_SANDBOX_COMPUTE, &completion, &filter);

    if (rc < 0)
        return rc;
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                            &filter);
    return listener < 0 ? -errno : (int)listener;
}

int procspawn__sandbox_learn(const struct procspawn__sandbox *sandbox, int *ret_listener,
                             const char **ret_reason)
{
    const bool first = present.profile == PROCSPAWN_SANDBOX_NONE;
    int rc = 0;

    *ret_listener = -1;
    *ret_reason = "the process is in a sandbox that allows less";
    if (is_wider(sandbox))
        return -EINVAL;
    *ret_reason = first ? missing_filter() : NULL;
    if (*ret_reason)
        return -ENOSYS;
    *ret_reason = "the process has a second thread, which would not be in the sandbox";
    if (!has_one_thread())
        return -EINVAL;
    *ret_reason = "the kernel cannot have system calls wait for an answer, which learning needs "
                  "(Linux 5.5 can)";
    if (first)
        rc = install_listener();
    if (rc == -EBUSY)
        *ret_reason = "another program answers system calls of this one already";
    if (rc < 0)
        return rc;
    if (first)
        *ret_listener = rc;
    present.profile = sandbox->profile;
    present.allowed = sandbox->allowed;
    present.filtered = true;
    return 0;
}

bool procspawn__sandbox_confined(void)
{
    return present.profile != PROCSPAWN_SANDBOX_NONE;
}
