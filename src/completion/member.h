/*
 * member.h - one call of a set
 */
#ifndef FORKSCOPE_COMPLETION_MEMBER_H
#define FORKSCOPE_COMPLETION_MEMBER_H

#include "src/base/list.h"
#include "src/base/timers.h"
#include "src/call/handle.h"
#include "src/call/launch.h"
#include "src/completion/lane.h"
#include <forkscope/completion.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <forkscope/scope.h>
#include <stdbool.h>
#include <stdint.h>

/* 0 is no state: it marks events that are illegal in a state. */
enum procspawn__member_state {
    PROCSPAWN__MEMBER_BUG,
    PROCSPAWN__MEMBER_WAITING,  /* it stands in its lane */
    PROCSPAWN__MEMBER_STARTING, /* a process is being made for it */
    PROCSPAWN__MEMBER_RUNNING,  /* it has a handle; its end is awaited */
    PROCSPAWN__MEMBER_DECODING, /* it has ended, and a thread decodes its result */
    PROCSPAWN__MEMBER_ENDED,    /* its result can be given out */
    PROCSPAWN__MEMBER_STATES
};

enum procspawn__member_event {
    PROCSPAWN__MEMBER_BEGIN,    /* its turn has come */
    PROCSPAWN__MEMBER_PUT_OFF,  /* a shortage prevents its start */
    PROCSPAWN__MEMBER_STARTED,  /* it has a handle */
    PROCSPAWN__MEMBER_DECODE,   /* its result is long */
    PROCSPAWN__MEMBER_END,
    PROCSPAWN__MEMBER_EVENTS
};

struct procspawn__member {
    procspawn_set *set;
    enum procspawn__member_state state;
    struct list in_set;         /* all calls of the set, in the order in which they were added */
    struct list in_list;        /* waiting, starting, unseen or ended */
    struct list in_inbox;
    struct procspawn__listener listener;
    struct procspawn__lane *lane;
    bool has_place;             /* in its lane */
    void *tag;
    int64_t deadline;           /* of a call that is not started; BASE_NEVER: none */
    struct procspawn__launch *launch;   /* until it is started; NULL: none */
    struct procspawn__pool_call *pool_call; /* the same for a call of a pool */
    bool has_scope;             /* it is to be a child of this scope */
    scoped_spawner scope;
    procspawn_handle *scoped;   /* made for that, and not used yet; NULL: none */
    procspawn_handle *handle;   /* NULL: not started */
    procspawn_error *error;     /* why it was never started, or not as asked; comes first */
    bool killed;                /* it is to be killed, and the kill was not sent yet */
    int watched;                /* the descriptor that the set watches for it; -1: none */
    struct timer timer;         /* its deadline, or when it is looked at again */
    int64_t pause;              /* nanoseconds until then */
};

/* The only place where a call's state changes. False: illegal, nothing changed. */
bool procspawn__member_step(struct procspawn__member *member, enum procspawn__member_event event);

/* New errors: the call was killed before it was started; its total limit has passed before. */
procspawn_error *procspawn__member_killed(void);
procspawn_error *procspawn__member_too_late(void);

/* A new call; NULL without memory. */
struct procspawn__member *procspawn__member_new(procspawn_set *set, void *tag);
/* It is in no list. forget: in a child by fork(2), closes nothing. */
void procspawn__member_free(struct procspawn__member *member);
void procspawn__member_forget(struct procspawn__member *member);

#endif
