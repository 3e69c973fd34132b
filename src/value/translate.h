/*
 * translate.h - placeholders of this process to those of the wire, and back
 */
#ifndef FORKSCOPE_PROC_TRANSLATE_H
#define FORKSCOPE_PROC_TRANSLATE_H

#include "src/value/message.h"
#include <jansson.h>
#include <stdbool.h>

/*
 * Could the key be the one of placeholders, with or without more \001 in front? One look at the
 * first byte says no for nearly all.
 */
bool procspawn__key_is_marked(const char *key);

/* A copy as it goes over the wire; the message gets the descriptors. Errors as in encode. */
int procspawn__translate_out(const json_t *value, struct procspawn__message *message,
                             json_t **ret_copy);

/* A copy of a value as it came, for use here. Returns 0, -EPROTO or -ENOMEM. */
int procspawn__translate_in(const json_t *value, const struct procspawn__arrival *arrival,
                            json_t **ret_copy);

#endif
