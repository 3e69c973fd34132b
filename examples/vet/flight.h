/*
 * flight.h - the calls in flight, for those who have to wait until one of them ends
 *
 * When descriptors or processes run short, a file need not stay undecided: the end of any other
 * call may give back what is missing.
 */
#ifndef VET_FLIGHT_H
#define VET_FLIGHT_H

#include <pthread.h>
#include <stdbool.h>

struct flight {
    pthread_mutex_t line;           /* held by the first in the line after a shortage */
    pthread_mutex_t lock;           /* guards all below */
    pthread_cond_t changed;         /* broadcast when a call has ended */
    unsigned in_flight;
    unsigned ended;
};

void flight_init(struct flight *flight);
void flight_fini(struct flight *flight);

/* A call has started; it has ended, and given back what it had. */
void flight_begin(struct flight *flight);
void flight_end(struct flight *flight);

/*
 * Who found a shortage lines up, so that those who try again do not take from each other what a try
 * needs for a moment. Leaving takes the flight, as a clean-up handler does.
 */
void flight_line_up(struct flight *flight);
void flight_leave_line(void *flight);

/* The present moment, for flight_wait. */
unsigned flight_mark(struct flight *flight);

/*
 * Waits until a call has ended since the mark. False when none has, and none is in flight that
 * could. A cancellation point.
 */
bool flight_wait(struct flight *flight, unsigned mark);

#endif
