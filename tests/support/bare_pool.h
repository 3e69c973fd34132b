/*
 * bare_pool.h - a pool without thread, descriptors and processes, for tests of its logic
 */
#ifndef FORKSCOPE_SUPPORT_BARE_POOL_H
#define FORKSCOPE_SUPPORT_BARE_POOL_H

#include "src/pool/job.h"
#include "src/pool/state.h"
#include "src/pool/worker.h"
#include "src/pool/worker_report.h"
#include "src/wire/frame.h"

#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <stdbool.h>
#include <stddef.h>

procspawn_pool *bare_pool_new(unsigned minimum, unsigned maximum);
/* Frees the pool with its workers. All handles of its calls must have been freed. */
void bare_pool_free(procspawn_pool *pool);

/* Adds a worker in state STARTING, or IDLE. What is sent to it stays in its channel. */
struct procspawn__worker *bare_worker_starting(procspawn_pool *pool);
struct procspawn__worker *bare_worker(procspawn_pool *pool);
/* Has it, or its server, send a message. */
void bare_worker_says(const struct procspawn__worker *worker, enum wire_type type, const void *body,
                      size_t length);
/* Closes the other end of its channel. */
void bare_worker_dies(const struct procspawn__worker *worker);

/* A call, not queued; and one that was queued. */
struct procspawn__pool_call *bare_call(procspawn_pool *pool);
struct procspawn__pool_call *bare_enqueue(procspawn_pool *pool);
/* Checks that the call has failed, and frees it. */
void bare_check_error(struct procspawn__pool_call *call, enum procspawn_error_kind kind);

/* Has the scheduler act upon a message of the worker; upon an answer. */
void bare_act(struct procspawn__worker *worker, struct procspawn__worker_message message);
void bare_answer(struct procspawn__worker *worker);

/* Messages of the worker, as if they had been received, for the call that it runs. */
struct procspawn__worker_message bare_result(const struct procspawn__worker *worker);
struct procspawn__worker_message bare_failure(const struct procspawn__worker *worker,
                                              bool keep_alive, enum procspawn_error_kind kind);
struct procspawn__worker_message bare_death(bool unread, bool lingers);
struct procspawn__worker_message bare_message(enum procspawn__incoming_kind kind);

#endif
