/*
 * placeholder.h - JSON values that stand for a descriptor, in the form used inside one process
 *
 * {"\u0001forkscope": "<secret>:<kind>:<where>:<number>"}. Each process draws its own secret and
 * never sends it, so data from outside cannot pass for a placeholder. `where` is 'o' or 'h': the
 * number is that of a descriptor of this process, or of an entry of the descriptor table
 * (fd_table.h).
 */
#ifndef FORKSCOPE_VALUE_PLACEHOLDER_H
#define FORKSCOPE_VALUE_PLACEHOLDER_H

#include <forkscope/value.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* The greatest depth that jansson decodes. A number or string counts as one level. */
enum { PROCSPAWN__DEPTH_MAX = 2048 };

struct procspawn__placeholder {
    enum procspawn_value_kind kind;
    bool in_table;
    uint64_t number;
};

/* Returns a new reference; NULL: out of memory. */
json_t *procspawn__placeholder_new(const struct procspawn__placeholder *placeholder);
/* The same for a descriptor that is given away to be sent: it is taken, also on failure. */
json_t *procspawn__placeholder_give(enum procspawn_value_kind kind, int fd);

/* Returns false if the value is not a placeholder of this process. */
bool procspawn__placeholder_read(const json_t *value,
                                 struct procspawn__placeholder *ret_placeholder);

/*
 * Takes the descriptor of a received placeholder, for procspawn_value_claim_*. Returns 0 or
 * PROCSPAWN_EVALUE. What the second returns is still noted (base/fd.h): the caller has to look
 * whether it is the same file.
 */
int procspawn__placeholder_take(const json_t *value, enum procspawn_value_kind kind, int *ret_fd);
int procspawn__placeholder_take_held(const json_t *value, enum procspawn_value_kind kind,
                                     int *ret_fd);

/*
 * Returns a descriptor to be sent, which is noted, as procspawn__fd_table_send does for entries of the table.
 * Returns 0, PROCSPAWN_EVALUE, -EBADF or another errno of fcntl(2).
 */
int procspawn__placeholder_send(const struct procspawn__placeholder *placeholder, int *ret_fd);

/* For a forked process: the secret is drawn anew, so placeholders made before the fork are void. */
void procspawn__placeholder_reset(void);

#endif
