/*
 * job.c - one call of a pool, as data
 */
#include "src/pool/job.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/call/capture.h"
#include "src/call/handle.h"
#include "src/call/request.h"
#include "src/pool/lifetime.h"
#include "src/pool/state.h"
#include "src/wire/protocol.h"
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stdlib.h>

struct procspawn__pool_call *procspawn__pool_call_new(procspawn_pool *pool,
                                                      const struct procspawn__handle_kind *kind)
{
    struct procspawn__pool_call *call = malloc(sizeof *call);
    struct procspawn__pool_request *request = malloc(sizeof *request);

    if (!call || !request) {
        free(request);
        free(call);
        return NULL;
    }
    *call = (struct procspawn__pool_call){
        .pool = pool,
        .state = PROCSPAWN__CALL_QUEUED,
        .request = request,
        .deadline = BASE_NEVER,
        .run_until = BASE_NEVER,
        .event = -1,
    };
    procspawn__handle_init(&call->handle, kind);
    procspawn__request_init(&request->request);
    list_init(&call->in_queue);
    procspawn__pool_ref(pool);
    return call;
}

void procspawn__pool_call_free_ended(struct procspawn__pool_call *call)
    NO_THREAD_SAFETY_ANALYSIS("no other thread uses a call that has ended")
{
    procspawn_pool *pool = call->pool;

    base__fd_close(call->event);
    free(call->input);
    procspawn__handle_fini(&call->handle);
    free(call);
    procspawn__pool_unref(pool);
}

static void dispose_call(struct procspawn__remains *remains)
{
    procspawn__pool_call_free_ended(list_entry(remains, struct procspawn__pool_call, remains));
}

static void dispose_request(struct procspawn__remains *remains)
{
    struct procspawn__pool_request *request = list_entry(remains, struct procspawn__pool_request,
                                                         remains);

    procspawn__request_fini(&request->request);
    free(request);
}

void procspawn__pool_call_free(struct procspawn__pool_call *call)
{
    dispose_request(&call->request->remains);
    procspawn__pool_call_free_ended(call);
}

/*
 * Another thread of the parent may have been changing the call at the fork, so its worker and its
 * place in the queue are not used.
 */
void procspawn__pool_call_forget(struct procspawn__pool_call *call)
{
    procspawn_pool *pool = call->pool;

    if (call->request)
        procspawn__request_forget(&call->request->request);
    free(call->request);
    procspawn__handle_forget(&call->handle);
    free(call);
    procspawn__pool_unref(pool);
}

void procspawn__pool_call_drop_request(struct procspawn__pool_call *call)
{
    if (call->request)
        procspawn__pool_dispose(call->pool, &call->request->remains, dispose_request);
    call->request = NULL;
}

/* ---- its state ---- */

/*
 * The only place where a call's state changes. Once it is ENDED the owner of its handle may free
 * it.
 */
static bool step(struct procspawn__pool_call *call, enum procspawn__call_event event)
    REQUIRES(pool_lock)
{
    static const enum procspawn__call_state next[PROCSPAWN__CALL_STATES]
                                                [PROCSPAWN__CALL_EVENTS] = {
        [PROCSPAWN__CALL_QUEUED] = {
            [PROCSPAWN__CALL_SENT] = PROCSPAWN__CALL_RUNNING,
            [PROCSPAWN__CALL_END] = PROCSPAWN__CALL_ENDED,
        },
        [PROCSPAWN__CALL_RUNNING] = {
            [PROCSPAWN__CALL_RETURNED] = PROCSPAWN__CALL_QUEUED,
            [PROCSPAWN__CALL_END] = PROCSPAWN__CALL_ENDED,
        },
    };
    enum procspawn__call_state state = next[call->state][event];

    if (state == PROCSPAWN__CALL_BUG)
        return false;
    __atomic_store_n(&call->state, state, __ATOMIC_RELEASE);
    return true;
}

bool procspawn__pool_call_sent(struct procspawn__pool_call *call,
                               struct procspawn__worker *worker)
{
    if (!step(call, PROCSPAWN__CALL_SENT))
        return false;
    call->worker = worker;
    if (call->limits.run > 0)
        call->run_until = base__deadline(call->limits.run);
    return true;
}

bool procspawn__pool_call_returned(struct procspawn__pool_call *call)
{
    if (!step(call, PROCSPAWN__CALL_RETURNED))
        return false;
    call->worker = NULL;
    call->run_until = BASE_NEVER;
    return true;
}

void procspawn__pool_call_end(struct procspawn__pool_call *call)
{
    procspawn_pool *pool = call->pool;
    struct procspawn__listener *listener = call->listener;

    call->worker = NULL;
    procspawn__capture_end(call->handle.capture);
    procspawn__pool_call_drop_request(call);
    base__event_raise(call->event);
    if (call->dropped)
        procspawn__pool_dispose(pool, &call->remains, dispose_call);
    step(call, PROCSPAWN__CALL_END);
    if (listener)
        listener->ended(listener);
    __atomic_store_n(&pool->calls, pool->calls - 1, __ATOMIC_RELEASE);
    if (pool->calls == 0)
        procspawn__pool_notify_idle(pool);
}

enum wire_limit_kind procspawn__pool_call_next_limit(const struct procspawn__pool_call *call)
{
    return call->run_until < call->deadline ? WIRE_LIMIT_RUN : WIRE_LIMIT_TOTAL;
}

int64_t procspawn__pool_call_until(const struct procspawn__pool_call *call)
{
    return procspawn__pool_call_next_limit(call) == WIRE_LIMIT_RUN ? call->run_until
                                                                   : call->deadline;
}

bool procspawn__pool_call_has_ended(const struct procspawn__pool_call *call)
{
    return __atomic_load_n(&call->state, __ATOMIC_ACQUIRE) == PROCSPAWN__CALL_ENDED;
}
