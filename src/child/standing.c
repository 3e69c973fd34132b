/*
 * standing.c - the standing buffers of a pool's worker
 *
 * Their descriptors are closed at once, so that a function that closes all descriptors does not
 * close them. The mappings are not inherited by what the function forks: a copy of the worker that
 * returns from the function must not write over the worker's result.
 */
#include "src/child/standing.h"

#include "src/base/written.h"
#include "src/image/image.h"
#include <stdbool.h>
#include <unistd.h>

static struct wire_standing argument BASE_WRITTEN = { NULL, 0, -1 };
static struct wire_standing results BASE_WRITTEN = { NULL, 0, -1 };

int procspawn__standing_adopt(const struct wire_call *call, struct wire_frame *frame,
                              size_t fd_index)
{
    int rc = 0;

    if (call->buffers & WIRE_BUFFER_NEW_ARGUMENT)
        rc = wire__standing_adopt(wire__take_fd(frame, fd_index++), false, &argument);
    if (call->buffers & WIRE_BUFFER_NEW_RESULTS)
        wire__standing_adopt(wire__take_fd(frame, fd_index), true, &results);
    return rc;
}

const unsigned char *procspawn__standing_argument(size_t length)
{
    return length <= argument.size ? argument.bytes : NULL;
}

const struct wire_standing *procspawn__standing_results(void)
{
    return results.bytes && getpid() == procspawn__image.child ? &results : NULL;
}
