/*
 * limits.h - what the system lets us have
 */
#ifndef VET_LIMITS_H
#define VET_LIMITS_H

/*
 * Raises the limit of descriptors to what so many calls in flight need. Returns how many of them it
 * suffices for, at least 1.
 */
int limits_fit(int jobs);

#endif
