/*
 * active.c - which servers are asked for children, and when there is to be one more
 *
 * For a death a server goes through the kernel's list of its children, and at a fork its table of
 * descriptors is copied. Both take time in proportion to the children that it has. So a server with
 * many children rests, and another one becomes active that has few. If there is none, the root
 * starts one more. A server that rests becomes active again when it has few children.
 *
 * How many are active follows the threads that wait for a child, up to a limit that follows the
 * processors.
 */
#include "src/client/active.h"

#include "src/base/clock.h"
#include "src/client/state.h"
#include "src/image/image.h"
#include "src/wire/board.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <stdint.h>
#include <unistd.h>

/* With MANY children a server rests; with FEW it may become active. */
enum { MANY = 256, FEW = MANY / 2 };
enum { THREADS_PER_SERVER = 8, SERVERS_PER_CPU = 2 };

/* How long more servers stay active than the threads need that wait now. */
static const int64_t linger = BASE_SECOND;

static struct procspawn__client *const client = &procspawn__client;

static unsigned children_of(unsigned index)
{
    return __atomic_load_n(&procspawn__image.board[index].children, __ATOMIC_RELAXED);
}

static void set_active(unsigned index, bool on) REQUIRES(client_lock)
{
    client->active |= (uint64_t)on << index;
    client->active &= ~((uint64_t)!on << index);
    if (procspawn__image.board)
        __atomic_store_n(&procspawn__image.board[index].resting, !on, __ATOMIC_RELAXED);
}

bool procspawn__active_is(unsigned index)
{
    return client->active >> index & 1;
}

static unsigned processors(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return cpus > 0 ? (unsigned)cpus : 1;
}

void procspawn__active_init(unsigned servers)
{
    unsigned most = processors() * SERVERS_PER_CPU;

    client->active = 0;
    client->least = client->wanted = servers;
    client->most = most < servers ? servers : most;
    client->wanted_until = 0;
    for (unsigned i = 0; i < FORKSERVER_MAX_SERVERS; i++)
        set_active(i, i < servers);
}

/* How many servers are to be active. */
static unsigned number_wanted(void) REQUIRES(client_lock)
{
    unsigned wanted = (client->asking + THREADS_PER_SERVER) / THREADS_PER_SERVER;
    int64_t now = base__now();

    if (wanted > client->most)
        wanted = client->most;
    if (wanted < client->least)
        wanted = client->least;
    if (wanted >= client->wanted || now >= client->wanted_until) {
        client->wanted = wanted;
        client->wanted_until = now + linger;
    }
    return client->wanted;
}

/* Returns the server that rests and has the fewest children, or the number of servers. */
static unsigned best_resting(void) REQUIRES(client_lock)
{
    unsigned best = client->count;

    for (unsigned i = 0; i < client->count; i++) {
        if (client->links[i].fd >= 0 && !procspawn__active_is(i) &&
            (best == client->count || children_of(i) < children_of(best)))
            best = i;
    }
    return best;
}

/* Returns the active server with the most children, or the number of servers. */
static unsigned fullest_active(void) REQUIRES(client_lock)
{
    unsigned fullest = client->count;

    for (unsigned i = 0; i < client->count; i++) {
        if (client->links[i].fd >= 0 && procspawn__active_is(i) &&
            (fullest == client->count || children_of(i) > children_of(fullest)))
            fullest = i;
    }
    return fullest;
}

/* A server that has died and is not replaced yet does not count. */
static unsigned active_count(void) REQUIRES(client_lock)
{
    unsigned count = 0;

    for (unsigned i = 0; i < client->count; i++)
        count += client->links[i].fd >= 0 && procspawn__active_is(i);
    return count;
}

/* Asks the root for one more server, unless one is starting. It rests until it is chosen. */
static void start_one(void) REQUIRES(client_lock)
{
    struct wire_grow body = { .servers = client->count + 1 };

    for (unsigned i = 0; i < client->count; i++) {
        if (client->links[i].fd < 0)
            return;
    }
    if (client->count < FORKSERVER_MAX_SERVERS &&
        wire__send_struct(client->root, WIRE_GROW, &body, sizeof body, -1, true) == 0)
        client->count++;
}

/* Servers with many children give way to others. Returns whether one finds no other. */
static bool relieve(void) REQUIRES(client_lock)
{
    for (unsigned n = 0; n < client->count; n++) {
        unsigned full = fullest_active(), other = best_resting();
        if (full == client->count || children_of(full) < MANY)
            return false;
        if (other == client->count || children_of(other) > children_of(full) / 2)
            return true;
        set_active(other, true);
        set_active(full, false);
    }
    return false;
}

/* Returns whether there are too few servers. */
static bool adjust_number(void) REQUIRES(client_lock)
{
    unsigned wanted = number_wanted(), count = active_count();

    for (; count < wanted; count++) {
        unsigned other = best_resting();
        if (other == client->count || children_of(other) > FEW)
            return true;
        set_active(other, true);
    }
    for (; count > wanted; count--)
        set_active(fullest_active(), false);
    return false;
}

/* A child has one server, and no board. */
void procspawn__active_choose(void)
{
    if (client->root < 0 || !procspawn__image.board)
        return;
    bool missing = relieve();
    missing |= adjust_number();
    if (missing)
        start_one();
}
