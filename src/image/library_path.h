/*
 * library_path.h - the path by which a child loads a library that was loaded after init
 */
#ifndef FORKSCOPE_IMAGE_LIBRARY_PATH_H
#define FORKSCOPE_IMAGE_LIBRARY_PATH_H

#include <stdint.h>

/* A library as dl_iterate_phdr(3) describes it. */
struct procspawn__library {
    const char *name;           /* as it was loaded: may be relative to an earlier directory */
    uint64_t base;
    uint64_t address;           /* of code in it */
    unsigned long long unloads; /* dlpi_subs: when it changes, bases may have been reused */
};

/* Returns the absolute path in new memory; NULL if there is none, or without memory. */
char *procspawn__library_path(const struct procspawn__library *library);

/* At init and in a forked process: empties the cache and resets the lock. */
void procspawn__library_reset(void);

#endif
