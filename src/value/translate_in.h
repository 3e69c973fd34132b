/*
 * translate_in.h - a received value from the form of the wire to that of this process
 */
#ifndef FORKSCOPE_VALUE_TRANSLATE_IN_H
#define FORKSCOPE_VALUE_TRANSLATE_IN_H

#include "src/value/attachments.h"
#include "src/value/fd_table.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What a received text may refer to. A descriptor that is named becomes -1. */
struct procspawn__came_beside {
    bool reserved_keys;                     /* the text has keys of the library */
    int *fds;
    size_t fd_count;
    struct procspawn__fd_owner *fd_owner;   /* gets them; owns none before */
    struct procspawn__attached attached;
    const bool *stop;                       /* atomic; ends the translation. May be NULL */
};

/*
 * Changes a value that was just decoded, and that nobody else has. Takes it, also on failure.
 * Returns 0 and the value, which may be another one; -EPROTO; PROCSPAWN_EJSON for a string that is
 * not UTF-8; -ECANCELED; or -ENOMEM. After -ENOMEM all descriptors are where they were.
 */
int procspawn__translate_in(json_t *value, struct procspawn__came_beside *beside,
                            json_t **ret_value);

#endif
