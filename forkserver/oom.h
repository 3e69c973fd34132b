/*
 * oom.h - how often the kernel's out-of-memory killer has struck
 */
#ifndef FORKSCOPE_FORKSERVER_OOM_H
#define FORKSCOPE_FORKSERVER_OOM_H

/* From /proc/vmstat, open: the kernel's count since it started; 0 where it does not say. */
unsigned long long forkserver__oom_kills(int vmstat);

#endif
