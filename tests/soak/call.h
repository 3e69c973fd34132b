/*
 * call.h - one call of the soak, and how it ends
 */
#ifndef FORKSCOPE_TESTS_SOAK_CALL_H
#define FORKSCOPE_TESTS_SOAK_CALL_H

#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stdint.h>

struct call {
    procspawn_handle *handle;
    int node;
    int64_t number;
    bool ended;
    bool of_pool;               /* only such a call can be cancelled */
};

/* Notes how the call has ended. False while it has not. */
bool call_join(struct call *call, int64_t timeout);
/* Frees the handle. A call whose end was not noted is abandoned. */
void call_leave(void *call);

#endif
