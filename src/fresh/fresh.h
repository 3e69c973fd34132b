/*
 * fresh.h - a worker in which each call starts from the state of a new process
 *
 * When the worker is set up, procspawn__fresh_take makes a snapshot of its state. Before the answer
 * to a call is sent, procspawn__fresh_look finds out whether all that the call has left can be put
 * back; if not, the worker takes no other call. After the answer procspawn__fresh_put_back does it.
 *
 * This is about accidents. Code that has taken over the process can do what it likes to the reset.
 */
#ifndef FORKSCOPE_FRESH_FRESH_H
#define FORKSCOPE_FRESH_FRESH_H

#include <stdbool.h>

/*
 * Opens the files that a snapshot needs. Called before the process gives up rights, after which it
 * may not be allowed to open them. Without them there will be no snapshot.
 */
void procspawn__fresh_open(void);

/*
 * Takes the snapshot. `mark` is an address in the frame of a function that does not return and
 * changes nothing in its frame any more: what lies above it on the stack is put back, what lies
 * below is not the state of the program. NULL, or what stands in the way; then each call needs a
 * process of its own.
 */
const char *procspawn__fresh_take(const void *mark);

/* NULL, or the state that a call has left and that cannot be put back. */
const char *procspawn__fresh_look(void);

/* Puts everything back. False if that failed: the process is of no use any more. */
bool procspawn__fresh_put_back(void);

/*
 * There will be no other reset: closes the duplicates of descriptors, which the program has a
 * reason to close.
 */
void procspawn__fresh_end(void);

#endif
