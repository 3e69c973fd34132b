/*
 * setup.c - the child becomes what the call asks for
 *
 * The order matters: what needs privilege comes before the ids are given up, what must not have it
 * comes after. A change of ids clears the death signal, which is then set anew and checked.
 */
#include "src/child/setup.h"

#include "forkserver/forkserver.h"
#include "src/base/written.h"
#include "src/child/become.h"
#include "src/child/caller_rights.h"
#include "src/child/received_call.h"
#include "src/child/step.h"
#include "src/client/servers.h"
#include "src/image/image.h"
#include "src/rights/identity.h"
#include "src/rights/schedule.h"
#include "src/rights/status.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
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
#include <unistd.h>

extern char **environ;

static bool settled BASE_WRITTEN;       /* a worker has had its first order, which made it */
static uint32_t policy_at_birth BASE_WRITTEN;

/* What a server is, but for its policy, is undone here, where mostly nobody waits for it. */
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

static int set_limits(struct wire_reader *block)
{
    struct procspawn__limits limits;
    int rc = procspawn__order_limits(block, &limits);

    for (uint32_t i = 0; i < limits.count && rc != -EPROTO; i++) {
        if (setrlimit((int)limits.resource[i], &limits.limit[i]) < 0)
            rc = -errno;
    }
    return rc;
}

/* What the call does not name is as it was at init. */
static int get_schedule(uint32_t flags, struct wire_reader *block,
                        struct procspawn__schedule *ret_wanted)
{
    procspawn__schedule_copy(ret_wanted, procspawn__schedule_initial());
    return procspawn__order_schedule(flags, block, ret_wanted);
}

static int set_schedule(const struct procspawn__schedule *wanted)
{
    struct procspawn__schedule now;

    procspawn__schedule_read(0, &now);
    return procspawn__schedule_set(wanted, &now);
}

/* That of the program at init. A spare keeps its server's, that it does not interrupt its
 * caller. */
static void restore_policy(void)
{
    const struct procspawn__schedule *init = procspawn__schedule_initial();
    struct sched_param parameter = { .sched_priority = (int)init->priority };

    if (init->known && init->policy != policy_at_birth)
        sched_setscheduler(0, (int)init->policy, &parameter);
}

/* The strings stay in memory of their own; environ may be changed by setenv(3) later. */
static int set_environment(struct wire_reader *block)
{
    return procspawn__order_environment(block, &environ);
}

/*
 * What the caller would make of itself for the child. Without the right to change them the
 * supplementary groups stay, as with any unprivileged caller.
 */
static int change_ids(uint32_t flags, struct wire_reader *block)
{
    uid_t uid;
    gid_t gid;
    int rc = procspawn__order_chosen_ids(flags, block, &uid, &gid);

    if (rc < 0)
        return rc;
    if (syscall(SYS_setgroups, (size_t)0, NULL) < 0 && errno != EPERM)
        return -errno;
    if (syscall(SYS_setresgid, gid, gid, gid) < 0 || syscall(SYS_setresuid, uid, uid, uid) < 0)
        return -errno;
    return 0;
}

/* Cleared with each change of ids or rights, it is set anew, and what it stands for looked at. */
static int renew_death_signal(pid_t server)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return getppid() == server ? 0 : -ESRCH;
}

static int set_directory(struct wire_reader *block)
{
    const char *path = wire__get_string(block);
    if (!path)
        return -EPROTO;
    return chdir(path) == 0 ? 0 : -errno;
}

static int set_name(struct wire_reader *block)
{
    const char *name = wire__get_string(block);
    return name && prctl(PR_SET_NAME, name) == 0 ? 0 : -EPROTO;
}

static int run_hook(const struct wire_call *call)
{
    int (*hook)(void *) = (int (*)(void *))(uintptr_t)call->hook;
    return hook((void *)(uintptr_t)call->hook_argument);
}

/* Limits are the caller's, and so are priority and processors. */
static int set_resources(uint32_t flags, struct wire_reader *block, const char **ret_what)
{
    struct procspawn__schedule schedule;

    if (!(flags & (WIRE_CALL_SCHEDULE | WIRE_CALL_PROCESSORS))) {
        restore_policy();
        PROCSPAWN__STEP(flags & WIRE_CALL_LIMITS, set_limits(block), "setting the resource limits");
        return 0;
    }
    PROCSPAWN__STEP(true, get_schedule(flags, block, &schedule), "reading the schedule");
    /* Either limit, the old or the new one, may be what lets the priority rise. */
    bool scheduled = set_schedule(&schedule) == 0;
    PROCSPAWN__STEP(flags & WIRE_CALL_LIMITS, set_limits(block), "setting the resource limits");
    PROCSPAWN__STEP(!scheduled, set_schedule(&schedule),
                    "setting the priority and the processors");
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
    PROCSPAWN__STEP(flags & WIRE_CALL_CHOSEN_LIMITS, set_limits(block),
                    "setting the resource limits");
    PROCSPAWN__STEP(flags & (WIRE_CALL_CHOSEN_USER | WIRE_CALL_CHOSEN_GROUP),
                    change_ids(flags, block), "setting the user and group ids");
    return 0;
}

/* First the child becomes what its caller is, then what the caller could make of itself. */
static int become(const struct wire_call *call, struct wire_reader *block,
                  const struct procspawn__identity *identity,
                  const struct procspawn__sender *sender, const char **ret_what)
{
    bool other = needs_rights(call->flags, identity);

    PROCSPAWN__STEP(other, procspawn__become_able(), "taking up the capabilities");
    int rc = set_resources(call->flags, block, ret_what);
    if (rc < 0)
        return rc;
    PROCSPAWN__STEP(call->flags & WIRE_CALL_ENVIRONMENT, set_environment(block),
                    "setting the environment");
    rc = other ? procspawn__become(identity, ret_what) : 0;
    if (rc < 0)
        return rc;
    PROCSPAWN__STEP(sender->checked, procspawn__sender_check(sender),
                    "being no more than the caller");
    PROCSPAWN__STEP(sender->checked, procspawn__sender_bind_limits(sender),
                    "keeping to the caller's limits");
    return set_chosen(call->flags, block, ret_what);
}

/* ---- a child of a child ---- */

/* Those that can be known: of groups none, unless they are those of init that nothing can
 * change. */
static void take_ids(const struct procspawn__sender *sender, struct procspawn__identity *identity)
{
    for (int i = 0; i < 3; i++) {
        identity->uid[i] = sender->uid;
        identity->gid[i] = sender->gid;
    }
    identity->regrouped = identity->rights.capabilities.permitted >> CAP_SETGID & 1;
    identity->group_count = 0;
}

/* Scheduled as the asker's main thread is, but for a priority that the child has no right to. */
static void follow_schedule(const struct procspawn__sender *sender)
{
    struct procspawn__schedule theirs;

    procspawn__schedule_read(sender->pid, &theirs);
    set_schedule(&theirs);
}

/*
 * What the asker says of its schedule and rights does not count. What is chosen, a peer has the
 * right to as processes of init have it; for another one the kernel decides, without capabilities.
 */
static int become_nested(const struct wire_call *call, struct wire_reader *block,
                         struct procspawn__identity *identity,
                         const struct procspawn__sender *sender, const char **ret_what)
{
    const uint32_t flags = call->flags;
    struct procspawn__schedule unheard;
    int rc = 0;

    identity->rights = procspawn__identity_initial()->rights;
    if (!sender->peer)
        take_ids(sender, identity);
    PROCSPAWN__STEP(true, get_schedule(flags, block, &unheard), "reading the schedule");
    PROCSPAWN__STEP(flags & WIRE_CALL_LIMITS, set_limits(block), "setting the resource limits");
    PROCSPAWN__STEP(flags & WIRE_CALL_ENVIRONMENT, set_environment(block),
                    "setting the environment");
    rc = procspawn__become(identity, ret_what);
    if (rc < 0)
        return rc;
    PROCSPAWN__STEP(true, procspawn__sender_bind_limits(sender), "keeping to the caller's limits");
    PROCSPAWN__STEP(!sender->peer, procspawn__become_powerless(), "giving up all rights");
    rc = set_chosen(flags, block, ret_what);
    if (rc < 0)
        return rc;
    PROCSPAWN__STEP(sender->peer, procspawn__become_powerless(), "giving up all rights");
    follow_schedule(sender);
    return 0;
}

/* ---- all of it ---- */

static int set_surroundings(const struct wire_call *call, struct wire_frame *frame,
                            const char **ret_what)
{
    const uint32_t flags = call->flags;
    const uint32_t streams = WIRE_CALL_FD_STDIN | WIRE_CALL_FD_STDOUT | WIRE_CALL_FD_STDERR;
    size_t fd_index = (flags & WIRE_CALL_FD_MEMORY) ? 1 : 0;

    PROCSPAWN__STEP(flags & WIRE_CALL_FD_CWD, set_cwd(frame, &fd_index),
                    "entering the working directory");
    PROCSPAWN__STEP(flags & streams, set_streams(flags, frame, &fd_index),
                    "setting the standard streams");
    if (flags & WIRE_CALL_UMASK)
        umask(call->umask);
    return 0;
}

/* Once in the life of a child. */
static int settle(const struct wire_call *call, struct wire_reader *block,
                  struct procspawn__sender *sender, pid_t server, const char **ret_what)
{
    const uint32_t ids = WIRE_CALL_IDS | WIRE_CALL_RIGHTS | WIRE_CALL_CHOSEN_USER |
                         WIRE_CALL_CHOSEN_GROUP;
    struct procspawn__identity identity;
    int rc;

    PROCSPAWN__STEP(true, procspawn__identity_read(call, block, &identity),
                    "reading who the caller is");
    if (identity.thread > 0)
        sender->thread = identity.thread;
    rc = sender->nested ? become_nested(call, block, &identity, sender, ret_what)
                        : become(call, block, &identity, sender, ret_what);
    procspawn__identity_fini(&identity);
    if (rc < 0)
        return rc;
    PROCSPAWN__STEP(sender->nested || (call->flags & ids), renew_death_signal(server),
                    "staying with the server");
    return 0;
}

/*
 * A process that is less than its server has no way to it: what the caller gave up, or the hook is
 * about to, would come back with a child of its own. No code of the program's has run so far.
 */
static void close_way_back(uint32_t flags)
{
    if (!(flags & (WIRE_CALL_CHILDLESS | WIRE_CALL_HOOK)))
        return;
    procspawn__image.childless = true;
    procspawn__client_close();
}

int procspawn__setup(const struct wire_call *call, struct wire_reader *block,
                     struct wire_frame *frame, const struct forkserver_child *self,
                     const char **ret_library, const char **ret_what)
{
    const uint32_t flags = call->flags;
    struct procspawn__sender sender;

    close_way_back(flags);
    PROCSPAWN__STEP(true, procspawn__sender_identify(frame, self, &sender), "knowing the caller");
    int rc = set_surroundings(call, frame, ret_what);
    if (rc == 0 && !settled)
        rc = settle(call, block, &sender, self->server, ret_what);
    settled = true;
    if (rc < 0)
        return rc;
    PROCSPAWN__STEP(flags & WIRE_CALL_DIRECTORY, set_directory(block),
                    "entering the working directory");
    PROCSPAWN__STEP(flags & WIRE_CALL_NAME, set_name(block), "setting the name");
    *ret_library = (flags & WIRE_CALL_LIBRARY) ? wire__get_string(block) : NULL;
    PROCSPAWN__STEP(flags & WIRE_CALL_HOOK, run_hook(call), "running the hook");
    return 0;
}
