/*
 * servers.c - start and end of the connection to root and servers
 */
#include "src/client/servers.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/client/links.h"
#include "src/client/state.h"
#include "src/image/image.h"
#include "src/scope/wait_points.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/scope.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static struct procspawn__client *const client = &procspawn__client;

static void open_client(unsigned servers) REQUIRES(client_lock)
{
    client->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    procspawn__links_init(servers);
    client->spare_count = 0;
    client->asking = client->refused = 0;
}

static bool all_ready(void) REQUIRES(client_lock)
{
    unsigned ready = 0;

    for (unsigned i = 0; i < client->count; i++)
        ready += client->links[i].ready;
    return ready == client->count;
}

/* 0: all servers are ready; 1: not yet; or why they cannot start. */
static int look_at_start(void) REQUIRES(client_lock)
{
    procspawn__links_receive_root();
    procspawn__links_receive();
    if (client->refused > 0)
        return client->refusal;
    if (client->root_refusal < 0)
        return client->root_refusal;
    if (client->root < 0)
        return PROCSPAWN_ESTART;
    return all_ready() ? 0 : 1;
}

/* The root copies what the program has loaded before it starts a server. */
static bool root_has_worked(uint32_t *seen)
{
    const uint32_t before = *seen;
    *seen = __atomic_load_n(&procspawn__image.board[0].progress, __ATOMIC_RELAXED);
    return *seen != before;
}

int procspawn__client_open(int root_link, unsigned servers, int64_t timeout)
    NO_THREAD_SAFETY_ANALYSIS("there is one thread")
{
    int64_t deadline = base__deadline(timeout);
    uint32_t worked = 0;

    open_client(servers);
    client->root = base__fd_own(root_link);
    int rc = client->root < 0 ? client->root : procspawn__links_watch();
    if (rc == 0)
        rc = look_at_start();
    while (rc > 0) {
        if (root_has_worked(&worked))
            deadline = base__deadline(timeout);
        if (base__now() >= deadline)
            return PROCSPAWN_ESTART;
        procspawn__links_wait(-1, deadline);
        rc = look_at_start();
    }
    return rc;
}

void procspawn__client_adopt(int link, pid_t server)
    NO_THREAD_SAFETY_ANALYSIS("there is one thread")
{
    open_client(1);
    client->links[0] = (struct procspawn__link){ .fd = link, .pidfd = -1, .server = server };
}

/* With the lock: the dispatcher of a pool may still use the links. */
void procspawn__client_close(void)
{
    procspawn__client_enter();
    procspawn__links_close();
    procspawn__client_leave();
}

void procspawn__client_drop_servers(void)
{
    procspawn__client_enter();
    while (client->dying_count > 0)
        base__fd_close(client->dying[--client->dying_count]);
    procspawn__client_leave();
}

void procspawn__client_forget(void)
{
    pthread_mutex_init(&client->lock, NULL);
    /* The list holds handles of the parent, which may have been freed here. */
    list_init(&client->awaits);
    list_init(&client->examinations);
    procspawn__client_close();
    procspawn__client_drop_servers();
}

int procspawn__client_end(int64_t grace)
{
    struct wire_end body = { grace };

    procspawn__client_enter();
    int rc = wire__send_struct(client->root, WIRE_END, &body, sizeof body, -1, true);
    /* End of file on the link also makes the root end all processes, without a grace. */
    if (rc < 0 && base__fd_is_ours(client->root))
        shutdown(client->root, SHUT_WR);
    procspawn__client_leave();
    return rc;
}

/* Another thread may close the descriptor meanwhile, and poll(2) does not notice: waits briefly. */
static int poll_briefly(int fd, int64_t deadline)
{
    enum { RECHECK = 50 };
    struct pollfd polled = { .fd = fd, .events = POLLIN };
    int left = base__poll_timeout(deadline);

    if (base__now() >= deadline)
        return -ETIMEDOUT;
    poll(&polled, 1, left >= 0 && left < RECHECK ? left : RECHECK);
    return 0;
}

/* Returns the link of the root; -1: the root has closed it. */
static int root_link(void)
{
    procspawn__client_enter();
    procspawn__links_receive_root();
    int link = client->root;
    procspawn__client_leave();
    return link;
}

int procspawn__client_wait_end(int64_t deadline)
{
    int link, rc = 0;

    while (rc == 0 && (link = root_link()) >= 0)
        rc = poll_briefly(link, deadline);
    return rc;
}

/* Reaps servers that have died. Returns the pidfd of one that has not; -1: there is none. */
static int first_dying(void)
{
    procspawn__client_enter();
    int pidfd = procspawn__links_reap() ? -1 : client->dying[0];
    procspawn__client_leave();
    return pidfd;
}

int procspawn__client_reap_servers(int64_t deadline)
{
    int pidfd, rc = 0;

    while (rc == 0 && (pidfd = first_dying()) >= 0)
        rc = poll_briefly(pidfd, deadline);
    return rc;
}

/* The wait is limited: if another thread receives the message, this one is not woken. */
int procspawn__client_wait(int64_t deadline)
{
    static const int64_t recheck = BASE_SECOND / 20;
    int64_t until = base__deadline(recheck);
    if (deadline < until)
        until = deadline;
    int set = procspawn__links_set();
    int rc = base__fd_is_ours(set) ? scoped__wait_fd(set, POLLIN, until)
                                   : scoped_sleep_until(until);
    return rc == -ETIMEDOUT && base__now() < deadline ? 0 : rc;
}
