/*
 * leftovers.h - processes that should be gone
 */
#ifndef VET_LEFTOVERS_H
#define VET_LEFTOVERS_H

/*
 * Makes this process the one that orphans below it fall to, so that none can leave its tree unseen.
 * Returns 0 or a negative errno value.
 */
int leftovers_watch(void);

/*
 * The number of processes below this one, zombies included, as /proc has them; -errno when it
 * cannot be read.
 */
int leftovers_count(void);

#endif
