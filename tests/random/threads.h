/*
 * threads.h - records of a random round of the thread half, to check the library by
 *
 * Each task has a record, made by its spawner and written by the task itself. It says where the
 * task is, what it holds, and what it must find around it. Records exist until the end of the
 * round.
 */
#ifndef FORKSCOPE_TESTS_RANDOM_THREADS_H
#define FORKSCOPE_TESTS_RANDOM_THREADS_H

#include "tests/random/dice.h"
#include "tests/random/run.h"

#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/remote_scope.h>
#include <forkscope/scope.h>
#include <stdatomic.h>

/* ---- executors (threads_places.c) ---- */

struct place {
    const char *name;
    struct scoped_executor *executor;
    bool ours;          /* its tasks can be forced */
    bool joins;         /* each has a thread that ends with it */
    bool has_threads;   /* without, only waiters run its tasks */
};

void places_open(struct dice *dice);
void places_close(void);
const struct place *places_some(struct dice *dice);
const struct place *places_thread(void);

/* ---- what a task finds around it, and hands down ---- */

enum { KEYS = 2, SCOPES = 3, HELD = 6 };

extern const char threads_keys[KEYS];

struct around {
    const struct place *place;
    enum scoped_cancel_mode mode;       /* of tasks on the library's executors */
    int64_t deadline;
    int64_t grace;
    intptr_t values[KEYS];              /* 0: none */
    struct scope_record *listener;      /* failures are reported to it; NULL: to none */
    struct record *above;               /* the task above in the same tree; NULL: none */
};

struct counting_policy {
    struct scoped_policy base;
    atomic_bool inside;
    struct scoped_progress seen;        /* when it was asked last */
    bool has_stopped;                   /* by its word */
    size_t most_failures;
};

struct scope_record {
    scoped_spawner id;
    bool is_root;
    struct around around;
    const struct scope_record *inside;  /* the scope that it was opened in; NULL: none */
    bool has_deadline;                  /* of its own, before any around it */
    bool is_cancelled;                  /* by its owner: what it gets from now on never runs */
    unsigned limit;
    bool discards;
    unsigned spawned;
    atomic_uint alive;                  /* whose done has not been called yet */
    _Atomic int64_t last_cancelled;     /* when the last task that was cancelled was done */
    const struct scoped_policy *policy;
    struct counting_policy counting;
    struct scoped_binding bindings[KEYS + 1];
};

/* ---- tasks ---- */

/* Entered in this order. */
enum phase {
    PHASE_SPAWNED,
    PHASE_RUNS,
    PHASE_LEFT,         /* its function, by returning or unwound */
    PHASE_RELEASED,     /* all that it deferred has run */
    PHASE_DONE
};

/* What a call may do to the task that makes it. */
enum point {
    NO_POINT,
    POINT,              /* a cancellation point of the library */
    POSIX_POINT
};

/* A done receiver that several threads use; the last one frees it. */
struct shared {
    struct scoped_done_receiver *receiver;
    atomic_uint users;
    struct record *task;
};

struct held {
    struct scoped_cancel_sender *sender;
    struct shared *shared;
};

struct record {
    struct record *next_in_round;
    unsigned number;
    struct dice dice;
    unsigned depth;
    bool is_task;               /* or an owner: a thread with a tree */
    bool is_leaf;
    bool is_remote;             /* runs on a thread that is not its executor's */
    bool is_watched;            /* its end is heard of at once */
    bool own_thread;            /* is joined before it is gone */
    bool born_cancelled;
    enum scoped_cancel_mode mode;
    struct around around;       /* its own, which its children inherit */
    struct record *parent;      /* outlives it; of another tree perhaps */
    struct scope_record *scope; /* of its parent's, that it is counted in; NULL: none */
    struct record *under;       /* lies below it on the same stack */
    bool bounded;               /* an owner below it is never cancelled: no endless waits */

    /* Of its own thread. */
    scoped_spawner self, stale;
    unsigned acts_left;
    struct scope_record scopes[SCOPES];
    unsigned open_scopes;
    struct held held[HELD];
    struct record *first_child, *sibling;
    struct record *pending;     /* being spawned */
    int64_t shield_ends;        /* 0: none */
    int64_t uncancelled_at;     /* when it was not cancelled yet, for the last time */
    int cancel_off;
    int handlers;               /* clean-up handlers that stand */
    bool exits;                 /* by pthread_exit */
    bool was_cut;
    int status;                 /* returned by its function */
    void *value;

    /* Of any thread. */
    _Atomic(enum phase) phase;
    _Atomic(const char *) call;
    _Atomic(enum point) point;
    atomic_int children;        /* whose done has not been called yet */
    atomic_int deferred;        /* yet to run */
    atomic_int resources;       /* yet to be released */
    atomic_bool first_deferred; /* the one that ends phase 2 is registered */
    atomic_bool said_started;
    atomic_bool never_ran;
    atomic_bool refused;        /* by remote_scope_run, without memory */
    atomic_uint heard;          /* its failure, by the listener */
    atomic_bool thread_gone;
};

/* Makes a call of the library; what is unwound in it, is unwound there only. */
#define AT(record, kind, expression) \
    __extension__({ \
        record_enter(record, #expression, kind); \
        __typeof__(expression) result_ = (expression); \
        record_leave(record); \
        result_; \
    })

void record_enter(struct record *record, const char *call, enum point point);
void record_leave(struct record *record);

/* For an owner (no parent) or a task; NULL when the round has had enough of them. */
struct record *record_new(struct record *parent, const struct around *around);
void records_begin(uint64_t seed, unsigned most, bool enough_memory);
bool records_have_memory(void);     /* failures without it are not told */
void records_end(void);
void records_report(void);

/* Of the innermost task that runs on the calling thread, or of its owner; NULL: neither. */
struct record *record_here(void);
void record_set_here(struct record *record);

/* Links a child, before the library hears of it, and takes it back. */
void record_spawns(struct record *parent, struct record *child, struct scope_record *scope);
void record_spawn_failed(struct record *parent, struct record *child);

/* The last that its done does: it ends after all that has been below it. */
void record_done(struct record *record);

/* Whose failure the calling thread would tell now. */
struct record *record_ending(void);
void record_set_ending(struct record *record);

/* Of a task that its receiver or its parent says to be gone. */
void record_check_gone(const struct record *record);
void record_check_status(const struct record *record, int status);

/* How it has ended by its own account, which cannot always tell a failure from a cancel. */
enum record_end { END_SUCCEEDED, END_FAILED, END_CANCELLED, END_EITHER, ENDS };
enum record_end record_end(const struct record *record);

/* What it has ended with. */
int record_status(const struct record *record);

/* Whether the record could never see the end of the task: it lies on it, or below it. */
bool record_depends(const struct record *record, const struct record *task);

/* That a wait of the record's was cut short for a reason, and told so where it is to be told. */
void record_check_cut(const struct record *record, int error);

/* ---- the life of a task (threads_life.c) ---- */

int life_task(scoped_spawner self, void *record);
int life_leaf(void *record);
void life_done(void *record);
void life_init(void);

/* ---- what tasks and owners do (threads_acts.c) ---- */

void acts_do_some(struct record *record);
void acts_in_section(struct record *record);    /* bounded, and cutting none of it short */

void spawn_some(struct record *record);             /* threads_spawn.c */
void spawn_raw(struct record *record);
void run_nested(struct record *record);
void run_scope(struct record *record);              /* threads_runs.c */

/* Whose children a task or an owner can make: its own, or those of a scope or root of its. */
struct target {
    scoped_spawner id;
    struct around around;
    struct scope_record *scope;                     /* NULL: its own */
    bool has_room;                                  /* for certain: nothing waits for it */
};

struct target scope_some(struct record *record);    /* threads_scopes.c */
bool scope_open_root(struct record *owner);
void scope_open(struct record *record);
void scope_close(struct record *record);
void scope_cancel(struct record *record);
void scope_close_all(struct record *owner);

void keep_signals(struct record *record, struct record *task,
                  const struct scoped_parent_signals *signals);
void wait_for_some(struct record *record);          /* threads_signals.c */
void let_go_of_some(struct record *record);
void let_go_of_all(struct record *record);
void shared_drop(struct shared *shared);

void hold_section(struct record *record);           /* threads_hold.c */
void hold_deferred(struct record *record);
void hold_resource(struct record *record);
void misuse_something(struct record *record);       /* threads_misuse.c */
void misuse_begin(bool heard);

/* ---- threads that are no tasks (threads_helpers.c) ---- */

void helpers_start(uint64_t seed);
void helpers_stop(void);

/* Taken. */
void helpers_give_sender(struct dice *dice, struct scoped_cancel_sender *sender);
void helpers_give_receiver(struct dice *dice, struct shared *shared);

/* Runs it on a thread of its own. */
void helpers_give_raw(struct record *task, struct scoped_child_signals signals);

/* NULL: none there. */
struct shared *helpers_take_receiver(struct dice *dice);

/* On the calling thread, with these signals (taken) or none; what the call returned. */
int remote_run(struct record *task, struct scoped_child_signals signals);

#endif
