/*
 * lane.c - which calls of a set may be started now
 */
#include "src/completion/lane.h"

#include "src/base/clock.h"
#include "src/base/list.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void procspawn__lane_init(struct procspawn__lane *lane, const void *key, unsigned places)
{
    *lane = (struct procspawn__lane){ .key = key, .places = places };
    list_init(&lane->waiting);
}

struct list *procspawn__lane_next(const struct procspawn__lane *lane, int64_t now)
{
    if (list_empty(&lane->waiting) || lane->started >= lane->places || now < lane->held_until)
        return NULL;
    return lane->waiting.next;
}

void procspawn__lane_took(struct procspawn__lane *lane, struct list *first)
{
    list_remove(first);
    lane->started++;
}

void procspawn__lane_gave_back(struct procspawn__lane *lane)
{
    lane->started--;
    procspawn__lane_release(lane);
}

void procspawn__lane_return(struct procspawn__lane *lane, struct list *first)
{
    list_prepend(&lane->waiting, first);
    lane->started--;
}

void procspawn__lane_wait(struct procspawn__lane *lane, int64_t now)
{
    static const int64_t pause = BASE_SECOND / 100;

    lane->held_until = now + pause;
}

/* Others than this set can end a shortage as well, so the lane looks again after a short time. */
bool procspawn__lane_hold(struct procspawn__lane *lane, int64_t now)
{
    static const int64_t patience = BASE_SECOND;

    if (lane->held_since == 0)
        lane->held_since = now;
    procspawn__lane_wait(lane, now);
    return lane->started > 0 || now < lane->held_since + patience;
}

void procspawn__lane_release(struct procspawn__lane *lane)
{
    lane->held_until = lane->held_since = 0;
}
