#include "tests/support/queue_helpers.h"

struct pool pool;
struct event inside;     /* the child runs */

void queue_set_up(void)
{
    pool_open(&pool, 0);
    inside = event_new();
    root_set_up();
}

void queue_tear_down(void)
{
    root_tear_down();
    event_free(inside);
    pool_close(&pool);
}

int queue_at_once(void *arg)
{
    log_letter(*(const char *)arg);
    return 0;
}

struct scoped_done_receiver *queue_spawn(scoped_spawner where, scoped_leaf_function *function,
                                         void *arg)
{
    struct scoped_parent_signals child;
    CU_ASSERT_FATAL(scoped_spawn_leaf_with_signal(where, function, arg, log_child_done,
                                                  &child) == 0);
    scoped_cancel_sender_forget(child.cancel_sender);
    return child.done_receiver;
}
