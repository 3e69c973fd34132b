/*
 * recursion.c - finds a group of frames that repeats, and counts how often
 */
#include "src/crash/recursion.h"

#include "src/base/clock.h"

#include <string.h>

enum {
    GROUP_FRAMES = 15,       /* functions that call each other in a circle, at most */
    GROUP_BYTES = 1 << 20,   /* of their frames */
    GROUPS_SEEN = 3,         /* number of earlier groups it is compared with */
    GROUPS_LEFT = 2,         /* that are like the others, and walked */
    GROUPS_LIMIT = 1 << 24,
    GROUPS_A_LOOK = 4096,    /* counted between two looks at the clock */
    WORD = sizeof(uint64_t),
    WINDOW = 16384,
};

static const struct recursion_place *place_before(const struct recursion *recursion, size_t back)
{
    return &recursion->place[(recursion->count - 1 - back) % RECURSION_PLACES];
}

void crash__recursion_add(struct recursion *recursion, const struct recursion_place *place)
{
    recursion->place[recursion->count++ % RECURSION_PLACES] = *place;
}

static uint64_t group_size(const struct recursion *recursion, size_t frames)
{
    return place_before(recursion, 0)->sp - place_before(recursion, frames)->sp;
}

/* Is the last group of this many frames like those before it, and as large? */
static bool repeats(const struct recursion *recursion, size_t frames)
{
    uint64_t size = group_size(recursion, frames);

    if (size == 0 || size > GROUP_BYTES)
        return false;
    for (size_t i = 0; i < frames * GROUPS_SEEN; i++) {
        const struct recursion_place *one = place_before(recursion, i);
        const struct recursion_place *other = place_before(recursion, i + frames);

        if (one->pc != other->pc || one->sp - other->sp != size || !one->plain || !other->plain)
            return false;
    }
    return true;
}

/* Returns the number of frames in a group; 0: the last frames do not repeat. */
static size_t find_group(const struct recursion *recursion)
{
    for (size_t frames = 1; frames <= GROUP_FRAMES; frames++)
        if (recursion->count >= frames * (GROUPS_SEEN + 1) && repeats(recursion, frames))
            return frames;
    return 0;
}

/* A part of the stack, of which many words are compared one after the other. */
struct window {
    struct memory *memory;
    uint64_t start;
    size_t size;    /* 0: nothing has been read */
    unsigned char bytes[WINDOW];
};

/* At the end of the stack a window cannot be filled; then one word is read. */
static bool read_word(struct window *window, uint64_t address, uint64_t *ret_word)
{
    if (address - window->start > window->size - WORD || window->size == 0) {
        window->start = address;
        window->size = sizeof window->bytes;
        if (crash__memory_read(window->memory, address, window->bytes, window->size) != 0) {
            window->size = 0;
            return crash__memory_read(window->memory, address, ret_word, WORD) == 0;
        }
    }
    memcpy(ret_word, window->bytes + (address - window->start), WORD);
    return true;
}

/* Are the return addresses of the last group there, this many bytes above? */
static bool is_repeated_at(const struct recursion *recursion, struct window *window, size_t frames,
                           uint64_t distance)
{
    for (size_t i = frames; i-- > 0;) {
        const struct recursion_place *place = place_before(recursion, i);
        uint64_t address;

        if (!read_word(window, place->sp - WORD + distance, &address) || address != place->pc)
            return false;
    }
    return true;
}

static uint64_t count_groups(const struct recursion *recursion, struct memory *memory,
                             size_t frames, int64_t deadline)
{
    uint64_t size = group_size(recursion, frames), groups = 0;
    struct window window = {.memory = memory, .size = 0};

    while (groups < GROUPS_LIMIT &&
           is_repeated_at(recursion, &window, frames, (groups + 1) * size)) {
        groups++;
        if (groups % GROUPS_A_LOOK == 0 && base__now() > deadline)
            break;
    }
    return groups;
}

bool crash__recursion_find(const struct recursion *recursion, struct memory *memory,
                           int64_t deadline, struct recursion_run *ret_run)
{
    size_t frames = find_group(recursion);
    uint64_t groups = frames ? count_groups(recursion, memory, frames, deadline) : 0, size;

    if (groups <= GROUPS_LEFT)
        return false;
    groups -= GROUPS_LEFT;
    size = group_size(recursion, frames);
    *ret_run = (struct recursion_run){
        .frames = groups * frames,
        .distance = groups * size,
        .fp_follows =
            place_before(recursion, 0)->fp - place_before(recursion, frames)->fp == size,
    };
    return true;
}
