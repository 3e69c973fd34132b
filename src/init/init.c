/*
 * init.c - procspawn_init and procspawn_fini: start and end of root and servers
 *
 * init forks the root while the process has one thread. fini closes pools first, then has the root
 * end all processes, and waits until they are gone.
 */
#include "forkserver/forkserver.h"
#include "forkserver/process/daemonize.h"
#include "forkserver/syscall_check.h"
#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/process.h"
#include "src/base/thread.h"
#include "src/call/caller_state.h"
#include "src/call/collector.h"
#include "src/call/collector_link.h"
#include "src/call/confinement.h"
#include "src/call/prepared.h"
#include "src/child/caller_rights.h"
#include "src/child/child.h"
#include "src/client/earlier.h"
#include "src/client/root_process.h"
#include "src/client/servers.h"
#include "src/client/unheard.h"
#include "src/crash/owner.h"
#include "src/image/at_fini.h"
#include "src/image/config.h"
#include "src/image/function.h"
#include "src/image/image.h"
#include "src/init/single_thread.h"
#include "src/sandbox/program.h"
#include "src/value/fd_table.h"
#include "src/value/hash_seed.h"
#include "src/value/json_memory.h"
#include "src/value/placeholder.h"
#include "src/wire/board.h"
#include "src/wire/frame.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int64_t end_grace = 2 * BASE_SECOND;
static const int64_t start_grace = BASE_SECOND;
/* How long init waits for roots that this process started before an execve(2). They end within
 * milliseconds; a later one is reaped by a later call. */
static const int64_t earlier_timeout = BASE_SECOND / 10;

/* Never reset, so that a handle of an earlier init does not match a server of a later one. */
static uint64_t last_serial;

/* Bit set of the descriptors that were open before init; children do not reuse their numbers. */
static uint64_t held_numbers;

enum { SERVERS_MAX = 2, SPARES_PER_CPU = 2 };

/* The root and the servers, which are forked from here, use their copies as long as they live. */
static struct forkserver_options options;

static void choose_amounts(struct procspawn__image *image)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    image->servers = cpus < 2 ? 1 : SERVERS_MAX;
    image->serial = last_serial += (uint64_t)1 << 32;
    image->spares = image->config.spares >= 0 ? (unsigned)image->config.spares
                                              : (unsigned)(cpus > 0 ? cpus : 1) * SPARES_PER_CPU;
}

static struct forkserver_options options_for(const struct procspawn__image *image, int host_link)
{
    int pidfd = base__fd_behind_stdio((int)syscall(SYS_pidfd_open, getpid(), 0));

    struct forkserver_options chosen = {
        .host = getpid(),
        .host_link = host_link,
        .host_pidfd = pidfd,
        .held = held_numbers,
        .servers = image->servers,
        .serial = image->serial,
        .spares = image->spares,
        .loaded_time = image->config.start_timeout,
        .nested_each = image->config.nested_each,
        .nested_all = image->config.nested_all,
        .board = image->board,
        .catch_crashes = image->config.panic_handling,
        .capture_backtraces = image->config.capture_backtraces,
        .resolve_backtraces = image->config.resolve_backtraces,
        .resolve_lines = image->config.resolve_lines,
        .limits_debugged = image->config.limits_debugged,
        .prepare = procspawn__child_prepare,
        .idle_step = procspawn__sandbox_compile_one,
        .enter = procspawn__child_enter,
    };

    prctl(PR_GET_NAME, chosen.program);
    return chosen;
}

static void drop_board(void)
{
    struct procspawn__image *image = &procspawn__image;

    wire__board_unmap(image->board, FORKSERVER_MAX_SERVERS);
    image->board = NULL;
}

static int start_root(int *ret_link)
{
    struct procspawn__image *image = &procspawn__image;
    int ends[2];
    int rc = wire__pair(ends);

    if (rc < 0)
        return rc;
    image->board = wire__board_map(FORKSERVER_MAX_SERVERS);
    if (!image->board) {
        close(ends[0]);
        close(ends[1]);
        return -ENOMEM;
    }
    image->privileged = procspawn__sender_privileged();
    options = options_for(image, ends[1]);
    rc = procspawn__root_start(&options);
    if (rc < 0)
        drop_board();
    if (rc < 0)
        close(ends[0]);
    else
        *ret_link = ends[0];
    return rc;
}

/* The root ends all servers when its link closes, also those that were not reported yet. */
static void give_up_start(void)
{
    procspawn__client_close();
    if (procspawn__root_reap(base__deadline(start_grace)) < 0) {
        procspawn__root_signal(SIGKILL);
        procspawn__root_reap(BASE_NEVER);
    }
    procspawn__client_reap_servers(base__deadline(end_grace));
    procspawn__unheard_reap(base__deadline(end_grace));
    drop_board();
}

static int start(int argc, char **argv)
{
    struct procspawn__image *image = &procspawn__image;
    int link = -1;

    procspawn__placeholder_reset();
    procspawn__seed_prepare();
    procspawn__json_memory_wrap();
    image->argc = image->config.pass_args ? argc : 0;
    image->argv = argv;
    int rc = procspawn__modules_record();
    if (rc == 0)
        rc = procspawn__caller_state_record();
    procspawn__earlier_find();
    if (rc == 0)
        rc = start_root(&link);
    if (rc == 0) {
        rc = procspawn__client_open(link, image->servers, image->config.start_timeout);
        if (rc < 0)
            give_up_start();
    }
    if (rc < 0) {
        procspawn__caller_state_close();
        procspawn__json_memory_unwrap();
        return rc;
    }
    procspawn__confinement_record_root();
    procspawn__seed_draw();
    image->argc = argc;
    image->owner = base__process();
    procspawn__earlier_reap(base__deadline(earlier_timeout));
    return 0;
}

static int init(const procspawn_config *config, bool cancelable, int argc, char **argv)
{
    struct procspawn__image *image = &procspawn__image;

    if (procspawn__image_is_ours())
        return -EALREADY;
    int rc = forkserver__check_syscalls();
    if (rc < 0)
        return rc;
    if (!procspawn__single_threaded())
        return PROCSPAWN_ETHREADS;
    if (image->owner != 0) {
        procspawn__client_forget();
        procspawn__collector_reset();
        procspawn__prepared_forget();
        drop_board();
        procspawn__at_fini_forget();
        procspawn__fd_table_forget();
        procspawn__caller_state_close();
    }
    *image = (struct procspawn__image){ .config = *config, .cancelable = cancelable };
    choose_amounts(image);
    held_numbers = forkserver__open_numbers();
    return start(argc, argv);
}

CRASH_BELOW_CALLED int procspawn_init_with(const procspawn_config *config, int argc, char **argv)
{
    if (!config)
        return -EINVAL;
    bool cancelable = base__cancelable(false);
    int rc = init(config, cancelable, argc, argv);

    base__cancelable(cancelable);
    return rc;
}

int procspawn_init(int argc, char **argv)
{
    static const procspawn_config defaults = PROCSPAWN__CONFIG_DEFAULT;
    return procspawn_init_with(&defaults, argc, argv);
}

/*
 * A third of the timeout is the grace of the processes; the rest is for waiting until they are
 * gone. At least 1 ns, because a grace of 0 in END means that the program has died.
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
    procspawn__image.ended = base__process();
    procspawn__at_fini_close_all();
    procspawn__client_end(grace);
}

/* Reaps the root, and the servers that became children of this process. 0 or -ETIMEDOUT. */
static int see_them_go(int64_t deadline)
{
    procspawn__client_close();
    procspawn__root_signal(SIGKILL);
    int rc = procspawn__root_reap(deadline);
    if (rc == 0)
        rc = procspawn__client_reap_servers(deadline);
    if (rc == 0)
        procspawn__unheard_reap(deadline);
    return rc;
}

static void forget_all(void)
{
    procspawn__earlier_reap(0);
    procspawn__collector_close();
    procspawn__prepared_drop();
    procspawn__caller_state_close();
    procspawn__json_memory_unwrap();
    drop_board();
    procspawn__at_fini_reopen();
    procspawn__image.ending = false;
    procspawn__image.owner = 0;
}

/* The root has closed its link: waits for the rest. 0; -ETIMEDOUT: may be called again. */
static int finish_end(int64_t deadline)
{
    int rc = see_them_go(deadline);

    if (rc == 0)
        rc = procspawn__at_fini_join_all(deadline);
    if (rc == 0)
        forget_all();
    return rc;
}

/* Kills the root. A server that has a process which it may not kill goes on; it is not waited for.
 * The threads of pools end in any case: they wait for no process now. */
static int finish_by_force(void)
{
    static const int64_t last_timeout = BASE_SECOND;

    if (see_them_go(base__deadline(last_timeout)) < 0)
        procspawn__client_drop_servers();
    procspawn__at_fini_join_all(BASE_NEVER);
    forget_all();
    return 0;
}

/* The root may have been stopped by a signal: SIGCONT lets it end. */
static int end_all(int64_t grace, int64_t deadline)
{
    if (!procspawn__image.ending)
        begin_end(grace);
    procspawn__root_signal(SIGCONT);
    int rc = procspawn__client_wait_end(deadline);
    return rc < 0 ? rc : finish_end(deadline);
}

/* by_force: kills the root at the deadline. 0, PROCSPAWN_ENOTINIT or -ETIMEDOUT. */
static int fini(int64_t timeout, bool by_force)
{
    int64_t deadline = base__deadline(timeout);
    int cancel;

    if (!procspawn__image_is_ours() || procspawn__image.is_child)
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
