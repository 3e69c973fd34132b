/*
 * shmem.h - read-only buffers that several processes see at the same time
 *
 * A shared buffer is memory that is filled once, sealed, and then sent to other processes without
 * being copied, whatever its size. After that no process can change it; the seals are the kernel's
 * (memfd_create(2)), and every receiver of a buffer checks them.
 *
 * The usual order of calls, with the bytes at hand, or made in place:
 *
 *     procspawn_shmem_new(bytes, size, &shmem);
 *
 *     procspawn_shmem_writer_new(size, &draft);
 *     fill(procspawn_shmem_writer_data(draft), size);
 *     procspawn_shmem_writer_seal(draft, &shmem);
 *
 * then, as an argument, result or message, or anywhere inside one (value.h):
 *
 *     procspawn(function, procspawn_value_shmem(shmem), &handle);
 *
 * and on the other side:
 *
 *     procspawn_value_claim_shmem(argument, &shmem);
 *     use(procspawn_shmem_data(shmem), procspawn_shmem_size(shmem));
 *     procspawn_shmem_unref(shmem);
 *
 * The memory exists as long as any process has the buffer; there is no name and nothing to clean
 * up. All of it is allocated when the buffer is sealed, also where nothing was written: a receiver
 * would pay for what is missing, and refuses a buffer with less memory than its size.
 *
 * Fork:   a forked process may make buffers. Of values that came to the program it has a copy.
 */
#ifndef FORKSCOPE_SHMEM_H
#define FORKSCOPE_SHMEM_H

#include <forkscope/value.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * A sealed buffer, with a count of references. The holder of a reference may use it.
 *
 * Fork:   both processes have the buffer, and each its own count.
 */
typedef struct procspawn_shmem procspawn_shmem;

/*
 * A buffer in the making: writable, and known to this process only.
 *
 * Fork:   the mapping is shared with a forked process, so the draft cannot be sealed while that
 *         process has it (-EBUSY).
 */
typedef struct procspawn_shmem_writer procspawn_shmem_writer;

/*
 * A new buffer with a copy of size bytes; 0 is fine. The first reference is the caller's.
 *
 * Returns 0, or
 *   -EFBIG               more than RLIMIT_FSIZE allows, which counts for memory too
 *   -ENOMEM, -EMFILE ...  no memory or descriptor could be had
 *
 * Safe:   any thread, any process.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, Shmem::from_bytes; memfd_create(2).
 */
int procspawn_shmem_new(const void *bytes, size_t size, procspawn_shmem **ret_shmem);

/*
 * A buffer that is the memory of a memfd, of which a duplicate is kept; the caller's stays open
 * (borrowed). Seals that are missing are added: from then on no process can write to it.
 *
 * Returns 0, or
 *   -EINVAL              not a memfd, or one of huge pages
 *   -EPERM               a memfd that was made or sealed so that no seals can be put on
 *   -EBUSY               it is mapped for writing somewhere
 *   -ENOMEM, -EMFILE ...  no memory or descriptor could be had
 *
 * Safe:   any thread, any process.
 * Cancel: no cancellation point.
 * Source: fcntl(2), file sealing.
 */
int procspawn_shmem_from_memfd(int memfd, procspawn_shmem **ret_shmem);

/*
 * One reference more (returns the buffer), one less. With the last one this process lets go of the
 * memory. procspawn_shmem_unref accepts NULL.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: jansson, json_incref and json_decref.
 */
procspawn_shmem *procspawn_shmem_ref(procspawn_shmem *shmem);
void procspawn_shmem_unref(procspawn_shmem *shmem);

/*
 * The bytes, their number, and the memfd behind them. All borrowed: they stay as long as the
 * buffer. The bytes start at a page boundary and are never NULL; writing to them is a fault.
 *
 * Safe:   any thread that holds a reference.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, Shmem::as_bytes.
 */
const void *procspawn_shmem_data(const procspawn_shmem *shmem);
size_t procspawn_shmem_size(const procspawn_shmem *shmem);
int procspawn_shmem_fd(const procspawn_shmem *shmem);

/*
 * A draft of size zeroed bytes, and where to write them. That pointer is borrowed until the draft
 * is sealed or freed. procspawn_shmem_writer_free accepts NULL.
 *
 * procspawn_shmem_writer_new returns 0, -EFBIG, or -ENOMEM, -EMFILE ... as procspawn_shmem_new
 * does.
 *
 * Safe:   one thread at a time for each draft.
 * Cancel: no cancellation point.
 * Source: own.
 */
int procspawn_shmem_writer_new(size_t size, procspawn_shmem_writer **ret_draft);
void *procspawn_shmem_writer_data(procspawn_shmem_writer *draft);
void procspawn_shmem_writer_free(procspawn_shmem_writer *draft);

/*
 * Makes the draft a buffer. The draft is taken, also on failure; pointers into it are void.
 *
 * Returns 0, or
 *   -EBUSY               another mapping could still write, such as one made by fork(2)
 *   -ENOMEM, -ENOSPC     no memory could be had
 *   -EBADF               the program has closed the descriptor
 *
 * Safe:   one thread at a time for each draft.
 * Cancel: no cancellation point.
 * Source: fcntl(2), F_ADD_SEALS.
 */
int procspawn_shmem_writer_seal(procspawn_shmem_writer *draft, procspawn_shmem **ret_shmem);

/*
 * A placeholder for the buffer (borrowed; _take: this reference is taken, also on failure).
 *
 * Return a new reference to a JSON value, or NULL when out of memory.
 *
 * Safe:   any thread that holds a reference.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, Shmem's Serialize.
 */
json_t *procspawn_value_shmem(const procspawn_shmem *shmem);
json_t *procspawn_value_shmem_take(procspawn_shmem *shmem);

/*
 * Gives a received buffer to the caller, with one reference.
 *
 * Returns 0, or
 *   PROCSPAWN_EVALUE     as procspawn_value_claim_fd (value.h)
 *   -ENOMEM              it could not be mapped; it is gone
 *
 * Safe:   any thread of the process that the value came to.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, Shmem's Deserialize.
 */
int procspawn_value_claim_shmem(const json_t *value, procspawn_shmem **ret_shmem);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
