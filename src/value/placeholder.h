/*
 * placeholder.h - JSON values that stand for something else, as this process has them
 *
 * {"\u0001forkscope": "<secret>:<kind>:<where>:<number>"}. The secret is drawn by each process for
 * itself and never sent, so that no data from outside can pass for a placeholder. The number is the
 * user's own descriptor, or that of a held one.
 */
#ifndef FORKSCOPE_PROC_PLACEHOLDER_H
#define FORKSCOPE_PROC_PLACEHOLDER_H

#include <forkscope/value.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define PROCSPAWN__MARK_NAME "forkscope"
#define PROCSPAWN__MARK "\001" PROCSPAWN__MARK_NAME

/* jansson reads no deeper than this; numbers, strings and the like count as one level. */
enum { PROCSPAWN__DEPTH_MAX = 2048 };

struct procspawn__placeholder {
    enum procspawn_value_kind kind;
    bool held;
    uint64_t number;
};

/* A new reference, NULL when out of memory. */
json_t *procspawn__placeholder_new(const struct procspawn__placeholder *placeholder);
/* The same for a descriptor that is given to be sent, and taken here also on failure. */
json_t *procspawn__placeholder_give(enum procspawn_value_kind kind, int fd);

/* False if the value is none. */
bool procspawn__placeholder_read(const json_t *value,
                                 struct procspawn__placeholder *ret_placeholder);

/* The descriptor of one that has arrived, for procspawn_take_*. Returns 0 or PROCSPAWN_EVALUE. */
int procspawn__placeholder_take(const json_t *value, enum procspawn_value_kind kind, int *ret_fd);

/* A duplicate to be sent. Returns 0, PROCSPAWN_EVALUE, -EBADF or another errno of fcntl(2). */
int procspawn__placeholder_send(const struct procspawn__placeholder *placeholder, int *ret_fd);

/* Another secret, for a process that was forked: what its maker knew is none any more. */
void procspawn__placeholder_renew(void);

#endif
