/*
 * memfd.h - data too long for a frame, in sealed anonymous memory
 *
 * The maker sets the seals and the receiver checks them, so that a sender can neither change nor
 * truncate what the receiver reads. The receiver also checks that all pages are allocated: reading
 * a hole would allocate a page that is charged to the receiver.
 */
#ifndef FORKSCOPE_WIRE_MEMFD_H
#define FORKSCOPE_WIRE_MEMFD_H

#include "src/wire/frame.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Creates a sealed memfd that holds the parts in order. Returns the descriptor or -errno. */
int wire__memfd_new(const struct wire_part *parts, size_t part_count);

/*
 * Creates an empty memfd that can be sealed, to be filled with `length` bytes. RLIMIT_FSIZE applies
 * to it, and exceeding the limit would raise SIGXFSZ; so a length above the limit returns -EFBIG.
 * Returns the descriptor or -errno.
 */
int wire__memfd_open(size_t length);

/*
 * Creates and maps memory of `length` bytes, all 0, that another process can map by the descriptor.
 * Returns the descriptor, or as wire__memfd_open.
 */
int wire__memfd_share(size_t length, void **ret_bytes);

/* Appends the parts to such a memfd. Returns 0 or -errno. */
int wire__memfd_append(int fd, const struct wire_part *parts, size_t part_count);

/* Sets the seals. Returns 0, -EBUSY while the memfd is mapped for writing, or another -errno. */
int wire__memfd_seal(int fd);

/* A sealed memfd. None of this changes any more. */
struct wire_memfd {
    size_t size;
    uint64_t file;              /* as base__fd_file says */
    bool is_backed;             /* see wire__memfd_look */
};

/*
 * Looks at a sealed memfd. Are all pages allocated, and of ordinary size? A reader is charged for
 * pages that are not allocated yet. Pages beyond the end count too and cannot be told apart; they
 * are charged to the sender. Returns 0; -EPROTO if fd is no memfd or lacks a seal; or -errno.
 */
int wire__memfd_look(int fd, struct wire_memfd *ret_memfd);

/* Allocates all pages. Returns 0, -EINVAL for huge pages, or -ENOMEM, -ENOSPC or another -errno. */
int wire__memfd_back(int fd);

/*
 * Map a received text for reading, or copy it. Return 0; -EPROTO if it is not sealed, not of this
 * length, has holes or huge pages; or -errno. The caller unmaps with munmap(*ret_bytes, length).
 */
int wire__memfd_map(int fd, size_t length, const unsigned char **ret_bytes);
int wire__memfd_read(int fd, size_t length, unsigned char *bytes);

#endif
