/*
 * failure.c - describes a failed task, reports it to the scope that listens, and applies the
 * scope's policy
 */
#include "src/scope/failure.h"

#include "src/scope/cancel_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool was_cancelled(const struct node *node, int status)
{
    return status == -ECANCELED && node->was_cancelled;
}

/* Else a waiter that gets it from scoped_task_join would take the task for one that still runs. */
int scoped__end_status(const struct node *node, int status)
{
    if (status != SCOPED_ERUNNING)
        return status;
    return node->was_cancelled ? -ECANCELED : -ETIMEDOUT;
}

static const char *name_of(const struct node *node) REQUIRES(tree_lock)
{
    static const char *const names[] = {
        [NODE_TASK] = "task", [NODE_LEAF] = "task", [NODE_SCOPE] = "scope", [NODE_RAW] = "task"
    };
    if (node->name[0] != '\0')
        return node->name;
    return node->parent == NULL ? "root" : names[node->kind];
}

static size_t path_length(const struct node *node) REQUIRES(tree_lock)
{
    size_t length = 0;
    for (; node != NULL; node = node->parent)
        length += strlen(name_of(node)) + 1;
    return length;
}

/* Writes the path backwards, from the node up to its root. */
static void write_path(const struct node *node, char *end) REQUIRES(tree_lock)
{
    *--end = '\0';
    for (; node != NULL; node = node->parent) {
        size_t length = strlen(name_of(node));
        end -= length;
        memcpy(end, name_of(node), length);
        if (node->parent != NULL)
            *--end = '/';
    }
}

/* What the task said of another status does not count. */
static const char *message_of(const struct node *node, int status)
{
    const struct reason *reason = &node->reason;
    return reason->status == status && reason->message != NULL ? reason->message : "";
}

static struct scoped_detail *take_detail(struct node *node, int status)
{
    struct reason *reason = &node->reason;
    struct scoped_detail *detail = reason->status == status ? reason->detail : NULL;
    if (detail != NULL)
        reason->detail = NULL;
    return detail;
}

/* Allocates the structure and its strings as one block. Locked, since names may change. */
static struct scoped_failure *describe(struct node *node, int status) REQUIRES(tree_lock)
{
    const char *said = message_of(node, status);
    size_t length = path_length(node);
    struct scoped_failure *failure = malloc(sizeof *failure + sizeof node->name + length +
                                            strlen(said) + 1);
    if (failure == NULL)
        return NULL;
    char *name = (char *)(failure + 1), *path = name + sizeof node->name, *message = path + length;
    memcpy(name, node->name, sizeof node->name);
    write_path(node, path + length);
    memcpy(message, said, strlen(said) + 1);
    *failure = (struct scoped_failure){ .status = status, .name = name, .path = path,
                                        .message = message, .detail = take_detail(node, status),
                                        .arg = node->hides_arg ? NULL : node->arg };
    return failure;
}

static void free_failure(const struct scoped_failure *failure)
{
    struct scoped_detail *detail = (struct scoped_detail *)failure->detail;
    if (detail != NULL)
        detail->free(detail);
    free((void *)failure);
}

static struct scope *listener(const struct node *node)
{
    struct node *above = node->parent;
    while (above != NULL && (above->kind != NODE_SCOPE || !scoped__scope(above)->on_failure))
        above = above->parent;
    return above == NULL ? NULL : scoped__scope(above);
}

static bool is_kept(const struct node *node)
{
    return node->parent->kind == NODE_SCOPE && !scoped__scope(node->parent)->discards;
}

struct scoped_failure *scoped__failure_new(struct node *node, int status)
{
    if (status >= 0 || was_cancelled(node, status))
        return NULL;
    struct scope *hears = listener(node);
    if (hears == NULL && !is_kept(node))
        return NULL;
    scoped__lock(node->tree);
    struct scoped_failure *failure = describe(node, status);
    scoped__unlock(node->tree);
    if (failure != NULL && hears != NULL)
        hears->on_failure(failure, hears->on_failure_arg);
    if (failure == NULL || is_kept(node))
        return failure;
    free_failure(failure);
    return NULL;
}

static void count(struct scope *scope, const struct node *node, int status) REQUIRES(tree_lock)
{
    struct scoped_progress *progress = &scope->progress;
    if (status >= 0 && node->body_of != NULL) {
        scope->body_succeeded = true;
        scope->body_value = node->value;
    } else if (status >= 0) {
        if (progress->succeeded++ == 0)
            scope->value = node->value;
    } else if (was_cancelled(node, status)) {
        progress->cancelled++;
        progress->timed_out |= node->by_deadline;
    } else if (progress->failed++ == 0) {
        progress->first_failure = status;
    }
}

void scoped__failure_judge(struct node *node, int status, struct scoped_failure *failure)
{
    if (node->parent->kind != NODE_SCOPE)
        return;
    struct scope *scope = scoped__scope(node->parent);
    count(scope, node, status);
    if (failure != NULL) {
        *scope->last_failure = failure;
        scope->last_failure = (struct scoped_failure **)&failure->next;
    }
    if (scope->policy->ended == NULL || (status >= 0 && node->body_of != NULL) ||
        !scope->policy->ended(scope->policy, &scope->progress, status))
        return;
    scope->by_policy |= !scoped__node_cancelled(&scope->node);
    scoped__cancel(&scope->node);
}

void scoped_outcome_fini(struct scoped_outcome *outcome)
{
    if (outcome == NULL)
        return;
    const struct scoped_failure *failure;
    while ((failure = outcome->failures) != NULL) {
        outcome->failures = failure->next;
        free_failure(failure);
    }
}
