/*
 * typed_tools.h - functions that another file calls: the form for headers, and types of our own
 */
#ifndef TESTS_TYPED_TOOLS_H
#define TESTS_TYPED_TOOLS_H

#include <forkscope/typed.h>

/* A type without anything to release. */
struct point {
    double x, y;
    bool packed_for_a_call;     /* as in_ipc_mode said it */
    bool unpacked_for_a_call;
};

json_t *pack_point(const struct point *point);
int unpack_point(const json_t *json, struct point *ret_point);
PROCSPAWN_TYPE(point, struct point, pack_point, unpack_point);

/* A type with memory of its own. Those that are alive are counted. */
struct numbers {
    size_t count;
    int *number;
};

json_t *pack_numbers(const struct numbers *numbers);
int unpack_numbers(const json_t *json, struct numbers *ret_numbers);
void release_numbers(struct numbers *numbers);
struct numbers numbers_up_to(int last);
PROCSPAWN_TYPE_OWNED(numbers, struct numbers, pack_numbers, unpack_numbers, release_numbers);

extern int numbers_alive;

PROCSPAWN_DECLARE(mirror, point, (point, it), (bool, across));
PROCSPAWN_DECLARE(nothing_at_all, void);

#endif
