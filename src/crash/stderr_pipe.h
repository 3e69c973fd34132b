/*
 * stderr_pipe.h - reads what lies unread in a pipe that is the stderr of a process
 *
 * It stays in the pipe: its reader misses nothing.
 */
#ifndef FORKSCOPE_CRASH_STDERR_PIPE_H
#define FORKSCOPE_CRASH_STDERR_PIPE_H

#include <stddef.h>
#include <sys/types.h>

enum { STDERR_LAST = 4096 };    /* bytes that are kept of it */

/*
 * Opens the pipe, which may wait for a process that holds its lock. Returns a descriptor; -1:
 * stderr is no anonymous pipe, or may not be looked at.
 */
int crash__stderr_open(pid_t pid);

/*
 * Copies its last bytes, NUL as '?', from the start of a character on. "" if there are none, for a
 * negative descriptor, and of a pipe that is larger than this process may make one. May wait as
 * above.
 */
void crash__stderr_read(int fd, char ret_text[STDERR_LAST + 1]);

#endif
