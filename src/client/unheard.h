/*
 * unheard.h - reaps servers of which the root could not tell before it died
 *
 * Such a server ends at once. It is a zombie then if this process adopts orphans, as an init or a
 * PR_SET_CHILD_SUBREAPER does.
 */
#ifndef FORKSCOPE_CLIENT_UNHEARD_H
#define FORKSCOPE_CLIENT_UNHEARD_H

#include <stdint.h>

/* After the root has been reaped. Waits until the deadline, and no longer than a second. */
void procspawn__unheard_reap(int64_t deadline);

#endif
