/*
 * acts.h - kinds of state that a function can leave behind in its process, and how each is seen
 */
#ifndef FORKSCOPE_SUPPORT_ACTS_H
#define FORKSCOPE_SUPPORT_ACTS_H

#include <stdbool.h>

struct act {
    const char *name;
    void (*leave)(void);
    long (*seen)(void);         /* a number that tells a new process from one with this state */
    bool relative;              /* a count: only its change is the same in all processes */
    bool alone;                 /* what follows in the same process differs from time to time */
};

/* Before the library is initialised: makes the state that acts change. */
void acts_prepare(void);
void acts_prepare_small(void);      /* part of it */

/* Ended by an act without a name. */
extern const struct act memory_acts[];
extern const struct act small_acts[];
extern const struct act descriptor_acts[];
extern const struct act kernel_acts[];
extern const struct act rights_acts[];

/* All acts, by number. */
unsigned acts_count(void);
const struct act *acts_get(unsigned number);

/* Counts and lines of /proc/self, for what is seen. -1: it cannot be read. */
long acts_mappings(void);
long acts_descriptors(void);
long acts_status(const char *key);

#endif
