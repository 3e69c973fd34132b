/*
 * pool_helpers.c - pools, calls and functions for the tests of pools
 */
#include "tests/support/pool_helpers.h"

#include <fcntl.h>
#include <forkscope/call.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

procspawn_pool *pool_make(unsigned size)
{
    procspawn_pool *pool = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_new(size, &pool), 0);
    CU_ASSERT_FATAL(pool != NULL);
    return pool;
}

procspawn_pool *pool_build(procspawn_pool_builder *builder)
{
    procspawn_pool *pool = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_builder_build(builder, &pool), 0);
    CU_ASSERT_FATAL(pool != NULL);
    procspawn_pool_builder_free(builder);
    return pool;
}

procspawn_handle *pool_start(procspawn_pool *pool, procspawn_function *function, json_t *argument)
{
    procspawn_handle *handle = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(pool, function, argument, &handle), 0);
    CU_ASSERT_FATAL(handle != NULL);
    json_decref(argument);
    return handle;
}

int pool_spawn_limited(procspawn_pool *pool, int64_t limit, procspawn_function *function,
                       json_t *argument, procspawn_handle **ret_handle)
{
    const struct procspawn_call_options options = { .pool = pool, .total_limit = limit };

    return procspawn_start(&options, function, argument, ret_handle);
}

json_int_t pool_number(procspawn_pool *pool, procspawn_function *function, json_t *argument)
{
    return calls_integer(pool_start(pool, function, argument));
}

void pool_gate_make(struct pool_gate *gate)
{
    strcpy(gate->directory, "/tmp/forkscope.XXXXXX");
    CU_ASSERT_FATAL(mkdtemp(gate->directory) != NULL);
    snprintf(gate->path, sizeof gate->path, "%s/gate", gate->directory);
    CU_ASSERT_FATAL(mkfifo(gate->path, 0666) == 0);
    gate->fd = -1;
}

json_t *pool_gate_name(const struct pool_gate *gate)
{
    return json_string(gate->path);
}

/* Opens the gate: a reader of the FIFO blocks in open(2) until a writer exists. */
void pool_gate_open(struct pool_gate *gate)
{
    gate->fd = open(gate->path, O_RDWR | O_CLOEXEC);
    CU_ASSERT(gate->fd >= 0);
}

void pool_gate_remove(struct pool_gate *gate)
{
    if (gate->fd >= 0)
        close(gate->fd);
    unlink(gate->path);
    rmdir(gate->directory);
}

json_t *pool_wait_at_gate(json_t *path)
{
    int fd = open(json_string_value(path), O_RDONLY | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    return json_integer(getpid());
}

json_t *pool_forty_two(json_t *path)
{
    json_decref(pool_wait_at_gate(path));
    return json_integer(42);
}

json_t *pool_count(json_t *argument)
{
    static int count;

    (void)argument;
    return json_integer(++count);
}

pid_t pool_await_start(procspawn_handle *handle)
{
    int64_t deadline = calls_now() + 20 * CALLS_SECOND;
    pid_t pid = procspawn_pid(handle);

    while (pid == 0 && calls_now() < deadline) {
        poll(NULL, 0, 1);
        pid = procspawn_pid(handle);
    }
    CU_ASSERT(pid > 0);
    return pid;
}

bool pool_await_death(pid_t pid)
{
    struct calls_tree tree = { .count = 0 };

    calls_tree_add(&tree, pid);
    bool dead = calls_tree_left(&tree, 20 * CALLS_SECOND) == 0;
    calls_tree_close(&tree);
    return dead;
}
