/*
 * sandboxed.c - the sandbox of a child
 */
#include "src/child/sandboxed.h"

#include "src/base/written.h"
#include "src/child/received_call.h"
#include "src/image/image.h"
#include "src/sandbox/confine.h"
#include "src/sandbox/policy.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/procspawn.h>
#include <forkscope/sandbox.h>
#include <unistd.h>

static struct procspawn__sandbox kept BASE_WRITTEN;
static int learner BASE_WRITTEN = -1;   /* the socket to it */

int procspawn__sandboxed_keep(struct wire_reader *block)
{
    procspawn__sandbox_fini(&kept);
    return procspawn__received_call_sandbox(block, &kept);
}

void procspawn__sandboxed_learner(int socket)
{
    if (learner >= 0)
        close(learner);
    learner = socket;
}

/* The program may have a learner that has ended. */
static int give_listener(int listener, const char **ret_reason)
{
    int rc = wire__send_struct(learner, WIRE_LISTENER, NULL, 0, listener, false);

    *ret_reason = "the process that learns has ended";
    close(listener);
    procspawn__sandboxed_learner(-1);
    return rc;
}

static int enter(const struct procspawn__sandbox *sandbox, const char **ret_reason)
{
    int listener;

    if (sandbox->denial != PROCSPAWN_DENIAL_LEARN)
        return procspawn__sandbox_confine(sandbox, ret_reason);
    int rc = procspawn__sandbox_learn(sandbox, &listener, ret_reason);
    return rc == 0 && listener >= 0 ? give_listener(listener, ret_reason) : rc;
}

int procspawn__sandboxed_enter(const char **ret_reason)
{
    *ret_reason = "learning has to be allowed at init, by procspawn_config_learning()";
    if (kept.denial == PROCSPAWN_DENIAL_LEARN && !procspawn__image.config.learning)
        return -EPERM;
    if (kept.profile == PROCSPAWN_SANDBOX_NONE || procspawn__sandbox_confined())
        return 0;
    return enter(&kept, ret_reason);
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
    return enter(&wanted, &reason);
}
