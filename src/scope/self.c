/*
 * self.c - what a running task can set and read about itself, and how it cancels what it owns
 */
#include "src/scope/self.h"

#include "src/scope/cancel.h"
#include "src/scope/cancel_tree.h"
#include "src/scope/current.h"
#include "src/scope/spawner.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_BYTES = 1024 };      /* with the end of the string */

int scoped_set_result(void *value)
{
    struct node *task = scoped__activation()->node;
    if (task == NULL)
        return -EPERM;
    scoped__lock(task->tree);
    task->value = value;
    scoped__unlock(task->tree);
    return 0;
}

int scoped_set_name(const char *name)
{
    struct node *task = scoped__activation()->node;
    if (task == NULL)
        return -EPERM;
    scoped__lock(task->tree);
    snprintf(task->name, sizeof task->name, "%s", name);
    scoped__unlock(task->tree);
    scoped__node_name_thread(task);
    return 0;
}

int scoped_notify_started(void)
{
    struct node *task = scoped__activation()->node;
    if (task == NULL)
        return -EPERM;
    scoped__lock(task->tree);
    task->started = true;
    scoped__wake_all(task->tree, &task->waiters);
    scoped__unlock(task->tree);
    return 0;
}

int64_t scoped_ends_at(void)
{
    struct node *task = scoped__activation()->node;
    return task == NULL ? SCOPED_FOREVER : task->deadline;
}

static const struct scoped_binding *find(const struct scoped_binding *bindings, const void *key)
{
    while (bindings != NULL && bindings->key != NULL && bindings->key != key)
        bindings++;
    return bindings == NULL || bindings->key == NULL ? NULL : bindings;
}

void *scoped_lookup(const void *key)
{
    for (struct node *node = scoped__activation()->node; node != NULL; node = node->parent) {
        const struct scoped_binding *found = NULL;
        if (node->kind == NODE_SCOPE)
            found = find(scoped__scope(node)->bindings, key);
        if (found != NULL)
            return found->value;
    }
    return NULL;
}

int scoped_fail(int status, const char *format, ...)
{
    struct node *task = scoped__activation()->node;
    char message[MESSAGE_BYTES] = "";
    va_list arguments;
    va_start(arguments, format);
    if (task != NULL && vsnprintf(message, sizeof message, format, arguments) >= 0)
        scoped__reason_set(&task->reason, status, message, NULL);
    va_end(arguments);
    return status;
}

void scoped__explain(int status, const char *message, struct scoped_detail *detail)
{
    char cut[MESSAGE_BYTES];
    snprintf(cut, sizeof cut, "%s", message);
    scoped__reason_set(&scoped__activation()->node->reason, status, cut, detail);
}

void scoped__hide_arg(void)
{
    scoped__activation()->node->hides_arg = true;
}

bool scoped__was_ended_by_limit(char ret_scope[SCOPED__NAME_BYTES])
{
    struct node *task = scoped__activation()->node;
    scoped__lock(task->tree);
    bool by_limit = task->by_deadline;
    const struct node *parent = task->parent;
    snprintf(ret_scope, SCOPED__NAME_BYTES, "%s", parent->kind == NODE_SCOPE ? parent->name : "");
    scoped__unlock(task->tree);
    return by_limit;
}

int64_t scoped__grace(void)
{
    struct node *task = scoped__activation()->node;
    return task == NULL ? 0 : task->grace;
}

int scoped_cancel(scoped_spawner spawner)
{
    struct node *node;
    int error = scoped__owned(spawner, &node);
    if (error < 0)
        return error;
    scoped__lock(node->tree);
    scoped__cancel(node);
    scoped__unlock(node->tree);
    return 0;
}

bool scoped_cancelled(void)
{
    struct node *task = scoped__activation()->node;
    return task != NULL && scoped__is_cancelled(task);
}

int scoped_cancel_fd(int *ret_fd)
{
    struct node *task = scoped__activation()->node;
    return task == NULL ? -EPERM : scoped__cancel_fd(task, ret_fd);
}
