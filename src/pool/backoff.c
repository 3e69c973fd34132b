/*
 * backoff.c - starts of workers that failed or were put off, and when the next one may be tried
 */
#include "src/pool/backoff.h"

#include "src/base/clock.h"
#include "src/base/shortage.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

static const int64_t first_pause = BASE_SECOND / 100, longest_pause = BASE_SECOND;

bool procspawn__may_pass(int rc)
{
    return rc == -EAGAIN || base__is_shortage(rc);
}

bool procspawn__backoff_failed(struct procspawn__backoff *backoff, int64_t now)
{
    static const int64_t quiet = 10 * BASE_SECOND;

    if (backoff->retry_at > now)
        return false;
    if (now - backoff->retry_at > quiet)
        backoff->failures = 0;
    backoff->retry_at =
        now + (backoff->failures < 7 ? first_pause << backoff->failures : longest_pause);
    backoff->failures++;
    return true;
}

/* Servers keep a surplus of spares after a burst. */
bool procspawn__backoff_unread(struct procspawn__backoff *backoff, unsigned spares)
{
    enum { SURPLUS = 32 };

    backoff->unread++;
    return backoff->unread > spares + SURPLUS;
}

void procspawn__backoff_put_off(struct procspawn__backoff *backoff, int rc, int64_t now)
{
    int64_t pause = backoff->shortage == 0 ? first_pause : 2 * backoff->shortage_pause;

    backoff->shortage = rc;
    backoff->shortage_pause = pause < longest_pause ? pause : longest_pause;
    backoff->retry_at = now + backoff->shortage_pause;
}

void procspawn__backoff_started(struct procspawn__backoff *backoff)
{
    backoff->shortage = 0;
}

void procspawn__backoff_ready(struct procspawn__backoff *backoff)
{
    backoff->unread = 0;
}

void procspawn__backoff_answered(struct procspawn__backoff *backoff)
{
    backoff->failures = 0;
}
