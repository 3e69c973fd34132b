#include "tests/support/world.h"

#include "src/client/links.h"
#include "src/client/state.h"
#include "tests/support/call_helpers.h"
#include "tests/support/closed.h"
#include "tests/support/trial_report.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <forkscope.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    int quiet[2];               /* a pipe in which nothing comes */
    procspawn_handle *running, *answered, *piped, *in_pool, *queued, *in_scope;
    procspawn_pool *pool, *kept;
    scoped_spawner root;
    struct scoped_parent_signals task;
    int task_fd;
    procspawn_sender *sender;
    procspawn_receiver *receiver;
    procspawn_shmem *shmem;
    procspawn_shmem_writer *draft;
    json_t *given;
} world = { .quiet = { -1, -1 } };

bool world_prepare(void)
{
    return pipe(world.quiet) == 0;
}

static int wait_for_nothing(void *unused)
{
    (void)unused;
    return scoped_wait_fd_until(world.quiet[0], POLLIN, SCOPED_FOREVER);
}

static procspawn_pool_builder *describe_pool(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_builder_capture(procspawn_pool_builder_process(builder), 1 << 20, false);
    procspawn_pool_builder_recycle_above_bytes(builder, UINT64_C(1) << 40);
    procspawn_builder_stderr(procspawn_pool_builder_process(builder), PROCSPAWN_STDIO_FD,
                             world.quiet[1]);
    return builder;
}

static void make_pools(void)
{
    procspawn_pool_builder *builder = describe_pool();
    procspawn_handle *handle = NULL;
    json_t *fd = procspawn_value_fd(world.quiet[0]);
    struct pollfd ready;

    expect("pool", procspawn_pool_builder_build(builder, &world.pool), 0, 1);
    expect("spawn", procspawn_pool_spawn(world.pool, calls_echo, NULL, &handle), 0, 1);
    expect("join", procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, NULL), 0, 1);
    procspawn_handle_free(handle);
    expect("spawn", procspawn_pool_spawn(world.pool, calls_hang, NULL, &world.in_pool), 0, 1);
    expect("spawn", procspawn_pool_spawn(world.pool, calls_echo, fd, &world.queued), 0, 1);
    ready = (struct pollfd){ .fd = procspawn_fd(world.in_pool), .events = POLLIN };
    poll(&ready, 1, 0);
    expect("kept", scoped_procspawn_pool(world.root, builder, &world.kept), 0, 1);
    procspawn_pool_builder_free(builder);
    json_decref(fd);
}

static void make_calls(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    json_t *fd = procspawn_value_fd(world.quiet[0]);

    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    expect("call", procspawn(calls_hang, NULL, &world.running), 0, 1);
    expect("call", procspawn(calls_echo, fd, &world.answered), 0, 1);
    expect("answer", procspawn_join_timeout(world.answered, 20 * CALLS_SECOND, &world.given, NULL),
           0, 1);
    expect("piped", procspawn_builder_spawn(builder, calls_hang, NULL, &world.piped), 0, 1);
    procspawn_builder_free(builder);
    json_decref(fd);
}

static void make_tasks(void)
{
    expect("root", scoped_spawner_open(NULL, &world.root), 0, 1);
    expect("task", scoped_spawn_leaf_with_signal(world.root, wait_for_nothing, NULL, NULL,
                                                 &world.task), 0, 1);
    expect("done", scoped_done_receiver_fd(world.task.done_receiver, &world.task_fd), 0, 1);
    expect("bound", scoped_procspawn(world.root, NULL, calls_hang, NULL, &world.in_scope), 0, 1);
}

static void make_things(void)
{
    expect("channel", procspawn_channel_new(&world.sender, &world.receiver), 0, 1);
    expect("memory", procspawn_shmem_new("known", 6, &world.shmem), 0, 1);
    expect("draft", procspawn_shmem_writer_new(6, &world.draft), 0, 1);
}

/* Has this process all that it has asked for? What comes without that is taken in here. */
static bool is_served(void)
{
    struct procspawn__client *client = &procspawn__client;

    pthread_mutex_lock(&client->lock);
    procspawn__links_receive();
    bool served = client->asking == 0;
    pthread_mutex_unlock(&client->lock);
    return served;
}

/* As the kernel says it. 'S' has nothing to do; what only waits for a processor is 'R'. */
static char state_in(const char *stat)
{
    char text[512] = "";
    FILE *file = fopen(stat, "re");

    if (file && !fgets(text, sizeof text, file))
        text[0] = '\0';
    if (file)
        fclose(file);
    const char *name_end = strrchr(text, ')');
    return name_end && name_end[1] == ' ' ? name_end[2] : '\0';
}

static bool other_threads_sleep(void)
{
    DIR *directory = opendir("/proc/self/task");
    struct dirent *entry;
    bool all = directory != NULL;
    char path[300];

    while (all && (entry = readdir(directory))) {
        snprintf(path, sizeof path, "/proc/self/task/%s/stat", entry->d_name);
        all = entry->d_name[0] == '.' || atoi(entry->d_name) == getpid() ||
              state_in(path) == 'S';
    }
    if (directory)
        closedir(directory);
    return all;
}

static struct calls_tree below;

/* Their process ids; the descriptors are not kept. */
static void find_below(void)
{
    calls_tree_open(&below, getpid());
    for (unsigned i = 0; i < below.count; i++)
        close(below.fd[i]);
}

static bool all_are(char state)
{
    char path[64];
    bool all = true;

    for (unsigned i = 0; i < below.count && all; i++) {
        snprintf(path, sizeof path, "/proc/%d/stat", (int)below.pid[i]);
        all = state_in(path) == state;
    }
    return all;
}

/*
 * Until no thread of the library's is at work, and none is given any: it could be about to use a
 * number that is taken from it. What a server does when it has been idle for a while it does within
 * these looks.
 */
static void settle(void)
{
    enum { LOOKS = 5 };
    int quiet = 0;

    while (quiet < LOOKS) {
        poll(NULL, 0, 1);
        find_below();
        quiet = is_served() && all_are('S') && other_threads_sleep() ? quiet + 1 : 0;
    }
}

void world_stop_below(void)
{
    find_below();
    for (unsigned i = 0; i < below.count; i++)
        kill(below.pid[i], SIGSTOP);
    while (!all_are('T'))
        poll(NULL, 0, 1);
}

void world_continue_below(void)
{
    for (unsigned i = below.count; i-- > 0;)
        kill(below.pid[i], SIGCONT);
}

void world_make(void)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_spares(config, 1);
    procspawn_config_start_timeout(config, CALLS_START_TIMEOUT);
    expect("init", procspawn_init_with(config, 0, NULL), 0, 1);
    procspawn_config_free(config);
    make_tasks();
    make_calls();
    make_pools();
    make_things();
    settle();
}

static void end_call(const char *what, procspawn_handle *handle)
{
    procspawn_error *error = NULL;

    expect(what, procspawn_join_timeout(handle, 0, NULL, &error), -ETIMEDOUT, PROCSPAWN_ECALL, 1);
    expect(what, procspawn_kill(handle), 0, PROCSPAWN_ESERVER, 1);
    expect(what, procspawn_wait_timeout(handle, 20 * CALLS_SECOND, NULL), 0, PROCSPAWN_ESERVER, 1);
    if (!error)
        expect(what, procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, &error),
               PROCSPAWN_ECALL, 1);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
}

static void end_calls(void)
{
    json_t *null = NULL;
    procspawn_handle *handle = NULL;

    end_call("a call that runs", world.running);
    end_call("a call with a pipe", world.piped);
    if (expect("a new call", procspawn(calls_echo, null, &handle), 0, PROCSPAWN_ESERVER, 1) == 0) {
        expect("its answer", procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, NULL), 0,
               PROCSPAWN_ECALL, 1);
        procspawn_handle_free(handle);
    }
    json_decref(world.given);
    procspawn_handle_free(world.answered);
}

static void end_pool(void)
{
    procspawn_handle *late = NULL;
    int rc = expect("a call of a pool", procspawn_pool_spawn(world.pool, calls_echo, NULL, &late),
                    0, PROCSPAWN_EPOOL, 1);

    expect("a pool's join", procspawn_pool_join_timeout(world.pool, CALLS_SECOND / 10), 0,
           -ETIMEDOUT, 1);
    procspawn_fd(world.in_pool);
    end_call("a call in a worker", world.in_pool);
    expect("a queued call", procspawn_join_timeout(world.queued, 20 * CALLS_SECOND, NULL, NULL), 0,
           PROCSPAWN_ECALL, 1);
    procspawn_handle_free(world.queued);
    if (rc == 0) {
        expect("a late call", procspawn_join_timeout(late, 20 * CALLS_SECOND, NULL, NULL), 0,
               PROCSPAWN_ECALL, 1);
        procspawn_handle_free(late);
    }
    expect("a pool's end", procspawn_pool_free_timeout(world.pool, 20 * CALLS_SECOND), 0, 1);
}

static void end_tasks(void)
{
    int fd, status;

    expect("a done descriptor", scoped_done_receiver_fd(world.task.done_receiver, &fd), 0, 1);
    expect("the keeper's pool", procspawn_pool_join_timeout(world.kept, CALLS_SECOND / 10), 0, 1);
    scoped_cancel_sender_free(world.task.cancel_sender);
    expect("a task", scoped_done_receiver_wait_until(world.task.done_receiver,
                                                     forkscope_after(20 * CALLS_SECOND)), 0, 1);
    expect("its status", scoped_done_receiver_status(world.task.done_receiver, &status), 0, 1);
    scoped_done_receiver_free(world.task.done_receiver);
    expect("the root", close_whatever(world.root, forkscope_after(20 * CALLS_SECOND)), 0,
           1);
    end_call("a process of a scope", world.in_scope);
    expect("the kept pool's end", procspawn_pool_free_timeout(world.kept, 20 * CALLS_SECOND), 0, 1);
}

static void end_things(void)
{
    json_t *value = NULL;
    procspawn_sender *another = NULL;
    procspawn_shmem *shmem = NULL;

    expect("send", procspawn_sender_send_timeout(world.sender, NULL, CALLS_SECOND), 0, -EBADF,
           -EPIPE, 1);
    expect("recv", procspawn_receiver_recv_timeout(world.receiver, CALLS_SECOND / 10, &value), 0,
           -EBADF, -EPIPE, -ETIMEDOUT, 1);
    json_decref(value);
    if (expect("dup", procspawn_sender_dup(world.sender, &another), 0, -EBADF, 1) == 0)
        procspawn_sender_free(another);
    procspawn_sender_free(world.sender);
    procspawn_receiver_free(world.receiver);
    value = procspawn_value_shmem(world.shmem);
    procspawn_value_drop(value);
    json_decref(value);
    procspawn_shmem_unref(world.shmem);
    if (expect("seal", procspawn_shmem_writer_seal(world.draft, &shmem), 0, -EBADF, 1) == 0)
        procspawn_shmem_unref(shmem);
}

void world_end(void)
{
    end_calls();
    end_pool();
    end_tasks();
    end_things();
    expect("fini", procspawn_fini_timeout(20 * CALLS_SECOND), 0, 1);
}
