/*
 * examine.h - asks the server of a child for a report on it, and waits for that
 */
#ifndef FORKSCOPE_CLIENT_EXAMINE_H
#define FORKSCOPE_CLIENT_EXAMINE_H

#include "src/client/examinations.h"
#include "src/client/lock.h"
#include "src/client/remote_child.h"
#include <stdint.h>

/*
 * Asks, and waits until the deadline. Returns 0, with the answer in *ret_answer; -ETIMEDOUT; or
 * PROCSPAWN_ESERVER: the server is gone, or takes no question.
 */
int procspawn__client_examine(const struct procspawn__remote_child *child, int64_t deadline,
                              struct procspawn__examination *ret_answer) EXCLUDES(client_lock);

#endif
