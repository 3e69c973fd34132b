/*
 * spawner_id.c - the table of spawner slots: a lock-free stack of free slots over blocks that grow
 */
#include "src/scope/spawner_id.h"

#include "src/base/process.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * Each block is twice as large as the one before. Blocks are never moved or freed, so a slot may be
 * read at any time.
 */
enum { FIRST_BLOCK = 1024, BLOCKS = 22 };

struct slot {
    _Atomic uint32_t generation;
    _Atomic uint32_t next_free;     /* number + 1 of the next free slot; 0: the last */
    _Atomic uint64_t process;       /* the process that took the slot */
};

static struct slot first_block[FIRST_BLOCK];
static struct slot *_Atomic blocks[BLOCKS] = { first_block };
static _Atomic uint32_t taken_once;

/*
 * Head of the list of free slots. The lower half is number + 1 of the first one, 0 if there is
 * none. The upper half counts changes: a head that was removed and put back differs (ABA).
 */
static _Atomic uint64_t free_head;

static struct slot *slot_at(uint32_t number, bool make)
{
    uint32_t size = FIRST_BLOCK;
    for (int i = 0; i < BLOCKS; i++, size *= 2) {
        if (number >= size) {
            number -= size;
            continue;
        }
        struct slot *block = atomic_load(&blocks[i]);
        if (block == NULL && make) {
            struct slot *fresh = calloc(size, sizeof *fresh);
            if (fresh != NULL && atomic_compare_exchange_strong(&blocks[i], &block, fresh))
                block = fresh;
            else
                free(fresh);
        }
        return block == NULL ? NULL : &block[number];
    }
    return NULL;
}

static bool pop_free(uint32_t *ret_number)
{
    uint64_t head = atomic_load(&free_head);
    while ((uint32_t)head != 0) {
        uint32_t next = atomic_load(&slot_at((uint32_t)head - 1, false)->next_free);
        uint64_t changed = ((head >> 32) + 1) << 32 | next;
        if (atomic_compare_exchange_weak(&free_head, &head, changed)) {
            *ret_number = (uint32_t)head - 1;
            return true;
        }
    }
    return false;
}

static int fresh_slot(uint32_t *ret_number)
{
    uint32_t number = atomic_load(&taken_once);
    do {
        if (slot_at(number, true) == NULL)
            return -ENOMEM;
    } while (!atomic_compare_exchange_weak(&taken_once, &number, number + 1));
    *ret_number = number;
    return 0;
}

int scoped__spawner_id_take(scoped_spawner *ret_spawner)
{
    uint32_t number;
    if (!pop_free(&number) && fresh_slot(&number) < 0)
        return -ENOMEM;
    struct slot *slot = slot_at(number, false);
    atomic_store_explicit(&slot->process, base__process(), memory_order_relaxed);
    uint32_t generation = atomic_fetch_add(&slot->generation, 1) + 1;
    *ret_spawner = (scoped_spawner){ number, generation };
    return 0;
}

void scoped__spawner_id_release(scoped_spawner spawner)
{
    struct slot *slot = slot_at(spawner.slot, false);
    atomic_fetch_add(&slot->generation, 1);
    uint64_t head = atomic_load(&free_head), changed;
    do {
        atomic_store(&slot->next_free, (uint32_t)head);
        changed = ((head >> 32) + 1) << 32 | (spawner.slot + 1);
    } while (!atomic_compare_exchange_weak(&free_head, &head, changed));
}

bool scoped__spawner_id_alive(scoped_spawner spawner)
{
    struct slot *slot = slot_at(spawner.slot, false);
    return slot != NULL && spawner.generation % 2 == 1 &&
           atomic_load(&slot->generation) == spawner.generation;
}

uint64_t scoped__spawner_id_process(scoped_spawner spawner)
{
    return atomic_load_explicit(&slot_at(spawner.slot, false)->process, memory_order_relaxed);
}
