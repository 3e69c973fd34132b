/*
 * collector_process.h - the collector: reads what captured calls print
 */
#ifndef FORKSCOPE_CALL_COLLECTOR_PROCESS_H
#define FORKSCOPE_CALL_COLLECTOR_PROCESS_H

#include "src/call/ring.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum { PROCSPAWN__CAPTURED_STREAMS = 2 };

/* The memory of one captured call, shared by the program and the collector. All are atomic. */
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

/* The function of the collector: it reads CAPTURE and DRAIN from stdin, a socket. */
json_t *procspawn__collector_run(json_t *unused);

#endif
