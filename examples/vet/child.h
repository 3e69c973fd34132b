/*
 * child.h - what runs in the isolated process
 */
#ifndef VET_CHILD_H
#define VET_CHILD_H

#include <jansson.h>
#include <stddef.h>

/*
 * A question: parse this open file, which stays the caller's, with that parser. A new reference,
 * NULL when out of memory.
 */
json_t *child_question(int fd, size_t size, const char *parser);

/*
 * Answers a question: reads the file, parses it. The answer is an object:
 *
 *     {"outcome": "ok", "bytes": 18}
 *     {"outcome": "rejected", "bytes": 18, "line": 1, "column": 9, "message": "value expected"}
 *     {"outcome": "unreadable", "message": "Input/output error"}
 */
json_t *child_answer(json_t *question);

#endif
