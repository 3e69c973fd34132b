/*
 * bare_pool.c - a pool without thread, descriptors and processes, for tests of its logic
 */
#include "tests/support/bare_pool.h"

#include "src/base/list.h"
#include "src/call/outcome.h"
#include "src/call/request.h"
#include "src/error/error.h"
#include "src/pool/handle.h"
#include "src/pool/lifetime.h"
#include "src/pool/schedule.h"
#include "src/wire/frame.h"

#include <forkscope/cunit.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdint.h>
#include <unistd.h>

/* The children's ends of the channels, by the workers' serial numbers. */
enum { ENDS = 64 };
static int child_ends[ENDS];

static void close_child_end(uint64_t serial)
{
    if (child_ends[serial] > 0)
        close(child_ends[serial]);
    child_ends[serial] = 0;
}

void bare_worker_says(const struct procspawn__worker *worker, enum wire_type type, const void *body,
                      size_t length)
{
    CU_ASSERT_FATAL(wire__send_struct(child_ends[worker->serial], type, body, length, -1, true) ==
                    0);
}

void bare_worker_dies(const struct procspawn__worker *worker)
{
    close_child_end(worker->serial);
}

procspawn_pool *bare_pool_new(unsigned minimum, unsigned maximum)
{
    const struct procspawn__pool_config config = {
        .minimum = minimum, .maximum = maximum, .idle_limit = 1000000000, .attempts = 3,
    };
    procspawn_pool *pool = procspawn__pool_new(&config);

    CU_ASSERT_FATAL(pool != NULL);
    return pool;
}

void bare_pool_free(procspawn_pool *pool)
{
    CU_ASSERT_EQUAL(pool->references, 1);
    while (pool->worker_count > 0) {
        procspawn__worker_step(pool->workers[0], PROCSPAWN__EV_DEATH);
        procspawn__worker_remove(pool->workers[0]);
    }
    while (!list_empty(&pool->lost))
        procspawn__worker_note_gone(list_entry(pool->lost.next, struct procspawn__worker, in_lost));
    for (uint64_t serial = 0; serial <= pool->last_serial; serial++)
        close_child_end(serial);
    procspawn__pool_destroy(pool);
}

struct procspawn__worker *bare_worker_starting(procspawn_pool *pool)
{
    int ends[2];

    CU_ASSERT_FATAL(wire__pair(ends) == 0);
    const struct procspawn__remote_child child = { .channel = ends[0] };
    struct procspawn__worker *worker = procspawn__worker_add(pool, &child);
    CU_ASSERT_FATAL(worker != NULL && worker->serial < ENDS);
    child_ends[worker->serial] = ends[1];
    return worker;
}

struct procspawn__worker *bare_worker(procspawn_pool *pool)
{
    struct procspawn__worker *worker = bare_worker_starting(pool);

    CU_ASSERT(procspawn__worker_step(worker, PROCSPAWN__EV_READY));
    return worker;
}

struct procspawn__worker_message bare_message(enum procspawn__incoming_kind kind)
{
    return (struct procspawn__worker_message){ .incoming.kind = kind };
}

struct procspawn__worker_message bare_result(const struct procspawn__worker *worker)
{
    return (struct procspawn__worker_message){
        .incoming = { .kind = PROCSPAWN__INCOMING_RESULT, .generation = worker->generation,
                      .keep_alive = true },
        .outcome = { .state = PROCSPAWN__RESULT, .result = json_null() },
    };
}

struct procspawn__worker_message bare_failure(const struct procspawn__worker *worker,
                                              bool keep_alive, enum procspawn_error_kind kind)
{
    return (struct procspawn__worker_message){
        .incoming = { .kind = PROCSPAWN__INCOMING_FAILURE, .generation = worker->generation,
                      .keep_alive = keep_alive },
        .outcome = { .state = PROCSPAWN__FAILED,
                     .error = procspawn__error_new(kind, 0, "it failed") },
    };
}

struct procspawn__worker_message bare_death(bool unread, bool lingers)
{
    return (struct procspawn__worker_message){
        .incoming = { .kind = PROCSPAWN__INCOMING_DEATH,
                      .death = { .status = 9, .unread = unread, .lingers = lingers } },
    };
}

struct procspawn__pool_call *bare_call(procspawn_pool *pool)
{
    struct procspawn__pool_call *call =
        procspawn__pool_call_new(pool, &procspawn__pool_call_kind);

    CU_ASSERT_FATAL(call != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn__request_seal(&call->request->request), 0);
    return call;
}

struct procspawn__pool_call *bare_enqueue(procspawn_pool *pool)
{
    struct procspawn__pool_call *call = bare_call(pool);

    procspawn__pool_enqueue(call, false);
    return call;
}

void bare_act(struct procspawn__worker *worker, struct procspawn__worker_message message)
{
    procspawn__schedule_act(worker, &message);
    procspawn__outcome_fini(&message.outcome);
}

void bare_answer(struct procspawn__worker *worker)
{
    bare_act(worker, bare_result(worker));
}

void bare_check_error(struct procspawn__pool_call *call, enum procspawn_error_kind kind)
{
    const procspawn_error *error = call->handle.outcome.error;

    CU_ASSERT_EQUAL(call->state, PROCSPAWN__CALL_ENDED);
    CU_ASSERT_EQUAL(call->handle.outcome.state, PROCSPAWN__FAILED);
    CU_ASSERT(error && procspawn_error_kind(error) == kind);
    procspawn_handle_free(&call->handle);
}
