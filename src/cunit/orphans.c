/*
 * orphans.c - reaps, reports and kills processes that outlive a test
 */
#include "src/cunit/orphans.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "src/cunit/clock.h"

static bool is_known(const struct inventory *known, long pid)
{
    for (size_t i = 0; i < known->count; i++)
        if (known->items[i].number == pid)
            return true;
    return false;
}

/* Calls `each` for descendants that run, and reaps those that have ended. Returns how many run. */
static int for_each_orphan(const struct inventory *known,
                           void (*each)(const struct item *orphan, void *arg), void *arg)
{
    struct inventory now = { 0 };
    int running = 0;

    procspawn__cunit_processes(&now);
    for (size_t i = 0; i < now.count; i++) {
        const struct item *orphan = &now.items[i];

        if (is_known(known, orphan->number))
            continue;
        if (orphan->ended && waitpid((pid_t)orphan->number, NULL, WNOHANG | __WALL) > 0)
            continue;
        running++;
        if (each)
            each(orphan, arg);
    }
    procspawn__cunit_inventory_clear(&now);
    return running;
}

static void kill_one(const struct item *orphan, void *arg)
{
    (void)arg;
    kill((pid_t)orphan->number, SIGKILL);
}

static void name_one(const struct item *orphan, void *arg)
{
    char text[300];

    if (!arg)
        return;
    snprintf(text, sizeof(text), "outlived the test: process %ld (%s)", orphan->number,
             orphan->name);
    procspawn__cunit_result_fail(arg, "", 0, text);
}

static int poll_orphans(const struct inventory *known, int64_t until,
                        void (*each)(const struct item *, void *))
{
    const struct timespec turn = { .tv_nsec = CUNIT_MILLISECOND };
    int running;

    while ((running = for_each_orphan(known, each, NULL)) > 0 && procspawn__cunit_now() < until)
        ppoll(NULL, 0, &turn, NULL);
    return running;
}

void procspawn__cunit_orphans_end(const struct inventory *known, int64_t timeout,
                                  struct result *ret_result)
{
    if (poll_orphans(known, procspawn__cunit_now() + timeout, NULL) == 0)
        return;
    for_each_orphan(known, name_one, ret_result);
    /* Repeated, since they may fork meanwhile. */
    poll_orphans(known, procspawn__cunit_now() + 2 * CUNIT_SECOND, kill_one);
}
