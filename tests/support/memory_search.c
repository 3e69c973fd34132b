/*
 * memory_search.c - looks for a secret in memory, without being a find itself
 */
#include "tests/support/memory_search.h"

#include "tests/support/frame.h"

FRAME bool memory_has_inverted(const uint64_t *from, const uint64_t *to,
                               const uint64_t inverted[2])
{
    for (; from + 1 < to; from++) {
        if (from[0] == ~inverted[0] && from[1] == ~inverted[1])
            return true;
    }
    return false;
}
