/*
 * awaits.h - who wants word of a child's end beside its channel
 */
#ifndef FORKSCOPE_CLIENT_AWAITS_H
#define FORKSCOPE_CLIENT_AWAITS_H

#include "src/base/list.h"
#include "src/client/taken.h"
#include "src/wire/protocol.h"
#include <stdbool.h>
#include <stdint.h>

/* All 0: not begun. */
struct procspawn__await {
    struct list in_client;
    const struct procspawn__taken *taken;   /* NULL: not begun */
    int64_t repeat_at;          /* then the server is asked again */
    bool told;
    bool known;                 /* how it ended: */
    struct wire_death death;
};

/* What comes up a link about a child's end. With the client's lock held. */
void procspawn__awaits_told(unsigned index, const struct wire_ended *ended);

#endif
