/*
 * step.h - one step of a set-up that has many
 */
#ifndef FORKSCOPE_CHILD_STEP_H
#define FORKSCOPE_CHILD_STEP_H


/* One step of many: its failure is that of the calling function, and *ret_what says what failed. */
#define PROCSPAWN__STEP(condition, step, text) \
    do { \
        int rc_ = (condition) ? (step) : 0; \
        if (rc_ < 0) { \
            *ret_what = (text); \
            return rc_; \
        } \
    } while (0)

#endif
