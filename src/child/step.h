/*
 * step.h - a macro for functions that consist of steps, each of which may fail
 */
#ifndef FORKSCOPE_CHILD_STEP_H
#define FORKSCOPE_CHILD_STEP_H


/* If the condition is true, does the step. If that fails, sets *ret_what and returns its error. */
#define PROCSPAWN__STEP(condition, step, text) \
    do { \
        int rc_ = (condition) ? (step) : 0; \
        if (rc_ < 0) { \
            *ret_what = (text); \
            return rc_; \
        } \
    } while (0)

#endif
