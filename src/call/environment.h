/*
 * environment.h - the environment of a child: the caller's, with the changes of a builder
 */
#ifndef FORKSCOPE_CALL_ENVIRONMENT_H
#define FORKSCOPE_CALL_ENVIRONMENT_H

#include "src/wire/codec.h"
#include <stdbool.h>
#include <stddef.h>

/* An environment is an array of strings, mostly NAME=value, that ends with NULL, as environ(7). */

/* Records the environment that children start with. 0 or -ENOMEM. */
int procspawn__environment_record(char *const *variables);
/* Is it the recorded one, with the same strings in the same order? */
bool procspawn__environment_same(char *const *variables);
/*
 * Writes the environment after the changes: the number of its strings, and the strings. A change
 * NAME=value sets a variable, NAME removes it; of changes to the same name the last one counts.
 */
void procspawn__environment_put(struct wire_writer *writer, char *const *variables,
                                char *const *changes, size_t change_count);

#endif
