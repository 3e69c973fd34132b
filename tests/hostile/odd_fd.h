/*
 * odd_fd.h - descriptors of all kinds that a receiver may not expect
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_ODD_FD_H
#define FORKSCOPE_TESTS_HOSTILE_ODD_FD_H

#include "tests/hostile/random.h"

/* One of some kind; -1 if there is none of that here. */
int odd_fd_draw(struct random *random);

/* A memory file: its size, what of that is written, and its seals are drawn. */
int odd_fd_memory(struct random *random);

#endif
