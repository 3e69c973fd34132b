/*
 * fd.h - descriptors that the library keeps, checked before each use
 *
 * A program may close any descriptor (daemons close all from 3 up) and may then open files of its
 * own under the same numbers. So the library notes each descriptor that it keeps, together with
 * what identifies its file, and checks the note before each use. If the file has changed, the
 * library neither reads, writes nor closes it. No other descriptor of the library gets a noted
 * number until the owner has released it. The check and the use are two steps: a thread that closes
 * descriptors while another thread uses them can still come between.
 */
#ifndef FORKSCOPE_BASE_FD_H
#define FORKSCOPE_BASE_FD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * Moves a descriptor above the standard streams: returns fd itself, or a close-on-exec copy with fd
 * closed. In a program that has closed a standard stream, a new descriptor would take its number.
 * Noted numbers are avoided too. Takes fd; negative values are returned unchanged. Returns the
 * descriptor, or -errno.
 */
int base__fd_behind_stdio(int fd);

/*
 * Does the same for both ends of a pipe or socket pair. Returns 0, or -errno with both ends closed.
 */
int base__ends_behind_stdio(int ends[2]);

/* ---- kept descriptors ---- */

/*
 * Notes a new descriptor. Takes fd; negative values are returned unchanged. base__fd_own is for a
 * file that only the library has opened, base__fd_hold for a file that others may have open too.
 * Return the descriptor, whose number may have changed, or -errno.
 */
int base__fd_own(int fd);
int base__fd_hold(int fd);

/*
 * For files that are looked at with fstat(2) anyway: what identifies the file, and the same as
 * base__fd_hold and base__fd_is_ours without another look. 0 stands for a file that is not known.
 */
uint64_t base__fd_file(const struct stat *status);
int base__fd_hold_file(int fd, uint64_t file);
bool base__fd_is_ours_as(int fd, uint64_t file);

/* Is there a note for this number? */
bool base__fd_is_held(int fd);

/* Notes a close-on-exec copy of fd. Returns the copy, or -errno. */
int base__fd_copy(int fd);

/* Is the noted file still open under this number? True for a number without a note. */
bool base__fd_is_ours(int fd);

/*
 * Erases the note and leaves the descriptor open. Returns fd, or -1 if the file is no longer there.
 */
int base__fd_release(int fd);

/*
 * Erases the note, and closes the descriptor if its file is still there. Negative values are
 * ignored.
 */
void base__fd_close(int fd);

/*
 * Erases all notes. For a process that begins as a forked copy and keeps no descriptor of the
 * original.
 */
void base__fd_forget_all(void);

/* ---- eventfds ---- */

/* Returns a new eventfd(2), owned and non-blocking, or -errno. */
int base__event(void);
/* Negative values are ignored. */
void base__event_raise(int fd);
void base__event_clear(int fd);
/*
 * Replaces *fd by a new eventfd if its file is no longer there. Returns *fd, or -errno with *fd set
 * to -1.
 */
int base__event_reopen(int *fd);

#endif
