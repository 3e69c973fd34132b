/*
 * hash_seed.c - draws jansson's hash seed anew after a fork, also where jansson has drawn one
 * before init
 */
#include "src/value/hash_seed.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

/* jansson's variable, if jansson is linked from an archive; otherwise its address is NULL. */
extern volatile uint32_t hashtable_seed __attribute__((weak));

static bool counting;
static long blocks;             /* blocks that jansson holds, until init */
static bool changeable;         /* no value depends on the seed that was drawn before init */

static void *count_in(size_t size)
{
    void *block = malloc(size);

    if (block)
        __atomic_add_fetch(&blocks, 1, __ATOMIC_RELAXED);
    return block;
}

static void count_out(void *block)
{
    if (block)
        __atomic_sub_fetch(&blocks, 1, __ATOMIC_RELAXED);
    free(block);
}

static bool allocates_by(void *(*allocate)(size_t), void (*release)(void *))
{
    json_malloc_t own_allocate;
    json_free_t own_release;

    json_get_alloc_funcs(&own_allocate, &own_release);
    return own_allocate == allocate && own_release == release;
}

static void allocate_as_ever(void)
{
#if JANSSON_VERSION_HEX >= 0x020f00
    json_set_alloc_funcs2(malloc, realloc, free);
#else
    json_set_alloc_funcs(malloc, free);
#endif
}

/* Runs before main. Counts only if the seed can be changed and jansson uses malloc and free. */
static void __attribute__((constructor)) start_counting(void)
{
    if (!&hashtable_seed || hashtable_seed != 0 || !allocates_by(malloc, free))
        return;
    json_set_alloc_funcs(count_in, count_out);
    counting = true;
}

/* Whether jansson's tables use this variable, and not another one of the same name. */
static bool is_jansson_s(void)
{
    json_t *object = json_object();
    uint32_t was = hashtable_seed;

    json_object_set_new(object, "key", json_true());
    hashtable_seed = ~was;
    bool lost = !json_object_get(object, "key");
    hashtable_seed = was;
    bool found = json_object_get(object, "key") != NULL;
    json_decref(object);
    return lost && found;
}

void procspawn__seed_prepare(void)
{
    changeable = false;
    if (!counting)
        return;
    counting = false;
    if (!allocates_by(count_in, count_out))
        return;
    changeable = __atomic_load_n(&blocks, __ATOMIC_RELAXED) == 0 && hashtable_seed != 0 &&
                 is_jansson_s();
    allocate_as_ever();
}

/* Without random numbers jansson chooses its own seed. */
void procspawn__seed_draw(void)
{
    uint32_t seed = 0;

    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed || seed == 0)
        return;
    if (changeable)
        hashtable_seed = seed;
    else
        json_object_seed(seed);
}
