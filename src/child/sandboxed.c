/*
 * sandboxed.c - the sandbox of a child
 */
#include "src/child/sandboxed.h"

#include "src/base/written.h"
#include "src/child/received_call.h"
#include "src/image/image.h"
#include "src/sandbox/confine.h"
#include "src/sandbox/policy.h"
#include <errno.h>
#include <forkscope/procspawn.h>
#include <forkscope/sandbox.h>

static struct procspawn__sandbox kept BASE_WRITTEN;

int procspawn__sandboxed_keep(struct wire_reader *block)
{
    procspawn__sandbox_fini(&kept);
    return procspawn__received_call_sandbox(block, &kept);
}

int procspawn__sandboxed_enter(const char **ret_reason)
{
    if (kept.profile == PROCSPAWN_SANDBOX_NONE || procspawn__sandbox_confined())
        return 0;
    return procspawn__sandbox_confine(&kept, ret_reason);
}

int procspawn_sandbox_enter(enum procspawn_sandbox profile, unsigned allowed)
{
    struct procspawn__sandbox wanted = kept;
    const char *reason;

    if (!procspawn__image.is_child)
        return -EPERM;
    if (profile == PROCSPAWN_SANDBOX_NONE || (unsigned)profile > PROCSPAWN_SANDBOX_NETWORK ||
        allowed & ~(unsigned)PROCSPAWN__SANDBOX_EXCEPTIONS)
        return -EINVAL;
    wanted.profile = profile;
    wanted.allowed = allowed;
    procspawn_leave_server();
    return procspawn__sandbox_confine(&wanted, &reason);
}
