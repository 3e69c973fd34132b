/*
 * rest.h - orphans of dead children that have not ended yet
 */
#ifndef FORKSCOPE_FORKSERVER_REST_H
#define FORKSCOPE_FORKSERVER_REST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { REST_MOST = 256 };

/* An orphan, and the scan that saw it first. */
struct remnant {
    pid_t pid;
    uint64_t since;             /* number of that scan */
    int64_t seen_at;
};

struct rest {
    uint64_t looks;             /* number of scans, counted when one ends */
    bool wanted;                /* something has changed since the last scan */
    bool crowded;               /* there were more orphans than the table holds */
    int64_t look_at;            /* the next scan if nothing changes before; INT64_MAX: none */
    unsigned count;
    struct remnant remnants[REST_MOST];
};

#endif
