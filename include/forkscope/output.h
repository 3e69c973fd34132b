/*
 * output.h - what a call printed to stdout and stderr
 */
#ifndef FORKSCOPE_OUTPUT_H
#define FORKSCOPE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What was captured of one stream of a call. Up to the limit all of it is kept. Of longer output
 * the beginning is kept, half of the limit, and the end, the other half; between them stands a line
 * that tells how many bytes are missing.
 */
struct procspawn_output {
    const char *data;       /* never NULL; a byte of 0 follows the last one and is not counted */
    size_t size;            /* bytes at data */
    uint64_t total;         /* bytes that were printed */
    bool truncated;         /* total is above the limit: the middle is missing */
};

#endif
