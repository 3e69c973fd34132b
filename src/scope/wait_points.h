/*
 * wait_points.h - waits for descriptors, for the rooms above
 */
#ifndef FORKSCOPE_SCOPE_WAIT_POINTS_H
#define FORKSCOPE_SCOPE_WAIT_POINTS_H

#include <stdint.h>

/*
 * scoped_wait_fd_until for the rooms above. Returns 0, -ETIMEDOUT, -ECANCELED, or an errno of
 * poll(2). A thread outside of tasks waits uncancelled.
 */
int scoped__wait_fd(int fd, short events, int64_t deadline);

/*
 * Waits until an eventfd of the library (src/base/fd.h) is raised, the deadline passes, or a short
 * interval is over. The program may have closed the eventfd, so the caller must look at the
 * condition itself after each return. Returns 0, -ECANCELED, or another negative errno.
 */
int scoped__wait_event(int event, int64_t deadline);

#endif
