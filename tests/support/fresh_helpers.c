/*
 * fresh_helpers.c - what the tests of fresh pools share
 */
#include "tests/support/fresh_helpers.h"

#include <unistd.h>

enum { ACTS_MAX = 256 };

procspawn_pool_builder *fresh_builder(unsigned size)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(size);

    CU_ASSERT_FATAL(builder != NULL);
    procspawn_pool_builder_fresh(builder);
    return builder;
}

procspawn_pool *fresh_build(procspawn_pool_builder *builder)
{
    return pool_build(builder);
}

procspawn_pool *fresh_make(unsigned size)
{
    return fresh_build(fresh_builder(size));
}

json_t *fresh_leave(json_t *number)
{
    acts_get((unsigned)json_integer_value(number))->leave();
    return json_integer(getpid());
}

json_t *fresh_see(json_t *number)
{
    return json_integer(acts_get((unsigned)json_integer_value(number))->seen());
}

/* What is seen of acts that others follow is compared; the order is that of the acts. */
json_t *fresh_program(json_t *numbers)
{
    long before[ACTS_MAX];
    json_t *seen = json_array();
    size_t i;
    json_t *number;

    for (unsigned act = 0; acts_get(act) && act < ACTS_MAX; act++)
        before[act] = acts_get(act)->alone ? 0 : acts_get(act)->seen();
    json_array_foreach(numbers, i, number)
        acts_get((unsigned)json_integer_value(number))->leave();
    for (unsigned act = 0; acts_get(act) && act < ACTS_MAX; act++) {
        if (!acts_get(act)->alone)
            json_array_append_new(seen, json_integer(acts_get(act)->seen() -
                                                     (acts_get(act)->relative ? before[act] : 0)));
    }
    return seen;
}
