/*
 * tour.h - once through the process half, for hosts with something odd about them
 *
 * A tour runs in a process of its own, under a time limit. Each step leaves its outcome in memory
 * that is shared with the test, so that nothing has to be written or sent by a host that may be
 * unable to do so.
 */
#ifndef TESTS_TOUR_H
#define TESTS_TOUR_H

#include <stdbool.h>

enum tour_step {
    TOUR_INIT,
    TOUR_CALL,                  /* a value there and back */
    TOUR_CRASH,                 /* ends with the cause and the signal */
    TOUR_POOL,                  /* a call in a worker */
    TOUR_SCOPE,                 /* a process as the child of a scope */
    TOUR_DEADLINE,              /* ends a call that hangs */
    TOUR_NESTED,                /* a call made by a called function */
    TOUR_DAEMON,                /* what a called function left in a session of its own is ended */
    TOUR_FINI,                  /* leaves no child */
    TOUR_STEPS
};

/* The outcome of a step beside 0 and the library's codes. */
enum { TOUR_NOT_REACHED = 1, TOUR_WRONG_VERDICT = 2 };

struct tour {
    int outcome[TOUR_STEPS];
    bool frames;                /* the crash had a backtrace */
    bool ended;                 /* the process ended by itself, within the limit */
    int status;
    unsigned left_behind;       /* processes that were still there a second later */
    double seconds;             /* of processor time, all processes together */
};

/*
 * prepare(argument) makes the host odd, before init. It runs in the process of the tour. Without
 * init all later steps are not reached.
 */
void tour_run(void (*prepare)(const void *argument), const void *argument, struct tour *ret_tour);

/* Assert the outcome of one step, of all, that there were frames, and that the host ended in time,
 * burnt no time and left nothing. */
void tour_check_step(const struct tour *tour, enum tour_step step, int outcome, const char *name);
void tour_check_all(const struct tour *tour, const char *name);
void tour_check_frames(const struct tour *tour, const char *name);
void tour_check_end(const struct tour *tour, const char *name);

#endif
