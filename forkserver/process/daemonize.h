/*
 * daemonize.h - turns a forked copy of the host into a daemon
 */
#ifndef FORKSCOPE_FORKSERVER_PROCESS_DAEMONIZE_H
#define FORKSCOPE_FORKSERVER_PROCESS_DAEMONIZE_H

#include <stdint.h>

enum { FORKSERVER_HELD = 64 };  /* number of lowest descriptors that can be held */

/*
 * Resets signals, starts a session, names the process, and closes all descriptors above the
 * standard streams. keep: descriptors to keep; held: bit set of low numbers to keep as well.
 */
void forkserver__daemonize(const char *name, const int *keep, unsigned keep_count, uint64_t held);
/*
 * For the root, after the host's descriptors are closed: opens /dev/null under the held numbers and
 * the standard streams; exits if there is no /dev/null and no memfd.
 */
void forkserver__hold_numbers(uint64_t held);
/* Closes all descriptors above the standard streams, but for these. */
void forkserver__close_except(const int *keep, unsigned keep_count, uint64_t held);

/*
 * Returns the open descriptors above the standard streams and below FORKSERVER_HELD, one bit each.
 * Runs in the host.
 */
uint64_t forkserver__open_numbers(void);

#endif
