/*
 * translate.h - placeholders of this process to those of the wire, and back
 */
#ifndef FORKSCOPE_VALUE_TRANSLATE_H
#define FORKSCOPE_VALUE_TRANSLATE_H

#include "src/value/fd_table.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Where the descriptors of sent placeholders go. */
struct procspawn__fds_out {
    int *fds;      /* room for PROCSPAWN_DESCRIPTORS_MAX */
    size_t *count; /* of those that are there */
};

/* The descriptors that received placeholders may name. One that is named becomes -1. */
struct procspawn__fds_in {
    int *fds;
    size_t count;
    struct procspawn__fd_owner *fd_owner; /* gets them; owns none before */
};

/*
 * Returns whether the key is the one of placeholders, with or without more \001 in front. For most
 * keys the first byte decides.
 */
bool procspawn__key_is_reserved(const char *key);

/* Returns a copy for the wire. Errors as for procspawn__message_encode (message.h). */
int procspawn__translate_out(const json_t *value, const struct procspawn__fds_out *out,
                             json_t **ret_copy);

/*
 * Returns a copy of a received value for use in this process. Returns 0, -EPROTO or -ENOMEM; after
 * -ENOMEM all descriptors are where they were.
 */
int procspawn__translate_in(const json_t *value, const struct procspawn__fds_in *in,
                            json_t **ret_copy);

#endif
