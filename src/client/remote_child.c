/*
 * remote_child.c - a child that a caller has taken for a call
 */
#include "src/client/remote_child.h"

#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

pid_t procspawn__remote_child_pid(const struct procspawn__remote_child *child)
{
    return __atomic_load_n(&child->pid, __ATOMIC_RELAXED);
}

void procspawn__remote_child_reborn(struct procspawn__remote_child *child,
                                    const struct wire_reborn *reborn)
{
    __atomic_store_n(&child->pid, reborn->pid, __ATOMIC_RELAXED);
}

bool procspawn__remote_child_vouched(const struct procspawn__remote_child *child,
                                     const struct wire_frame *frame)
{
    return frame->sender == child->server && frame->header.length >= sizeof child->token &&
           memcmp(frame->body, &child->token, sizeof child->token) == 0;
}
