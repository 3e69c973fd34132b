/*
 * active.h - which servers are asked for children, and when there is to be one more
 *
 * An active server is asked for children and keeps spares. The others rest: they look after the
 * children that they have. With the lock held.
 */
#ifndef FORKSCOPE_CLIENT_ACTIVE_H
#define FORKSCOPE_CLIENT_ACTIVE_H

#include "src/client/lock.h"
#include <stdbool.h>

/* The first servers are active, as many as there are at the start. */
void procspawn__active_init(unsigned servers) REQUIRES(client_lock);
/* Chooses the active servers. Asks the root for one more if all have many children. */
void procspawn__active_choose(void) REQUIRES(client_lock);
bool procspawn__active_is(unsigned index) REQUIRES(client_lock);

#endif
