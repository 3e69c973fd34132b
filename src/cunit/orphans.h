/*
 * The runner's descendants: a test's process and all that came of it.
 */
#ifndef SRC_CUNIT_ORPHANS_H
#define SRC_CUNIT_ORPHANS_H

#include <stdint.h>

#include "src/cunit/case.h"
#include "src/cunit/inventory.h"

/*
 * Reaps orphans that end within `patience` nanoseconds, notes the others as failures in
 * `ret_result` (NULL: not at all), and kills them; two seconds at most.
 */
void procspawn__cunit_orphans_end(const struct inventory *known, int64_t patience,
                                  struct result *ret_result);

#endif
