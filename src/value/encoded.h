/*
 * parcel.h - a result or a value as it came: a text, and the descriptors that it names
 *
 * It is taken out of its frame when that is received, and decoded when somebody wants it, which may
 * be much later. Meanwhile it costs memory, but no descriptor other than those that placeholders in
 * the text stand for: a text in a memfd is copied, or mapped if it is long. Where there is no memory
 * for that the memfd is kept, with all descriptors, until the value is wanted.
 */
#ifndef FORKSCOPE_PROC_PARCEL_H
#define FORKSCOPE_PROC_PARCEL_H

#include "src/value/fd_table.h"
#include "src/value/footprint.h"
#include "src/wire/frame.h"
#include <jansson.h>
#include <stdbool.h>

struct procspawn__parcel;

/*
 * Room for one parcel at a time, so that taking in a message cannot fail for want of memory. NULL
 * when out of memory. free() frees it.
 */
struct procspawn__parcel *procspawn__parcel_room(void);

/*
 * Out of a RESULT or VALUE. The frame keeps the descriptors that are not needed. limit (copied):
 * what the value may be. room: where the parcel is made if it fits, NULL for none. Returns 0;
 * -EPROTO for a frame or memfd that is not as it should be; PROCSPAWN_ELIMIT for a text that is
 * longer than its value may be; -ENOMEM or another errno.
 */
int procspawn__parcel_new(struct wire_frame *frame, const procspawn__limit *limit,
                          struct procspawn__parcel *room, struct procspawn__parcel **ret_parcel);
/* NULL is fine for both. The second leaves the descriptors open: they are another process's. */
void procspawn__parcel_free(struct procspawn__parcel *parcel);
void procspawn__parcel_forget(struct procspawn__parcel *parcel);

/*
 * As procspawn__message_decode(). After -ENOMEM it may be tried again if it is whole: no descriptor
 * has been taken.
 */
int procspawn__parcel_decode(struct procspawn__parcel *parcel, struct procspawn__holder *holder,
                             json_t **ret_value, json_error_t *ret_error);
bool procspawn__parcel_is_whole(const struct procspawn__parcel *parcel);

#endif
