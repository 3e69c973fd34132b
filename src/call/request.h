/*
 * request.h - a call in the making: written down, sealed, and sent as often as needed
 */
#ifndef FORKSCOPE_CALL_REQUEST_H
#define FORKSCOPE_CALL_REQUEST_H

#include "src/value/message.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdbool.h>

/* A call in the making. fds are owned; each -1 if there is none. */
struct procspawn__draft {
    struct wire_call call;
    struct wire_writer block;
    struct procspawn__message message;
    bool spent;                 /* cannot be sent again */
    int memory;                 /* block and text, once sealed, if they are long */
    int cwd;
    int stdio[3];               /* the child's ends */
    bool owned[3];              /* of stdio: to be closed after sending */
    int pipes[3];               /* the caller's ends, -1 without a pipe */
};

void procspawn__draft_init(struct procspawn__draft *draft);
void procspawn__draft_fini(struct procspawn__draft *draft);
/* The same in a copy of the process by fork(2): memory only. */
void procspawn__draft_forget(struct procspawn__draft *draft);
/* The block ends with the function's library: what else goes into it comes before. */
int procspawn__draft_function(struct procspawn__draft *draft, procspawn_function *function);
/* NULL stands for JSON null. */
int procspawn__draft_argument(struct procspawn__draft *draft, const json_t *argument);
/* Nothing is added from now on. */
int procspawn__draft_seal(struct procspawn__draft *draft);
/* To a child that waits, so it does not block. 0, -EPIPE when its server is dead, or -errno. */
int procspawn__draft_send(const struct procspawn__draft *draft, int channel);
/* Once sent: closes the descriptors of the argument, which would keep their other ends waiting
 * here. */
void procspawn__draft_spend(struct procspawn__draft *draft);

#endif
