/*
 * remote_child.h - a child that a caller has taken for a call
 */
#ifndef FORKSCOPE_CLIENT_REMOTE_CHILD_H
#define FORKSCOPE_CLIENT_REMOTE_CHILD_H

#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct procspawn__remote_child {
    int channel;                /* owned by the caller */
    pid_t pid;                  /* atomic: see procspawn__remote_child_pid */
    pid_t server;
    uint64_t serial;            /* of the server */
    uint64_t id;                /* of the child in its server */
    unsigned link;              /* index of the server */
    unsigned slot;              /* of its mark on the board */
    struct wire_token token;    /* proves that a message comes from the server */
};

/* Returns the process id. It changes when the server replaces a child that died before it read the
 * call (REBORN): one thread handles that while others may read the id. */
pid_t procspawn__remote_child_pid(const struct procspawn__remote_child *child);
void procspawn__remote_child_reborn(struct procspawn__remote_child *child,
                                    const struct wire_reborn *reborn);

/* Did the child's server send this frame of its channel? Checks credentials and token. */
bool procspawn__remote_child_vouched(const struct procspawn__remote_child *child,
                                     const struct wire_frame *frame);

#endif
