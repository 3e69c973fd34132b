/*
 * channel.c - values from many senders to one receiver
 *
 * A channel is one socket pair. All senders are duplicates of one end, so the kernel keeps the
 * order of messages and reports when the last sender is gone.
 */
#include "src/base/thread.h"
#include "src/value/receiver.h"
#include "src/value/sender.h"
#include "src/wire/frame.h"
#include <forkscope/channel.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static int open_channel(procspawn_sender **ret_sender, procspawn_receiver **ret_receiver)
{
    procspawn_sender *sender = NULL;
    int ends[2];
    int rc = wire__pair(ends);

    if (rc < 0)
        return rc;
    rc = procspawn__sender_adopt(ends[0], false, &sender);
    if (rc < 0) {
        close(ends[1]);
        return rc;
    }
    rc = procspawn__receiver_adopt(ends[1], false, ret_receiver);
    if (rc < 0) {
        procspawn_sender_free(sender);
        return rc;
    }
    *ret_sender = sender;
    return 0;
}

int procspawn_channel_new(procspawn_sender **ret_sender, procspawn_receiver **ret_receiver)
{
    bool cancelable = base__cancelable(false);
    int rc = open_channel(ret_sender, ret_receiver);

    base__cancelable(cancelable);
    return rc;
}
