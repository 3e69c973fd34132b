/*
 * examinations.c - gives the reports of servers to the questions that wait for them
 */
#include "src/client/examinations.h"

#include "src/client/state.h"
#include "src/wire/protocol.h"
#include <string.h>

static struct procspawn__client *const client = &procspawn__client;

static struct procspawn__examination *find(uint64_t question) REQUIRES(client_lock)
{
    struct list *item = client->examinations.next;

    for (; item != &client->examinations; item = item->next) {
        struct procspawn__examination *one =
            list_entry(item, struct procspawn__examination, in_client);
        if (one->question == question)
            return one;
    }
    return NULL;
}

/* An answer that comes too late belongs to nobody, and its descriptor is closed with the frame. */
void procspawn__examined(struct wire_frame *frame)
{
    const struct wire_examined *head = frame->body;
    struct procspawn__examination *one = find(head->question);

    if (!one || one->told)
        return;
    one->told = true;
    one->error = head->error;
    if (frame->header.length == sizeof *head + sizeof one->brief)
        memcpy(&one->brief, (const unsigned char *)frame->body + sizeof *head, sizeof one->brief);
    one->memfd = wire__take_fd(frame, 0);
}
