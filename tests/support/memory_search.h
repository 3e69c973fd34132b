/*
 * memory_search.h - looks for a secret in memory, without being a find itself
 */
#ifndef FORKSCOPE_SUPPORT_MEMORY_SEARCH_H
#define FORKSCOPE_SUPPORT_MEMORY_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

/* Do the two words stand there, of which the complements are given? Reads memory of any owner. */
bool memory_has_inverted(const uint64_t *from, const uint64_t *to, const uint64_t inverted[2]);

#endif
