/*
 * place.h - what a program shut itself into, or moved to, after init
 *
 * No child can be led there: it is forked from what the program was at init. So what differs is
 * noticed, and the call refused, unless the builder allows it. What could be read at init and
 * cannot be now counts as different.
 */
#ifndef FORKSCOPE_PROC_PLACE_H
#define FORKSCOPE_PROC_PLACE_H

#include "src/rights/status.h"
#include <stdbool.h>

/* Remembers that of the calling thread as that at init; the second part when there is a root. */
void procspawn__place_remember(const struct procspawn__status *status);
void procspawn__place_remember_root(void);

/* Kinds (enum procspawn_rights) in which that of the calling thread is another one, but for... */
unsigned procspawn__place_differs(const struct procspawn__status *status);

/* ...this: is it in a Landlock domain that it was not in at init? Only a thread with the ids and
 * capabilities of init can tell. */
bool procspawn__place_landlocked(const struct procspawn__status *status);

/* Closes what is kept open. */
void procspawn__place_close(void);

#endif
