/*
 * tour.h - each feature of the process half once, for host programs with an unusual state
 *
 * A tour runs in a process of its own, under a time limit. Each step writes its outcome into memory
 * shared with the test, since the host may be unable to write or send anything.
 */
#ifndef FORKSCOPE_SUPPORT_TOUR_H
#define FORKSCOPE_SUPPORT_TOUR_H

#include <stdbool.h>

enum tour_step {
    TOUR_INIT,
    TOUR_CALL,                  /* a value is sent and returned */
    TOUR_CRASH,                 /* reports the cause and the signal */
    TOUR_POOL,                  /* a call in a worker */
    TOUR_SCOPE,                 /* a process as the child of a scope */
    TOUR_DEADLINE,              /* a call that hangs is ended by its deadline */
    TOUR_NESTED,                /* a call made by a called function */
    TOUR_DAEMON,                /* a process left in a session of its own is ended */
    TOUR_FINI,                  /* leaves no child */
    TOUR_STEPS
};

/* Outcomes of a step besides 0 and the library's codes. */
enum { TOUR_NOT_REACHED = 1, TOUR_WRONG_VERDICT = 2 };

struct tour {
    int outcome[TOUR_STEPS];
    bool frames;                /* the crash had a backtrace */
    bool ended;                 /* the process ended by itself, within the limit */
    int status;
    unsigned left_behind;       /* processes that existed a second later */
    double seconds;             /* processor time of all processes together */
};

/*
 * prepare(argument) sets up the unusual state before init, in the process of the tour. If init
 * fails, all later steps are not reached.
 */
void tour_run(void (*prepare)(const void *argument), const void *argument, struct tour *ret_tour);

/*
 * Assert: the outcome of one step; of all steps; that there were frames; that the host ended in
 * time, used little processor time and left no process.
 */
void tour_check_step(const struct tour *tour, enum tour_step step, int outcome, const char *name);
void tour_check_all(const struct tour *tour, const char *name);
void tour_check_frames(const struct tour *tour, const char *name);
void tour_check_end(const struct tour *tour, const char *name);

#endif
