/*
 * decoding.h - a long value is decoded by a thread of its own
 *
 * A hostile sender can make a text of some megabytes take seconds. A join or a receive with a time
 * limit leaves it to a thread, and returns when the time is up; a later one has the value. Each
 * decoding is waited for during its first tenth of a second, whatever the time limit is: so values
 * of ordinary size come at once.
 */
#ifndef FORKSCOPE_VALUE_DECODING_H
#define FORKSCOPE_VALUE_DECODING_H

#include "src/value/encoded.h"
#include "src/value/fd_table.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct procspawn__decoding;

/* Can its decoding outlast a time limit by more than a few milliseconds? */
bool procspawn__decoding_is_long(const struct procspawn__encoded *encoded);

/*
 * Starts a decoding. The encoded value and the owner are the thread's, and must not be moved,
 * until the decoding is taken or dropped. Returns 0 or -errno: no thread or no descriptor can be
 * had, and nothing has begun.
 */
int procspawn__decoding_start(struct procspawn__encoded *encoded,
                              struct procspawn__fd_owner *fd_owner,
                              struct procspawn__decoding **ret_decoding);

/* False in a copy of the process by fork(2), which does not have the thread. */
bool procspawn__decoding_is_ours(const struct procspawn__decoding *decoding);

/* Becomes readable at the end of the decoding. Borrowed. */
int procspawn__decoding_fd(const struct procspawn__decoding *decoding);

/*
 * Waits for the end until the deadline, and in any case until the decoding has had a tenth of a
 * second, and for a hundredth: a loop whose descriptor is readable for another reason does not use
 * all of a processor. 0, -ETIMEDOUT, -ECANCELED, or an errno of poll(2). A cancellation point.
 */
int procspawn__decoding_wait(const struct procspawn__decoding *decoding, int64_t deadline);

/*
 * Takes the value or the error, and frees the decoding. Waits without limit. Returns what
 * procspawn__encoded_decode() returns, or PROCSPAWN_ENOTOWNER in a copy of the process by fork(2),
 * where the decoding is left as it is.
 */
int procspawn__decoding_take(struct procspawn__decoding *decoding, json_t **ret_value,
                             json_error_t *ret_error);

/*
 * Stops the decoding, waits for its end, and frees it. The text is not read further; what was
 * decoded of it is freed. NULL does nothing.
 */
void procspawn__decoding_drop(struct procspawn__decoding *decoding);

#endif
