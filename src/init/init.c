/*
 * init.c - forks the fork server while there is one thread
 */
#include "src/child/caller_rights.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/process.h"
#include "src/base/thread.h"
#include "src/base/written.h"
#include "src/client/earlier.h"
#include "src/call/place.h"
#include "src/value/placeholder.h"
#include "src/value/hash_seed.h"
#include "src/client/root_process.h"
#include "src/init/single_thread.h"
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

struct procspawn__image procspawn__image BASE_WRITTEN;

static const int64_t end_grace = 2 * BASE_SECOND;
static const int64_t start_grace = BASE_SECOND;
/* What an earlier image had started ends within milliseconds; what it takes longer is not waited
 * for. */
static const int64_t earlier_patience = BASE_SECOND / 10;

/* Of servers: handles may outlive those that they came from. */
static uint64_t last_serial;

enum { SERVERS_MAX = 2, SPARES_PER_CPU = 2 };

static bool belongs_here(void)
{
    const struct procspawn__image *image = &procspawn__image;

    if (image->is_child)
        return image->child == getpid();
    return image->owner != 0 && image->owner == base__process();
}

bool procspawn__ready(void)
{
    return belongs_here() && !procspawn__image.ending;
}

int procspawn__admitted(void)
{
    if (!procspawn__ready())
        return PROCSPAWN_ENOTINIT;
    return procspawn__image.childless ? PROCSPAWN_ERIGHTS : 0;
}

static void choose_options(const procspawn_config *config, struct forkserver_options *options)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    options->servers = cpus < 2 ? 1 : SERVERS_MAX;
    options->serial = last_serial += (uint64_t)1 << 32;
    options->spares = config->spares >= 0 ? (unsigned)config->spares
                                          : (unsigned)(cpus > 0 ? cpus : 1) * SPARES_PER_CPU;
    options->catch_crashes = config->panic_handling;
    options->capture_backtraces = config->capture_backtraces;
    options->resolve_backtraces = config->resolve_backtraces;
    options->nested_each = config->nested_each;
    options->nested_all = config->nested_all;
    options->prepare = procspawn__child_prepare;
    options->enter = procspawn__child_enter;
}

static void drop_board(void)
{
    struct forkserver_options *options = &procspawn__image.options;

    wire__board_unmap(options->board, options->servers);
    options->board = NULL;
}

static int start_root(int *ret_link)
{
    struct procspawn__image *image = &procspawn__image;
    int ends[2];
    int rc = wire__pair(ends);

    if (rc < 0)
        return rc;
    image->options.board = wire__board_map(image->options.servers);
    if (!image->options.board) {
        close(ends[0]);
        close(ends[1]);
        return -ENOMEM;
    }
    image->privileged = procspawn__sender_privileged();
    image->options.host = getpid();
    image->options.host_link = ends[1];
    image->options.host_pidfd = base__fd_behind_stdio((int)syscall(SYS_pidfd_open, getpid(), 0));
    rc = procspawn__root_start(&image->options);
    if (rc < 0)
        drop_board();
    if (rc < 0)
        close(ends[0]);
    else
        *ret_link = ends[0];
    return rc;
}

void procspawn__root_lost(void)
{
    if (belongs_here() && !procspawn__image.is_child)
        procspawn__root_reap(base__now());
}

/* With its link closed the root ends its servers, also those that this process knows nothing of. */
static void give_up_start(void)
{
    procspawn__client_close();
    if (procspawn__root_reap(base__deadline(start_grace)) < 0) {
        procspawn__root_signal(SIGKILL);
        procspawn__root_reap(BASE_NEVER);
    }
    procspawn__client_bury(base__deadline(end_grace));
    drop_board();
}

static int start(int argc, char **argv)
{
    struct procspawn__image *image = &procspawn__image;
    int link = -1;

    procspawn__placeholder_renew();
    procspawn__seed_prepare();
    image->argc = image->config.pass_args ? argc : 0;
    image->argv = argv;
    int rc = procspawn__modules_remember();
    if (rc == 0)
        rc = procspawn__context_remember();
    procspawn__earlier_find();
    if (rc == 0)
        rc = start_root(&link);
    if (rc == 0) {
        rc = procspawn__client_open(link, image->options.servers,
                                    base__deadline(image->config.start_timeout));
        if (rc < 0)
            give_up_start();
    }
    if (rc < 0) {
        procspawn__context_forget();
        return rc;
    }
    procspawn__place_remember_root();
    procspawn__seed_draw();
    image->argc = argc;
    image->owner = base__process();
    procspawn__earlier_reap(base__deadline(earlier_patience));
    return 0;
}

static int init(const procspawn_config *config, bool cancelable, int argc, char **argv)
{
    struct procspawn__image *image = &procspawn__image;

    if (belongs_here())
        return -EALREADY;
    int rc = forkserver__probe();
    if (rc < 0)
        return rc;
    if (!procspawn__single_threaded())
        return PROCSPAWN_ETHREADS;
    if (image->owner != 0) {
        procspawn__client_forget();
        drop_board();
        procspawn__pools_forget();
        procspawn__held_forget();
        procspawn__context_forget();
    }
    *image = (struct procspawn__image){ .config = *config, .cancelable = cancelable };
    choose_options(config, &image->options);
    image->options.held = forkserver__open_numbers();
    return start(argc, argv);
}

int procspawn_config_init(const procspawn_config *config, int argc, char **argv)
{
    bool cancelable = base__cancelable(false);
    int rc = init(config, cancelable, argc, argv);

    base__cancelable(cancelable);
    return rc;
}

int procspawn_init(int argc, char **argv)
{
    static const procspawn_config defaults = PROCSPAWN__CONFIG_DEFAULT;
    return procspawn_config_init(&defaults, argc, argv);
}

/*
 * Two thirds of the time are for seeing the last ones go. A grace of nothing would not do for a
 * timeout of nothing: it stands for the loss of the program.
 */
static int64_t grace_within(int64_t timeout)
{
    int64_t third = timeout / 3;

    if (timeout < 0 || third > end_grace)
        return end_grace;
    return third > 0 ? third : 1;
}

static void begin_end(int64_t grace)
{
    procspawn__image.ending = true;
    procspawn__pools_close();
    procspawn__client_end(grace);
}

/* The root and, where they come to this process, the servers. */
static int see_them_go(int64_t deadline)
{
    procspawn__client_close();
    procspawn__root_signal(SIGKILL);
    int rc = procspawn__root_reap(deadline);
    return rc < 0 ? rc : procspawn__client_bury(deadline);
}

static void forget_all(void)
{
    procspawn__earlier_reap(0);
    procspawn__context_forget();
    drop_board();
    procspawn__image.ending = false;
    procspawn__image.owner = 0;
}

/* All processes have ended, or shall do so with the root. 0 or -ETIMEDOUT: to be done again. */
static int finish_end(int64_t deadline)
{
    int rc = see_them_go(deadline);

    if (rc == 0)
        rc = procspawn__pools_join(deadline);
    if (rc == 0)
        forget_all();
    return rc;
}

/* A server stays as long as there is a process that it may not end: it is not waited for any more.
 * Those of pools are threads of this process, and wait for no process now. */
static int finish_by_force(void)
{
    static const int64_t last_patience = BASE_SECOND;

    if (see_them_go(base__deadline(last_patience)) < 0)
        procspawn__client_let_go();
    procspawn__pools_join(BASE_NEVER);
    forget_all();
    return 0;
}

/* Whoever stopped the root meanwhile does not stop the end. */
static int end_all(int64_t grace, int64_t deadline)
{
    if (!procspawn__image.ending)
        begin_end(grace);
    procspawn__root_signal(SIGCONT);
    int rc = procspawn__client_wait_end(deadline);
    return rc < 0 ? rc : finish_end(deadline);
}

/* by_force: with the root all end, if nothing else helps. */
static int fini(int64_t timeout, bool by_force)
{
    int64_t deadline = base__deadline(timeout);
    int cancel;

    if (!belongs_here() || procspawn__image.is_child)
        return PROCSPAWN_ENOTINIT;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = end_all(grace_within(timeout), deadline);
    if (rc == -ETIMEDOUT && by_force)
        rc = finish_by_force();
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn_fini_timeout(int64_t timeout)
{
    return fini(timeout, false);
}

int procspawn_fini(void)
{
    return fini(3 * end_grace, true);
}

int procspawn_args(int *ret_argc, char ***ret_argv)
{
    if (!procspawn__ready())
        return PROCSPAWN_ENOTINIT;
    *ret_argc = procspawn__image.argc;
    *ret_argv = procspawn__image.argv;
    return 0;
}
