/*
 * take.h - how a child is had
 */
#ifndef FORKSCOPE_CLIENT_TAKE_H
#define FORKSCOPE_CLIENT_TAKE_H

#include "src/client/taken.h"
#include <stdbool.h>
#include <stdint.h>

/* Returns 0, -EAGAIN and the like from the server's fork, PROCSPAWN_ESERVER, or -ETIMEDOUT at the
 * deadline if that comes first. A cancellation point. */
int procspawn__client_take(int64_t deadline, struct procspawn__taken *ret_taken);

/* The wish of one thread for a child; all 0: not begun. */
struct procspawn__wish {
    bool asked;
    unsigned losses;            /* how many servers had died when it asked */
    int64_t pause;              /* without an answer for so long it asks again */
    int64_t repeat_at;
    int64_t give_up_at;
};

/* One step of the same: 1 after a short while, or when the other descriptor is readable. */
int procspawn__client_try(struct procspawn__wish *wish, int other,
                          struct procspawn__taken *ret_taken);
/* What was asked for is somebody else's spare. */
void procspawn__client_unwish(struct procspawn__wish *wish);

#endif
