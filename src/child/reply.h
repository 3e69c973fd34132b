/*
 * child.h - what the files share that are the child's side
 */
#ifndef FORKSCOPE_PROC_CHILD_H
#define FORKSCOPE_PROC_CHILD_H

#include "src/wire/protocol.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* The call at hand, as replies name it. */
struct procspawn__reply {
    int channel;
    uint64_t generation;
    bool stays;                 /* the child lives on after it */
    bool failed;                /* a failure has been told */
};

extern struct procspawn__reply procspawn__reply;

/* NULL is a failure of the function. */
void procspawn__reply_result(const json_t *result);
/* Why the function at hand returns NULL: then it is not a failure of the function, but of its
 * values. */
void procspawn__reply_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
void procspawn__reply_failure(enum wire_failure_kind kind, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
