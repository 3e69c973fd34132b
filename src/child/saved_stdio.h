/*
 * saved_stdio.h - the standard streams of a worker, while a call has others
 */
#ifndef FORKSCOPE_CHILD_SAVED_STDIO_H
#define FORKSCOPE_CHILD_SAVED_STDIO_H

#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

struct procspawn__saved_stdio {
    int own[STDERR_FILENO + 1]; /* duplicates of the worker's own streams, to be restored */
    bool whole;                 /* stdout was fully buffered, and is not now */
};

/*
 * Saves the streams that a call with these flags (call.h) replaces. 0, or -errno if one cannot be
 * saved: then the call must not replace it.
 */
int procspawn__stdio_save(uint32_t flags, struct procspawn__saved_stdio *ret_saved);

/* After the saving: if the call asks for it, stdout is written line by line. */
void procspawn__stdio_write_lines(uint32_t flags, struct procspawn__saved_stdio *saved);

/* Restores what was saved, after it has flushed what the call wrote. */
void procspawn__stdio_restore(const struct procspawn__saved_stdio *saved);

#endif
