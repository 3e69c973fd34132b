/*
 * collector.h - the process that reads what captured calls print
 *
 * A call's stdout and stderr are pipes. The program cannot be relied upon to read them, and has no
 * thread for it; a file would grow without a bound. So the first captured call starts one more
 * child, the collector, which reads the pipes of all captured calls of this process into memory
 * that it shares with it (ring.h). No called function runs in the collector, and no child has a
 * descriptor of that memory.
 */
#ifndef FORKSCOPE_CALL_COLLECTOR_H
#define FORKSCOPE_CALL_COLLECTOR_H

#include <stdint.h>

/*
 * Starts the collector if there is none: waits for a child then, until the deadline. 0, or what
 * procspawn() returns.
 */
int procspawn__collector_start(int64_t deadline);

/* In a child by fork(2): forgets the collector, which serves the parent. */
void procspawn__collector_reset(void);

#endif
