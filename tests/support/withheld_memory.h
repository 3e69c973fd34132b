/*
 * withhold.h - memory and a file that never come: whoever asks for them waits, even past SIGKILL
 *
 * A file system of the test's own, which answers no read, and no opening of one of its files.
 */
#ifndef TESTS_WITHHOLD_H
#define TESTS_WITHHOLD_H

#include <stdbool.h>

/* Mounts it, in a mount namespace that this process has alone from then on. Needs root, and a
 * kernel that has FUSE: false where it is not to be had. */
bool withhold_begin(void);

/* Whoever waits gets an error, and the file system goes. */
void withhold_end(void);

/* Can it be had at all? */
bool withhold_works(void);

/* From now on the page at this address never comes. Its bytes are lost. */
bool withhold_page(void *address);

/* A file that cannot be opened to the end; its length is 64 KiB. It stays until withhold_end(). */
const char *withhold_file(void);

#endif
