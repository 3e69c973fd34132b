/*
 * learner_start.c - starts the learner of a call or a pool
 */
#include "src/call/learner_start.h"

#include "src/call/helper.h"
#include "src/learn/learner.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <unistd.h>

/* The memory is sent before any child has the socket. Returns the program's end of it, or -errno. */
static int start(int memory, int64_t deadline)
{
    int ends[2];
    int rc = wire__pair(ends);

    if (rc < 0)
        return rc;
    rc = wire__send_struct(ends[0], WIRE_LEARN, NULL, 0, memory, true);
    if (rc == 0)
        rc = procspawn__helper_start(procspawn__learner_run, ends[1], deadline);
    close(ends[1]);
    if (rc == 0)
        return ends[0];
    close(ends[0]);
    return rc;
}

int procspawn__learning_start(struct procspawn__learning *learning, int64_t deadline)
{
    int memory = procspawn__learning_share(learning);

    if (memory < 0)
        return memory == -EALREADY ? 0 : memory;
    int socket = start(memory, deadline);
    close(memory);
    return procspawn__learning_connect(learning, socket);
}
