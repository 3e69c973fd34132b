/*
 * verdict.h - what became of one file
 */
#ifndef VET_VERDICT_H
#define VET_VERDICT_H

#include <forkscope/error.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

enum outcome {
    OUTCOME_OK,
    OUTCOME_REJECTED,       /* the parser said no; line, column and message say where and why */
    OUTCOME_CRASHED,        /* the parser's process died, or answered nonsense */
    OUTCOME_VIOLATION,      /* the parser did what its sandbox denies; the message says what */
    OUTCOME_TIMED_OUT,
    OUTCOME_UNREADABLE,     /* the parser never saw it; the message says why */
    OUTCOME_UNDECIDED,      /* no process could be had to parse it */
    OUTCOMES
};

struct verdict {
    enum outcome outcome;
    int64_t bytes;          /* of the document, as far as known */
    int64_t duration;       /* of the call in nanoseconds, -1 when there was none */
    int line, column;       /* 0 when there is no place */
    char *message;          /* owned, NULL when there is none */
    procspawn_error *error; /* owned, NULL unless the call failed */
};

/* The verdict from the answer of the isolated process (borrowed), which may be anything. */
struct verdict verdict_of_answer(const json_t *answer);

/* The verdict from the failure of a call (taken, not NULL). */
struct verdict verdict_of_error(procspawn_error *error);

/* A verdict without a call. The message is copied. */
struct verdict verdict_without_call(enum outcome outcome, const char *message);

void verdict_fini(struct verdict *verdict);

/* "ok", "rejected", "crashed", "violation", "timed_out", "unreadable", "undecided". */
const char *outcome_name(enum outcome outcome);

/* Prints the line for a file, or makes the JSON object for it (a new reference). */
void verdict_print(const struct verdict *verdict, const char *name, FILE *stream);
json_t *verdict_json(const struct verdict *verdict, const char *name);

#endif
