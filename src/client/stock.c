/*
 * stock.c - children that servers have offered and that are not taken yet; and refusals
 */
#include "src/client/stock.h"

#include "src/base/fd.h"
#include "src/client/remote_child.h"
#include "src/client/state.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <string.h>
#include <unistd.h>

enum { SPARES_MAX = 256 };

static struct procspawn__client *const client = &procspawn__client;

static struct procspawn__remote_child spares[SPARES_MAX];

void procspawn__stock_add(unsigned index, struct wire_frame *frame)
{
    const struct wire_offer *offer = frame->body;
    const struct procspawn__link *link = &client->links[index];

    for (unsigned i = 0; i < frame->header.fd_count && client->spare_count < SPARES_MAX; i++) {
        int channel = base__fd_own(wire__take_fd(frame, i));
        if (channel < 0) {
            /* Its channel is closed, so the child ends. */
            procspawn__stock_refuse(channel, 1);
            continue;
        }
        spares[client->spare_count++] = (struct procspawn__remote_child){
            .channel = channel, .pid = offer[i].pid, .server = link->server,
            .serial = link->serial, .id = offer[i].id, .link = index, .slot = offer[i].slot,
            .token = offer[i].token };
    }
}

void procspawn__stock_drop(unsigned index)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < client->spare_count; i++) {
        if (spares[i].link == index)
            base__fd_close(spares[i].channel);
        else
            spares[kept++] = spares[i];
    }
    client->spare_count = kept;
}

void procspawn__stock_refuse(int error, unsigned count)
{
    client->refused += count;
    client->refusal = error;
}

struct procspawn__remote_child procspawn__stock_take(void)
{
    struct procspawn__remote_child oldest = spares[0];

    client->spare_count--;
    memmove(&spares[0], &spares[1], client->spare_count * sizeof *spares);
    return oldest;
}
