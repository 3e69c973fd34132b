/*
 * quiet.h - pauses of the program: its resources and its servers' must then be what they were at
 * the first one
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_QUIET_H
#define FORKSCOPE_TESTS_HOSTILE_QUIET_H

/* Before init. */
void quiet_begin(void);
/* The first of them: what it finds is right. */
void quiet_first(void);
/* Waits, with a bound, until everything is as it was; what is not is told. */
void quiet_again(void);
/* After the end of the library, which leaves what was there before init. */
void quiet_end(void);

#endif
