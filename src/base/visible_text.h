/*
 * visible_text.h - text of others, made safe to print on a terminal
 */
#ifndef FORKSCOPE_BASE_VISIBLE_TEXT_H
#define FORKSCOPE_BASE_VISIBLE_TEXT_H

#include <stdio.h>

/*
 * Prints a text so that it has no effect on a terminal: control characters, characters that change
 * the direction of writing or start a line, and bytes that are not UTF-8 are printed as \n, \x1b,
 * \u202e.
 */
void base__print_visible(const char *text, FILE *stream);

#endif
