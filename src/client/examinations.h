/*
 * examinations.h - pending questions for reports, sent and answered on a server's link
 */
#ifndef FORKSCOPE_CLIENT_EXAMINATIONS_H
#define FORKSCOPE_CLIENT_EXAMINATIONS_H

#include "src/base/list.h"
#include "src/client/lock.h"
#include "src/crash/backtrace.h"
#include "src/wire/frame.h"
#include <stdbool.h>
#include <stdint.h>

/* One question, guarded by the client's lock until the answer is there. */
struct procspawn__examination {
    struct list in_client;
    uint64_t question;
    bool told;
    int error;                  /* of the server, for instance -ESRCH; 0: the report is there */
    int memfd;                  /* the whole report; negative: there is none. Owned by the asker */
    struct backtrace_brief brief;
};

/* With the client's lock held: EXAMINED was received. */
void procspawn__examined(struct wire_frame *frame) REQUIRES(client_lock);

#endif
