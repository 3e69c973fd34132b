/*
 * orphans.h - descendants of the runner that a test left: its process and all that it started
 */
#ifndef FORKSCOPE_CUNIT_ORPHANS_H
#define FORKSCOPE_CUNIT_ORPHANS_H

#include <stdint.h>

#include "src/cunit/result.h"
#include "src/cunit/inventory.h"

/*
 * Reaps orphans that end within `timeout` nanoseconds. The others are added as failures to
 * `ret_result` (NULL: not reported) and killed, which takes up to two seconds. `known`: processes
 * that existed before the test.
 */
void procspawn__cunit_orphans_end(const struct inventory *known, int64_t timeout,
                                  struct result *ret_result);

#endif
