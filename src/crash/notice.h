/*
 * notice.h - a crash of a process that cannot stop itself
 *
 * A seccomp filter of the program can refuse each system call that stops a process. Then the
 * crashed one sends a message to its parent, if it may, and waits until it has been examined.
 */
#ifndef FORKSCOPE_CRASH_NOTICE_H
#define FORKSCOPE_CRASH_NOTICE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * In a child: the socket to the parent, and the message, which is borrowed for good. fd -1: there
 * is none, and a process that cannot stop itself dies without a report.
 */
void crash__set_notice(int fd, const void *message, size_t size);

/* Sends it, without waiting; async-signal-safe. Returns false if it was not sent. */
bool crash__send_notice(void);

#endif
