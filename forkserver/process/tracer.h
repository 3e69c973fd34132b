/*
 * tracer.h - kills tracers that keep a killed process from ending; knows debuggers
 */
#ifndef FORKSCOPE_FORKSERVER_PROCESS_TRACER_H
#define FORKSCOPE_FORKSERVER_PROCESS_TRACER_H

#include <stdbool.h>
#include <sys/types.h>

/* Nanoseconds between a kill and the search for tracers of the process, and between searches. */
enum { FORKSERVER_TRACER_DELAY = 100 * 1000 * 1000 };

/* Kills processes below the root that trace pid, which was killed. */
void forkserver__kill_tracers(pid_t root, pid_t pid);

/* Is the process traced by one that is not below the root, as by a debugger? */
bool forkserver__has_debugger(pid_t root, pid_t pid);

#endif
