/*
 * call.h - a hostile call as the program holds it: its handle, and its time limit
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_CALL_H
#define FORKSCOPE_TESTS_HOSTILE_CALL_H

#include "tests/hostile/act.h"
#include "tests/hostile/ledger.h"
#include <forkscope/pool.h>

struct call {
    procspawn_handle *handle;
    unsigned act;
    int64_t ends_at;            /* by its deadline, or by a kill */
    int pidfd;                  /* of its process; -1: not known */
    bool ended;
};

/* The deadline of a hostile call, and the user it runs as where that may be another one. */
int64_t call_deadline(struct random *random);
uid_t call_user(struct random *random);
procspawn_builder *call_builder(struct random *random, int64_t deadline);

/* Starts one, with a sender of the user's or NULL. False if it was refused, which is told. */
bool call_start(struct random *random, struct call *call, const procspawn_sender *sender);
/* The argument of one that is started by other means, whose act is drawn; and its start. */
json_t *call_argument(struct random *random, struct call *call, enum act_manner manner,
                      const procspawn_sender *sender);
bool call_started(struct call *call, int rc, int64_t deadline);

/* One join; what it gives is used and dropped. */
void call_join(struct random *random, struct call *call, int64_t timeout, enum timed timed);
/* Joins until it has ended, which has a bound. */
void call_join_to_end(struct random *random, struct call *call, enum timed timed);
/* Waits until its process is gone. */
void call_wait(struct call *call);
/* By a signal with a grace; SIGKILL has none. */
void call_end(struct call *call, int signal, int64_t grace);
void call_free(struct call *call);

#endif
