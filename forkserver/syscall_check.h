/*
 * syscall_check.h - are the system calls available that roots and servers need?
 */
#ifndef FORKSCOPE_FORKSERVER_SYSCALL_CHECK_H
#define FORKSCOPE_FORKSERVER_SYSCALL_CHECK_H

/*
 * Checks that all system calls are available that roots and servers need. Returns 0 or -errno.
 * Changes nothing. Runs in the host.
 */
int forkserver__check_syscalls(void);

#endif
