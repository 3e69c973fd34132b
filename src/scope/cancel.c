#include "src/scope/cancel.h"

#include "src/base/thread.h"
#include "src/scope/frame.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* write(2) is a cancellation point, and the caller holds the tree's mutex. */
static void raise_fd(int fd)
{
    if (fd < 0)
        return;
    bool was_on = base__cancelable(false);
    eventfd_write(fd, 1);
    base__cancelable(was_on);
}

static void cancel_one(struct node *node)
{
    if (node->cancelled)
        return;
    node->cancelled = true;
    raise_fd(node->cancel_fd);
    scoped__wake(node->tree, node->parked);
    if (node->mode == CANCEL_FORCED && node->kind != NODE_SCOPE && node->state == NODE_RUNNING) {
        node->forced = true;
        pthread_cancel(node->thread);
    }
}

/*
 * The node behind `node` on a walk through the scopes below `top`; tasks cancel their children
 * themselves.
 */
static struct node *next_below(struct node *top, struct node *node)
{
    if ((node == top || node->kind == NODE_SCOPE) && !list_empty(&node->children))
        return list_entry(node->children.next, struct node, sibling);
    while (node != top && node->sibling.next == &node->parent->children)
        node = node->parent;
    return node == top ? NULL : list_entry(node->sibling.next, struct node, sibling);
}

void scoped__cancel_children(struct node *node)
{
    struct node *below = node;
    while ((below = next_below(node, below)) != NULL)
        cancel_one(below);
}

void scoped__cancel(struct node *node)
{
    cancel_one(node);
    if (node->kind == NODE_SCOPE)
        scoped__cancel_children(node);
}

int scoped__cancel_fd(struct node *node, int *ret_fd)
{
    scoped__lock(node->tree);
    int error = 0;
    if (node->cancel_fd < 0) {
        node->cancel_fd = eventfd(node->cancelled, EFD_CLOEXEC | EFD_NONBLOCK);
        error = node->cancel_fd < 0 ? -errno : 0;
    }
    int fd = node->cancel_fd;
    scoped__unlock(node->tree);
    if (error == 0)
        *ret_fd = fd;
    return error;
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
    struct node *task = scoped__frame()->node;
    return task != NULL && task->cancelled;
}

int scoped_cancel_fd(int *ret_fd)
{
    struct node *task = scoped__frame()->node;
    return task == NULL ? -EPERM : scoped__cancel_fd(task, ret_fd);
}
