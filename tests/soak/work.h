/*
 * work.h - the functions that the soak calls in processes of their own
 */
#ifndef FORKSCOPE_TESTS_SOAK_WORK_H
#define FORKSCOPE_TESTS_SOAK_WORK_H

#include <jansson.h>
#include <stdint.h>

/* What a called function may do; the last one is for calls with a deadline of their own. */
enum work {
    WORK_ANSWER, WORK_ANSWER_AT_LENGTH, WORK_PANIC, WORK_CRASH, WORK_EXIT, WORK_LEAVE_PROCESSES,
    WORK_NEST, WORK_RUN_TASKS, WORK_HANG, WORK_HANG_DEAF, WORK_LEAVE_IN_ORDER,
    WORKS
};

/* The argument of a call, and whether a result is the one for it. */
json_t *work_argument(enum work work, int node, int64_t number);
int64_t work_answer(int64_t number);
int work_is_right(int64_t number, const json_t *result);

json_t *work(json_t *argument);

#endif
