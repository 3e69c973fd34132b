/*
 * caller_state.c - the caller's state at the time of the call
 *
 * A child starts with the state at init, so only differences are written into the request. Mostly
 * there are none: then this costs a few system calls and no byte.
 */
#include "src/call/caller_state.h"

#include "src/base/fd.h"
#include "src/call/builder.h"
#include "src/call/builder_sandbox.h"
#include "src/call/confinement.h"
#include "src/call/environment.h"
#include "src/call/request.h"
#include "src/image/image.h"
#include "src/rights/identity.h"
#include "src/rights/schedule.h"
#include "src/rights/status.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include <errno.h>
#include <fcntl.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The state at init. */
static struct {
    dev_t cwd_device;
    ino_t cwd_inode;
    mode_t umask;
    struct rlimit limits[PROCSPAWN__RESOURCES];
} initial;

static char *nothing[] = { NULL };

static char *const *environment(void)
{
    return environ ? environ : nothing;
}

void procspawn__caller_state_close(void)
{
    procspawn__status_close();
    procspawn__confinement_close();
}

/* Works also if the program may not search its working directory any more. */
static int stat_cwd(struct stat *ret_status)
{
    return fstatat(AT_FDCWD, "", ret_status, AT_EMPTY_PATH);
}

static int open_cwd(void)
{
    int fd = open("/proc/thread-self/cwd", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : base__fd_hold(fd);
}

/* getrlimit(2) takes half the time of prlimit(2), which the C library uses instead. */
static void read_limit(int resource, struct rlimit *ret_limit)
{
    if (syscall(SYS_getrlimit, resource, ret_limit) < 0)
        getrlimit(resource, ret_limit);
}

int procspawn__caller_state_record(void)
{
    struct procspawn__status status = { 0 };
    struct stat cwd = { 0 };

    procspawn__caller_state_close();
    stat_cwd(&cwd);
    initial.cwd_device = cwd.st_dev;
    initial.cwd_inode = cwd.st_ino;
    for (int i = 0; i < PROCSPAWN__RESOURCES; i++)
        read_limit(i, &initial.limits[i]);
    procspawn__schedule_record();
    int rc = procspawn__status_read(&status);
    initial.umask = status.umask;
    if (rc == 0)
        rc = procspawn__confinement_record(&status);
    if (rc == 0)
        rc = procspawn__identity_record(&status);
    return rc < 0 ? rc : procspawn__environment_record(environment());
}

/* ---- what differs ---- */

static int describe_cwd(struct procspawn__request *request)
{
    struct stat cwd;

    if (stat_cwd(&cwd) == 0 && cwd.st_dev == initial.cwd_device &&
        cwd.st_ino == initial.cwd_inode)
        return 0;
    request->cwd = open_cwd();
    if (request->cwd < 0)
        return request->cwd;
    request->call.flags |= WIRE_CALL_FD_CWD;
    return 0;
}

static void describe_umask(struct wire_call *call, mode_t now)
{
    if (now == initial.umask)
        return;
    call->umask = now;
    call->flags |= WIRE_CALL_UMASK;
}

static void put_limits(struct procspawn__request *request, enum wire_call_flag flag, uint32_t set,
                       const struct rlimit limits[])
{
    if (set == 0)
        return;
    request->call.flags |= flag;
    wire__put_u32(&request->block, (uint32_t)__builtin_popcount(set));
    for (uint32_t i = 0; i < PROCSPAWN__RESOURCES; i++) {
        if (!(set >> i & 1))
            continue;
        wire__put_u32(&request->block, i);
        wire__put_u64(&request->block, limits[i].rlim_cur);
        wire__put_u64(&request->block, limits[i].rlim_max);
    }
}

static void describe_limits(struct procspawn__request *request)
{
    struct rlimit now[PROCSPAWN__RESOURCES];
    uint32_t differing = 0;

    for (uint32_t i = 0; i < PROCSPAWN__RESOURCES; i++) {
        read_limit((int)i, &now[i]);
        if (memcmp(&now[i], &initial.limits[i], sizeof now[i]) != 0)
            differing |= 1u << i;
    }
    put_limits(request, WIRE_CALL_LIMITS, differing, now);
}

static void choose_limits(struct procspawn__request *request, const procspawn_builder *builder)
{
    uint32_t chosen = 0;

    for (uint32_t i = 0; i < PROCSPAWN__RESOURCES; i++)
        chosen |= builder->has_limit[i] ? 1u << i : 0;
    put_limits(request, WIRE_CALL_CHOSEN_LIMITS, chosen, builder->limits);
}

static void choose_memory(struct procspawn__request *request, uint64_t bytes)
{
    if (bytes == 0)
        return;
    request->call.flags |= WIRE_CALL_MEMORY_LIMIT;
    wire__put_u64(&request->block, bytes);
}

static void choose_ids(struct procspawn__request *request, const procspawn_builder *builder)
{
    if (builder->has_uid) {
        request->call.flags |= WIRE_CALL_CHOSEN_USER;
        wire__put_u32(&request->block, builder->uid);
    }
    if (builder->has_gid) {
        request->call.flags |= WIRE_CALL_CHOSEN_GROUP;
        wire__put_u32(&request->block, builder->gid);
    }
}

static void describe_schedule(struct procspawn__request *request)
{
    struct procspawn__schedule now;

    procspawn__schedule_read(0, &now);
    if (!procspawn__schedule_same(&now, procspawn__schedule_initial())) {
        request->call.flags |= WIRE_CALL_SCHEDULE;
        wire__put_u32(&request->block, now.policy);
        wire__put_u32(&request->block, (uint32_t)now.nice);
        wire__put_u32(&request->block, now.priority);
    }
    if (!procspawn__processors_same(&now, procspawn__schedule_initial())) {
        request->call.flags |= WIRE_CALL_PROCESSORS;
        wire__put_u32(&request->block, now.mask_length);
        wire__put_bytes(&request->block, now.mask, now.mask_length);
    }
}

/* The environment that the changes apply to. environ is read only if needed: another thread may be
 * changing it. */
static char *const *inherited(const procspawn_builder *builder)
{
    if (builder && builder->env_cleared)
        return nothing;
    if (builder && builder->environment)
        return builder->environment;
    return environment();
}

static void describe_environment(struct procspawn__request *request,
                                 const procspawn_builder *builder)
{
    size_t change_count = builder ? builder->change_count : 0;
    char *const *own = inherited(builder);

    if (change_count == 0 && procspawn__environment_same(own))
        return;
    request->call.flags |= WIRE_CALL_ENVIRONMENT;
    procspawn__environment_put(&request->block, own, builder ? builder->changes : NULL,
                               change_count);
}

static void choose_string(struct procspawn__request *request, enum wire_call_flag flag,
                          const char *string)
{
    if (!string)
        return;
    request->call.flags |= flag;
    wire__put_string(&request->block, string);
}

/* What the builder sets, unlike the caller's state. */
static void choose(struct procspawn__request *request, const procspawn_builder *builder)
{
    choose_limits(request, builder);
    choose_ids(request, builder);
    choose_string(request, WIRE_CALL_DIRECTORY, builder->cwd);
    choose_string(request, WIRE_CALL_NAME, builder->name);
    choose_memory(request, builder->memory_limit);
    procspawn__sandbox_put(request, &builder->sandbox);
    if (builder->childless)
        request->call.flags |= WIRE_CALL_CHILDLESS;
    if (!builder->hook)
        return;
    request->call.flags |= WIRE_CALL_HOOK;
    request->call.hook = (uint64_t)(uintptr_t)builder->hook;
    request->call.hook_argument = (uint64_t)(uintptr_t)builder->hook_argument;
}

/* Then it may inspect processes forked at init, unless it is in a Landlock domain. */
static bool is_peer_of_init(const struct wire_call *call, const struct procspawn__status *status)
{
    return !(call->flags & WIRE_CALL_IDS) &&
           status->rights.capabilities.permitted ==
               procspawn__identity_initial()->rights.capabilities.permitted;
}

/*
 * Ids and rights of the caller, and its confinement: root directory, namespaces, seccomp filters,
 * Landlock domain. If a kind of confinement differs from that at init, the builder must allow it;
 * then the child has that of init and, as it has more rights than its caller, no children of its
 * own. In another user namespace ids and capabilities are not comparable and not described.
 */
static int describe_rights(struct procspawn__request *request, const procspawn_builder *builder,
                           const struct procspawn__status *status)
{
    unsigned allowed = builder ? builder->allowed : 0;
    unsigned kinds;
    int rc = procspawn__confinement_differs(status, &kinds);

    if (rc == 0 && !(kinds & PROCSPAWN_RIGHTS_USER))
        rc = procspawn__identity_describe(&request->call, &request->block, status);
    if (rc < 0)
        return rc;
    if (kinds == 0 && is_peer_of_init(&request->call, status) &&
        procspawn__confinement_landlocked(status))
        kinds = PROCSPAWN_RIGHTS_LANDLOCK;
    if (kinds != 0)
        request->call.flags |= WIRE_CALL_CHILDLESS;
    return kinds & ~allowed ? PROCSPAWN_ERIGHTS : 0;
}

int procspawn__caller_state_describe(struct procspawn__request *request,
                                     const procspawn_builder *builder)
{
    struct procspawn__status status;
    int rc = procspawn__status_read(&status);

    if (rc == 0)
        rc = describe_rights(request, builder, &status);
    if (rc == 0)
        rc = describe_cwd(request);
    if (rc < 0)
        return rc;
    describe_umask(&request->call, status.umask);
    if (!procspawn__image.is_child)
        describe_schedule(request);
    describe_limits(request);
    request->environment_at = request->block.length;
    describe_environment(request, builder);
    request->environment_length = request->block.length - request->environment_at;
    if (builder)
        choose(request, builder);
    return request->block.overflow ? -ENOMEM : 0;
}

int procspawn__caller_state_admits(const procspawn_builder *builder)
{
    struct procspawn__request request;

    procspawn__request_init(&request);
    int rc = procspawn__caller_state_describe(&request, builder);
    procspawn__request_fini(&request);
    return rc;
}
