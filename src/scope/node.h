/*
 * node.h - the tree: tasks, and the scopes that tasks open
 *
 * Everything in a node is guarded by its tree's mutex, but for what says otherwise: what never
 * changes once the node is linked, what only the node's own thread touches, and a few atomic flags
 * that are set under the mutex and read without. No other lock is ever taken inside but a waiter's
 * (waiter.h).
 *
 * The memory of a node lives as long as somebody refers to it: its place in the tree until it is
 * gone, its signals, a run that an executor still owes. The tree lives as long as its nodes;
 * whoever drops the last reference frees it after unlocking.
 */
#ifndef FORKSCOPE_SCOPE_NODE_H
#define FORKSCOPE_SCOPE_NODE_H

#include "src/base/list.h"
#include "src/scope/waiter.h"

#include <forkscope/error.h>
#include <forkscope/scope.h>
#include <pthread.h>
#include <stdatomic.h>

enum node_kind {
    NODE_TASK,
    NODE_LEAF,      /* a task without a spawner */
    NODE_SCOPE      /* a root: children and no function */
};

/* Entered in this order; a state may be skipped, none is entered twice. */
enum node_state {
    NODE_QUEUED,    /* spawned; no thread has come to it */
    NODE_RUNNING,   /* phase 1; only here its thread may be cancelled. Scopes: open */
    NODE_ENDING,    /* phases 2 to 5; entered without RUNNING when cancelled before the start */
    NODE_DONE,      /* phase 6, and its thread is yet to be joined */
    NODE_GONE       /* nothing of it is left but this memory */
};

/* What cancelling a task does. */
enum cancel_mode {
    CANCEL_FORCED,  /* its thread is cancelled; waits unwind it */
    CANCEL_ASKED    /* nothing by force; waits return -ECANCELED */
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
    enum cancel_mode mode;
    bool own_thread;                    /* that ends with it and has to be joined */

    /* Of its own thread. */
    struct node *opened_before;         /* the scope that its owner opened before this one */

    /* Guarded. Children that a waiter can do something about come first, finished ones ahead of all;
     * those that somebody sees to already come last. */
    struct list children;
    struct list sibling;
    struct list waiters;                /* who waits for its end */
    struct waiter *watcher;             /* its owner, waiting for its children */
    struct waiter *parked;              /* what its thread waits in, for cancelling to wake */
    unsigned references;
    int status;
    void *value;
    int cancel_fd;                      /* -1 until asked for */
    pthread_t thread;                   /* valid once joinable, or while running */
    bool joinable;                      /* its thread is known, and ours to join */
    bool claimed;                       /* somebody joins it, or runs it */
    bool forced;                        /* its thread has been told by pthread_cancel */

    _Atomic(enum node_state) state;
    atomic_bool cancelled;
};

/* A tree is its root and what all nodes share. */
struct tree {
    pthread_mutex_t mutex;
    unsigned nodes;                     /* that still have memory, the root included */
    struct wakeups wakeups;             /* sent by scoped__unlock */
    struct node root;
};

/* A new tree with an open root and one reference to it. NULL: out of memory. */
struct node *scoped__tree_new(struct scoped_executor *executor);

/* Unlocking sends the queued wake-ups, and frees the tree if the last node has been dropped. */
void scoped__lock(struct tree *tree);
void scoped__unlock(struct tree *tree);

/* A new node below `parent`, not linked yet, with `references`. NULL: out of memory. */
struct node *scoped__node_new(struct node *parent, enum node_kind kind, unsigned references);

/* A new spawner for the node, which has none. 0 or -ENOMEM. */
int scoped__node_name(struct node *node);

/* Locked: wakes a waiter, or all in a list, when the tree is unlocked. */
void scoped__wake(struct tree *tree, struct waiter *waiter);
void scoped__wake_all(struct tree *tree, struct list *waiters);

/* Locked: drops one reference. */
void scoped__node_unref(struct node *node);

/* Unlocked. */
void scoped__node_release(struct node *node);

/* Locked: the only way a state changes. */
void scoped__node_enter(struct node *node, enum node_state state);

/* Locked: its thread is known; said by the thread itself or who made it, whichever is first. */
void scoped__node_joinable(struct node *node, pthread_t thread);

/* Locked: among its siblings, ahead of those that somebody sees to already, or with those. */
void scoped__place_waitable(struct node *node);
void scoped__place_taken(struct node *node);

/* Locked: becomes a child of its parent, cancelled at once if that is a cancelled scope. */
void scoped__node_link(struct node *node);

#endif
