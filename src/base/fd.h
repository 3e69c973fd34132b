/*
 * fd.h - descriptors of the library's own
 */
#ifndef FORKSCOPE_BASE_FD_H
#define FORKSCOPE_BASE_FD_H

/*
 * The same descriptor, or a close-on-exec copy of it behind the standard streams with the original
 * closed: in a program that has closed some of these, every new descriptor would become one. Takes
 * fd; negative values pass. Returns the descriptor, or -errno.
 */
int base__fd_behind_stdio(int fd);

/* The same for both ends of a pipe or a pair. Returns 0, or -errno with both closed. */
int base__ends_behind_stdio(int ends[2]);

/* A new eventfd(2) behind the standard streams, close-on-exec and non-blocking, or -errno. */
int base__event(void);

#endif
