/*
 * typed_helpers.h - typed functions that another file calls: the form for headers, and types of our
 * own
 */
#ifndef FORKSCOPE_SUPPORT_TYPED_HELPERS_H
#define FORKSCOPE_SUPPORT_TYPED_HELPERS_H

#include "tests/support/value_helpers.h"

#include <forkscope/typed.h>
#include <stdio.h>

/* A type that needs no release. */
struct point {
    double x, y;
    bool packed_for_a_call;     /* what in_ipc_mode returned */
    bool unpacked_for_a_call;
};

json_t *pack_point(const struct point *point);
int unpack_point(const json_t *json, struct point *ret_point);
#define PROCSPAWN_WORD_point PROCSPAWN_USER
PROCSPAWN_TYPE(point, struct point, pack_point, unpack_point);

/* A type with memory of its own. Values that exist are counted. */
struct numbers {
    size_t count;
    int *number;
};

json_t *pack_numbers(const struct numbers *numbers);
int unpack_numbers(const json_t *json, struct numbers *ret_numbers);
void release_numbers(struct numbers *numbers);
struct numbers numbers_up_to(int last);
#define PROCSPAWN_WORD_numbers PROCSPAWN_USER
PROCSPAWN_TYPE_OWNED(numbers, struct numbers, pack_numbers, unpack_numbers, release_numbers);

extern int numbers_alive;

PROCSPAWN_DECLARE(mirror, point, (point, it), (bool, across));
PROCSPAWN_DECLARE(nothing_at_all, void);

/* Joins and frees the handle; the call must have a result. */
#define TYPED_JOIN(function, handle, ret_result) \
    do { \
        procspawn_error *error_ = NULL; \
        PROCSPAWN_CUNIT_EQUAL(function##_join(handle, ret_result, &error_), 0); \
        if (error_) \
            procspawn_error_print(error_, stderr); \
        procspawn_error_free(error_); \
        procspawn_handle_free(handle); \
    } while (0)

/* Checks a failure that a join has returned. Frees both. */
void typed_check_failure(procspawn_handle *handle, int rc, procspawn_error *error,
                         enum procspawn_error_kind kind, const char *message);

#define TYPED_NOT_IT "the value is not what it should be, or stands for nothing any more"

/*
 * Calls the receiving half of a typed function with an argument that the sending half would not
 * make. "parameter 1 of f" must be refused.
 */
void typed_check_parameters(procspawn_function *entry, const char *argument, const char *which);

#endif
