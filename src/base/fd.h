/*
 * fd.h - descriptors of the library's own
 *
 * A program may close any descriptor, as daemons close all from 3 up, and then has files of its own
 * by the same numbers. So each number that the library keeps is noted down, together with what
 * tells its file from others, and is looked at before it is used: what is not there any more is
 * neither read, written nor closed. A number that is noted down is not used for another descriptor
 * of the library until its keeper has let go of it, so that no keeper takes another one's for its
 * own. A thread that closes descriptors while another one uses them can come between look and use.
 */
#ifndef FORKSCOPE_BASE_FD_H
#define FORKSCOPE_BASE_FD_H

#include <stdbool.h>

/*
 * The same descriptor, or a close-on-exec copy of it behind the standard streams with the original
 * closed: in a program that has closed some of these, every new descriptor would become one. Nor is
 * the number one that is noted down: it would be taken for what was there. Takes fd; negative values
 * pass. Returns the descriptor, or -errno.
 */
int base__fd_behind_stdio(int fd);

/* The same for both ends of a pipe or a pair. Returns 0, or -errno with both closed. */
int base__ends_behind_stdio(int ends[2]);

/* ---- descriptors that are kept ---- */

/*
 * Notes a new descriptor down, which is taken: the first a file that only the library has opened,
 * the second one that others may have as well. Negative values pass. Returns the descriptor, which
 * may have got another number, or -errno.
 */
int base__fd_own(int fd);
int base__fd_hold(int fd);

/* Holds a close-on-exec copy. Returns it, or -errno. */
int base__fd_copy(int fd);

/* Is the file still there? Of what is not noted down it is believed. */
bool base__fd_is_ours(int fd);

/* Lets go of it and leaves it open. Returns it, or -1: it is not there any more. */
int base__fd_release(int fd);

/* Closes it, if it is still there. Negative values pass. */
void base__fd_close(int fd);

/* For a process that begins as a copy, and keeps none of them. */
void base__fd_forget_all(void);

/* ---- eventfds ---- */

/* A new eventfd(2), owned, non-blocking, or -errno. */
int base__event(void);
/* Negative values pass. */
void base__event_raise(int fd);
void base__event_clear(int fd);
/* Another one where it is not there any more. Returns *fd, or -errno with *fd at -1. */
int base__event_renew(int *fd);

#endif
