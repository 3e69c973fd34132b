/*
 * taken.h - a child that was taken for a call
 */
#ifndef FORKSCOPE_CLIENT_TAKEN_H
#define FORKSCOPE_CLIENT_TAKEN_H

#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A child taken for a call. The channel belongs to the taker. */
struct procspawn__taken {
    int channel;
    pid_t pid;
    pid_t server;
    uint64_t serial;            /* of the server */
    uint64_t id;
    unsigned link;
    unsigned slot;              /* of its mark on the board */
    struct wire_token token;
};

/* Its process. Another one may take its place, in one thread, while others ask. */
pid_t procspawn__taken_pid(const struct procspawn__taken *taken);
void procspawn__taken_reborn(struct procspawn__taken *taken, const struct wire_reborn *reborn);

/* Is this frame of a child's channel the server's word of it? */
bool procspawn__taken_vouched(const struct procspawn__taken *taken, const struct wire_frame *frame);

#endif
