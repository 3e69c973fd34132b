/*
 * threads.c - one random round of the thread half
 *
 * A few owners open roots, and everything below follows at random: tasks on every executor and in
 * every mode spawn, wait, cancel, hold and misuse what they can reach, while the system sometimes
 * refuses memory, threads and descriptors. In the end everything is gone.
 */
#include "tests/random/threads.h"

#include "tests/random/faults.h"
#include "tests/random/watch.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { OWNERS = 2, TASKS = 80 };

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *arg);

/* ---- owners ---- */

static void check_children(struct record *owner)
{
    CHECK(atomic_load(&owner->children) == 0, "a root is closed, %d tasks are left",
          atomic_load(&owner->children));
    for (struct record *child = owner->first_child; child != NULL; child = child->sibling)
        record_check_gone(child);
}

static void *own(void *arg)
{
    struct record *owner = arg;
    record_set_here(owner);
    if (scope_open_root(owner)) {
        acts_do_some(owner);
        scope_close_all(owner);
    }
    check_children(owner);
    let_go_of_all(owner);
    atomic_store(&owner->phase, PHASE_DONE);
    record_set_here(NULL);
    return NULL;
}

static struct record *new_owner(void)
{
    struct around around = { .place = places_thread(), .mode = SCOPED_CANCEL_FORCED,
                             .deadline = SCOPED_FOREVER };
    struct record *owner = record_new(NULL, &around);
    owner->acts_left = 10 + (unsigned)dice_roll(&owner->dice, 30);
    return owner;
}

/* All but one on threads of their own. */
static void run_owners(void)
{
    pthread_t threads[OWNERS];
    struct record *owners[OWNERS];
    for (int i = 0; i < OWNERS; i++)
        owners[i] = new_owner();
    for (int i = 1; i < OWNERS; i++)
        CHECK(__real_pthread_create(&threads[i], NULL, own, owners[i]) == 0, "no thread");
    own(owners[0]);
    for (int i = 1; i < OWNERS; i++)
        pthread_join(threads[i], NULL);
}

/* ---- a round ---- */

static struct faults some_faults(struct dice *dice)
{
    static const unsigned rates[] = { 0, 0, 10, 40, 200 };
    return (struct faults){ .memory = rates[dice_roll(dice, 5)],
                            .threads = rates[dice_roll(dice, 5)],
                            .descriptors = rates[dice_roll(dice, 5)],
                            .late = rates[dice_roll(dice, 5)] };
}

/* A thread that has been joined is on the system's list for a moment. */
static void check_threads(int before)
{
    static const struct timespec moment = { 0, 1000000 };
    int64_t late = forkscope_after(run_slack());
    while (watch_count_threads() != before && forkscope_after(0) < late)
        nanosleep(&moment, NULL);
    CHECK(watch_count_threads() == before, "%d threads instead of %d", watch_count_threads(),
          before);
}

static void run_round(uint64_t seed)
{
    static bool ready;
    struct dice dice = dice_new(seed);
    int threads = watch_count_threads(), descriptors = watch_count_descriptors();
    long blocks = faults_blocks();
    if (!ready)
        life_init();
    ready = true;
    places_open(&dice);
    misuse_begin(dice_one_in(&dice, 2));
    struct faults faults = some_faults(&dice);
    records_begin(seed, TASKS + OWNERS, faults.memory == 0);
    helpers_start(seed);
    faults_set(faults, seed);
    run_owners();
    faults_set((struct faults){ 0 }, seed);
    helpers_stop();
    places_close();
    CHECK(faults_blocks() == blocks, "%ld blocks of memory are left", faults_blocks() - blocks);
    CHECK(watch_count_descriptors() == descriptors, "%d descriptors are left",
          watch_count_descriptors() - descriptors);
    check_threads(threads);
    records_end();
}

const struct random_half random_threads = { "threads", run_round, records_report };
