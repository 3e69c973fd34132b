/*
 * helper.c - starts a process of the library's own
 */
#include "src/call/helper.h"

#include "src/call/builder.h"
#include "src/call/caller_state.h"
#include "src/call/request.h"
#include "src/client/remote_child.h"
#include "src/client/take.h"
#include "src/wire/call.h"
#include "src/wire/frame.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <unistd.h>

static int write_request(struct procspawn__request *request, procspawn_function *function,
                         int socket)
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
        .offset = (uint64_t)(uintptr_t)function, .unchecked = 1,
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

int procspawn__helper_start(procspawn_function *function, int socket, int64_t deadline)
{
    struct procspawn__request request;

    procspawn__request_init(&request);
    int rc = write_request(&request, function, socket);
    if (rc == 0)
        rc = hand_over(&request, deadline);
    procspawn__request_fini(&request);
    return rc;
}
