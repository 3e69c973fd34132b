/*
 * rest.h - what dead children have left, and cannot be ended at once
 */
#ifndef FORKSCOPE_FORKSERVER_REST_H
#define FORKSCOPE_FORKSERVER_REST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { REST_MOST = 64 };

/* A stranger that was there when it was looked for, and since which look. */
struct remnant {
    pid_t pid;
    uint64_t since;
};

struct rest {
    uint64_t looks;             /* counts them, from their beginnings to the next ones */
    bool wanted;                /* something has changed since the last one */
    bool crowded;               /* there were more than can be told apart */
    unsigned count;
    struct remnant remnants[REST_MOST];
};

#endif
