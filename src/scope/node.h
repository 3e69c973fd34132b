/*
 * node.h - the tree: tasks, and the scopes that tasks open
 *
 * The tree's mutex guards everything in a node except: fields that never change once the node is
 * linked; fields that only the node's own thread touches; and a few atomic flags, which are set
 * under the mutex and read without it. While the mutex is held, only two other kinds of lock may be
 * taken: a waiter's (src/base/waiter.h), and the mutex of a tree that a task of this tree has
 * opened (cancel.c).
 *
 * References keep the memory of a node. They are held by: the node's place in the tree, until the
 * node is gone; its signals; a run that an executor has yet to make. A tree lives as long as its
 * nodes. It is freed by the unlock that follows the last dropped reference.
 */
#ifndef FORKSCOPE_SCOPE_NODE_H
#define FORKSCOPE_SCOPE_NODE_H

#include "src/base/list.h"
#include "src/base/waiter.h"
#include "src/scope/agenda.h"
#include "src/scope/cancel_state.h"
#include "src/scope/join_state.h"
#include "src/scope/node_state.h"
#include "src/scope/reason.h"
#include "src/scope/tree_lock.h"

#include <forkscope/error.h>
#include <forkscope/policy.h>
#include <forkscope/scope.h>
#include <pthread.h>
#include <stdatomic.h>

enum node_kind {
    NODE_TASK,
    NODE_LEAF,      /* a task without a spawner */
    NODE_SCOPE,     /* a root, or a scope opened by a task: has children, no function */
    NODE_RAW        /* started from outside (remote.c), perhaps never */
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
    struct node *body_of;               /* the scope whose body it is (run.c); NULL: none */
    /* scoped__task_run; set by spawn. NULL: a thread of the program runs it (remote.c) */
    void (*run)(struct node *node, struct node *leader);
    enum node_kind kind;
    enum scoped_cancel_mode mode;       /* of this task, as far as its thread allows */
    enum scoped_cancel_mode child_mode; /* for its children, from the options of a scope */
    bool own_thread;                    /* a thread of its own, to be joined at its end */
    int64_t deadline;                   /* its own or inherited; BASE_NEVER: none */
    int64_t grace;                      /* time between asking and forcing, in nanoseconds */

    /* Used by its owner's thread only. */
    struct node *opened_before;         /* the scope that its owner opened before this one */
    struct reason reason;               /* of its own thread: why it is about to fail */
    bool hides_arg;                     /* of its own thread: `arg` is the library's */

    /*
     * Guarded by the tree's mutex. Children that a waiter can join or run come first, and finished
     * ones before all others. Children that another thread already joins or runs come last.
     */
    struct list children GUARDED_BY(tree_lock);
    struct list sibling GUARDED_BY(tree_lock);
    unsigned child_count GUARDED_BY(tree_lock);
    unsigned references GUARDED_BY(tree_lock);
    struct list waiters GUARDED_BY(tree_lock);  /* waiters for its end */
    /* its owner's waiter, while it waits for children */
    struct waiter *owner_waiter GUARDED_BY(tree_lock);
    /* its owner waits for all children, and joins them */
    bool owner_joins_all GUARDED_BY(tree_lock);
    /* the waiter its thread sleeps in; a cancel wakes it */
    struct waiter *blocked_in GUARDED_BY(tree_lock);
    /* the task on top of it on its stack; cancelled with it */
    struct node *led GUARDED_BY(tree_lock);
    /* timer: a scope's deadline, end of a grace or a shield */
    struct agenda_entry agenda GUARDED_BY(tree_lock);
    int64_t grace_ends GUARDED_BY(tree_lock);   /* once cancelled, if there is a grace time */
    int64_t shield_ends GUARDED_BY(tree_lock);  /* 0: not shielded */
    void *value;                        /* of its own thread; of others once it is gone */
    int status;                         /* the same */
    int cancel_fd GUARDED_BY(tree_lock);        /* -1 until asked for */
    int done_fd GUARDED_BY(tree_lock);          /* -1 until asked for */
    pthread_t thread GUARDED_BY(tree_lock);  /* valid while running, and until it has been joined */
    enum join_state join GUARDED_BY(tree_lock);
    /* the batch that has claimed its join (cancel_tree.c) */
    const void *claimant GUARDED_BY(tree_lock);
    bool started GUARDED_BY(tree_lock);         /* the task called scoped_notify_started */
    bool was_cancelled;                 /* of its own thread: cancelled before NODE_ENDING */
    bool by_deadline GUARDED_BY(tree_lock);     /* cancelled by the deadline of a scope */
    char name[16] GUARDED_BY(tree_lock);        /* empty: none */

    _Atomic(enum node_state) state;
    _Atomic(enum cancel_state) cancel;
};

/* A scope is a node with a policy. So is a root. */
struct scope {
    struct node node;

    /* Fixed when the node is linked. */
    const struct scoped_policy *policy;
    scoped_failure_function *on_failure;
    void *on_failure_arg;
    const struct scoped_binding *bindings;
    unsigned limit;                     /* largest number of children at a time; 0: no limit */
    bool discards;

    /* Guarded by the tree's mutex. */
    struct scoped_progress progress GUARDED_BY(tree_lock);
    struct scoped_failure *failures GUARDED_BY(tree_lock);  /* the oldest first */
    struct scoped_failure **last_failure GUARDED_BY(tree_lock);
    void *value GUARDED_BY(tree_lock);          /* value of the first child that succeeded */
    unsigned uncounted GUARDED_BY(tree_lock);   /* children that do not count against the limit */
    int room_fd GUARDED_BY(tree_lock);          /* -1 until asked for */
    bool shows_room GUARDED_BY(tree_lock);      /* room_fd is readable */
    bool by_policy GUARDED_BY(tree_lock);       /* the policy has cancelled it */
    bool body_succeeded GUARDED_BY(tree_lock);  /* the body of scoped_run, which is no success */
    void *body_value GUARDED_BY(tree_lock);     /* its value */
};

/* The timer thread of a tree (timer_thread.h). It is started when it is first needed. */
struct timer_thread {
    void *(*loop)(void *tree);          /* scoped__timer_loop; fixed */
    pthread_t thread;
    bool runs GUARDED_BY(tree_lock);
    bool stops GUARDED_BY(tree_lock);           /* the tree has ended; it does not start again */
};

/* A tree: its root, and what all its nodes share. */
struct tree {
    uint64_t process;                   /* the process that it belongs to; fixed */
    pthread_mutex_t mutex;
    unsigned nodes GUARDED_BY(tree_lock);       /* nodes not freed yet, the root included */
    struct wakeups wakeups GUARDED_BY(tree_lock);  /* sent by scoped__unlock */
    struct agenda agenda;               /* each node whose join is in it has a reference for that */
    struct timer_thread timer_thread;
    struct scope root;
};

/*
 * Returns a new tree's root, which is open and has one reference; NULL: out of memory. `timer_loop`
 * is the main function of the tree's timer thread.
 */
struct node *scoped__tree_new(struct scoped_executor *executor, void *(*timer_loop)(void *tree));

/*
 * Returns whether the node's tree belongs to this process. In a forked process the tree's mutex may
 * be held for ever by a thread that does not exist there, so only the owning process may lock the
 * tree.
 */
bool scoped__node_here(const struct node *node);

/*
 * scoped__unlock sends the queued wake-ups, and frees the tree if its last node has been dropped.
 */
void scoped__lock(struct tree *tree) LOCKS(tree_lock);
void scoped__unlock(struct tree *tree) UNLOCKS(tree_lock);

/* Returns the scope of a node of kind NODE_SCOPE. */
static inline struct scope *scoped__scope(struct node *node)
{
    return (struct scope *)node;
}

/* Locked: returns the first child; NULL: none. */
static inline struct node *scoped__first_child(struct node *node) REQUIRES(tree_lock)
{
    return list_empty(&node->children) ? NULL
                                       : list_entry(node->children.next, struct node, sibling);
}

/*
 * Returns a new node below `parent` with `references` references, not linked yet; NULL: out of
 * memory.
 */
struct node *scoped__node_new(struct node *parent, enum node_kind kind, unsigned references);

/* Before the node is linked: sets its executor, and the cancel mode that goes with it. */
void scoped__node_use(struct node *node, struct scoped_executor *executor);

/* Gives the node, which has none, a spawner. Returns 0 or -ENOMEM. */
int scoped__node_take_id(struct node *node);

/* Called by the node's thread: gives it the node's name, if the thread is the library's. */
void scoped__node_name_thread(const struct node *node);

/*
 * Locked: queues a wake-up for a waiter (NULL: none) or for all in a list. They are sent by
 * scoped__unlock.
 */
void scoped__wake(struct tree *tree, struct waiter *waiter) REQUIRES(tree_lock);
void scoped__wake_all(struct tree *tree, struct list *waiters) REQUIRES(tree_lock);

/* Locked: drops one reference; the last one frees the node. */
void scoped__node_unref(struct node *node) REQUIRES(tree_lock);

/* Unlocked: drops one reference. */
void scoped__node_release(struct node *node) EXCLUDES(tree_lock);

/*
 * Unlocked: creates the eventfd at *fd, which is the node's cancel_fd or done_fd, if there is none,
 * and returns it in *ret_fd. Returns 0 or an errno of eventfd(2).
 */
int scoped__node_event(struct node *node, int *fd, int *ret_fd) EXCLUDES(tree_lock);

/*
 * Locked: each of the three states of a node is changed by one function only. It returns false and
 * changes nothing if the state or event is not legal now.
 */
bool scoped__node_enter(struct node *node, enum node_state state) REQUIRES(tree_lock);
bool scoped__node_join(struct node *node, enum join_event event) REQUIRES(tree_lock);
bool scoped__node_cancel(struct node *node, enum cancel_event event) REQUIRES(tree_lock);

/* Whether the node has been cancelled, and whether its waits are cut short for that. */
static inline bool scoped__node_cancelled(const struct node *node)
{
    return node->cancel != CANCEL_NONE;
}

static inline bool scoped__node_asked(const struct node *node)
{
    return node->cancel >= CANCEL_ASKED;
}

static inline bool scoped__node_forced(const struct node *node)
{
    return node->cancel >= CANCEL_FORCED;
}

/*
 * Locked: sets the thread of a node that has one of its own. Both the thread and its creator call
 * this; the first call counts.
 */
void scoped__node_thread(struct node *node, pthread_t thread) REQUIRES(tree_lock);

/* Locked: is the node done, and its join not claimed? */
static inline bool scoped__node_finished(const struct node *node) REQUIRES(tree_lock)
{
    return node->state == NODE_DONE && node->join == JOIN_UNCLAIMED;
}

/* Locked: moves the node among its siblings to where its states say. */
void scoped__node_place(struct node *node) REQUIRES(tree_lock);

/* Locked: may the scope's limit have one more child? */
bool scoped__scope_has_room(const struct scope *scope) REQUIRES(tree_lock);

/* Locked: makes room_fd readable, or not, as the scope has room now. */
void scoped__scope_show_room(struct scope *scope) REQUIRES(tree_lock);

/* Locked: takes the node out of its parent's children. */
void scoped__node_unlink(struct node *node) REQUIRES(tree_lock);

/* Locked: makes the node a child of its parent. Under a cancelled scope it is cancelled at once. */
void scoped__node_link(struct node *node) REQUIRES(tree_lock);

#endif
