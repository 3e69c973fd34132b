/*
 * refusal.h - why a call was refused, in words
 *
 * Few error codes say which of many values was wrong. The code that refuses a call notes it in
 * words; the code that makes the error object, later in the same thread, takes the note.
 */
#ifndef FORKSCOPE_BASE_REFUSAL_H
#define FORKSCOPE_BASE_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>

/* Notes why the calling thread refuses with this code, in the place of an older note. Returns
 * rc. */
int base__refuse(int rc, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Forgets the note of an earlier call. */
void base__refusal_forget(void);

/* True: there is a note with this code; copies its text and forgets it. */
bool base__refusal_take(int rc, char *ret_text, size_t size);

#endif
