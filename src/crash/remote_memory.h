/*
 * remote_memory.h - reads the memory of another process, with a page cache
 *
 * An unwinder reads the same few pages word by word. Nothing is written there but the mark in
 * a crash record (handler.h).
 *
 * /proc/PID/mem is opened with the rights of that moment, and read later with fewer: the kernel
 * checks the right when it is opened, but for process_vm_readv(2) at each call.
 */
#ifndef FORKSCOPE_CRASH_REMOTE_MEMORY_H
#define FORKSCOPE_CRASH_REMOTE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The smallest page size of all CPUs; larger pages are read in parts. */
enum { MEMORY_PAGE = 4096, MEMORY_PAGES = 128 };

struct memory {
    pid_t pid;
    int fd;                            /* /proc/PID/mem, for writing if possible; -1: use process_vm_readv(2) */
    uint64_t address[MEMORY_PAGES];    /* of the page in each slot; 1: none */
    unsigned char page[MEMORY_PAGES][MEMORY_PAGE];
};

/*
 * Never fails: if the memory cannot be opened, reading it fails. pid may be any thread of the
 * process; a thread that has ended has no memory.
 */
void crash__memory_open(struct memory *ret_memory, pid_t pid);
void crash__memory_close(struct memory *memory);

/*
 * Copies a few bytes without a cache, by process_vm_readv(2) or /proc/PID/mem. Returns 0 or a
 * negative errno value: -ESRCH for a thread that has ended.
 */
int crash__memory_peek(pid_t pid, const void *address, void *ret_bytes, size_t size);

/*
 * Copies size bytes. Returns 0; -EPERM if the process may not be read, -EFAULT if an address is not
 * mapped.
 */
int crash__memory_read(struct memory *memory, uint64_t address, void *ret_bytes, size_t size);

/*
 * Copies a string of at most room - 1 bytes, cut where the memory ends, and adds a NUL. Returns 0,
 * or an error of crash__memory_read if no byte could be read.
 */
int crash__memory_text(struct memory *memory, uint64_t address, char *ret_text, size_t room);

#endif
