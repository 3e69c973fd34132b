/*
 * early_death.h - children that die right after they are forked
 */
#ifndef FORKSCOPE_SUPPORT_EARLY_DEATH_H
#define FORKSCOPE_SUPPORT_EARLY_DEATH_H

#include <stdbool.h>

/* Called before init, and after fini. */
void births_open(void);
void births_close(void);

/* From now on all children die before they read anything, or none does. The count starts at 0. */
void births_forbid(bool forbidden);
/* Returns how many children have been forked since then, dead or alive. */
unsigned births_count(void);

#endif
