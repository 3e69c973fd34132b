/*
 * awaits.h - pending questions for the end of a child, sent and answered on a server's link
 *
 * A question is asked when the channel of a child ended or may never bring DEATH.
 */
#ifndef FORKSCOPE_CLIENT_AWAITS_H
#define FORKSCOPE_CLIENT_AWAITS_H

#include "src/base/list.h"
#include "src/client/lock.h"
#include "src/client/remote_child.h"
#include "src/wire/protocol.h"
#include <stdbool.h>
#include <stdint.h>

/* One question; all 0: not asked. It is guarded by the client's lock until the answer is there. */
struct procspawn__await {
    struct list in_client;
    const struct procspawn__remote_child *child; /* borrowed; NULL: not asked */
    int64_t repeat_at;          /* when the server is asked again */
    bool told;                  /* the server has answered: the child is gone */
    bool known;                 /* `death` is set */
    struct wire_death death;
};

/* With the client's lock held: ENDED was received on the link with this index. */
void procspawn__awaits_told(unsigned index, const struct wire_ended *ended) REQUIRES(client_lock);

#endif
