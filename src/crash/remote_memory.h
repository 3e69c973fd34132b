/* The memory of another process, read page by page and kept: an unwinder asks for the same few
 * pages a word at a time. Nothing is ever written there.
 *
 * It is opened with the rights of that moment, and read later with fewer: the kernel asks for the
 * right to read /proc/PID/mem when it is opened, but for process_vm_readv(2) at each call. */
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
    int fd;                            /* /proc/PID/mem; -1: read by process_vm_readv(2) */
    uint64_t address[MEMORY_PAGES];    /* of the page in each place; 1: none */
    unsigned char page[MEMORY_PAGES][MEMORY_PAGE];
};

/* Never fails: what cannot be opened cannot be read, and that is told then. pid may be any thread
 * of the process; one that has ended shows nothing. */
void forkserver__memory_open(struct memory *ret_memory, pid_t pid);
void forkserver__memory_close(struct memory *memory);

/* A few bytes at once, by whatever way is allowed now. Returns 0 or a negative errno value: -ESRCH
 * for a thread that has ended. */
int forkserver__memory_peek(pid_t pid, const void *address, void *ret_bytes, size_t size);

/* Copies size bytes. Returns 0; -EPERM when the process may not be read, -EFAULT when it has no
 * such memory. */
int forkserver__memory_read(struct memory *memory, uint64_t address, void *ret_bytes, size_t size);

/* Copies a string of at most room - 1 bytes, cut where the memory ends, and ends it with NUL.
 * Returns 0, or an error of forkserver__memory_read when not even one byte could be read. */
int forkserver__memory_text(struct memory *memory, uint64_t address, char *ret_text, size_t room);

#endif
