/*
 * hash_seed.c - draws jansson's hash seed anew after a fork, also where jansson has drawn one
 * before init
 */
#include "src/value/hash_seed.h"

#include <jansson.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
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
static bool is_jansson_s(volatile uint32_t *variable)
{
    json_t *object = json_object();
    uint32_t was = *variable;

    json_object_set_new(object, "key", json_true());
    *variable = ~was;
    bool lost = !json_object_get(object, "key");
    *variable = was;
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
                 is_jansson_s(&hashtable_seed);
    allocate_as_ever();
}

static uint32_t drawn;          /* what this process has drawn last; 0: nothing */
static volatile uint32_t *located;

/* Without random numbers jansson chooses its own seed. */
void procspawn__seed_draw(void)
{
    uint32_t seed = 0;

    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed || seed == 0)
        return;
    drawn = seed;
    if (changeable)
        hashtable_seed = seed;
    else
        json_object_seed(seed);
}

/* ---- the same in each call of a process ---- */

/* The variable lies in the writable data of jansson's module, and holds what was drawn. */
static void search(uintptr_t start, uintptr_t end, unsigned *count)
{
    for (uintptr_t at = start; at + sizeof drawn <= end; at += sizeof drawn) {
        volatile uint32_t *word = (volatile uint32_t *)at;
        if (*word != drawn || word == &drawn)
            continue;
        located = word;
        ++*count;
    }
}

static int search_module(struct dl_phdr_info *module, size_t size, void *argument)
{
    unsigned *count = argument;
    const uintptr_t code = (uintptr_t)json_object_seed;
    bool is_its = false;

    (void)size;
    for (int i = 0; i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[i];
        uintptr_t start = module->dlpi_addr + part->p_vaddr;
        is_its |= part->p_type == PT_LOAD && start <= code && code < start + part->p_memsz;
    }
    for (int i = 0; is_its && i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[i];
        uintptr_t start = (module->dlpi_addr + part->p_vaddr + 3) & ~(uintptr_t)3;
        if (part->p_type == PT_LOAD && part->p_flags & PF_W)
            search(start, module->dlpi_addr + part->p_vaddr + part->p_memsz, count);
    }
    return is_its;
}

bool procspawn__seed_locate(void)
{
    unsigned count = 0;

    if (drawn == 0)
        return false;
    located = NULL;
    dl_iterate_phdr(search_module, &count);
    if (count != 1 || !is_jansson_s(located))
        located = NULL;
    return located != NULL;
}

void procspawn__seed_draw_anew(void)
{
    uint32_t seed = 0;

    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == sizeof seed && seed != 0)
        *located = seed;
}
