/*
 * take.h - takes a child for a call: from the stock, or by a request to a server
 */
#ifndef FORKSCOPE_CLIENT_TAKE_H
#define FORKSCOPE_CLIENT_TAKE_H

#include "src/client/lock.h"
#include "src/client/remote_child.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * Waits for a child. 0: *ret_child is the caller's; the error of the server's fork, for instance
 * -EAGAIN; PROCSPAWN_ESERVER: no server answers; -ETIMEDOUT at the deadline. A cancellation point.
 */
int procspawn__client_take(int64_t deadline, struct procspawn__remote_child *ret_child)
    EXCLUDES(client_lock);

/* The request of one thread for a child; all 0: not begun. */
struct procspawn__child_request {
    bool asked;                 /* a server was asked */
    unsigned losses;            /* client.losses at that time: if it changes, ask again */
    int64_t retry_delay;        /* nanoseconds until the request is repeated; doubles */
    int64_t repeat_at;
    int64_t give_up_at;
};

/*
 * One step of procspawn__client_take. Waits a short while, or until `other` (-1: none) is readable,
 * and returns 1 if there is no child yet. The request is reset if it returns another value.
 */
int procspawn__client_try(struct procspawn__child_request *request, int other,
                          struct procspawn__remote_child *ret_child) EXCLUDES(client_lock);
/*
 * The same without any wait. If it returns 1 it is to be repeated when the set of
 * procspawn__links_set() is readable, and after a twentieth of a second: another thread may have
 * received the child.
 */
int procspawn__client_step(struct procspawn__child_request *request,
                           struct procspawn__remote_child *ret_child) EXCLUDES(client_lock);
/* Withdraws the request; the child that a server forks for it stays in stock. */
void procspawn__client_cancel_request(struct procspawn__child_request *request)
    EXCLUDES(client_lock);

/* Has this process ever asked a server for a child? */
bool procspawn__client_was_asked(void) EXCLUDES(client_lock);

#endif
