/*
 * scope.c - opens and closes roots and scopes; limits of children
 */
#include "src/scope/scope.h"

#include "src/base/clock.h"
#include "src/scope/cancel_tree.h"
#include "src/scope/join.h"
#include "src/scope/spawner.h"
#include "src/scope/spawner_id.h"
#include "src/scope/timer_loop.h"
#include "src/scope/timer_thread.h"
#include "src/scope/wait_gone.h"

#include <errno.h>
#include <stdio.h>

/*
 * Applies the options to a node that is not linked. Those that need the timer thread are left to
 * apply_times.
 */
static void apply(struct scope *scope, const struct scoped_options *options)
{
    struct node *node = &scope->node;
    if (options->name != NULL)
        snprintf(node->name, sizeof node->name, "%s", options->name);
    if (options->cancel != SCOPED_CANCEL_INHERITED)
        node->child_mode = options->cancel;
    scoped__node_use(node, options->executor != NULL ? options->executor : node->executor);
    if (options->policy != NULL)
        scope->policy = options->policy;
    if (options->grace > 0)
        node->grace = options->grace;
    scope->on_failure = options->on_failure;
    scope->on_failure_arg = options->on_failure_arg;
    scope->bindings = options->bindings;
    scope->limit = options->max_tasks;
    scope->discards |= options->discard;
}

/*
 * Returns when the options end a scope that is opened now: the earlier of both; BASE_NEVER: they do
 * not. A point that has passed is 1.
 */
static int64_t end_of(const struct scoped_options *options)
{
    int64_t at = options->until != 0 ? options->until : BASE_NEVER;
    int64_t limit = options->time_limit > 0 ? base__deadline(options->time_limit) : BASE_NEVER;
    if (limit < at)
        at = limit;
    return at > 0 ? at : 1;
}

static bool valid(const struct scoped_options *options)
{
    return !base__is_length(options->until) && options->time_limit >= 0 && options->grace >= 0;
}

/*
 * Applies the times to a linked node. An end needs a timer only if it is earlier than the inherited
 * one.
 */
static int apply_times(struct node *node, const struct scoped_options *options)
{
    int64_t at = end_of(options);
    bool earlier = at < node->deadline;
    int error = earlier || options->grace > 0 ? scoped__timer_thread_start(node->tree) : 0;
    if (error == 0 && earlier) {
        scoped__lock(node->tree);
        node->deadline = at;
        scoped__timer_set(node, node->deadline);
        scoped__unlock(node->tree);
    }
    return error;
}

static void init_outcome(struct scope *scope)
    NO_THREAD_SAFETY_ANALYSIS("the scope is not linked yet")
{
    scope->last_failure = &scope->failures;
}

static int open_linked(struct node *node, const struct scoped_options *options,
                       scoped_spawner *ret_spawner)
{
    struct activation *activation = scoped__activation();
    int error = apply_times(node, options);
    if (error == 0)
        error = scoped__node_take_id(node);
    if (error < 0)
        return error;
    node->opened_before = activation->opened;
    activation->opened = node;
    *ret_spawner = node->id;
    return 0;
}

int scoped_spawner_open_with(const struct scoped_options *options, scoped_spawner *ret_root)
{
    static const struct scoped_options none;
    if (options == NULL)
        options = &none;
    if (!valid(options))
        return -EINVAL;
    struct scoped_executor *executor = options->executor != NULL ? options->executor
                                                                 : scoped_thread_executor();
    struct node *root = scoped__tree_new(executor, scoped__timer_loop);
    if (root == NULL)
        return -ENOMEM;
    apply(scoped__scope(root), options);
    int error = open_linked(root, options, ret_root);
    if (error < 0) {
        scoped__timer_thread_stop(root->tree);
        scoped__node_release(root);
    }
    return error;
}

int scoped_spawner_open(struct scoped_executor *executor, scoped_spawner *ret_root)
{
    struct scoped_options options = { .executor = executor };
    return scoped_spawner_open_with(&options, ret_root);
}

static void drop(struct node *scope)
{
    struct tree *tree = scope->tree;
    scoped__lock(tree);
    scoped__set_gone(scope);
    scoped__unlock(tree);
}

/* Opens a scope below a node, in the calling activation. */
static int open_below(struct node *parent, const struct scoped_options *options,
                      scoped_spawner *ret_scope)
{
    struct node *node = scoped__node_new(parent, NODE_SCOPE, 1);
    if (node == NULL)
        return -ENOMEM;
    struct scope *scope = scoped__scope(node);
    scope->policy = &scoped_collect;
    init_outcome(scope);
    apply(scope, options);
    scoped__lock(node->tree);
    scoped__node_enter(node, NODE_RUNNING);
    scoped__node_link(node);
    scoped__unlock(node->tree);
    int error = open_linked(node, options, ret_scope);
    if (error < 0)
        drop(node);
    return error;
}

int scoped_scope_open(scoped_spawner spawner, const struct scoped_options *options,
                      scoped_spawner *ret_scope)
{
    static const struct scoped_options none;
    struct node *parent;
    if (options == NULL)
        options = &none;
    if (!valid(options))
        return -EINVAL;
    int error = scoped__parent(spawner, &parent);
    return error < 0 ? error : open_below(parent, options, ret_scope);
}

/* A task that is ending takes no more children: what it runs then is a tree of its own. */
int scoped__scope_of_run(const struct scoped_options *options, struct node **ret_scope)
{
    struct activation *activation = scoped__activation();
    struct node *task = activation->node;
    scoped_spawner spawner;
    if (!valid(options))
        return -EINVAL;
    int error = task != NULL && task->state == NODE_RUNNING
                    ? open_below(task, options, &spawner)
                    : scoped_spawner_open_with(options, &spawner);
    if (error < 0)
        return error;
    *ret_scope = activation->opened;
    scoped__scope(*ret_scope)->discards = options->discard;
    return 0;
}

/*
 * Copied under the lock: a cancel sender or the deadline may still cancel the scope while its
 * policy reads the progress.
 */
static struct scoped_progress progress_of(struct scope *scope)
{
    scoped__lock(scope->node.tree);
    struct scoped_progress progress = scope->progress;
    scoped__unlock(scope->node.tree);
    return progress;
}

static int status_of(const struct scope *scope, const struct scoped_progress *progress)
{
    struct wait section = scoped__uncancelled_begin();
    int status = scope->policy->outcome(scope->policy, progress);
    scoped__uncancelled_end(section);
    return status;
}

static void take_outcome(struct scope *scope, struct scoped_outcome *ret_outcome)
    NO_THREAD_SAFETY_ANALYSIS("all tasks of the scope are gone")
{
    struct scoped_progress progress = progress_of(scope);
    struct scoped_outcome outcome = {
        .status = status_of(scope, &progress),
        .succeeded = progress.succeeded + scope->body_succeeded,
        .failed = progress.failed,
        .cancelled = progress.cancelled,
        .result = progress.succeeded > 0 ? scope->value : scope->body_value,
        .failures = scope->failures,
        .omitted = progress.failed,
        .timed_out = progress.timed_out,
    };
    for (const struct scoped_failure *failure = outcome.failures; failure; failure = failure->next)
        outcome.omitted--;
    *ret_outcome = outcome;
}

/*
 * Takes an empty scope out of the activation, releases its spawner, writes its outcome, and drops
 * it.
 */
static void forget(struct activation *activation, struct node *scope,
                   struct scoped_outcome *ret_outcome)
{
    struct node **place = &activation->opened;
    while (*place != scope)
        place = &(*place)->opened_before;
    *place = scope->opened_before;
    scoped__spawner_id_release(scope->id);
    take_outcome(scoped__scope(scope), ret_outcome);
    if (scope->parent == NULL)
        scoped__timer_thread_stop(scope->tree);
    drop(scope);
}

int scoped__outcome_hand_out(struct scoped_outcome *outcome, struct scoped_outcome *ret_outcome)
{
    int status = outcome->status;
    if (ret_outcome != NULL)
        *ret_outcome = *outcome;
    else
        scoped_outcome_fini(outcome);
    return status;
}

static bool was_cut_short(const struct scope *scope)
    NO_THREAD_SAFETY_ANALYSIS("all tasks of the scope are gone")
{
    return scope->progress.cancelled > 0 && scoped__node_cancelled(&scope->node) &&
           !scope->node.by_deadline && !scope->by_policy;
}

void scoped__scope_forget(struct node *scope, struct scoped_outcome *ret_outcome)
{
    bool cut_short = was_cut_short(scoped__scope(scope));
    forget(scoped__activation(), scope, ret_outcome);
    if (cut_short && ret_outcome->status == 0)
        ret_outcome->status = -ECANCELED;
}

void scoped__scope_end(struct activation *activation)
{
    struct scoped_outcome outcome;
    scoped__wait_children(SCOPED_UNCANCELLED, activation->opened, 0, BASE_NEVER);
    forget(activation, activation->opened, &outcome);
    scoped__outcome_hand_out(&outcome, NULL);
}

static bool is_within(const struct node *node, const struct node *scope)
{
    while (node != NULL && node != scope)
        node = node->parent;
    return node != NULL;
}

/* Returns the one that was opened last of a scope and the scopes inside of it. */
static struct node *last_opened(const struct activation *activation, const struct node *scope)
{
    struct node *opened = activation->opened;
    while (!is_within(opened, scope))
        opened = opened->opened_before;
    return opened;
}

/* Waits for a scope and those inside of it, the inner ones first, and closes them. */
static int close_all(struct wait wait, struct node *top, int64_t until,
                     struct scoped_outcome *ret_outcome)
{
    struct activation *activation = scoped__activation();
    struct node *scope;
    do {
        scope = last_opened(activation, top);
        int error = scoped__wait_children(wait, scope, 0, until);
        if (error < 0)
            return error;
        struct scoped_outcome outcome;
        forget(activation, scope, &outcome);
        scoped__outcome_hand_out(&outcome, scope == top ? ret_outcome : NULL);
    } while (scope != top);
    return 0;
}

/* Waits, and closes. No status of a task must be mistaken for a scope that is still open. */
static int wait_and_close(struct node *scope, int64_t until, struct scoped_outcome *ret_outcome)
{
    struct scoped_outcome outcome = { 0 };
    struct wait wait = scoped__wait_begin();
    int error = scoped__wait_end(wait, close_all(wait, scope, until, &outcome));
    if (error == -ETIMEDOUT || error == -ECANCELED)
        return SCOPED_ERUNNING;
    return error < 0 ? error : scoped__outcome_hand_out(&outcome, ret_outcome);
}

/* Finds the scope or root that the caller may close. */
static int find(scoped_spawner spawner, int64_t until, struct node **ret_scope)
{
    if (base__is_length(until))
        return -EINVAL;
    int error = scoped__owned(spawner, ret_scope);
    const struct node *task = scoped__activation()->node;
    bool is_its_body = error == 0 && task != NULL && task->body_of == *ret_scope;
    return error == 0 && ((*ret_scope)->kind != NODE_SCOPE || is_its_body) ? -EINVAL : error;
}

int scoped_cancel_close(scoped_spawner spawner, int64_t until, struct scoped_outcome *ret_outcome)
{
    struct node *scope;
    int error = find(spawner, until, &scope);
    if (error < 0)
        return error;
    scoped__lock(scope->tree);
    scoped__cancel(scope);
    scoped__unlock(scope->tree);
    return wait_and_close(scope, until, ret_outcome);
}

static bool has_scope_inside(const struct node *scope)
{
    const struct node *inner = scoped__activation()->opened;
    while (inner != NULL && inner->parent != scope)
        inner = inner->opened_before;
    return inner != NULL;
}

int scoped_close(scoped_spawner spawner, int64_t until, struct scoped_outcome *ret_outcome)
{
    struct node *scope;
    int error = find(spawner, until, &scope);
    if (error < 0)
        return error;
    return has_scope_inside(scope) ? SCOPED_EOPEN : wait_and_close(scope, until, ret_outcome);
}

/* Returns the largest child count that leaves room for one more. */
static unsigned most_children(struct node *node)
{
    struct scope *scope = scoped__scope(node);
    scoped__lock(node->tree);
    unsigned most = scope->limit - 1 + scope->uncounted;
    scoped__unlock(node->tree);
    return most;
}

/* The answer stays true: only the owner, which is the caller, adds children. */
static bool has_room(struct node *node)
{
    if (node->kind != NODE_SCOPE || scoped__scope(node)->limit == 0)
        return true;
    scoped__lock(node->tree);
    bool has_room = scoped__scope_has_room(scoped__scope(node));
    scoped__unlock(node->tree);
    return has_room;
}

/*
 * Unlocked, called by the owner: waits until the node's limit allows another child. If it does
 * already, there is no wait, and so no cancellation point.
 */
static int wait_room(struct node *node, int64_t deadline) EXCLUDES(tree_lock)
{
    if (has_room(node))
        return 0;
    struct wait wait = scoped__wait_begin();
    int error = scoped__wait_children(wait, node, most_children(node), deadline);
    return scoped__wait_end(wait, error);
}

int scoped_scope_wait_room_until(scoped_spawner spawner, int64_t until)
{
    struct node *scope;
    if (base__is_length(until))
        return -EINVAL;
    int error = scoped__owned(spawner, &scope);
    return error < 0 ? error : wait_room(scope, until);
}

/* Those that are done already are joined by the timer thread; later ones, when they are done. */
static void join_finished(struct node *scope) REQUIRES(tree_lock)
{
    for (struct list *item = scope->children.next; item != &scope->children; item = item->next) {
        struct node *child = list_entry(item, struct node, sibling);
        if (scoped__node_finished(child))
            scoped__join_later(child);
    }
}

int scoped_scope_room_fd(scoped_spawner spawner, int *ret_fd)
{
    struct node *node;
    int error = scoped__owned(spawner, &node);
    if (error == 0 && node->kind != NODE_SCOPE)
        error = -EINVAL;
    if (error == 0)
        error = scoped__timer_thread_start(node->tree);
    if (error < 0)
        return error;
    struct scope *scope = scoped__scope(node);
    error = scoped__node_event(node, &scope->room_fd, ret_fd);
    if (error < 0)
        return error;
    scoped__lock(node->tree);
    scope->shows_room = false;
    scoped__scope_show_room(scope);
    join_finished(node);
    scoped__unlock(node->tree);
    return 0;
}

int scoped__parent_with_room(scoped_spawner spawner, struct node **ret_parent)
{
    int error = scoped__parent(spawner, ret_parent);
    return error < 0 ? error : wait_room(*ret_parent, SCOPED_FOREVER);
}
