/*
 * value.h - arguments and results that are not JSON: descriptors, shared buffers, ends of channels
 *
 * A placeholder is a JSON value that stands for an object of the operating system. It can stand
 * anywhere inside an argument, a result or a message of a channel, any number of times:
 *
 *     argument = json_pack("{s:s, s:o}", "name", "log", "file", procspawn_value_fd(fd));
 *     procspawn(function, argument, &handle);              the caller keeps fd
 *
 * and on the other side, at the same place:
 *
 *     procspawn_value_claim_fd(json_object_get(argument, "file"), &fd);      fd is the function's
 *
 * Placeholders for shared buffers are made and claimed by the functions of shmem.h, those for ends
 * of channels by channel.h. A placeholder that came with a value may also be sent on as it is,
 * without being claimed, or copied (json_copy, json_deep_copy): all copies stand for the same
 * thing.
 *
 * Ownership
 *
 * - What procspawn_value_* makes only names the caller's object (borrowed): that must be open until
 *   the value has been sent, which for procspawn() and the functions like it is when they return.
 *   They send a duplicate. The procspawn_value_*_take forms take the object instead: it is closed
 *   once the value was sent, and after a failure by procspawn_value_drop. Use those in results,
 *   which are sent after the function has returned.
 * - What arrives belongs to the library until it is claimed. What is not claimed is closed: in the
 *   function at the end of its call; of a result when its handle is freed; of a message when the
 *   next one is received from the same receiver, or the receiver is freed. procspawn_value_drop
 *   closes it earlier. After that the placeholder stands for nothing, and to claim it gives
 *   PROCSPAWN_EVALUE. Descriptors that came along and that no placeholder names are closed on
 *   arrival.
 * - Closing what another process has sent can take as long as that process likes: its sockets
 *   linger, its file systems are asked. So a thread of the library's own does it, with all signals
 *   blocked. It has ended when the function that needed it returns, unless a close takes longer
 *   than 20 milliseconds: the function waits no longer then. There are at most eight such threads.
 *
 * A placeholder is an ordinary JSON object with a key of its own and means something only in the
 * process that it was made in or came to; printed, stored or sent by other means it is worth
 * nothing. Data that looks the same but was not made by these functions is data, and arrives
 * unchanged. One message carries at most PROCSPAWN_DESCRIPTORS_MAX placeholders.
 *
 * Fork:   a value is copied with the process. A placeholder means something only in the process
 *         that it was made in or came to.
 */
#ifndef FORKSCOPE_VALUE_H
#define FORKSCOPE_VALUE_H

#include <forkscope/error.h>
#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Placeholders in one argument, result or message. */
enum { PROCSPAWN_DESCRIPTORS_MAX = 56 };

/* What a JSON value stands for. */
enum procspawn_value_kind {
    PROCSPAWN_VALUE_PLAIN,          /* itself: it is no placeholder */
    PROCSPAWN_VALUE_FD,
    PROCSPAWN_VALUE_SHMEM,
    PROCSPAWN_VALUE_SENDER,
    PROCSPAWN_VALUE_RECEIVER,
    PROCSPAWN_VALUE_BYTES           /* bytes.h: owned by the value itself, never claimed */
};

/*
 * The kind of a value. It is the same before and after the value was claimed.
 *
 * Safe:   any thread, any process.
 * Cancel: no cancellation point.
 * Source: own.
 */
enum procspawn_value_kind procspawn_value_kind(const json_t *value);

/*
 * A placeholder for a descriptor (borrowed; _take: taken, also on failure).
 *
 * Returns a new reference, or NULL when out of memory.
 *
 * Safe:   any thread, any process.
 * Cancel: no cancellation point.
 * Source: unix(7), SCM_RIGHTS.
 */
json_t *procspawn_value_fd(int fd);
json_t *procspawn_value_fd_take(int fd);

/*
 * Gives a received descriptor to the caller, who closes it. It is close-on-exec.
 *
 * Returns 0, or
 *   PROCSPAWN_EVALUE     no placeholder, one for something else, one that was made here and has not
 *                        travelled, or what it stood for has been claimed or closed before
 *
 * Safe:   any thread of the process that the value came to.
 * Cancel: no cancellation point.
 * Source: unix(7), SCM_RIGHTS.
 */
int procspawn_value_claim_fd(const json_t *value, int *ret_fd);

/*
 * Closes what is inside the value and was not claimed. That is what has arrived, or was given by a
 * _take form and not sent. The value itself is not changed or freed. NULL is fine.
 *
 * Safe:   any thread of the process that the value came to.
 * Cancel: no cancellation point.
 * Source: own.
 */
void procspawn_value_drop(const json_t *value);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
