/* The memory of another process, read page by page and kept: an unwinder asks for the same few
 * pages a word at a time. Nothing is ever written there. */
#ifndef FORKSERVER_MEMORY_H
#define FORKSERVER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* No processor has smaller pages; one that has larger ones is read in parts of them. */
enum { MEMORY_PAGE = 4096, MEMORY_PAGES = 128 };

struct memory {
    pid_t pid;
    uint64_t address[MEMORY_PAGES];    /* of the page in each place; 1: none */
    unsigned char page[MEMORY_PAGES][MEMORY_PAGE];
};

void forkserver__memory_init(struct memory *memory, pid_t pid);

/* Copies size bytes. Returns 0; -EPERM when the process may not be read, -EFAULT when it has no
 * such memory. */
int forkserver__memory_read(struct memory *memory, uint64_t address, void *ret_bytes, size_t size);

/* Copies a string of at most room - 1 bytes, cut where the memory ends, and ends it with NUL.
 * Returns 0, or an error of forkserver__memory_read when not even one byte could be read. */
int forkserver__memory_text(struct memory *memory, uint64_t address, char *ret_text, size_t room);

#endif
