/*
 * path_text.h - paths as text, which no file system is asked about
 */
#ifndef FORKSCOPE_LEARN_PATH_TEXT_H
#define FORKSCOPE_LEARN_PATH_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes the path from the root, relative to the directory if it does not begin there, without
 * slashes and dots that lead nowhere. False: it does not fit, or the directory is none.
 */
bool procspawn__path_join(const char *directory, const char *path, char *ret_path, size_t size);

#endif
