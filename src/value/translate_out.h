/*
 * translate_out.h - a value of this process to the form of the wire
 */
#ifndef FORKSCOPE_VALUE_TRANSLATE_OUT_H
#define FORKSCOPE_VALUE_TRANSLATE_OUT_H

#include "src/value/attachments.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Where go what the text refers to: the descriptors of placeholders, and attachments. */
struct procspawn__beside {
    int *fds;                   /* room for PROCSPAWN_DESCRIPTORS_MAX */
    size_t *fd_count;           /* of those that are there */
    struct procspawn__attachments *attachments; /* NULL: the value has none */
};

/*
 * Returns a copy for the wire. The value was surveyed (survey.h); strings are shared with it.
 * Errors as for procspawn__message_encode (message.h).
 */
int procspawn__translate_out(const json_t *value, const struct procspawn__beside *beside,
                             json_t **ret_copy);

#endif
