/*
 * memfd.h - bytes that are too many for a frame: in sealed, unnamed memory
 *
 * The seals are put on by the maker and asked for by the receiver, so that a sender cannot change
 * or cut what the receiver reads. The receiver also makes sure that the memory is there: to read a
 * hole would take memory of its own.
 */
#ifndef FORKSCOPE_WIRE_MEMFD_H
#define FORKSCOPE_WIRE_MEMFD_H

#include "src/wire/frame.h"

/* A new sealed memfd that holds the parts one behind the other. Returns the descriptor or
 * -errno. */
int wire__memfd_new(const struct wire_part *parts, size_t part_count);

/*
 * An empty memfd that can be sealed, to be filled with so many bytes. The limit for files counts
 * here too; going past it would raise SIGXFSZ, so that is an error at once: -EFBIG.
 */
int wire__memfd_open(size_t length);

/* Puts the seals on. Returns 0, -EBUSY while it is mapped for writing, or another errno. */
int wire__memfd_seal(int fd);

/*
 * The size of a memfd that is sealed. Returns 0; -EPROTO if it is none, or not sealed; or -errno.
 */
int wire__memfd_size(int fd, size_t *ret_size);

/*
 * Is all of its memory there, and in pages of the ordinary size? Who reads memory that is not there
 * pays for it. That memory behind the end counts as well cannot be known: it is the sender's, too.
 */
bool wire__memfd_is_backed(int fd);

/* Makes it so. Returns 0, -EINVAL for huge pages, or -ENOMEM or -ENOSPC. */
int wire__memfd_back(int fd);

/*
 * Maps a received text for reading, or copies it. Return 0; -EPROTO if it is not sealed, not of
 * this length, has holes, or is of huge pages; or -errno. Unmapped by munmap(*ret_bytes, length).
 */
int wire__memfd_map(int fd, size_t length, const unsigned char **ret_bytes);
int wire__memfd_read(int fd, size_t length, unsigned char *bytes);

#endif
