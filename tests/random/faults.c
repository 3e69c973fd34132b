/*
 * faults.c - wrappers of the C library's functions that fail or delay at random
 */
#include "tests/random/faults.h"

#include "src/base/thread.h"
#include "src/scope/node.h"
#include "tests/random/dice.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct tree;

static _Atomic unsigned one_in_memory, one_in_threads, one_in_descriptors, one_in_late;
static _Atomic uint64_t seed;
static atomic_long blocks;

static __thread bool spared;

void faults_spare(bool spare)
{
    spared = spare;
}

/* Each thread has dice of its own, anew for each round. */
static bool hit(unsigned one_in)
{
    static atomic_ulong threads;
    static __thread struct dice dice;
    static __thread uint64_t made_from;
    uint64_t now = atomic_load(&seed);

    if (one_in == 0)
        return false;
    if (made_from != now) {
        made_from = now;
        dice = dice_new(dice_seed(now, atomic_fetch_add(&threads, 1)));
    }
    return dice_one_in(&dice, one_in);
}

static bool refused(unsigned one_in)
{
    return !spared && hit(one_in);
}

/* Not to be cancelled here, where the caller reckons with nothing. */
static void come_late(void)
{
    static const struct timespec moment = { 0, 20000 };
    bool was_on = base__cancelable(false);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
    base__cancelable(was_on);
}

void faults_set(struct faults faults, uint64_t new_seed)
{
    atomic_store(&seed, new_seed);
    atomic_store(&one_in_memory, faults.memory);
    atomic_store(&one_in_threads, faults.threads);
    atomic_store(&one_in_descriptors, faults.descriptors);
    atomic_store(&one_in_late, faults.late);
}

long faults_blocks(void)
{
    return atomic_load(&blocks);
}

#define WRAP(type, name, parameters) \
    type __real_##name parameters; \
    type __wrap_##name parameters; \
    type __wrap_##name parameters

static void *count(void *block)
{
    if (block != NULL)
        atomic_fetch_add(&blocks, 1);
    return block;
}

WRAP(void *, malloc, (size_t size))
{
    if (!refused(atomic_load(&one_in_memory)))
        return count(__real_malloc(size));
    errno = ENOMEM;
    return NULL;
}

/*
 * The table of spawners grows and is never freed (src/scope/spawner_id.c): its blocks are not
 * counted.
 */
WRAP(void *, calloc, (size_t number, size_t size))
{
    enum { SLOTS = 1024 };

    if (!refused(atomic_load(&one_in_memory)))
        return number < SLOTS ? count(__real_calloc(number, size)) : __real_calloc(number, size);
    errno = ENOMEM;
    return NULL;
}

WRAP(char *, strdup, (const char *text))
{
    if (!refused(atomic_load(&one_in_memory)))
        return count(__real_strdup(text));
    errno = ENOMEM;
    return NULL;
}

WRAP(void, free, (void *block))
{
    if (block != NULL)
        atomic_fetch_sub(&blocks, 1);
    __real_free(block);
}

WRAP(int, pthread_create, (pthread_t *thread, const pthread_attr_t *attributes,
                           void *(*function)(void *), void *arg))
{
    if (!refused(atomic_load(&one_in_threads)))
        return __real_pthread_create(thread, attributes, function, arg);
    come_late();
    return EAGAIN;
}

WRAP(int, eventfd, (unsigned value, int flags))
{
    if (!refused(atomic_load(&one_in_descriptors)))
        return __real_eventfd(value, flags);
    errno = EMFILE;
    return -1;
}

/* Whatever can happen between a look and the lock has the time to. */
WRAP(void, scoped__lock, (struct tree *tree))
{
    if (hit(atomic_load(&one_in_late)))
        come_late();
    __real_scoped__lock(tree);
}

void *faults_own(size_t size)
{
    void *block = __real_calloc(1, size);
    if (block == NULL)
        abort();
    return block;
}

void faults_own_free(void *block)
{
    __real_free(block);
}
