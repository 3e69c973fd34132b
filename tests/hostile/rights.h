/*
 * rights.h - rights that a hostile function must not have
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_RIGHTS_H
#define FORKSCOPE_TESTS_HOSTILE_RIGHTS_H

#include <stdbool.h>

/* Before anything is forked: the file that none of them may open. Removed by rights_close(). */
void rights_open(void);
void rights_close(void);

/* At the beginning of a function: whether this process has more than was meant for it. What it has
 * too much goes to the ledger; finder is for the text. */
void rights_check(const char *finder);
/* False in a process that has rights in a user namespace of its own. */
bool rights_are_few(void);
/* As rights_check for descriptors, of a function that the program itself called. */
void rights_check_descriptors(void);

#endif
