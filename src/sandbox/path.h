/*
 * path.h - looks up a path that is let in, and refuses what would let in more than files
 */
#ifndef FORKSCOPE_SANDBOX_PATH_H
#define FORKSCOPE_SANDBOX_PATH_H

#include <stdbool.h>
#include <stddef.h>

enum { SANDBOX_REASON = 640 };

/*
 * Is `path`, of this length, the directory or below it? "/proc" lies in "/" and in "/proc", not in
 * "/pro". Both are compared as text.
 */
bool sandbox__path_lies_in(const char *path, size_t length, const char *directory);

/*
 * Returns a descriptor of the file or directory, for use by its number only; or -errno with the
 * reason in words. Links of /proc are not followed. Refused are devices, and all that lies in or
 * above /proc, /dev or another place where the kernel shows processes or devices.
 */
int sandbox__path_open(const char *path, char ret_reason[SANDBOX_REASON]);

/* Writes the reason for a path; returns -error. */
int sandbox__path_refuse(int error, char ret_reason[SANDBOX_REASON], const char *what,
                         const char *path);

#endif
