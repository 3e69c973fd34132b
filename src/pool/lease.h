/*
 * lease.h - a long request is written into the standing buffer of an idle worker before the call is
 * queued, without the lock
 *
 * A worker that is leased is idle, and is given no call but that of the thread that leased it. Only
 * this thread uses its buffer for arguments.
 */
#ifndef FORKSCOPE_POOL_LEASE_H
#define FORKSCOPE_POOL_LEASE_H

#include "src/base/guarded.h"
#include "src/pool/job.h"
#include "src/pool/worker.h"
#include <stdbool.h>

/*
 * Without the lock: writes the request of a call, which is not sealed, into the buffer of a worker.
 * Returns false if that is not possible: it is short, or too long, no worker is idle, or no buffer
 * can be had. Else the caller returns the lease.
 */
bool procspawn__lease(struct procspawn__pool_call *call) EXCLUDES(pool_lock);

/*
 * With the lock held: ends the lease. Returns the worker, which is the first of the idle ones; or
 * NULL if it has ended, or `use` is false: then the request belongs to no worker, and this one may
 * have got another call.
 */
struct procspawn__worker *procspawn__lease_return(struct procspawn__pool_call *call, bool use)
    REQUIRES(pool_lock);

#endif
