/*
 * tracers.h - children that trace
 */
#ifndef FORKSCOPE_SUPPORT_TRACERS_H
#define FORKSCOPE_SUPPORT_TRACERS_H

#include <sys/types.h>

/* Traces this process from the calling one, adds one to the shared number, and does not return. */
void trace_and_hang(pid_t pid);

#endif
