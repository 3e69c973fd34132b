/*
 * json_memory.h - what jansson allocates while it decodes a text, and whether it got it
 *
 * jansson collects each token of a text in a buffer that doubles. It does not notice when there is
 * no memory for that: it drops the byte. The value is a wrong one then, or an assertion of jansson
 * fails, or a string without its closing quote is copied beyond its end. So the library wraps
 * jansson's allocation functions. After a request was refused, the token buffer grows in a reserve
 * that the caller has provided; all other requests are refused too, so that the decoding ends soon.
 *
 * The functions that were set before init are called by the wrappers. A program that sets others
 * after init, which do not call those that they replace, loses this protection.
 */
#ifndef FORKSCOPE_VALUE_JSON_MEMORY_H
#define FORKSCOPE_VALUE_JSON_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Called at init, before the servers are forked, and at its end. Wraps once. */
void procspawn__json_memory_wrap(void);
/* Does nothing if the program has set other functions since. */
void procspawn__json_memory_unwrap(void);

/* One call of jansson to decode a text. */
struct procspawn__json_memory {
    bool refused;               /* a request was: the result is void */
    void *token;                /* the rest is private */
    size_t token_size;
    void *doubled;
    unsigned char *reserve, *next, *end;
};

/*
 * Begins and ends the decoding of a text by this thread. The reserve must be aligned as malloc(3)
 * aligns, and must hold two token buffers of the greatest size that the text needs. If `refused` is
 * set, the value is freed before the end.
 */
void procspawn__json_memory_begin(struct procspawn__json_memory *memory, void *reserve,
                                  size_t size);
void procspawn__json_memory_end(void);

#endif
