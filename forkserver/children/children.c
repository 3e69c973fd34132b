/*
 * children.c - the table of children: a hash by process id, and the list of the dead
 */
#include "forkserver/children/children.h"

#include "forkserver/process/private_memory.h"
#include "src/base/clock.h"
#include "src/wire/board.h"
#include <stddef.h>

/*
 * A dead child stays in the table until its death is reported. Its process id may belong to another
 * process by then, so forkserver__child_by_pid skips dead children.
 */

bool forkserver__child_enter(struct child *child, enum child_state state)
{
    /* The states that may follow. A report ends before its child is reaped. */
    static const unsigned next[] = {
        [CHILD_UNUSED] = 1U << CHILD_RUNNING,
        [CHILD_RUNNING] = 1U << CHILD_STOPPED | 1U << CHILD_HANGING | 1U << CHILD_DEAD,
        [CHILD_STOPPED] = 1U << CHILD_UNWOUND | 1U << CHILD_RUNNING,
        [CHILD_HANGING] = 1U << CHILD_RUNNING,
        [CHILD_UNWOUND] = 1U << CHILD_STOPPED | 1U << CHILD_HANGING | 1U << CHILD_RUNNING |
                          1U << CHILD_DEAD,
        [CHILD_DEAD] = 1U << CHILD_GONE,
        [CHILD_GONE] = 1U << CHILD_UNTOLD | 1U << CHILD_RUNNING | 1U << CHILD_UNUSED,
        [CHILD_UNTOLD] = 1U << CHILD_GONE,
    };

    if (!(next[child->state] >> state & 1))
        return false;
    child->state = state;
    return true;
}

bool forkserver__child_is_dead(const struct child *child)
{
    return child->state >= CHILD_DEAD;
}

bool forkserver__child_is_reported(const struct child *child)
{
    return child->state == CHILD_STOPPED || child->state == CHILD_HANGING;
}

void forkserver__child_retell(struct child *child)
{
    if (child->state == CHILD_UNTOLD)
        forkserver__child_enter(child, CHILD_GONE);
}

static unsigned bucket_of(pid_t pid)
{
    return (unsigned)pid % CHILDREN_BUCKETS;
}

/* Maps memory for more children. Freed children stay in the unused list for reuse. */
static bool more(struct children *children)
{
    enum { AT_ONCE = 64 };
    struct child *fresh = forkserver__private_memory(AT_ONCE * sizeof *fresh);

    for (unsigned i = 0; fresh && i < AT_ONCE; i++) {
        fresh[i].slot = children->made < WIRE_BOARD_SLOTS ? children->made++ : WIRE_BOARD_SLOTS;
        fresh[i].next = children->unused;
        children->unused = &fresh[i];
    }
    return fresh != NULL;
}

struct child *forkserver__child_new(struct children *children, struct requester *requester)
{
    if (!children->unused && !more(children))
        return NULL;
    struct child *child = children->unused;
    children->unused = child->next;
    *child = (struct child){
        .as_requester = { .watch = WATCH_REQUESTER, .link = { .fd = -1 }, .owner = child },
        .report = { .memfd = -1 },
        .space = WATCH_SPACE,
        .pidfd = -1,
        .death = WATCH_DEATH,
        .tracers_at = BASE_NEVER,
        .late_at = BASE_NEVER,
        .id = ++children->last_id,
        .slot = child->slot,
        .channel = -1,
        .offered = -1,
        .requester = requester,
        .limits = { .begin = WATCH_BEGIN,
                    .of = { { .until = BASE_NEVER }, { .until = BASE_NEVER } } },
        .kill_at = BASE_NEVER,
    };
    list_init(&child->in_young);
    list_init(&child->in_reborn);
    list_init(&child->in_examined);
    return child;
}

void forkserver__child_started(struct children *children, struct child *child, pid_t pid)
{
    struct child **bucket = &children->buckets[bucket_of(pid)];

    forkserver__child_enter(child, CHILD_RUNNING);
    child->pid = pid;
    child->born = base__now();
    child->next = *bucket;
    *bucket = child;
    children->count++;
}

void forkserver__child_died(struct children *children, struct child *child)
{
    forkserver__child_enter(child, CHILD_DEAD);
    child->next_dead = children->dead;
    children->dead = child;
}

static void take_from_dead(struct children *children, const struct child *child)
{
    struct child **link = &children->dead;

    while (*link && *link != child)
        link = &(*link)->next_dead;
    if (*link)
        *link = child->next_dead;
}

static void take_out(struct children *children, struct child *child)
{
    struct child **link = &children->buckets[bucket_of(child->pid)];

    while (*link && *link != child)
        link = &(*link)->next;
    if (*link) {
        *link = child->next;
        children->count--;
    }
    take_from_dead(children, child);
}

void forkserver__child_free(struct children *children, struct child *child)
{
    take_out(children, child);
    forkserver__child_enter(child, CHILD_UNUSED);
    list_remove(&child->in_reborn);
    list_remove(&child->in_examined);
    base__timer_clear(&children->due, &child->due);
    child->next = children->unused;
    children->unused = child;
}

void forkserver__child_reborn(struct children *children, struct child *child, pid_t pid)
{
    take_out(children, child);
    child->cause = WIRE_ENDED_BY_ITSELF;
    child->left_none = child->shut = child->unread = child->deferred = false;
    child->expected = child->killed = child->withheld = child->examined = false;
    child->kill_at = child->tracers_at = child->late_at = BASE_NEVER;
    child->rebirths++;
    if (list_empty(&child->in_reborn))
        list_append(&children->reborn, &child->in_reborn);
    forkserver__child_started(children, child, pid);
}

struct child *forkserver__child_by_id(const struct children *children, pid_t pid, uint64_t id)
{
    struct child *child = forkserver__child_by_pid(children, pid);

    if (child && child->id == id)
        return child;
    for (struct list *item = children->reborn.next; item != &children->reborn; item = item->next) {
        child = list_entry(item, struct child, in_reborn);
        if (child->id == id && !forkserver__child_is_dead(child))
            return child;
    }
    return NULL;
}

struct child *forkserver__child_by_pid(const struct children *children, pid_t pid)
{
    struct child *child = children->buckets[bucket_of(pid)];

    while (child && (child->pid != pid || forkserver__child_is_dead(child)))
        child = child->next;
    return child;
}

struct child *forkserver__child_dead(const struct children *children, uint64_t id)
{
    struct child *child = children->dead;

    while (child && child->id != id)
        child = child->next_dead;
    return child;
}

static struct child *first_from(const struct children *children, unsigned bucket)
{
    for (; bucket < CHILDREN_BUCKETS; bucket++) {
        if (children->buckets[bucket])
            return children->buckets[bucket];
    }
    return NULL;
}

struct child *forkserver__child_first(const struct children *children)
{
    return first_from(children, 0);
}

struct child *forkserver__child_next(const struct children *children, const struct child *child)
{
    return child->next ? child->next : first_from(children, bucket_of(child->pid) + 1);
}
