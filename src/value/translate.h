/*
 * translate.h - placeholders of this process to those of the wire, and back
 */
#ifndef FORKSCOPE_VALUE_TRANSLATE_H
#define FORKSCOPE_VALUE_TRANSLATE_H

#include "src/value/message.h"
#include <jansson.h>
#include <stdbool.h>

/*
 * Returns whether the key is the one of placeholders, with or without more \001 in front. For most
 * keys the first byte decides.
 */
bool procspawn__key_is_marked(const char *key);

/*
 * Returns a copy for the wire; the message gets the descriptors. Errors as for
 * procspawn__message_encode.
 */
int procspawn__translate_out(const json_t *value, struct procspawn__message *message,
                             json_t **ret_copy);

/* Returns a copy of a received value for use in this process. Returns 0, -EPROTO or -ENOMEM. */
int procspawn__translate_in(const json_t *value, const struct procspawn__arrival *arrival,
                            json_t **ret_copy);

#endif
