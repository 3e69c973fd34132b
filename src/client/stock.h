/*
 * stock.h - children that servers have offered and that are not taken yet; and refusals
 *
 * All functions are called with the client's lock held.
 */
#ifndef FORKSCOPE_CLIENT_STOCK_H
#define FORKSCOPE_CLIENT_STOCK_H

#include "src/client/lock.h"
#include "src/client/remote_child.h"
#include "src/wire/frame.h"

/* Adds the children of an OFFER of the server with this index; takes their channels. */
void procspawn__stock_add(unsigned index, struct wire_frame *frame) REQUIRES(client_lock);
/* Removes the children of the server with this index, which has died. */
void procspawn__stock_drop(unsigned index) REQUIRES(client_lock);
/* Returns the oldest child: it had the most time to prepare itself. The stock must not be empty. */
struct procspawn__remote_child procspawn__stock_take(void) REQUIRES(client_lock);
/* Counts this number of refused requests; error: -errno. */
void procspawn__stock_refuse(int error, unsigned count) REQUIRES(client_lock);

#endif
