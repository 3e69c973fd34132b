/*
 * tracer.h - kills tracers that keep a killed process from ending
 */
#ifndef FORKSCOPE_FORKSERVER_PROCESS_TRACER_H
#define FORKSCOPE_FORKSERVER_PROCESS_TRACER_H

#include <sys/types.h>

/* Nanoseconds between a kill and the search for tracers of the process, and between searches. */
enum { FORKSERVER_TRACER_DELAY = 100 * 1000 * 1000 };

/* Kills processes below the root that trace pid, which was killed. */
void forkserver__kill_tracers(pid_t root, pid_t pid);

#endif
