#include "src/scope/root.h"

#include "src/base/clock.h"
#include "src/scope/cancel.h"
#include "src/scope/join.h"
#include "src/scope/slot.h"

#include <errno.h>

int scoped_spawner_open(struct scoped_executor *executor, scoped_spawner *ret_root)
{
    struct frame *frame = scoped__frame();
    struct node *root = scoped__tree_new(executor == NULL ? scoped_thread_executor() : executor);
    if (root == NULL)
        return -ENOMEM;
    if (scoped__node_name(root) < 0) {
        scoped__node_release(root);
        return -ENOMEM;
    }
    root->opened_before = frame->opened;
    frame->opened = root;
    *ret_root = root->id;
    return 0;
}

/* Out of the frame's list, and no more a spawner. */
static void forget(struct frame *frame, struct node *scope)
{
    struct node **place = &frame->opened;
    while (*place != scope)
        place = &(*place)->opened_before;
    *place = scope->opened_before;
    scoped__slot_release(scope->id);
    scoped__node_release(scope);
}

void scoped__scope_end(struct frame *frame)
{
    scoped__wait_children(SCOPED_UNCANCELLED, frame->opened, BASE_NEVER);
    forget(frame, frame->opened);
}

int scoped_spawner_close(scoped_spawner spawner, int64_t deadline)
{
    struct node *root;
    int error = scoped__owned(spawner, &root);
    if (error < 0)
        return error;
    if (root->parent != NULL)
        return -EINVAL;
    scoped__lock(root->tree);
    scoped__cancel(root);
    scoped__unlock(root->tree);
    struct wait wait = scoped__wait_begin();
    error = scoped__wait_children(wait, root, deadline);
    if (error == 0)
        forget(scoped__frame(), root);
    return scoped__wait_end(wait, error);
}
