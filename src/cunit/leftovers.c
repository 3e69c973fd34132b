/*
 * leftovers.c - compares the inventories of a test's process before and after the test
 */
#include "src/cunit/leftovers.h"

#include <forkscope/cunit.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "src/cunit/clock.h"
#include "src/cunit/mailbox.h"

struct kind {
    enum procspawn_cunit_check check;
    int (*take)(struct inventory *ret_inventory);
    const char *place; /* for the message if it cannot be read */
};

/* Memory comes first, since the later inventories allocate. */
static const struct kind kinds[LEFTOVER_KINDS] = {
    { PROCSPAWN_CUNIT_MAPPINGS, procspawn__cunit_mappings, "/proc/self/maps" },
    { PROCSPAWN_CUNIT_THREADS, procspawn__cunit_tasks, "/proc/self/task" },
    { PROCSPAWN_CUNIT_DESCRIPTORS, procspawn__cunit_descriptors, "/proc/self/fd" },
    { PROCSPAWN_CUNIT_PROCESSES, procspawn__cunit_processes, "/proc" },
};

static void fail(const char *text)
{
    procspawn__cunit_mailbox_fail(procspawn__cunit_mailbox, "", 0, text);
}

static void take(const struct kind *kind, struct inventory *ret_inventory)
{
    char text[MAILBOX_TEXT];
    int rc = kind->take(ret_inventory);

    if (rc == 0)
        return;
    snprintf(text, sizeof(text), "leftovers unknown: %s: %s", kind->place, strerror(-rc));
    fail(text);
}

void procspawn__cunit_leftovers_begin(struct leftovers *leftovers)
{
    memset(leftovers, 0, sizeof(*leftovers));
    procspawn__cunit_drop_stacks();
    for (int i = LEFTOVER_KINDS; i-- > 0;)
        take(&kinds[i], &leftovers->before[i]);
}

/*
 * Returns whether `item` is left over, and writes the report for it. `before` is its counterpart in
 * the first inventory, or NULL.
 */
static bool describe_new(const struct kind *kind, const struct item *item,
                         const struct item *before, char *text, size_t size)
{
    size_t mapped = item->size - (before && before->size < item->size ? before->size : 0);

    switch (kind->check) {
    case PROCSPAWN_CUNIT_MAPPINGS:
        snprintf(text, size, "left mapped: %zu bytes of %s", mapped, item->name);
        return !before || before->size < item->size;
    case PROCSPAWN_CUNIT_THREADS:
        snprintf(text, size, "left running: thread %ld (%s)", item->number, item->name);
        return !before;
    case PROCSPAWN_CUNIT_DESCRIPTORS:
        snprintf(text, size, "left open: descriptor %ld (%s)", item->number, item->name);
        return !before;
    default:
        snprintf(text, size, "left %s: process %ld (%s)", item->ended ? "as a zombie" : "running",
                 item->number, item->name);
        return !before;
    }
}

/*
 * Finds the item in the first inventory. Threads and processes may rename themselves; a descriptor
 * with another name is another file.
 */
static const struct item *counterpart(const struct kind *kind, const struct inventory *in,
                                      const struct item *item)
{
    if (kind->check == PROCSPAWN_CUNIT_MAPPINGS || kind->check == PROCSPAWN_CUNIT_DESCRIPTORS)
        return procspawn__cunit_inventory_find(in, item->number, item->name);
    for (size_t i = 0; i < in->count; i++)
        if (in->items[i].number == item->number)
            return &in->items[i];
    return NULL;
}

static int compare_new(const struct kind *kind, const struct inventory *before,
                       const struct inventory *after, bool report)
{
    char text[MAILBOX_TEXT];
    int differences = 0;

    for (size_t i = 0; i < after->count; i++) {
        const struct item *item = &after->items[i];

        if (!describe_new(kind, item, counterpart(kind, before, item), text, sizeof(text)))
            continue;
        differences++;
        if (report)
            fail(text);
    }
    return differences;
}

static int compare_closed(const struct inventory *before, const struct inventory *after,
                          bool report)
{
    char text[MAILBOX_TEXT];
    int differences = 0;

    for (size_t i = 0; i < before->count; i++) {
        const struct item *item = &before->items[i];

        if (procspawn__cunit_inventory_find(after, item->number, item->name))
            continue;
        differences++;
        snprintf(text, sizeof(text), "closed, but not opened by the test: descriptor %ld (%s)",
                 item->number, item->name);
        if (report)
            fail(text);
    }
    return differences;
}

static int compare(const struct kind *kind, const struct inventory *before, bool report)
{
    struct inventory after = { 0 };
    int differences;

    take(kind, &after);
    differences = compare_new(kind, before, &after, report);
    if (kind->check == PROCSPAWN_CUNIT_DESCRIPTORS)
        differences += compare_closed(before, &after, report);
    procspawn__cunit_inventory_clear(&after);
    return differences;
}

/*
 * Compares every millisecond until nothing is left or the time is over: no event reports that the
 * kernel has removed an ended thread from /proc. The stack of a detached thread is freed by then.
 */
static int settle(const struct kind *kind, const struct inventory *before, int64_t until)
{
    const struct timespec turn = { .tv_nsec = CUNIT_MILLISECOND };

    while (compare(kind, before, false) > 0) {
        if (procspawn__cunit_now() >= until)
            return compare(kind, before, true);
        ppoll(NULL, 0, &turn, NULL);
        if (kind->check == PROCSPAWN_CUNIT_MAPPINGS)
            procspawn__cunit_drop_stacks();
    }
    return 0;
}

bool procspawn__cunit_leftovers_end(struct leftovers *leftovers, unsigned allowed, int64_t timeout)
{
    int64_t until = procspawn__cunit_now() + timeout;
    bool threads_left = false;

    procspawn__cunit_drop_stacks();
    for (int i = 0; i < LEFTOVER_KINDS; i++) {
        int left = allowed & kinds[i].check ? 0 : settle(&kinds[i], &leftovers->before[i], until);

        if (kinds[i].check == PROCSPAWN_CUNIT_THREADS)
            threads_left = left > 0;
    }
    for (int i = 0; i < LEFTOVER_KINDS; i++)
        procspawn__cunit_inventory_clear(&leftovers->before[i]);
    return threads_left;
}
