/*
 * node.h - the tree: tasks, and the scopes that tasks open
 *
 * Everything in a node is guarded by its tree's mutex, but for what says otherwise: what never
 * changes once the node is linked, what only the node's own thread touches, and a few atomic flags
 * that are set under the mutex and read without. No other lock is ever taken inside but a waiter's
 * (waiter.h), and that of a tree that has been opened by a task of this one (cancel.c).
 *
 * The memory of a node lives as long as somebody refers to it: its place in the tree until it is
 * gone, its signals, a run that an executor still owes. The tree lives as long as its nodes;
 * whoever drops the last reference frees it after unlocking.
 */
#ifndef FORKSCOPE_SCOPE_NODE_H
#define FORKSCOPE_SCOPE_NODE_H

#include "src/base/list.h"
#include "src/base/timers.h"
#include "src/base/waiter.h"

#include <forkscope/error.h>
#include <forkscope/policy.h>
#include <forkscope/scope.h>
#include <pthread.h>
#include <stdatomic.h>

enum node_kind {
    NODE_TASK,
    NODE_LEAF,      /* a task without a spawner */
    NODE_SCOPE,     /* a root, or opened by a task: children and no function */
    NODE_RAW        /* run by somebody else (remote.c), perhaps never */
};

/* Entered in this order; a state may be skipped, none is entered twice. */
enum node_state {
    NODE_QUEUED,    /* spawned; no thread has come to it */
    NODE_RUNNING,   /* phase 1; only here its thread may be cancelled. Scopes: open */
    NODE_ENDING,    /* phases 2 to 5; entered without RUNNING when cancelled before the start */
    NODE_DONE,      /* phase 6, and its thread is yet to be joined */
    NODE_GONE       /* nothing of it is left but this memory */
};

/* What a task's waits know of being cancelled; it only rises. */
enum cancel_level {
    LEVEL_NONE,     /* nothing, or it is shielded */
    LEVEL_ASKED,    /* waits return -ECANCELED */
    LEVEL_FORCED    /* waits unwind the thread */
};

struct tree;

struct node {
    /* Fixed when the node is linked. */
    struct tree *tree;
    struct node *parent;                /* NULL: a root */
    struct scoped_executor *executor;
    scoped_spawner id;                  /* {0, 0} for leaves */
    union {
        scoped_task_function *task;
        scoped_leaf_function *leaf;
    } function;
    scoped_done_function *done;
    void *arg;
    enum node_kind kind;
    enum scoped_cancel_mode mode;       /* of the task, as far as its thread allows */
    enum scoped_cancel_mode child_mode; /* asked for, by a scope around */
    bool own_thread;                    /* that ends with it and has to be joined */
    int64_t deadline;                   /* its own or inherited; BASE_NEVER: none */
    int64_t grace;                      /* between asking and forcing, in nanoseconds */

    /* Of its own thread. */
    struct node *opened_before;         /* the scope that its owner opened before this one */

    /*
     * Guarded. Children that a waiter can do something about come first, finished ones ahead of
     * all; those that somebody sees to already come last.
     */
    struct list children;
    struct list sibling;
    unsigned child_count;
    unsigned references;
    struct list waiters;                /* who waits for its end */
    struct waiter *watcher;             /* its owner, waiting for its children */
    bool gathered;                      /* its owner waits until all are gone, and joins them */
    struct waiter *parked;              /* what its thread waits in, for cancelling to wake */
    struct node *led;                   /* runs on top of it, and is cancelled with it */
    struct timer timer;                 /* a scope's deadline, the end of a grace or a shield */
    int64_t grace_ends;                 /* once cancelled, if there is a grace time */
    int64_t shield_ends;                /* 0: not shielded */
    struct list handed_over;            /* in the keeper's list, or in none */
    void *value;
    int status;
    int cancel_fd;                      /* -1 until asked for */
    int done_fd;                        /* -1 until asked for */
    pthread_t thread;                   /* valid once joinable, or while running */
    bool joinable;                      /* its thread is known, and ours to join */
    bool claimed;                       /* somebody joins it, or runs it */
    bool forced;                        /* its thread has been told by pthread_cancel */
    const void *put_off;                /* or will be, by whoever has this batch (cancel.c) */
    bool refused;                       /* the batch was not able to */
    bool started;                       /* it said so */
    bool was_cancelled;                 /* when it entered NODE_ENDING: what came later is too late */
    bool by_deadline;                   /* cancelled for the deadline of a scope */
    char name[16];                      /* empty: none */

    _Atomic(enum node_state) state;
    _Atomic(enum cancel_level) level;
    atomic_bool cancelled;
};

/* A scope is a node with a policy; so is a root. */
struct scope {
    struct node node;

    /* Fixed. */
    const struct scoped_policy *policy;
    scoped_failure_function *on_failure;
    void *on_failure_arg;
    const struct scoped_binding *bindings;
    unsigned limit;                     /* of children at a time; 0: none */
    bool discards;

    /* Guarded. */
    struct scoped_progress progress;
    struct scoped_failure *failures;    /* the oldest first */
    struct scoped_failure **last_failure;
    void *value;                        /* of the first that succeeded */
};

/* A thread that a tree has from the first time that it needs one: for timers, and to join. */
struct keeper {
    struct waiter *waiter;
    struct timers timers;
    struct list to_join;                /* each with a reference */
    pthread_t thread;
    bool runs;
    bool stops;                         /* for good: the tree has ended */
};

/* A tree is its root and what all nodes share. */
struct tree {
    uint64_t process;                   /* that it belongs to; fixed */
    pthread_mutex_t mutex;
    unsigned nodes;                     /* that still have memory, the root included */
    struct wakeups wakeups;             /* sent by scoped__unlock */
    struct keeper keeper;
    struct scope root;
};

/* A new tree with an open root and one reference to it. NULL: out of memory. */
struct node *scoped__tree_new(struct scoped_executor *executor);

/*
 * Whether the node's tree belongs to this process. In a copy of the process its mutex may be held
 * for ever, by a thread that is not there; nothing is done to it but by its owner.
 */
bool scoped__node_here(const struct node *node);

/* Unlocking sends the queued wake-ups, and frees the tree if the last node has been dropped. */
void scoped__lock(struct tree *tree);
void scoped__unlock(struct tree *tree);

/* The scope that a node of kind NODE_SCOPE is. */
static inline struct scope *scoped__scope(struct node *node)
{
    return (struct scope *)node;
}

/* A new node below `parent`, not linked yet, with `references`. NULL: out of memory. */
struct node *scoped__node_new(struct node *parent, enum node_kind kind, unsigned references);

/* Before it is linked: runs on another executor than its parent. */
void scoped__node_use(struct node *node, struct scoped_executor *executor);

/* A new spawner for the node, which has none. 0 or -ENOMEM. */
int scoped__node_name(struct node *node);

/* Locked: wakes a waiter, or all in a list, when the tree is unlocked. */
void scoped__wake(struct tree *tree, struct waiter *waiter);
void scoped__wake_all(struct tree *tree, struct list *waiters);

/* Locked: drops one reference. */
void scoped__node_unref(struct node *node);

/* Unlocked. */
void scoped__node_release(struct node *node);

/* Locked. */
void scoped__close_cancel_fd(struct node *node);

/* Locked: the only way a state changes. */
void scoped__node_enter(struct node *node, enum node_state state);

/* Locked: marks a node cancelled, and nothing else. */
void scoped__node_cancelled(struct node *node);

/* Locked: its thread is known; said by the thread itself or who made it, whichever is first. */
void scoped__node_joinable(struct node *node, pthread_t thread);

/* Locked: among its siblings, ahead of those that somebody sees to already, or with those. */
void scoped__place_waitable(struct node *node);
void scoped__place_taken(struct node *node);

/* Locked: the opposite of scoped__node_link. */
void scoped__node_unlink(struct node *node);

/* Locked: becomes a child of its parent, cancelled at once if that is a cancelled scope. */
void scoped__node_link(struct node *node);

#endif
