/*
 * channel.h - messages between processes that outlast one call
 *
 * A channel carries JSON values, with everything that can be inside them (value.h), from any number
 * of senders to one receiver. Its ends are values themselves: they are passed to functions in other
 * processes as arguments, come back in results, and travel through channels.
 *
 * The usual order of calls:
 *
 *     procspawn_channel_new(&sender, &receiver);
 *     procspawn(function, procspawn_value_sender(sender), &handle);
 *     procspawn_sender_free(sender);                     only the function can send now
 *     while (procspawn_receiver_recv(receiver, &value) == 0)
 *         use(value);                                    until the last sender is gone
 *     procspawn_receiver_free(receiver);
 *
 * and in the function:
 *
 *     procspawn_value_claim_sender(argument, &sender);
 *     procspawn_sender_send(sender, value);
 *
 * Messages arrive whole and in the order in which they were sent, also those of several senders.
 * The channel ends when the last sender is gone, freed or dead with its process; what was sent
 * before is still received. So a program that waits for that end must not keep a sender. A channel
 * holds some hundred kilobytes, of which each message takes some hundred bytes more than its text:
 * about 280 short values by Linux's default. Larger values are not counted, since they travel in
 * memory of their own. When the channel is full, sending waits.
 *
 * An end belongs to no process: after a fork() both have it, and the channel ends when both have
 * freed it or are gone. A message that is being decoded at the fork is the original's.
 *
 * Duplicates of an end, in this process or another, are the same end: the holder of one can also
 * break it for the others, by shutdown(2). A received message is checked like all other data from
 * outside.
 *
 * Fork:   a forked process may make channels. Of values that came to the program it has a copy.
 */
#ifndef FORKSCOPE_CHANNEL_H
#define FORKSCOPE_CHANNEL_H

#include <forkscope/value.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * The two ends of a channel. Made by procspawn_channel_new(), or claimed from a value.
 *
 * Fork:   both processes have the end, and each frees its own. A message that is being decoded then
 *         is the original's.
 */
typedef struct procspawn_sender procspawn_sender;
typedef struct procspawn_receiver procspawn_receiver;

/*
 * A new channel. Needs no procspawn_init() and serves threads as well; but see there what jansson
 * does without memory.
 *
 * Returns 0, or -EMFILE, -ENFILE, -ENOMEM.
 *
 * Safe:   any thread, any process.
 * Cancel: no cancellation point.
 * Source: ipc-channel, ipc::channel; unix(7), SOCK_SEQPACKET.
 */
int procspawn_channel_new(procspawn_sender **ret_sender, procspawn_receiver **ret_receiver);

/*
 * One more sender of the same channel. Returns 0, -EMFILE, -ENOMEM, or -EBADF: the program has
 * closed the descriptor.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: ipc-channel, IpcSender::clone.
 */
int procspawn_sender_dup(const procspawn_sender *sender, procspawn_sender **ret_sender);

/*
 * Frees an end. NULL is fine. Freeing a receiver closes what came in messages and was not claimed,
 * and loses a message that was kept for lack of memory or is being decoded. Giving a receiver away
 * does the same.
 *
 * Safe:   one thread at a time for each end, and when no other one uses it.
 * Cancel: no cancellation point.
 * Source: own.
 */
void procspawn_sender_free(procspawn_sender *sender);
void procspawn_receiver_free(procspawn_receiver *receiver);

/*
 * Sends a value (borrowed; NULL stands for JSON null). If the channel is full, the call waits until
 * the receiver has made room: the second form waits at most timeout nanoseconds; 0 does not wait, a
 * negative timeout waits for ever.
 *
 * Returns 0, or
 *   -ETIMEDOUT           there was no room in time; nothing was sent
 *   -ECANCELED           the calling task is asked to end (scope.h); nothing was sent
 *   -EPIPE               the receiver is gone; no signal is raised
 *   PROCSPAWN_EJSON, PROCSPAWN_EVALUE, PROCSPAWN_EDESCRIPTORS, -EBADF
 *                        the value cannot be sent, as with procspawn()
 *   -EBADF               also: the program has closed the descriptor of this end
 *   -ETOOMANYREFS        this user has more descriptors under way than RLIMIT_NOFILE allows
 *   -ENOMEM, -EMFILE, -EFBIG   no memory or descriptor could be had
 *
 * Safe:   any thread, also several at a time.
 * Cancel: a cancellation point while it waits; nothing was sent then.
 * Source: ipc-channel, IpcSender::send.
 */
int procspawn_sender_send(procspawn_sender *sender, json_t *value);
int procspawn_sender_send_timeout(procspawn_sender *sender, json_t *value, int64_t timeout);

/*
 * Receives the next value: a new reference. The second form waits at most timeout nanoseconds; 0
 * does not wait, a negative timeout waits for ever. Things that came with the previous message and
 * were not claimed are closed.
 *
 * Returns 0, or
 *   -ETIMEDOUT           no message in time, or the next one is still being decoded; a later call
 *                        has it
 *   -ECANCELED           the calling task is asked to end (scope.h)
 *   -EPIPE               the channel has ended: no message is left, and the last sender is gone
 *   PROCSPAWN_EJSON      a message that is no JSON; like the next two it is lost, and the channel
 *                        goes on
 *   PROCSPAWN_ELIMIT     a value over the receiver's limit (procspawn_receiver_limit)
 *   -EPROTO              a message that is no message, or whose placeholders do not fit
 *   -EMFILE, -ENFILE     this process has no room for the descriptors of the next message, which
 *                        stays in the channel and is received when there is room. It is lost if
 *                        another thread takes the last of the room while it is being received, or
 *                        another receiver of the same channel takes the message before it
 *   -ENOMEM              no memory for the message, which is kept and received by the next call;
 *                        the descriptor is not readable for it
 *   -EBADF               the program has closed the descriptor of this end
 *
 * A call with a time limit gives a message that has come a tenth of a second to be decoded, even
 * beyond that limit: so it has values of ordinary size at once. A message of more than 256 KiB of
 * text is decoded by a thread, which goes on when the call gives up; the descriptor becomes
 * readable when it has finished. The next message, or the end of the channel, makes it readable
 * before: each later call waits at least a hundredth of a second for the value. If there is no
 * thread or descriptor to be had for that, the call decodes by itself, whatever the time. See
 * procspawn_builder_result_limit() (builder.h) for how long that can take.
 *
 * Safe:   one thread at a time for each receiver.
 * Cancel: a cancellation point while it waits; no message is lost.
 * Source: ipc-channel, IpcReceiver::recv, try_recv, try_recv_timeout.
 */
int procspawn_receiver_recv(procspawn_receiver *receiver, json_t **ret_value);
int procspawn_receiver_recv_timeout(procspawn_receiver *receiver, int64_t timeout,
                                    json_t **ret_value);

/*
 * Limits of a received value: bytes of memory that it takes when decoded (512 MiB unless set, 0 for
 * no limit), and nesting of arrays and objects (256 unless set). See
 * procspawn_builder_result_limit() (builder.h), also for the stack that decoding takes.
 *
 * procspawn_receiver_depth returns 0, or -EINVAL for 0 or more than 2,048.
 *
 * Safe:   one thread at a time for each receiver.
 * Cancel: no cancellation point.
 * Source: own.
 */
void procspawn_receiver_limit(procspawn_receiver *receiver, uint64_t bytes);
int procspawn_receiver_depth(procspawn_receiver *receiver, unsigned depth);

/*
 * The descriptor of an end, borrowed and only for poll, select and epoll: the receiver's is
 * readable when there is a message, or a long one has been decoded, or the channel has ended; the
 * sender's is writable when there is room, and in error when the receiver is gone. A receive can
 * still say -ETIMEDOUT: while one message is being decoded, the next one makes the descriptor
 * readable, and so does the end of the channel.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: own.
 */
int procspawn_sender_fd(const procspawn_sender *sender);
int procspawn_receiver_fd(const procspawn_receiver *receiver);

/*
 * Placeholders for the ends (borrowed; _take: taken, also on failure). A receiver is best given
 * away: with two of them each message goes to one of both.
 *
 * Return a new reference, or NULL when out of memory.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: ipc-channel, Serialize of IpcSender and IpcReceiver.
 */
json_t *procspawn_value_sender(const procspawn_sender *sender);
json_t *procspawn_value_sender_take(procspawn_sender *sender);
json_t *procspawn_value_receiver(const procspawn_receiver *receiver);
json_t *procspawn_value_receiver_take(procspawn_receiver *receiver);

/*
 * Gives a received end to the caller, who owns it then.
 *
 * Return 0, PROCSPAWN_EVALUE as procspawn_value_claim_fd does (value.h), or -ENOMEM: then it is
 * gone.
 *
 * Safe:   any thread of the process that the value came to.
 * Cancel: no cancellation point.
 * Source: ipc-channel, Deserialize of IpcSender and IpcReceiver.
 */
int procspawn_value_claim_sender(const json_t *value, procspawn_sender **ret_sender);
int procspawn_value_claim_receiver(const json_t *value, procspawn_receiver **ret_receiver);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
