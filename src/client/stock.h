/*
 * stock.h - children that were offered and are not taken yet, and refusals
 *
 * All of it is called with the client's lock held.
 */
#ifndef FORKSCOPE_CLIENT_STOCK_H
#define FORKSCOPE_CLIENT_STOCK_H

#include "src/client/taken.h"
#include "src/wire/frame.h"

/* An offer of the server behind this link. */
void procspawn__stock_add(unsigned index, struct wire_frame *frame);
/* The server behind this link has died, and its children with it. */
void procspawn__stock_drop(unsigned index);
/* The oldest one: it has had the most time to prepare itself. There is one. */
struct procspawn__taken procspawn__stock_take(void);
/* So many requests have failed with this error. */
void procspawn__stock_refuse(int error, unsigned count);

#endif
