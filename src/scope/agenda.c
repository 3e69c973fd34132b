/*
 * agenda.c - the timers and the joins of a tree's timer thread, as data
 */
#include "src/scope/agenda.h"

#include "src/base/clock.h"

void scoped__agenda_init(struct agenda *agenda, struct wakeups *wakeups)
{
    *agenda = (struct agenda){ .wakeups = wakeups };
    list_init(&agenda->joins);
}

void scoped__agenda_entry_init(struct agenda_entry *entry)
{
    *entry = (struct agenda_entry){ .timer = { .at = 0 } };
    list_init(&entry->join);
}

void scoped__agenda_set_timer(struct agenda *agenda, struct agenda_entry *entry, int64_t at)
{
    base__timer_set(&agenda->timers, &entry->timer, at);
    if (agenda->timers.first == &entry->timer)
        base__wake_later(agenda->wakeups, agenda->reader);
}

void scoped__agenda_clear_timer(struct agenda *agenda, struct agenda_entry *entry)
{
    base__timer_clear(&agenda->timers, &entry->timer);
}

bool scoped__agenda_has_timers(const struct agenda *agenda)
{
    return agenda->timers.first != NULL;
}

bool scoped__agenda_add_join(struct agenda *agenda, struct agenda_entry *entry)
{
    if (!list_empty(&entry->join))
        return false;
    list_append(&agenda->joins, &entry->join);
    base__wake_later(agenda->wakeups, agenda->reader);
    return true;
}

struct agenda_entry *scoped__agenda_take_due(struct agenda *agenda, int64_t now)
{
    struct timer *first = agenda->timers.first;
    if (first == NULL || first->at > now)
        return NULL;
    base__timer_clear(&agenda->timers, first);
    return list_entry(first, struct agenda_entry, timer);
}

struct agenda_entry *scoped__agenda_take_join(struct agenda *agenda)
{
    if (list_empty(&agenda->joins))
        return NULL;
    struct agenda_entry *entry = list_entry(agenda->joins.next, struct agenda_entry, join);
    list_remove(&entry->join);
    return entry;
}

int64_t scoped__agenda_next(const struct agenda *agenda)
{
    if (!list_empty(&agenda->joins))
        return 0;
    return agenda->timers.first == NULL ? BASE_NEVER : agenda->timers.first->at;
}
