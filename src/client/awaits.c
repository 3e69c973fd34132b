/*
 * awaits.c - gives the answers of servers to the questions that wait for them
 */
#include "src/client/awaits.h"

#include "src/base/list.h"
#include "src/client/remote_child.h"
#include "src/client/state.h"
#include "src/wire/protocol.h"
#include <stdbool.h>
#include <stdint.h>

static struct procspawn__client *const client = &procspawn__client;

static bool is_about(const struct procspawn__await *await, unsigned index, uint64_t id)
    REQUIRES(client_lock)
{
    const struct procspawn__remote_child *child = await->child;

    return child->link == index && child->id == id &&
           child->serial == client->links[index].serial;
}

void procspawn__awaits_told(unsigned index, const struct wire_ended *ended)
{
    for (struct list *item = client->awaits.next; item != &client->awaits; item = item->next) {
        struct procspawn__await *await = list_entry(item, struct procspawn__await, in_client);
        /* A question that was repeated may be answered again when the child is forgotten. */
        if (!is_about(await, index, ended->id) || await->told)
            continue;
        await->told = true;
        await->known = ended->known;
        await->death = ended->death;
    }
}
