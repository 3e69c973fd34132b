/*
 * fail.h - the failure that the called function has reported with procspawn_fail()
 */
#ifndef FORKSCOPE_CHILD_FAIL_H
#define FORKSCOPE_CHILD_FAIL_H

#include "src/value/failure.h"
#include <stdbool.h>

/* From now on failures are kept. */
void procspawn__fail_begin(void);
/* From now on failures are dropped. Returns whether one was kept, which is given to the caller. */
bool procspawn__fail_end(struct procspawn__failure *ret_failure);

/* Whether one was kept since procspawn__fail_begin. */
bool procspawn__fail_is_reported(void);

#endif
