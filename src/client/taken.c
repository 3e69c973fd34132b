/*
 * taken.c - a child that a caller has taken for a call
 */
#include "src/client/taken.h"

#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

pid_t procspawn__taken_pid(const struct procspawn__taken *taken)
{
    return __atomic_load_n(&taken->pid, __ATOMIC_RELAXED);
}

void procspawn__taken_reborn(struct procspawn__taken *taken, const struct wire_reborn *reborn)
{
    __atomic_store_n(&taken->pid, reborn->pid, __ATOMIC_RELAXED);
}

bool procspawn__taken_vouched(const struct procspawn__taken *taken, const struct wire_frame *frame)
{
    return frame->sender == taken->server && frame->header.length >= sizeof taken->token &&
           memcmp(frame->body, &taken->token, sizeof taken->token) == 0;
}
