/*
 * collector.c - starts the collector
 */
#include "src/call/collector.h"

#include "src/base/fd.h"
#include "src/call/builder.h"
#include "src/call/caller_state.h"
#include "src/call/collector_link.h"
#include "src/call/collector_process.h"
#include "src/call/request.h"
#include "src/client/remote_child.h"
#include "src/client/take.h"
#include "src/wire/call.h"
#include "src/wire/frame.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

/* One thread at a time starts the collector. It does not hold the lock of the link meanwhile. */
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;

static int write_request(struct procspawn__request *request, int socket)
{
    static const procspawn_builder builder = {
        .stdio = { { PROCSPAWN_STDIO_NULL, -1 }, { PROCSPAWN_STDIO_NULL, -1 },
                   { PROCSPAWN_STDIO_NULL, -1 } },
        .childless = true,
        .allowed = PROCSPAWN_RIGHTS_ROOT | PROCSPAWN_RIGHTS_NETWORK | PROCSPAWN_RIGHTS_USER |
                   PROCSPAWN_RIGHTS_SECCOMP | PROCSPAWN_RIGHTS_LANDLOCK,
    };
    int rc = procspawn__caller_state_describe(request, &builder);

    request->call.flags |= WIRE_CALL_FD_STDIN;
    request->stdio[STDIN_FILENO] = socket;
    request->call.function = (struct wire_function){
        .offset = (uint64_t)(uintptr_t)procspawn__collector_run, .unchecked = 1,
    };
    if (rc == 0)
        rc = procspawn__request_argument(request, NULL);
    return rc < 0 ? rc : procspawn__request_seal(request);
}

/* A spare may have died while it waited; then the next is taken. */
static int hand_over(const struct procspawn__request *request, int64_t deadline)
{
    enum { TRIES = 256 };
    int rc = -EPIPE;

    for (int i = 0; i < TRIES && rc == -EPIPE; i++) {
        struct procspawn__remote_child child;
        rc = procspawn__client_take(deadline, &child);
        if (rc < 0)
            return rc;
        rc = procspawn__request_send(request, child.channel);
        wire__close(child.channel);
    }
    return rc == -EPIPE ? PROCSPAWN_ESERVER : rc;
}

/* Starts it. Returns the program's end of its socket, or -errno. */
static int start(int64_t deadline)
{
    struct procspawn__request request;
    int ends[2];
    int rc = wire__pair(ends);

    if (rc < 0)
        return rc;
    procspawn__request_init(&request);
    rc = write_request(&request, ends[1]);
    if (rc == 0)
        rc = hand_over(&request, deadline);
    procspawn__request_fini(&request);
    close(ends[1]);
    if (rc == 0)
        return base__fd_own(ends[0]);
    close(ends[0]);
    return rc;
}

int procspawn__collector_start(int64_t deadline)
{
    int rc = 0;

    if (procspawn__collector_serves())
        return 0;
    pthread_mutex_lock(&starting);
    if (!procspawn__collector_serves()) {
        rc = start(deadline);
        if (rc >= 0)
            procspawn__collector_connect(rc);
    }
    pthread_mutex_unlock(&starting);
    return rc < 0 ? rc : 0;
}

void procspawn__collector_reset(void)
{
    pthread_mutex_init(&starting, NULL);
    procspawn__collector_forget();
}
