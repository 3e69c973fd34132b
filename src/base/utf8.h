/*
 * utf8.h - is a text UTF-8? And how one is made of any bytes
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

/* How many bytes at the start of a text that was cut are the rest of a character; at most 3. */
size_t base__utf8_rest(const char *text, size_t length);

/*
 * Makes a text of any bytes: each that belongs to no character of UTF-8, or to a control character
 * other than tab and the end of a line, becomes '?'.
 */
void base__make_utf8(char *bytes, size_t length);

#endif
