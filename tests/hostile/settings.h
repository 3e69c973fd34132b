/*
 * settings.h - what a run was begun with, for all of its processes to read
 *
 * Nobody can write it once the program has begun. A child has a copy of its own: what a hostile
 * function does to it is seen by nobody else.
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_SETTINGS_H
#define FORKSCOPE_TESTS_HOSTILE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MS INT64_C(1000000)

struct settings {
    uint64_t seed;
    uid_t user;                 /* of the program */
    bool aliens;                /* hostile functions run as other users */
    pid_t program;
    char canary[64];            /* a file that no hostile function may open; "": none */
};

extern const struct settings *settings;

/* Before anything is forked. The caller may complete them until settings_fix(). */
struct settings *settings_open(uint64_t seed);
/* In the program, which is this process. */
void settings_fix(void);

#endif
