/*
 * confinement.h - the caller's confinement: root directory, namespaces, seccomp filters, Landlock
 * domain
 *
 * A child is forked from the process at init and cannot be given a confinement that the program
 * entered later. So a difference is detected and the call refused, unless the builder allows it. A
 * property that could be read at init and cannot be read now counts as different.
 */
#ifndef FORKSCOPE_CALL_CONFINEMENT_H
#define FORKSCOPE_CALL_CONFINEMENT_H

#include "src/rights/status.h"
#include <stdbool.h>

/* At init: record the state of the calling thread, 0 or a shortage as -errno; and, once the root
 * runs, whether it is readable. */
int procspawn__confinement_record(const struct procspawn__status *status);
void procspawn__confinement_record_root(void);

/*
 * Gives the kinds (set of enum procspawn_rights) in which the calling thread differs from init,
 * without PROCSPAWN_RIGHTS_LANDLOCK. 0, or a shortage as -errno: then nothing is known.
 */
int procspawn__confinement_differs(const struct procspawn__status *status, unsigned *ret_kinds);

/* Is the calling thread in a Landlock domain that it was not in at init? To be called only by a
 * thread with the ids and capabilities of init. */
bool procspawn__confinement_landlocked(const struct procspawn__status *status);

/* Closes the descriptor that stays open from call to call. */
void procspawn__confinement_close(void);

#endif
