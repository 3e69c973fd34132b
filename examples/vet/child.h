/*
 * child.h - what runs in the isolated process
 */
#ifndef VET_CHILD_H
#define VET_CHILD_H

#include <jansson.h>

/*
 * A question: parse the file of that name with that parser. A new reference, NULL when out of
 * memory.
 */
json_t *child_question(const char *path, const char *parser);

/*
 * Answers a question: opens the file, reads it, parses it. The answer is an object:
 *
 *     {"outcome": "ok", "bytes": 18}
 *     {"outcome": "rejected", "bytes": 18, "line": 1, "column": 9, "message": "value expected"}
 *     {"outcome": "unreadable", "message": "Permission denied"}
 */
json_t *child_answer(json_t *question);

#endif
