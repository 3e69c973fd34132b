/*
 * backoff.h - starts of workers that failed or were put off, and when the next one may be tried
 *
 * The functions know no pool and no clock. The caller serialises them.
 */
#ifndef FORKSCOPE_POOL_BACKOFF_H
#define FORKSCOPE_POOL_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

/* All 0: no start has failed. */
struct procspawn__backoff {
    unsigned failures;          /* failed starts in a row */
    unsigned unread;            /* children in a row that died before they read a message */
    int64_t retry_at;           /* no start before this time */
    int shortage;               /* why the last start was put off: -errno, or 0 */
    int64_t shortage_pause;     /* how long it was put off, in nanoseconds */
};

/* May this error soon be over? So it is with a shortage, a full socket and a refused fork. */
bool procspawn__may_pass(int rc);

/*
 * A start has failed. Returns whether it counts: failures before the next attempt is due do not,
 * because one event may end many workers.
 */
bool procspawn__backoff_failed(struct procspawn__backoff *backoff, int64_t now);
/*
 * A child died before it read a message. Returns whether that is a failed start: not while it may
 * have been one of this number of spares, because one event may end all of them.
 */
bool procspawn__backoff_unread(struct procspawn__backoff *backoff, unsigned spares);
/* A start was put off for an error that may pass. It is no failed start, however long it lasts. */
void procspawn__backoff_put_off(struct procspawn__backoff *backoff, int rc, int64_t now);

/* A child was sent PREPARE; has read it; has answered a call. */
void procspawn__backoff_started(struct procspawn__backoff *backoff);
void procspawn__backoff_ready(struct procspawn__backoff *backoff);
void procspawn__backoff_answered(struct procspawn__backoff *backoff);

#endif
