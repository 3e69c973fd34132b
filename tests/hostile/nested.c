/*
 * nested.c - acts that have hostile children of their own
 */
#include "tests/hostile/act.h"

#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "tests/hostile/settings.h"
#include "tests/hostile/raw.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/tree.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEEPEST = 2 };

static json_t *draw_argument(struct random *random)
{
    return act_argument(random, act_draw(random), act_manner(), act_depth() + 1, NULL);
}

static int start(struct random *random, procspawn_handle **ret_handle)
{
    if (act_depth() >= DEEPEST)
        return -EAGAIN;
    json_t *argument = draw_argument(random);
    int rc = procspawn(act_function, argument, ret_handle);
    json_decref(argument);
    return rc;
}

static void join(procspawn_handle *handle, int64_t patience)
{
    json_t *result = NULL;
    procspawn_error *error = NULL;

    procspawn_join_timeout(handle, patience, &result, &error);
    json_decref(result);
    procspawn_error_free(error);
}

static void call_and_join(struct random *random)
{
    procspawn_handle *handle;

    if (start(random, &handle) < 0)
        return;
    join(handle, (int64_t)random_below(random, 100) * MS);
    if (random_one_in(random, 2))
        procspawn_kill(handle);
    if (random_one_in(random, 2))
        procspawn_handle_free(handle);
}

static void call_many(struct random *random)
{
    unsigned count = random_one_in(random, 6) ? 80 : 8;
    procspawn_handle *handle;

    for (unsigned i = random_below(random, count); i > 0 && start(random, &handle) == 0; i--) {
        if (random_one_in(random, 4))
            procspawn_handle_free(handle);
    }
}

/* What that child sends is read by no process then. */
static void return_channel(struct random *random)
{
    procspawn_handle *handle;

    if (start(random, &handle) < 0)
        return;
    act_pause(random, 30);
    act_set_result(json_pack("[o]", procspawn_value_fd(procspawn_fd(handle))));
}

static json_t *fill_channel(json_t *unused)
{
    struct wire_value value = { .generation = 77 };

    while (raw_frame(raw_channel(), WIRE_VALUE, &value, sizeof value, NULL, 0) == 0)
        continue;
    return json_incref(unused);
}

static void be_told_much(struct random *random)
{
    procspawn_handle *handle;

    if (procspawn(fill_channel, NULL, &handle) < 0)
        return;
    act_pause(random, 30);
    if (random_one_in(random, 2))
        act_set_result(json_pack("[o]", procspawn_value_fd(procspawn_fd(handle))));
}

/* The fork has the sockets of its parent, and another process id. */
static void call_in_fork(struct random *random)
{
    procspawn_handle *handle;

    if (fork() != 0)
        return;
    if (start(random, &handle) == 0)
        join(handle, 100 * MS);
    act_hang();
}

static void call_and_fork(struct random *random)
{
    procspawn_handle *handle;

    if (start(random, &handle) < 0)
        return;
    if (fork() == 0)
        setsid();
    join(handle, 100 * MS);
}

static void use_pool(struct random *random)
{
    procspawn_handle *handle;
    procspawn_pool *pool;

    if (act_depth() >= DEEPEST || procspawn_pool_new(1 + random_below(random, 3), &pool) < 0)
        return;
    for (unsigned i = random_below(random, 8); i > 0; i--) {
        const struct procspawn_call_options options = { .pool = pool, .total_limit = 100 * MS };
        json_t *argument = draw_argument(random);
        if (procspawn_start(&options, act_function, argument, &handle) == 0 &&
            random_one_in(random, 2))
            join(handle, 50 * MS);
        json_decref(argument);
    }
    if (random_one_in(random, 2))
        procspawn_pool_free_timeout(pool, 100 * MS);
}

static void use_scope(struct random *random)
{
    scoped_spawner root;

    if (act_depth() >= DEEPEST || procspawn_scope_root(&root) < 0)
        return;
    for (unsigned i = random_below(random, 4); i > 0; i--) {
        json_t *argument = draw_argument(random);
        scoped_procspawn(root, NULL, act_function, argument, NULL);
        json_decref(argument);
    }
}

const struct act act_of_nested[] = {
    { .name = "nested", .run = call_and_join },
    { .name = "nested_many", .run = call_many },
    { .name = "nested_channel_given_away", .run = return_channel },
    { .name = "nested_full_channel", .run = be_told_much },
    { .name = "nested_in_fork", .run = call_in_fork },
    { .name = "nested_then_fork", .run = call_and_fork },
    { .name = "nested_pool", .run = use_pool },
    { .name = "nested_scope", .run = use_scope },
    { 0 },
};
