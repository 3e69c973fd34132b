/*
 * ring.h - what one stream printed: the beginning, and the end in a ring
 *
 * One process writes, others may read at the same time. The first half of the limit takes the
 * beginning, the second half is a ring. The writer announces in `begun` what it is about to
 * overwrite, so that a reader knows which bytes of its copy are whole.
 */
#ifndef FORKSCOPE_CALL_RING_H
#define FORKSCOPE_CALL_RING_H

#include <forkscope/output.h>
#include <stddef.h>
#include <stdint.h>

/* In memory that writer and readers share; all zero: nothing was printed. Atomic. */
struct procspawn__ring {
    uint64_t begun;             /* bytes written, and those that are being written */
    uint64_t total;             /* bytes written */
};

/* The ring with its bytes, as one process sees it. */
struct procspawn__ring_view {
    struct procspawn__ring *ring;
    unsigned char *bytes;       /* `limit` of them */
    size_t limit;               /* at least 1 */
};

/* Adds bytes. One thread of one process. */
void procspawn__ring_put(const struct procspawn__ring_view *view, const void *bytes,
                         size_t length);

/*
 * Copies the bytes before the end, as many as there are without a gap, at most `room`. Returns how
 * many that are; *ret_total: bytes that were printed.
 */
size_t procspawn__ring_last(const struct procspawn__ring_view *view, char *ret_bytes, size_t room,
                            uint64_t *ret_total);

/*
 * Copies what is there by now: *ret_text is new memory, which *ret_output points to. 0, or -ENOMEM:
 * *ret_output is empty then, with the number of bytes that were printed.
 */
int procspawn__ring_read(const struct procspawn__ring_view *view, char **ret_text,
                         struct procspawn_output *ret_output);

#endif
