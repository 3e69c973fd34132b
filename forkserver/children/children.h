/*
 * children.h - the children that a server has forked
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_CHILDREN_H
#define FORKSCOPE_FORKSERVER_CHILDREN_CHILDREN_H

#include "forkserver/children/requester.h"
#include "forkserver/children/watch.h"
#include "src/base/list.h"
#include "src/base/timers.h"
#include "src/crash/backtrace.h"
#include "src/wire/protocol.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* A backtrace in progress, made by a reporter process that unwinds the child. */
struct report {
    pid_t pid;                  /* 0: none */
    int memfd;                  /* the whole report; -1: there will be none */
    struct backtrace_brief *brief;  /* shared memory */
    uint64_t question;          /* of the requester that asked for it; 0: nobody has */
    bool stopped_again;         /* the child stopped again meanwhile, perhaps for a crash */
    int64_t give_up_at;
};

/*
 * The life of a child. forkserver__child_enter makes all changes, by a table. Whether the child is
 * offered and to whom is said by `offered`, `requester` and `epoch`: it is offered and taken while
 * it lives, in any state.
 */
enum child_state {
    CHILD_UNUSED,               /* the entry has no process */
    CHILD_RUNNING,              /* forked, or forked again; or a stop was not its own */
    CHILD_STOPPED,              /* it stopped, perhaps for a crash, and is being unwound */
    CHILD_HANGING,              /* a time limit has passed, and it is being unwound */
    CHILD_UNWOUND,              /* its stop was reported: it continues, mostly to die of a crash */
    CHILD_DEAD,                 /* reaped; its own children or orphans may still exist */
    CHILD_GONE,                 /* nothing that it left exists; its death is to be told */
    CHILD_UNTOLD                /* the same, and its channel has no space for the news */
};

/* The offer could not be sent, so the death does not count against the requester's spares. */
#define CHILD_NEVER_OFFERED UINT64_MAX

/* A termination deferred because the child seemed to be dying of its crash. */
struct deferral {
    int signal;
    int64_t grace;
    enum wire_end_cause cause;
    int64_t until;              /* latest moment; then the child is killed */
    int64_t kill_at;            /* value of child.kill_at before */
};

/* A time limit of a call. */
struct time_limit {
    int64_t until;              /* when it passes; INT64_MAX: none, or it has passed */
    int64_t length;             /* nanoseconds */
};

/* The limits of one call, and whether the begin of its function is waited for. */
struct time_limits {
    enum watch begin;           /* WATCH_BEGIN; the epoll data of the channel */
    bool watched;
    struct time_limit of[WIRE_LIMIT_KINDS];
};

struct child {
    struct requester as_requester; /* its requests for children */
    struct report report;
    struct list in_examined;    /* linked while a reporter is not known to have ended */
    enum child_state state;
    bool expected;              /* dead or killed */
    bool killed;                /* the server has sent it a SIGKILL */
    bool withheld;              /* dead, but a tracer prevents its reaping */
    bool examined;              /* a reporter has traced it and may have delayed its reaping */
    int64_t late_at;            /* when to report it dead though it lingers; INT64_MAX: not set */
    bool unwanted;              /* its termination was requested after its death */
    unsigned rebirths;          /* how often another process has replaced it */
    struct list in_reborn;      /* linked after the first replacement */
    bool ended_wanted;          /* the requester wants an ENDED message as well */
    bool left_none;             /* dead, and no orphan exists that its death can have left */
    uint64_t born_scan;         /* first scan that can see orphans it leaves in life */
    uint64_t died_scan;         /* the same for orphans left by its death */
    int64_t died_at;            /* when it was reaped */
    bool shut;                  /* dead, and its channel accepts no more messages */
    bool unread;                /* dead, and a message is in its channel */
    bool watched;               /* dead, and epoll watches its channel for space */
    enum watch space;           /* WATCH_SPACE; the epoll data of that watch */
    int pidfd;                  /* readable when it is dead, even if traced; -1: none yet */
    enum watch death;           /* WATCH_DEATH; the epoll data of pidfd */
    struct list in_young;       /* in server.young: forked less than a second ago */
    int64_t tracers_at;         /* it was killed: when to look for its tracers */
    bool deferred;              /* its termination was deferred, once */
    unsigned depth;             /* number of requesters between it and the host */
    uint64_t id;
    struct wire_token token;    /* proves to the spawner that a message is the server's */
    pid_t pid;
    unsigned slot;              /* of its mark on the board; WIRE_BOARD_SLOTS: none */
    int channel;                /* the child's end, for messages about its death; -1: closed */
    int offered;                /* the spawner's end until it is sent; -1: sent */
    struct requester *requester; /* NULL: the requester is gone */
    uint64_t epoch;             /* the requester's epoch at the offer, or CHILD_NEVER_OFFERED */
    int64_t born;
    struct time_limits limits;
    int64_t kill_at;
    struct timer due;           /* in children.due: when to look at its moments, or earlier */
    struct deferral deferral;
    enum wire_end_cause kill_cause; /* recorded cause if kill_at ends it */
    enum wire_end_cause cause;
    int status;                 /* this and usage: set when dead */
    struct rusage usage;
    struct child *next;         /* in its bucket, or in the unused list */
    struct child *next_dead;
};

enum { CHILDREN_BUCKETS = 1024 };

struct children {
    struct child *buckets[CHILDREN_BUCKETS];
    struct child *unused;
    unsigned made;              /* number of slots handed out */
    struct child *dead;         /* list of those in CHILD_DEAD or a later state */
    struct list reborn;         /* list of those whose process id has changed */
    struct timers due;
    unsigned count;
    uint64_t last_id;
};

/* Returns a new child without a process, or NULL without memory. */
struct child *forkserver__child_new(struct children *children, struct requester *requester);
/* It has a process: enters it into the table. */
void forkserver__child_started(struct children *children, struct child *child, pid_t pid);
/* Returns false, and changes nothing, if the child cannot enter this state from its present one. */
bool forkserver__child_enter(struct child *child, enum child_state state);
/* Was it reaped? */
bool forkserver__child_is_dead(const struct child *child);
/* Is a reporter examining it? */
bool forkserver__child_is_reported(const struct child *child);
/* There may be space in its channel by now: an untold death is to be told again. */
void forkserver__child_retell(struct child *child);
/* It was reaped. */
void forkserver__child_died(struct children *children, struct child *child);
/* Gives a child that is gone a new process. */
void forkserver__child_reborn(struct children *children, struct child *child, pid_t pid);
/* Removes the child from the table and frees it. Closes nothing. */
void forkserver__child_free(struct children *children, struct child *child);

/* Returns the living child with this process id, or NULL. */
struct child *forkserver__child_by_pid(const struct children *children, pid_t pid);
/*
 * Finds a child by what its requester knows: the id, and the process id that it had first. NULL:
 * none.
 */
struct child *forkserver__child_by_id(const struct children *children, pid_t pid, uint64_t id);
/* Returns the dead child with this id, or NULL. */
struct child *forkserver__child_dead(const struct children *children, uint64_t id);

/*
 * Iterate over all children, in no order; NULL ends. The current child must not be freed before
 * forkserver__child_next.
 */
struct child *forkserver__child_first(const struct children *children);
struct child *forkserver__child_next(const struct children *children, const struct child *child);

#endif
