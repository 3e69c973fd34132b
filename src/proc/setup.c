/*
 * setup.c - the child becomes what the call asks for
 *
 * The order matters: what needs privilege comes before the ids are given up, what must not have it
 * comes after. A change of ids clears the death signal, which is then set anew and checked.
 */
#include "src/proc/sender.h"

#include "src/base/written.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

static bool settled BASE_WRITTEN;       /* a worker has had its first order */

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

static int set_groups(struct wire_reader *block)
{
    uint32_t count = wire__get_u32(block);
    if (block->broken || count > WIRE_GROUPS_MAX)
        return -EPROTO;
    gid_t *groups = calloc(count + 1, sizeof *groups);
    if (!groups)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++)
        groups[i] = wire__get_u32(block);
    /* Without the right to change them the supplementary groups stay, as with any unprivileged
     * caller. */
    int rc = setgroups(count, groups) < 0 && errno != EPERM ? -errno : 0;
    free(groups);
    return rc;
}

static int set_limits(struct wire_reader *block)
{
    uint32_t count = wire__get_u32(block);
    int rc = 0;

    if (block->broken || count > WIRE_LIMITS_MAX)
        return -EPROTO;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t resource = wire__get_u32(block);
        uint64_t soft = wire__get_u64(block);
        struct rlimit limit = { .rlim_cur = soft, .rlim_max = wire__get_u64(block) };
        if (!block->broken && setrlimit((int)resource, &limit) < 0)
            rc = -errno;
    }
    return rc;
}

/* What the call does not name is as it was at init. */
static int get_schedule(uint32_t flags, struct wire_reader *block,
                        struct procspawn__schedule *ret_wanted)
{
    procspawn__schedule_copy(ret_wanted, procspawn__context_schedule());
    if (flags & WIRE_CALL_SCHEDULE) {
        ret_wanted->policy = wire__get_u32(block);
        ret_wanted->nice = (int32_t)wire__get_u32(block);
        ret_wanted->priority = wire__get_u32(block);
    }
    if (flags & WIRE_CALL_PROCESSORS) {
        ret_wanted->mask_length = wire__get_u32(block);
        if (ret_wanted->mask_length > sizeof ret_wanted->mask)
            return -EPROTO;
        wire__get_bytes(block, ret_wanted->mask, ret_wanted->mask_length);
    }
    return block->broken ? -EPROTO : 0;
}

/* The strings stay in memory of their own; environ may be changed by setenv(3) later. */
static int set_environment(struct wire_reader *block)
{
    uint32_t count = wire__get_u32(block);
    if (block->broken || count > block->length)
        return -EPROTO;
    char **variables = calloc(count + 1, sizeof *variables);
    if (!variables)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        const char *variable = wire__get_string(block);
        variables[i] = strdup(variable ? variable : "");
        if (!variables[i])
            return -ENOMEM;
    }
    environ = variables;
    return 0;
}

static int set_ids(const struct wire_call *call, pid_t server)
{
    if (setresgid(call->gid[0], call->gid[1], call->gid[2]) < 0 ||
        setresuid(call->uid[0], call->uid[1], call->uid[2]) < 0)
        return -errno;
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

#define TRY(condition, step, text) \
    do { \
        if (condition) { \
            int rc_ = (step); \
            *ret_what = (text); \
            if (rc_ < 0) \
                return rc_; \
        } \
    } while (0)

/* As far as the end of what needs privilege: from there on the child is no more than its sender. */
static int become(const struct wire_call *call, struct wire_reader *block, struct wire_frame *frame,
                  const struct procspawn__sender *sender, pid_t server, const char **ret_what)
{
    const uint32_t flags = call->flags;
    const uint32_t streams = WIRE_CALL_FD_STDIN | WIRE_CALL_FD_STDOUT | WIRE_CALL_FD_STDERR;
    size_t fd_index = (flags & WIRE_CALL_FD_MEMORY) ? 1 : 0;
    struct procspawn__schedule schedule;

    TRY(flags & WIRE_CALL_FD_CWD, set_cwd(frame, &fd_index), "entering the working directory");
    TRY(flags & streams, set_streams(flags, frame, &fd_index), "setting the standard streams");
    if (flags & WIRE_CALL_UMASK)
        umask(call->umask);
    TRY(flags & WIRE_CALL_GROUPS, set_groups(block), "setting the groups");
    TRY(!settled, get_schedule(flags, block, &schedule), "reading the schedule");
    /* Either limit, the old or the new one, may be what lets the priority rise. */
    bool scheduled = settled || procspawn__schedule_set(&schedule) == 0;
    TRY(flags & WIRE_CALL_LIMITS, set_limits(block), "setting the resource limits");
    /* A server that was slowed down from outside has slower children. */
    TRY(!scheduled && (flags & (WIRE_CALL_SCHEDULE | WIRE_CALL_PROCESSORS)),
        procspawn__schedule_set(&schedule), "setting the priority and the processors");
    TRY(sender->limited, procspawn__sender_bind_limits(sender), "keeping to the caller's limits");
    TRY(flags & WIRE_CALL_ENVIRONMENT, set_environment(block), "setting the environment");
    TRY(flags & WIRE_CALL_IDS, set_ids(call, server), "setting the user and group ids");
    TRY(sender->checked, procspawn__sender_check(sender), "being no more than the caller");
    return 0;
}

int procspawn__setup(const struct wire_call *call, struct wire_reader *block,
                     struct wire_frame *frame, const struct forkserver_child *self,
                     const char **ret_library, const char **ret_what)
{
    const uint32_t flags = call->flags;
    struct procspawn__sender sender;

    if (flags & WIRE_CALL_CHILDLESS)
        procspawn__client_close();
    TRY(true, procspawn__sender_identify(frame, self, &sender), "knowing the caller");
    int rc = become(call, block, frame, &sender, self->server, ret_what);
    settled = true;
    procspawn__sender_fini(&sender);
    if (rc < 0)
        return rc;
    TRY(flags & WIRE_CALL_DIRECTORY, set_directory(block), "entering the working directory");
    TRY(flags & WIRE_CALL_NAME, set_name(block), "setting the name");
    *ret_library = (flags & WIRE_CALL_LIBRARY) ? wire__get_string(block) : NULL;
    TRY(flags & WIRE_CALL_HOOK, run_hook(call), "running the hook");
    return 0;
}
