/*
 * oom.h - the number of kills by the kernel's out-of-memory killer
 */
#ifndef FORKSCOPE_FORKSERVER_PROCESS_OOM_H
#define FORKSCOPE_FORKSERVER_PROCESS_OOM_H

/* Reads the count since boot from /proc/vmstat, which is open. Returns 0 if it is not available. */
unsigned long long forkserver__oom_kills(int vmstat);

#endif
