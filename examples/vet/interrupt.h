/*
 * interrupt.h - the signals by which a user ends the program, as a descriptor
 */
#ifndef VET_INTERRUPT_H
#define VET_INTERRUPT_H

/*
 * Holds back SIGINT, SIGTERM and SIGHUP for this thread and those that it starts from now on, and
 * gives a descriptor that becomes readable when one comes. Returns 0 or a negative errno value.
 */
int interrupt_open(int *ret_fd);

#endif
