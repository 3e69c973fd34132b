/*
 * wait.h - waits of the library, as cancellation points of tasks
 *
 * Whatever waits in this library switches cancellation off, waits in a way that being cancelled
 * wakes, and ends the task itself when it was: so no wait depends on pthread_cancel, which can lose
 * what a cancelled system call had done. Threads outside of tasks are never cancelled in a wait.
 */
#ifndef FORKSCOPE_SCOPE_WAIT_H
#define FORKSCOPE_SCOPE_WAIT_H

#include <stdbool.h>
#include <stdint.h>

struct node;
struct waiter;

struct wait {
    struct node *task;      /* that can be cancelled here; NULL: nobody */
    bool was_on;            /* cancellation, before */
};

/* For waits where cancellation is off anyway, in a task's last phases. */
#define SCOPED_UNCANCELLED ((struct wait){ NULL, false })

/*
 * Begins a wait: cancellation is off until scoped__wait_end. A task that was cancelled by force
 * before does not return, but for one that is being unwound: in its clean-up handlers nothing is
 * cut short.
 */
struct wait scoped__wait_begin(void);

/* The same for what is no cancellation point. */
struct wait scoped__wait_begin_uncancelled(void);

/*
 * Around a call of a function of the user's that has to come back, for something is half done
 * meanwhile: cancellation is off, and no wait in it is cut short. Returns who could be cancelled
 * here otherwise.
 */
struct wait scoped__hold(void);
void scoped__hold_end(struct wait hold);

/* Whether it has to end now. */
bool scoped__wait_cancelled(struct wait wait);

/*
 * Ends it: a task that was cancelled by force, if error is -ECANCELED, does not return. Returns
 * error.
 */
int scoped__wait_end(struct wait wait, int error);

/* No lock held: 0 when woken, -ETIMEDOUT, or -ECANCELED. */
int scoped__wait_parked(struct wait wait, struct waiter *waiter, int64_t deadline);

/*
 * scoped_wait_fd for the process half: 0, -ETIMEDOUT, -ECANCELED, or an errno of poll(2). Threads
 * outside of tasks can be cancelled in it as in poll(2).
 */
int scoped__wait_fd(int fd, short events, int64_t deadline);

/*
 * Until an eventfd of the library's (base/fd.h) is raised, or it is time to look whether what it
 * stands for is so without it: the program may have closed it. 0 or -ECANCELED, or another errno.
 */
int scoped__wait_event(int event, int64_t deadline);

/* Nanoseconds between asking the calling task to end and forcing it; 0 if it has no grace. */
int64_t scoped__grace(void);

#endif
