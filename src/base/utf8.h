/*
 * utf8.h - is a text UTF-8?
 */
#ifndef FORKSCOPE_BASE_UTF8_H
#define FORKSCOPE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Accepts what jansson accepts in a string: no overlong forms, no surrogates, nothing above
 * U+10FFFF. A NUL is a character like any other.
 */
bool base__is_utf8(const void *text, size_t length);

#endif
