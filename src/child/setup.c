/*
 * setup.c - sets the child up as the call asks: ids, limits, streams, directory, environment
 *
 * The order matters: steps that need privileges come before the ids change, steps that must not
 * have them come after. A change of ids clears the parent death signal, which is then set again.
 */
#include "src/child/setup.h"

#include "forkserver/forkserver.h"
#include "src/base/written.h"
#include "src/child/become.h"
#include "src/child/caller_rights.h"
#include "src/child/memory_limit.h"
#include "src/child/received_call.h"
#include "src/child/sandboxed.h"
#include "src/child/step.h"
#include "src/client/servers.h"
#include "src/crash/notice.h"
#include "src/crash/owner.h"
#include "src/image/image.h"
#include "src/rights/identity.h"
#include "src/rights/schedule.h"
#include "src/rights/status.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static bool settled BASE_WRITTEN;       /* the first call has set ids, limits and environment */
static uint32_t policy_at_birth BASE_WRITTEN;

/* Undoes the server's schedule, but for the policy. A spare does this before its call comes. */
void procspawn__setup_begin(void)
{
    struct procspawn__schedule now, wanted;

    procspawn__schedule_read(0, &now);
    procspawn__schedule_copy(&wanted, procspawn__schedule_initial());
    wanted.policy = policy_at_birth = now.policy;
    procspawn__schedule_set(&wanted, &now);
}

static int set_streams(uint32_t flags, struct wire_frame *frame, size_t *fd_index)
{
    static const uint32_t flag[] = { WIRE_CALL_FD_STDIN, WIRE_CALL_FD_STDOUT, WIRE_CALL_FD_STDERR };

    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        if (!(flags & flag[stream]))
            continue;
        int fd = wire__take_fd(frame, (*fd_index)++);
        int rc = dup2(fd, stream) < 0 ? -errno : 0;
        if (fd >= 0)
            close(fd);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int set_cwd(struct wire_frame *frame, size_t *fd_index)
{
    int fd = wire__take_fd(frame, (*fd_index)++);
    int rc = fchdir(fd) < 0 ? -errno : 0;

    if (fd >= 0)
        close(fd);
    return rc;
}

static char what_failed[PATH_MAX + 64];     /* the name of a step with a value in it */

static const char *name_of_limit(uint32_t resource)
{
    static const char *const names[] = {
        [RLIMIT_CPU] = "CPU", [RLIMIT_FSIZE] = "FSIZE", [RLIMIT_DATA] = "DATA",
        [RLIMIT_STACK] = "STACK", [RLIMIT_CORE] = "CORE", [RLIMIT_RSS] = "RSS",
        [RLIMIT_NPROC] = "NPROC", [RLIMIT_NOFILE] = "NOFILE", [RLIMIT_MEMLOCK] = "MEMLOCK",
        [RLIMIT_AS] = "AS", [RLIMIT_LOCKS] = "LOCKS", [RLIMIT_SIGPENDING] = "SIGPENDING",
        [RLIMIT_MSGQUEUE] = "MSGQUEUE", [RLIMIT_NICE] = "NICE", [RLIMIT_RTPRIO] = "RTPRIO",
        [RLIMIT_RTTIME] = "RTTIME",
    };

    return resource < sizeof names / sizeof names[0] ? names[resource] : "...";
}

/* The hard limit is what a process may not raise, so it is named where the two differ. */
static void name_limit(uint32_t resource, const struct rlimit *limit)
{
    const char *name = name_of_limit(resource);

    if (limit->rlim_max == RLIM_INFINITY)
        snprintf(what_failed, sizeof what_failed, "could not set RLIMIT_%s to no limit", name);
    else
        snprintf(what_failed, sizeof what_failed, "could not set RLIMIT_%s to %llu", name,
                 (unsigned long long)limit->rlim_max);
}

/* The last limit that could not be set is told; the others are set. */
static int set_limits(struct wire_reader *block)
{
    struct procspawn__limits limits;
    int rc = procspawn__received_call_limits(block, &limits);

    if (rc < 0)
        snprintf(what_failed, sizeof what_failed, "could not read the resource limits");
    for (uint32_t i = 0; i < limits.count && rc != -EPROTO; i++) {
        if (setrlimit((int)limits.resource[i], &limits.limit[i]) == 0)
            continue;
        rc = -errno;
        name_limit(limits.resource[i], &limits.limit[i]);
    }
    return rc;
}

/* The schedule of init, with the changes of the call. */
static int get_schedule(uint32_t flags, struct wire_reader *block,
                        struct procspawn__schedule *ret_wanted)
{
    procspawn__schedule_copy(ret_wanted, procspawn__schedule_initial());
    return procspawn__received_call_schedule(flags, block, ret_wanted);
}

static int set_schedule(const struct procspawn__schedule *wanted)
{
    struct procspawn__schedule now;

    procspawn__schedule_read(0, &now);
    return procspawn__schedule_set(wanted, &now);
}

/* Sets the policy of init. A spare keeps its server's policy until its call comes, so that it does
 * not preempt the caller. */
static void restore_policy(void)
{
    const struct procspawn__schedule *init = procspawn__schedule_initial();
    struct sched_param parameter = { .sched_priority = (int)init->priority };

    if (init->known && init->policy != policy_at_birth)
        sched_setscheduler(0, (int)init->policy, &parameter);
}

/* The strings are in new memory that is not freed; setenv(3) may change environ later. */
static int set_environment(struct wire_reader *block)
{
    return procspawn__received_call_environment(block, &environ);
}

/*
 * Changes to the chosen user and group. Without the right to change them the supplementary groups
 * stay, as for any unprivileged process.
 */
static int change_ids(uint32_t flags, struct wire_reader *block)
{
    uid_t uid;
    gid_t gid;
    int rc = procspawn__received_call_chosen_ids(flags, block, &uid, &gid);

    if (rc < 0)
        return rc;
    if (syscall(SYS_setgroups, (size_t)0, NULL) < 0 && errno != EPERM)
        return -errno;
    if (syscall(SYS_setresgid, gid, gid, gid) < 0 || syscall(SYS_setresuid, uid, uid, uid) < 0)
        return -errno;
    return 0;
}

/* Sets the signal again and checks that the server has not died meanwhile. */
static int renew_death_signal(pid_t server)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return getppid() == server ? 0 : -ESRCH;
}

static int set_directory(struct wire_reader *block)
{
    const char *path = wire__get_string(block);
    if (!path) {
        snprintf(what_failed, sizeof what_failed, "could not read the working directory");
        return -EPROTO;
    }
    if (chdir(path) == 0)
        return 0;
    int rc = -errno;
    snprintf(what_failed, sizeof what_failed, "could not enter the working directory \"%s\"", path);
    return rc;
}

static int set_name(struct wire_reader *block)
{
    const char *name = wire__get_string(block);
    return name && prctl(PR_SET_NAME, name) == 0 ? 0 : -EPROTO;
}

static CRASH_BELOW_CALLED int run_hook(const struct wire_call *call)
{
    int (*hook)(void *) = (int (*)(void *))(uintptr_t)call->hook;
    return hook((void *)(uintptr_t)call->hook_argument);
}

/* Sets limits, priority and processors to the caller's. */
static int set_resources(uint32_t flags, struct wire_reader *block, const char **ret_what)
{
    struct procspawn__schedule schedule;

    if (!(flags & (WIRE_CALL_SCHEDULE | WIRE_CALL_PROCESSORS))) {
        restore_policy();
        PROCSPAWN__STEP(flags & WIRE_CALL_LIMITS, set_limits(block), what_failed);
        return 0;
    }
    PROCSPAWN__STEP(true, get_schedule(flags, block, &schedule), "could not read the scheduling");
    /* The old or the new limit may allow the priority, so it is tried before and after. */
    bool scheduled = set_schedule(&schedule) == 0;
    PROCSPAWN__STEP(flags & WIRE_CALL_LIMITS, set_limits(block), what_failed);
    PROCSPAWN__STEP(!scheduled, set_schedule(&schedule),
                    "could not set the priority and the processors");
    return 0;
}

static bool needs_rights(uint32_t flags, const struct procspawn__identity *identity)
{
    const struct procspawn__capabilities *now = &identity->rights.capabilities;

    if (flags & (WIRE_CALL_IDS | WIRE_CALL_GROUPS | WIRE_CALL_RIGHTS))
        return true;
    return (flags & (WIRE_CALL_LIMITS | WIRE_CALL_SCHEDULE | WIRE_CALL_PROCESSORS)) &&
           now->effective != now->permitted;
}

static int set_chosen(uint32_t flags, struct wire_reader *block, const char **ret_what)
{
    PROCSPAWN__STEP(flags & WIRE_CALL_CHOSEN_LIMITS, set_limits(block), what_failed);
    PROCSPAWN__STEP(flags & (WIRE_CALL_CHOSEN_USER | WIRE_CALL_CHOSEN_GROUP),
                    change_ids(flags, block), "could not set the user and group ids");
    return 0;
}

/* Takes the caller's identity first, then what the builder chose. */
static int become(const struct wire_call *call, struct wire_reader *block,
                  const struct procspawn__identity *identity,
                  const struct procspawn__sender *sender, const char **ret_what)
{
    bool other = needs_rights(call->flags, identity);

    PROCSPAWN__STEP(other, procspawn__become_able(), "could not take up the capabilities");
    int rc = set_resources(call->flags, block, ret_what);
    if (rc < 0)
        return rc;
    PROCSPAWN__STEP(call->flags & WIRE_CALL_ENVIRONMENT, set_environment(block),
                    "could not set the environment");
    rc = other ? procspawn__become(identity, ret_what) : 0;
    if (rc < 0)
        return rc;
    PROCSPAWN__STEP(sender->checked, procspawn__sender_check(sender),
                    "could not give up rights that the caller lacks");
    PROCSPAWN__STEP(sender->checked, procspawn__sender_bind_limits(sender),
                    "could not keep to the caller's limits");
    return set_chosen(call->flags, block, ret_what);
}

/* ---- nested calls: the caller is a child ---- */

/* Ids of the message. It names no groups, so there are none; without CAP_SETGID those of init
 * stay. */
static void take_ids(const struct procspawn__sender *sender, struct procspawn__identity *identity)
{
    for (int i = 0; i < 3; i++) {
        identity->uid[i] = sender->uid;
        identity->gid[i] = sender->gid;
    }
    identity->regrouped = identity->rights.capabilities.permitted >> CAP_SETGID & 1;
    identity->group_count = 0;
}

/* Takes the schedule of the caller's main thread; a priority that is not allowed is left out. */
static void follow_schedule(const struct procspawn__sender *sender)
{
    struct procspawn__schedule theirs;

    procspawn__schedule_read(sender->pid, &theirs);
    set_schedule(&theirs);
}

/*
 * Schedule and rights in the call are ignored. What the builder chose is applied with the rights of
 * init if the caller is a peer; otherwise without capabilities, and the kernel decides.
 */
static int become_nested(const struct wire_call *call, struct wire_reader *block,
                         struct procspawn__identity *identity,
                         const struct procspawn__sender *sender, const char **ret_what)
{
    const uint32_t flags = call->flags;
    struct procspawn__schedule ignored;
    int rc = 0;

    identity->rights = procspawn__identity_initial()->rights;
    if (!sender->peer)
        take_ids(sender, identity);
    PROCSPAWN__STEP(true, get_schedule(flags, block, &ignored), "could not read the scheduling");
    PROCSPAWN__STEP(flags & WIRE_CALL_LIMITS, set_limits(block), what_failed);
    PROCSPAWN__STEP(flags & WIRE_CALL_ENVIRONMENT, set_environment(block),
                    "could not set the environment");
    rc = procspawn__become(identity, ret_what);
    if (rc < 0)
        return rc;
    PROCSPAWN__STEP(true, procspawn__sender_bind_limits(sender),
                    "could not keep to the caller's limits");
    PROCSPAWN__STEP(!sender->peer, procspawn__become_powerless(), "could not give up all rights");
    rc = set_chosen(flags, block, ret_what);
    if (rc < 0)
        return rc;
    PROCSPAWN__STEP(sender->peer, procspawn__become_powerless(), "could not give up all rights");
    follow_schedule(sender);
    return 0;
}

/* ---- all steps ---- */

static int set_surroundings(const struct wire_call *call, struct wire_frame *frame,
                            const char **ret_what)
{
    const uint32_t flags = call->flags;
    const uint32_t streams = WIRE_CALL_FD_STDIN | WIRE_CALL_FD_STDOUT | WIRE_CALL_FD_STDERR;
    size_t fd_index = (flags & WIRE_CALL_FD_MEMORY) ? 1 : 0;

    PROCSPAWN__STEP(flags & WIRE_CALL_FD_CWD, set_cwd(frame, &fd_index),
                    "could not enter the caller's working directory");
    PROCSPAWN__STEP(flags & streams, set_streams(flags, frame, &fd_index),
                    "could not set the standard streams");
    if (flags & WIRE_CALL_FD_LEARN)
        procspawn__sandboxed_learner(wire__take_fd(frame, fd_index++));
    if (flags & WIRE_CALL_UMASK)
        umask(call->umask);
    return 0;
}

/* What only the first call of a child sets. */
static int settle(const struct wire_call *call, struct wire_reader *block,
                  struct procspawn__sender *sender, pid_t server, const char **ret_what)
{
    const uint32_t ids = WIRE_CALL_IDS | WIRE_CALL_RIGHTS | WIRE_CALL_CHOSEN_USER |
                         WIRE_CALL_CHOSEN_GROUP;
    struct procspawn__identity identity;
    int rc;

    PROCSPAWN__STEP(true, procspawn__identity_read(call, block, &identity),
                    "could not read the caller's rights");
    if (identity.thread > 0)
        sender->thread = identity.thread;
    rc = sender->nested ? become_nested(call, block, &identity, sender, ret_what)
                        : become(call, block, &identity, sender, ret_what);
    procspawn__identity_fini(&identity);
    if (rc < 0)
        return rc;
    PROCSPAWN__STEP(sender->nested || (call->flags & ids), renew_death_signal(server),
                    "could not stay with the fork server");
    return 0;
}

/*
 * A child with fewer rights than its server closes its link: a nested child would have the rights
 * that the caller gave up, or that the hook is about to give up. No code of the program has run in
 * this process before.
 */
static void close_way_back(uint32_t flags)
{
    if (!(flags & (WIRE_CALL_CHILDLESS | WIRE_CALL_HOOK)))
        return;
    procspawn__image.childless = true;
    crash__set_notice(-1, NULL, 0);
    procspawn__client_close();
}

/* What the preparation has set, and the environment, which it has not. */
static int pass_over(const struct wire_call *call, struct wire_reader *block)
{
    const uint32_t flags = call->flags;
    struct procspawn__identity identity;
    struct procspawn__schedule schedule;
    struct procspawn__limits limits;
    uid_t uid;
    gid_t gid;
    int rc = procspawn__identity_read(call, block, &identity);

    if (rc == 0) {
        procspawn__identity_fini(&identity);
        rc = procspawn__received_call_schedule(flags, block, &schedule);
    }
    if (rc == 0 && flags & WIRE_CALL_LIMITS)
        rc = procspawn__received_call_limits(block, &limits);
    if (rc == 0 && flags & WIRE_CALL_ENVIRONMENT)
        rc = set_environment(block);
    if (rc == 0 && flags & WIRE_CALL_CHOSEN_LIMITS)
        rc = procspawn__received_call_limits(block, &limits);
    if (rc == 0)
        rc = procspawn__received_call_chosen_ids(flags, block, &uid, &gid);
    return rc;
}

/* A call for a child that was prepared for it, and is in its sandbox. */
static int setup_prepared(const struct wire_call *call, struct wire_reader *block,
                          struct wire_frame *frame, const char **ret_what)
{
    size_t fd_index = (call->flags & WIRE_CALL_FD_MEMORY) ? 1 : 0;

    PROCSPAWN__STEP(true, set_streams(call->flags, frame, &fd_index),
                    "could not set the standard streams");
    PROCSPAWN__STEP(true, pass_over(call, block), "could not read the call");
    return 0;
}

int procspawn__setup(const struct wire_call *call, struct wire_reader *block,
                     struct wire_frame *frame, const struct forkserver_child *self,
                     const char **ret_library, const char **ret_what)
{
    const uint32_t flags = call->flags;
    struct procspawn__sender sender;

    close_way_back(flags);
    PROCSPAWN__STEP(true, procspawn__sender_identify(frame, self, &sender),
                    "could not read the caller's rights");
    if (settled && flags & WIRE_CALL_SANDBOX)
        return setup_prepared(call, block, frame, ret_what);
    int rc = set_surroundings(call, frame, ret_what);
    if (rc == 0 && !settled)
        rc = settle(call, block, &sender, self->server, ret_what);
    settled = true;
    if (rc < 0)
        return rc;
    PROCSPAWN__STEP(flags & WIRE_CALL_DIRECTORY, set_directory(block), what_failed);
    PROCSPAWN__STEP(flags & WIRE_CALL_NAME, set_name(block),
                    "could not set the name of the process");
    PROCSPAWN__STEP(flags & WIRE_CALL_MEMORY_LIMIT, procspawn__limit_memory(wire__get_u64(block)),
                    "could not limit the memory");
    PROCSPAWN__STEP(flags & WIRE_CALL_SANDBOX, procspawn__sandboxed_keep(block),
                    "could not read the sandbox");
    *ret_library = (flags & WIRE_CALL_LIBRARY) ? wire__get_string(block) : NULL;
    PROCSPAWN__STEP(flags & WIRE_CALL_HOOK, run_hook(call), "the hook failed");
    return 0;
}
