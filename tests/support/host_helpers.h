/*
 * host_helpers.h - what the tests of programs with a process of their own share
 */
#ifndef FORKSCOPE_SUPPORT_HOST_HELPERS_H
#define FORKSCOPE_SUPPORT_HOST_HELPERS_H

/* Runs a part of a test in a process that begins without init, and checks that it ends well. */
void host_run(void (*part)(void));

/* Checks calls that return, and one that is killed. */
void host_call_in_all_ways(void);

#endif
