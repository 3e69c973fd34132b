/*
 * births.h - children that die as soon as they are born
 */
#ifndef TESTS_BIRTHS_H
#define TESTS_BIRTHS_H

#include <stdbool.h>

/* Before init, and after fini. */
void births_open(void);
void births_close(void);

/* From now on all die before they read anything, or none does; counts anew. */
void births_forbid(bool forbidden);
/* How many children were born since then, dead or alive. */
unsigned births_count(void);

#endif
