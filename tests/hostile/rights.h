/*
 * rights.h - a process looks at its own rights, and shows those that it must not have
 *
 * Only what the kernel confirms is evidence: a hostile process may say anything. So too many rights
 * are shown in two ways, each of which requires them (watch.h).
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_RIGHTS_H
#define FORKSCOPE_TESTS_HOSTILE_RIGHTS_H

#include <stdbool.h>

/* A process that shows its rights has this name. */
#define RIGHTS_NAME "has-too-much"

/* At the beginning of a function: what this process has and must not have. NULL: nothing. */
const char *rights_excess(void);
/* The same for descriptors, of a function that the program itself called. */
const char *rights_excess_of_descriptors(void);
/* False in a process that has rights in a user namespace of its own. */
bool rights_are_few(void);

/* Writes the text to the canary file, and stays for a second, to be looked at from outside. */
void rights_show(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Shows what is too much, if anything is. */
void rights_check(const char *finder);

#endif
