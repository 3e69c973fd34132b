/*
 * helper.h - a process of the library's own: a child that runs a function of the library, and that
 * nobody joins
 */
#ifndef FORKSCOPE_CALL_HELPER_H
#define FORKSCOPE_CALL_HELPER_H

#include <forkscope/procspawn.h>
#include <stdint.h>

/*
 * Starts it with the socket as its stdin; waits for a child until the deadline. 0, or what
 * procspawn() returns.
 */
int procspawn__helper_start(procspawn_function *function, int socket, int64_t deadline);

#endif
