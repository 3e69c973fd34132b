/*
 * reply.h - sends the result or the failure of a call, in the child
 */
#ifndef FORKSCOPE_CHILD_REPLY_H
#define FORKSCOPE_CHILD_REPLY_H

#include "src/value/failure.h"
#include "src/wire/protocol.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* The current call, as replies refer to it. */
struct procspawn__reply {
    int channel;
    uint64_t generation;
    bool keep_alive;            /* the child waits for another call afterwards */
    bool failed;                /* a failure was sent */
    bool fresh;                 /* a worker whose calls start fresh, if all can be put back */
    struct wire_times times;    /* of the function */
};

extern struct procspawn__reply procspawn__reply;

/* Tells the server that the function begins, in a way that the function cannot take back. */
void procspawn__reply_begin(void);
/* Sends the result. NULL: the function failed; then a failure is sent. */
void procspawn__reply_result(const json_t *result);
/* Sends the failure that the function has reported, in the place of a result. */
void procspawn__reply_reported(const struct procspawn__failure *failure);
/* Sets the reason why the current function returns NULL: its values cannot be converted. The
 * failure is then sent as WIRE_FAILURE_JSON, not as a failure of the function. */
void procspawn__reply_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Sends a failure; `error`: positive errno value, or 0. */
void procspawn__reply_failure(enum wire_failure_kind kind, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
