/*
 * callee.c - begin and end of a called function; functions of tree.h for it: a root for tasks, a
 * descriptor that reports SIGTERM, and the end of the link to the server
 */
#include "src/child/callee.h"

#include "src/base/closer.h"
#include "src/base/written.h"
#include "src/client/servers.h"
#include "src/crash/notice.h"
#include "src/fresh/fresh.h"
#include "src/image/config.h"
#include "src/image/image.h"
#include <errno.h>
#include <forkscope/procspawn.h>
#include <forkscope/scope.h>
#include <forkscope/tree.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>

static struct {
    bool running;               /* the called function runs */
    bool open;                  /* `root` is open */
    bool finishing;             /* the callback for the end runs */
    scoped_spawner root;
    int end_fd;                 /* signalfd for SIGTERM; -1 until the function asks for it */
} callee BASE_WRITTEN = { .end_fd = -1 };

void procspawn__callee_begin(void)
{
    callee.running = true;
    base__close_by_threads(true);
}

void procspawn__callee_end(void)
{
    callee.running = false;
    if (callee.open)
        scoped_cancel_close(callee.root, SCOPED_FOREVER, NULL);
    callee.open = false;
    base__close_by_threads(false);
}

/* The callback may call exit(3) or procspawn_panic(), which come here as well. */
void procspawn__callee_finish(void)
{
    const struct procspawn_config *config = &procspawn__image.config;

    if (!config->end_callback || callee.finishing)
        return;
    callee.finishing = true;
    config->end_callback(config->end_argument);
    callee.finishing = false;
}

int procspawn_scope_root(scoped_spawner *ret_root)
{
    if (!callee.running)
        return -EPERM;
    if (!callee.open) {
        int rc = scoped_spawner_open(NULL, &callee.root);
        if (rc < 0)
            return rc;
        callee.open = true;
    }
    *ret_root = callee.root;
    return 0;
}

int procspawn_end_fd(int *ret_fd)
{
    sigset_t term;

    if (!callee.running)
        return -EPERM;
    if (callee.end_fd < 0) {
        sigemptyset(&term);
        sigaddset(&term, SIGTERM);
        callee.end_fd = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
        if (callee.end_fd < 0)
            return -errno;
        pthread_sigmask(SIG_BLOCK, &term, NULL);
    }
    *ret_fd = callee.end_fd;
    return 0;
}

int procspawn_leave_server(void)
{
    if (!procspawn__image.is_child || !procspawn__ready())
        return -EPERM;
    procspawn__image.childless = true;
    crash__set_notice(-1, NULL, 0);
    procspawn__client_close();
    procspawn__fresh_end();
    return 0;
}
