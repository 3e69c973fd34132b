/*
 * run_chunk.h - the function that a worker is called with for a chunk of items
 *
 * Its argument is an array: the ledger, the function of the items as bytes (struct wire_function),
 * the library that has it or null, whether the chunk may end early, and the items.
 */
#ifndef FORKSCOPE_MAP_RUN_CHUNK_H
#define FORKSCOPE_MAP_RUN_CHUNK_H

#include <jansson.h>

enum { PROCSPAWN__CHUNK_LEDGER, PROCSPAWN__CHUNK_FUNCTION, PROCSPAWN__CHUNK_LIBRARY,
       PROCSPAWN__CHUNK_MAY_STOP, PROCSPAWN__CHUNK_ITEMS };

/*
 * Calls the function for one item after the other, and notes the results in the ledger. It ends at
 * the first item whose result cannot be noted: one with descriptors, one that is too long, and NULL
 * or a reported failure. The result of that item is then the result of the whole call. When all
 * results have been noted it returns true; and also before, if the chunk takes much longer than it
 * should. It returns false when the ledger could not be used and no item was begun.
 */
json_t *procspawn__run_chunk(json_t *argument);

#endif
