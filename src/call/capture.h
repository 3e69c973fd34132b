/*
 * capture.h - the captured output of one call, as the program sees it
 */
#ifndef FORKSCOPE_CALL_CAPTURE_H
#define FORKSCOPE_CALL_CAPTURE_H

#include <forkscope/output.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct procspawn__capture;

/*
 * A new capture of `limit` bytes of each stream, for a call that is to be sent. The collector has
 * to be there. ret_ends: the child's ends of stdout and stderr, noted (base/fd.h), which the caller
 * closes when it has sent the call; the same one twice if merged. 0; -ENOBUFS: there is no
 * collector, or it is busy; or another -errno.
 */
int procspawn__capture_open(size_t limit, bool merged, int ret_ends[2],
                            struct procspawn__capture **ret_capture);

/* Any thread. The last one that drops it frees it; NULL is ignored. */
struct procspawn__capture *procspawn__capture_ref(struct procspawn__capture *capture);
void procspawn__capture_drop(struct procspawn__capture *capture);
/* In a child by fork(2): frees the memory of this process. */
void procspawn__capture_forget(struct procspawn__capture *capture);

/*
 * The call has ended. What comes later is read once more at most, and then the pipes are closed.
 * Does not wait.
 */
void procspawn__capture_end(struct procspawn__capture *capture);

/*
 * Copies the bytes that were printed last to stderr, at most `room`; merged streams: to both. Waits
 * until the deadline for the collector. Returns how many that are; *ret_total: of how many.
 */
size_t procspawn__capture_last(struct procspawn__capture *capture, int64_t deadline,
                               char *ret_bytes, size_t room, uint64_t *ret_total);

/*
 * Copies what was printed until now: *ret_text is new memory, which *ret_output points to. stream:
 * 1 or 2. Waits, for a second at most, until the collector has read it. 0 or -ENOMEM.
 */
int procspawn__capture_read(struct procspawn__capture *capture, int stream, char **ret_text,
                            struct procspawn_output *ret_output);

#endif
