/*
 * attack.c - calls hostile functions in all ways, and ends them
 */
#include "tests/hostile/attack.h"

#include "src/base/clock.h"
#include "tests/hostile/call.h"
#include "tests/hostile/innocent.h"
#include "tests/hostile/mark.h"
#include "tests/hostile/use.h"
#include "tests/support/closed.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/tree.h>
#include <poll.h>
#include <signal.h>

static void rest(struct random *random, unsigned most_ms)
{
    poll(NULL, 0, (int)random_length(random, most_ms));
}

/* ---- one by one ---- */

static void join_and_wait(struct random *random, struct call *call)
{
    call_join_to_end(random, call, TIMED_JOIN);
    call_wait(call);
}

static void wait_and_join(struct random *random, struct call *call)
{
    call_wait(call);
    call_join_to_end(random, call, TIMED_JOIN);
}

static void kill_and_join(struct random *random, struct call *call)
{
    rest(random, 100);
    call_end(call, SIGKILL, 0);
    join_and_wait(random, call);
}

static void terminate_and_join(struct random *random, struct call *call)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGUSR1, SIGSTOP };

    rest(random, 50);
    call_end(call, signals[random_below(random, 4)], (int64_t)random_length(random, 100) * MS);
    join_and_wait(random, call);
}

static void look_and_join(struct random *random, struct call *call)
{
    for (unsigned i = random_below(random, 20); i > 0 && !call->ended; i--)
        call_join(random, call, 0, TIMED_JOIN);
    rest(random, 200);
    join_and_wait(random, call);
}

static void detach(struct random *random, struct call *call)
{
    rest(random, 50);
    if (random_one_in(random, 2))
        call_join(random, call, (int64_t)random_length(random, 50) * MS, TIMED_JOIN);
}

void attack_plainly(uint64_t seed, int64_t until)
{
    typedef void treat(struct random *random, struct call *call);
    static treat *const ways[] = { join_and_wait, wait_and_join, kill_and_join, terminate_and_join,
                                   look_and_join, detach };
    struct random random = { seed };
    struct call call;

    while (base__now() < until) {
        if (!call_start(&random, &call, NULL))
            continue;
        ways[random_below(&random, sizeof ways / sizeof ways[0])](&random, &call);
        call_free(&call);
    }
}

/* ---- in scopes ---- */

enum { SCOPED = 4 };

static bool start_in_scope(struct random *random, scoped_spawner scope, struct call *call)
{
    int64_t deadline = call_deadline(random);
    procspawn_builder *builder = call_builder(random, deadline);

    json_t *argument = call_argument(random, call, ACT_ENDS_ANYHOW, NULL);
    procspawn_builder_grace(builder, (int64_t)random_length(random, 50) * MS);
    timed_begin(0, "the start of %s in a scope", act_at(call->act)->name);
    int rc = scoped_procspawn(scope, builder, act_function, argument, &call->handle);
    timed_end(TIMED_SPAWN);
    json_decref(argument);
    procspawn_builder_free(builder);
    return call_started(call, rc, deadline);
}

static void close_scope(scoped_spawner root, const char *among)
{
    timed_begin(0, "the close of a scope with %s", among);
    int rc = close_whatever(root, forkscope_after(2 * TIMED_LATE));
    timed_end(TIMED_CLOSE);
    if (rc < 0)
        ledger_wrong(CLAIM_ENDS, "the close of a scope with %s: %s", among,
                     forkscope_strerror(rc));
}

static void use_scope(struct random *random, scoped_spawner root)
{
    struct call calls[SCOPED];
    unsigned count = 0;

    for (unsigned i = 1 + random_below(random, SCOPED); i > 0; i--)
        count += start_in_scope(random, root, &calls[count]);
    if (random_one_in(random, 2))
        rest(random, 200);
    for (unsigned i = 0; i < count; i++) {
        if (random_one_in(random, 2))
            call_join_to_end(random, &calls[i], TIMED_JOIN);
    }
    close_scope(root, count > 0 ? act_at(calls[0].act)->name : "nothing");
    for (unsigned i = 0; i < count; i++) {
        if (!calls[i].ended)
            call_join_to_end(random, &calls[i], TIMED_JOIN);
        call_free(&calls[i]);
    }
}

void attack_in_scopes(uint64_t seed, int64_t until)
{
    struct random random = { seed };
    scoped_spawner root;

    while (base__now() < until) {
        int rc = scoped_spawner_open(NULL, &root);
        if (rc == 0)
            use_scope(&random, root);
        else
            ledger_wrong(CLAIM_ENDS, "no scope: %s", forkscope_strerror(rc));
    }
}

/* ---- in pools ---- */

enum { POOLED = 8 };

procspawn_pool *attack_pool(struct random *random, uid_t user)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1 + random_below(random, 3));
    procspawn_pool *pool = NULL;

    mark_builder(procspawn_pool_builder_process(builder));
    procspawn_pool_builder_disable_stdout(builder);
    procspawn_pool_builder_disable_stderr(builder);
    if (settings->aliens) {
        procspawn_pool_builder_uid(builder, user);
        procspawn_pool_builder_gid(builder, user);
    }
    int rc = procspawn_pool_builder_build(builder, &pool);
    procspawn_pool_builder_free(builder);
    if (rc < 0)
        ledger_wrong(CLAIM_ENDS, "no pool: %s", forkscope_strerror(rc));
    return pool;
}

static void close_pool(struct random *random, procspawn_pool *pool)
{
    int rc = 0;

    timed_begin(0, "the end of a pool");
    if (random_one_in(random, 2))
        procspawn_pool_kill(pool);
    else
        rc = procspawn_pool_shutdown_timeout(pool, 2 * TIMED_LATE);
    procspawn_pool_free(pool);
    timed_end(TIMED_POOL_END);
    if (rc < 0)
        ledger_wrong(CLAIM_ENDS, "the end of a pool: %s", forkscope_strerror(rc));
}

static bool start_in_pool(struct random *random, procspawn_pool *pool, enum act_manner manner,
                          struct call *call)
{
    int64_t deadline = call_deadline(random);
    const struct procspawn_call_options options = { .pool = pool, .total_limit = deadline };

    json_t *argument = call_argument(random, call, manner, NULL);
    timed_begin(0, "the start of %s in a pool", act_at(call->act)->name);
    int rc = procspawn_start(&options, act_function, argument, &call->handle);
    timed_end(TIMED_SPAWN);
    json_decref(argument);
    return call_started(call, rc, deadline);
}

static void use_pool(struct random *random, procspawn_pool *pool)
{
    struct call calls[POOLED];
    unsigned count = 0;

    for (unsigned i = 1 + random_below(random, POOLED); i > 0; i--)
        count += start_in_pool(random, pool, ACT_ENDS_ANYHOW, &calls[count]);
    for (unsigned i = 0; i < count; i++) {
        if (random_one_in(random, 4))
            call_end(&calls[i], SIGKILL, 0);
        if (random_one_in(random, 4))
            call_end(&calls[i], SIGTERM, (int64_t)random_length(random, 50) * MS);
        if (!random_one_in(random, 4))
            call_join_to_end(random, &calls[i], TIMED_POOL_JOIN);
        call_free(&calls[i]);
    }
}

void attack_in_pools(uint64_t seed, int64_t until)
{
    struct random random = { seed };

    while (base__now() < until) {
        procspawn_pool *pool = attack_pool(&random, call_user(&random));
        for (unsigned i = 1 + random_below(&random, 4); pool && i > 0; i--)
            use_pool(&random, pool);
        if (pool)
            close_pool(&random, pool);
    }
}

/* ---- beside innocent calls ---- */

static void check_innocent(procspawn_handle *handle, const json_t *expected)
{
    procspawn_error *error = NULL;
    json_t *result = NULL;

    timed_begin(0, "an innocent call in a mixed pool");
    int rc = procspawn_join_timeout(handle, 2 * TIMED_LATE, &result, &error);
    timed_end(TIMED_MIXED_CALL);
    if (rc == PROCSPAWN_ECALL)
        ledger_wrong(CLAIM_INNOCENT, "a call in a mixed pool: %.150s",
                     procspawn_error_message(error));
    else if (rc < 0 || !json_equal(result, expected))
        ledger_wrong(CLAIM_INNOCENT, "a call in a mixed pool: %s",
                     rc < 0 ? forkscope_strerror(rc) : "another result");
    json_decref(result);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
}

/* Each hostile call costs its worker, and nothing else. */
static void use_mixed_pool(struct random *random, procspawn_pool *pool)
{
    enum { INNOCENT = 3 };
    struct call call;
    procspawn_handle *handles[INNOCENT];
    json_t *value = json_integer((json_int_t)(random_draw(random) >> 1));
    int started = 0;
    bool hostile = start_in_pool(random, pool, ACT_BESIDE_INNOCENTS, &call);

    while (started < INNOCENT &&
           procspawn_pool_spawn(pool, innocent_function, value, &handles[started]) == 0)
        started++;
    if (started < INNOCENT)
        ledger_wrong(CLAIM_INNOCENT, "a call in a mixed pool is refused");
    for (int i = 0; i < started; i++)
        check_innocent(handles[i], value);
    json_decref(value);
    if (hostile) {
        call_join_to_end(random, &call, TIMED_POOL_JOIN);
        call_free(&call);
    }
}

void attack_in_mixed_pools(uint64_t seed, int64_t until)
{
    enum { USER = 61200 };
    struct random random = { seed };

    while (base__now() < until) {
        procspawn_pool *pool = attack_pool(&random, USER);
        for (unsigned i = 1 + random_below(&random, 10); pool && i > 0; i--)
            use_mixed_pool(&random, pool);
        if (pool)
            close_pool(&random, pool);
    }
}

/* ---- with a channel ---- */

/* False at the end of the channel. */
static bool receive(struct random *random, procspawn_receiver *receiver, const struct call *call)
{
    int64_t timeout = (int64_t)random_length(random, 50) * MS;
    const char *name = act_at(call->act)->name;
    json_t *value = NULL;

    timed_begin(timeout, "a receipt from %s within %d ms", name, (int)(timeout / MS));
    int rc = procspawn_receiver_recv_timeout(receiver, timeout, &value);
    timed_end(TIMED_RECEIVE);
    use_value(random, value, name);
    json_decref(value);
    return rc != -EPIPE;
}

static void hear(struct random *random, procspawn_receiver *receiver, struct call *call)
{
    enum { MOST = 100 };

    for (int i = 0; i < MOST && receive(random, receiver, call); i++)
        continue;
    call_join_to_end(random, call, TIMED_JOIN);
    call_wait(call);
    call_free(call);
}

void attack_by_channels(uint64_t seed, int64_t until)
{
    struct random random = { seed };
    struct call call;

    while (base__now() < until) {
        procspawn_sender *sender;
        procspawn_receiver *receiver;
        int rc = procspawn_channel_new(&sender, &receiver);
        if (rc < 0) {
            ledger_wrong(CLAIM_ENDS, "no channel: %s", forkscope_strerror(rc));
            continue;
        }
        bool started = call_start(&random, &call, sender);
        procspawn_sender_free(sender);
        if (started)
            hear(&random, receiver, &call);
        timed_begin(0, "free of the receiver of %s", act_at(call.act)->name);
        procspawn_receiver_free(receiver);
        timed_end(TIMED_FREE);
    }
}
