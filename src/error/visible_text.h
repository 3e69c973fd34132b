/*
 * visible.h - text of a child, for people at terminals
 */
#ifndef FORKSCOPE_PROC_VISIBLE_H
#define FORKSCOPE_PROC_VISIBLE_H

#include <stdio.h>

/*
 * Prints a text in which nothing acts on who shows it: control characters, characters that change
 * the direction of writing or begin a line, and bytes that are no UTF-8 appear as \n, \x1b, \u202e.
 */
void procspawn__print_visible(const char *text, FILE *stream);

#endif
