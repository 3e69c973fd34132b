/*
 * standing.h - memory that stays between a pool and one of its workers, for one message at a time
 *
 * The pool makes two such buffers for each worker that needs them. It writes to the one for
 * arguments, which the worker can only read; the worker writes to the one for results, at any time,
 * so that the pool copies a message out before it looks at it. Neither can change its size. A
 * buffer belongs to one worker: no other one sees what was in it.
 */
#ifndef FORKSCOPE_WIRE_STANDING_H
#define FORKSCOPE_WIRE_STANDING_H

#include "src/wire/frame.h"
#include <stdbool.h>
#include <stddef.h>

/* Longer messages travel in a memfd of their own: so much is kept for a worker at most, twice. */
enum { WIRE_STANDING_MAX = 4 << 20 };

struct wire_standing {
    unsigned char *bytes;       /* mapped; NULL: it is not, and fd holds it */
    size_t size;
    int fd;                     /* noted (base/fd.h); -1: none */
};

#define WIRE_STANDING_NONE ((struct wire_standing){ NULL, 0, -1 })

/*
 * Make a buffer for messages of `length` bytes, and somewhat longer ones; all its memory is
 * allocated. The first is mapped and written by this process, and read by who gets its descriptor;
 * a fork(2) of this process does not inherit the mapping. The second is the other way round, and is
 * not mapped. Return 0, -EINVAL without support of the kernel's, or another -errno.
 */
int wire__standing_to_write(size_t length, struct wire_standing *ret_standing);
int wire__standing_to_read(size_t length, struct wire_standing *ret_standing);

/*
 * Maps a buffer whose maker is trusted, for writing or for reading, and closes the descriptor in
 * any case. A fork(2) of this process does not inherit the mapping. Replaces *standing, which is
 * none after a failure. Returns 0 or -errno.
 */
int wire__standing_adopt(int fd, bool to_write, struct wire_standing *standing);

/* Writes the parts in order, from the position `at` on. Returns the position behind them. */
size_t wire__standing_write(const struct wire_standing *standing, size_t at,
                            const struct wire_part *parts, size_t part_count);

/* Copies the beginning of a buffer that is not mapped. Returns 0 or -errno. */
int wire__standing_read(const struct wire_standing *standing, size_t length, void *bytes);

/* Unmaps and closes it. */
void wire__standing_close(struct wire_standing *standing);

#endif
