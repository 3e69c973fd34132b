/*
 * rest.h - what dead children have left, and cannot be ended at once
 */
#ifndef FORKSCOPE_FORKSERVER_REST_H
#define FORKSCOPE_FORKSERVER_REST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { REST_MOST = 256 };

/* A stranger that was there when it was looked for, and since when. */
struct remnant {
    pid_t pid;
    uint64_t since;             /* the number of that look */
    int64_t seen_at;
};

struct rest {
    uint64_t looks;             /* counts them, from their beginnings to the next ones */
    bool wanted;                /* something has changed since the last one */
    bool crowded;               /* there were more than can be told apart */
    int64_t look_at;            /* the next one, if nothing changes before; INT64_MAX: none */
    unsigned count;
    struct remnant remnants[REST_MOST];
};

#endif
