/*
 * captured.h - the memory of one captured call, which the program and the collector share
 */
#ifndef FORKSCOPE_CALL_CAPTURED_H
#define FORKSCOPE_CALL_CAPTURED_H

#include "src/call/ring.h"
#include <stddef.h>
#include <stdint.h>

enum { PROCSPAWN__CAPTURED_STREAMS = 2 };

/* All are atomic. */
struct procspawn__captured {
    uint32_t asked;             /* the program: number of the last DRAIN */
    uint32_t last;              /* the program: 1: after the next DRAIN nothing more is read */
    uint32_t drained;           /* the collector: number of the last DRAIN that was done */
    uint32_t ended;             /* the collector: 1: it reads nothing more */
    uint32_t news;              /* a futex: changes with the two before */
    uint32_t padding;
    struct procspawn__ring rings[PROCSPAWN__CAPTURED_STREAMS];
};

/* Bytes of that memory: the bytes of the rings lie behind the structure. */
static inline size_t procspawn__captured_size(size_t limit, size_t streams)
{
    return sizeof(struct procspawn__captured) + limit * streams;
}

/* Returns stream 0 or 1. */
struct procspawn__ring_view procspawn__captured_view(struct procspawn__captured *captured,
                                                     size_t limit, unsigned stream);

/* The collector: `drained` or `ended` has changed. */
void procspawn__captured_tell(struct procspawn__captured *captured);

#endif
