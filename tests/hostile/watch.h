/*
 * watch.h - looks at the rights of hostile processes from outside
 *
 * Two witnesses that no hostile process can deceive. What /proc says of a process comes from the
 * kernel; a process is looked at when its name says that it has given up its rights (mark.h), or
 * that it found too many (rights.h). And only a process with too many rights can write to the
 * canary file, which belongs to root.
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_WATCH_H
#define FORKSCOPE_TESTS_HOSTILE_WATCH_H

#include "tests/hostile/settings.h"

/* Makes the canary file, before anything is forked; only where hostile functions run as other
 * users. */
void watch_open(struct settings *settings);
/* In the process that watches, again and again: findings go to the ledger. */
void watch_rights(void);
/* At the end: reads and removes the canary file. */
void watch_close(void);

#endif
