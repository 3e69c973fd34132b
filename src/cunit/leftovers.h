/*
 * leftovers.h - what a test left behind in its own process
 */
#ifndef FORKSCOPE_CUNIT_LEFTOVERS_H
#define FORKSCOPE_CUNIT_LEFTOVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "src/cunit/inventory.h"

enum { LEFTOVER_KINDS = 4 };

struct leftovers {
    struct inventory before[LEFTOVER_KINDS];
};

/* Takes the first inventory. A resource that cannot be read is a failure of the test. */
void procspawn__cunit_leftovers_begin(struct leftovers *leftovers);

/*
 * Compares until nothing is left or `timeout` nanoseconds are over; then adds a failure for each
 * thing left. Returns whether threads are left. Frees the first inventory.
 */
bool procspawn__cunit_leftovers_end(struct leftovers *leftovers, unsigned allowed,
                                    int64_t timeout);

#endif
