/*
 * taken_numbers_test.c - programs that close descriptors of the library and reuse their numbers
 *
 * Each trial is a process of its own. It creates one object of each kind that has a descriptor,
 * finds these in /proc, closes one of them or all, and opens files of its own under the numbers.
 * Then everything is used and freed: the new files are not touched, each call ends in time with a
 * documented code, and the process ends and leaves nothing.
 */
#include "src/client/links.h"
#include "src/client/state.h"
#include "tests/support/call_helpers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <forkscope.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBERS = 256, ALL = -1, AT_ONCE = 8 };

/* What a trial has to say. */
struct report {
    unsigned count;             /* descriptors of the library's */
    char wrong[256];            /* the first thing that was; empty: nothing */
};

static struct report *report;

static void blame(const char *format, ...)
{
    va_list arguments;

    if (report->wrong[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(report->wrong, sizeof report->wrong, format, arguments);
    va_end(arguments);
}

/* ---- what takes the place ---- */

enum kind { NOTHING, PIPE, FILE_THERE, SOCKET, EVENT };

static const char known[] = "known";
enum { KNOWN = sizeof known };

static struct {
    int fd;                     /* the trap itself */
    int peer;                   /* of a socket */
} trap = { -1, -1 };

static int open_pipe(void)
{
    int ends[2];
    char path[40];

    if (pipe(ends) < 0)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    int both = open(path, O_RDWR);
    close(ends[0]);
    close(ends[1]);
    return both;
}

static int open_socket(void)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
        return -1;
    trap.peer = ends[1];
    return ends[0];
}

static void set_trap(enum kind kind)
{
    int fill = -1;

    if (kind == PIPE)
        fill = trap.fd = open_pipe();
    else if (kind == FILE_THERE)
        fill = trap.fd = memfd_create("trap", 0);
    else if (kind == EVENT)
        trap.fd = eventfd(7, EFD_NONBLOCK);
    if (kind == SOCKET) {
        trap.fd = open_socket();
        fill = trap.peer;
    }
    if (fill >= 0 && write(fill, known, KNOWN) != KNOWN)
        blame("no trap");
}

static bool holds_known(int fd)
{
    char text[64] = "";

    return read(fd, text, sizeof text) == KNOWN && memcmp(text, known, KNOWN) == 0;
}

static void check_socket(void)
{
    struct pollfd peer = { .fd = trap.peer, .events = POLLIN | POLLRDHUP };
    int credentials = 1;
    socklen_t length = sizeof credentials;

    getsockopt(trap.fd, SOL_SOCKET, SO_PASSCRED, &credentials, &length);
    if (poll(&peer, 1, 0) != 0)
        blame("the socket was written to, or shut down");
    if (credentials != 0)
        blame("an option of the socket was changed");
    if (!holds_known(trap.fd))
        blame("the socket was read");
}

static void check_event(void)
{
    eventfd_t value = 0;

    if (eventfd_read(trap.fd, &value) < 0 || value != 7)
        blame("the event was read or written: %d", (int)value);
}

static void check_trap(enum kind kind)
{
    int there = 0;

    if (kind == SOCKET)
        check_socket();
    else if (kind == EVENT)
        check_event();
    else if (kind == PIPE && (ioctl(trap.fd, FIONREAD, &there) < 0 || there != KNOWN ||
                              !holds_known(trap.fd)))
        blame("the pipe was read or written");
    else if (kind == FILE_THERE && (lseek(trap.fd, 0, SEEK_CUR) != KNOWN ||
                                    lseek(trap.fd, 0, SEEK_END) != KNOWN ||
                                    lseek(trap.fd, 0, SEEK_SET) != 0 || !holds_known(trap.fd)))
        blame("the file was read or written");
}

/* ---- which ones these are ---- */

struct numbers {
    bool open[NUMBERS];
};

static void look(struct numbers *ret_numbers)
{
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;

    memset(ret_numbers, 0, sizeof *ret_numbers);
    while (directory && (entry = readdir(directory)) != NULL) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && fd != dirfd(directory) && fd < NUMBERS)
            ret_numbers->open[fd] = true;
    }
    closedir(directory);
}

static char path_of[NUMBERS][64];

static void note_path(int fd)
{
    char path[40];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, path_of[fd], sizeof path_of[fd] - 1);
    path_of[fd][length > 0 ? length : 0] = '\0';
}

static void take_number(int fd, enum kind kind)
{
    if (kind == NOTHING)
        close(fd);
    else
        dup2(trap.fd, fd);
}

/* The one that is the which-th, or ALL. Leaves those that were taken. */
static void take_numbers(struct numbers *numbers, const struct numbers *before, int which,
                         enum kind kind)
{
    unsigned count = 0;

    look(numbers);
    for (int fd = 0; fd < NUMBERS; fd++) {
        bool ours = numbers->open[fd] && !before->open[fd];
        bool taken = ours && (which == ALL || (int)count == which);
        count += ours;
        numbers->open[fd] = taken;
        if (taken)
            note_path(fd);
    }
    for (int fd = 0; fd < NUMBERS; fd++) {
        if (numbers->open[fd])
            take_number(fd, kind);
    }
    report->count = count;
}

static void check_numbers(const struct numbers *taken)
{
    for (int fd = 0; fd < NUMBERS; fd++) {
        if (taken->open[fd] && fcntl(fd, F_GETFD) < 0)
            blame("%d (%s) was closed", fd, path_of[fd]);
    }
}

/* ---- one of everything ---- */

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
    procspawn_shmem_draft *draft;
    json_t *given;
} world = { .quiet = { -1, -1 } };

/* One of the codes, which end with 1. */
static int expect(const char *what, int rc, ...)
{
    va_list codes;
    bool found = false;
    int code;

    va_start(codes, rc);
    while ((code = va_arg(codes, int)) != 1)
        found = found || rc == code;
    va_end(codes);
    if (!found)
        blame("%s: %s", what, rc == 0 ? "0" : forkscope_strerror(rc));
    return rc;
}

static int wait_for_nothing(void *unused)
{
    (void)unused;
    return scoped_wait_fd(world.quiet[0], POLLIN, SCOPED_FOREVER);
}

static procspawn_pool_builder *describe_pool(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_pool_builder_capture_stdout(builder, true);
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
    expect("memory", procspawn_shmem_new(known, KNOWN, &world.shmem), 0, 1);
    expect("draft", procspawn_shmem_draft_new(KNOWN, &world.draft), 0, 1);
}

/* Has this process all that it has asked for? What comes without that is taken in here. */
static bool is_served(void)
{
    struct procspawn__client *client = &procspawn__client;

    pthread_mutex_lock(&client->lock);
    procspawn__links_hear();
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

/* While they stand still no thread here is woken by them. Parents are first. */
static void stop_below(void)
{
    find_below();
    for (unsigned i = 0; i < below.count; i++)
        kill(below.pid[i], SIGSTOP);
    while (!all_are('T'))
        poll(NULL, 0, 1);
}

static void continue_below(void)
{
    for (unsigned i = below.count; i-- > 0;)
        kill(below.pid[i], SIGCONT);
}

static void make_world(void)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_spares(config, 1);
    procspawn_config_start_timeout(config, CALLS_START_TIMEOUT);
    expect("init", procspawn_config_init(config, 0, NULL), 0, 1);
    procspawn_config_free(config);
    make_tasks();
    make_calls();
    make_pools();
    make_things();
    settle();
}

/* ---- used and freed ---- */

static void end_call(const char *what, procspawn_handle *handle)
{
    procspawn_error *error = NULL;

    expect(what, procspawn_join_timeout(handle, 0, NULL, &error), -ETIMEDOUT, PROCSPAWN_ECALL, 1);
    expect(what, procspawn_kill(handle), 0, PROCSPAWN_ESERVER, 1);
    expect(what, procspawn_wait(handle, 20 * CALLS_SECOND, NULL), 0, PROCSPAWN_ESERVER, 1);
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
                                                     scoped_deadline_in(20 * CALLS_SECOND)), 0, 1);
    expect("its status", scoped_done_receiver_status(world.task.done_receiver, &status), 0, 1);
    scoped_done_receiver_free(world.task.done_receiver);
    expect("the root", scoped_spawner_close(world.root, scoped_deadline_in(20 * CALLS_SECOND)), 0,
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
    procspawn_values_drop(value);
    json_decref(value);
    procspawn_shmem_unref(world.shmem);
    if (expect("seal", procspawn_shmem_draft_seal(world.draft, &shmem), 0, -EBADF, 1) == 0)
        procspawn_shmem_unref(shmem);
}

static void end_world(void)
{
    end_calls();
    end_pool();
    end_tasks();
    end_things();
    expect("fini", procspawn_fini_timeout(20 * CALLS_SECOND), 0, 1);
}

/* What comes after is as ever. */
static void begin_again(void)
{
    procspawn_handle *handle = NULL;

    if (expect("init again", procspawn_init(0, NULL), 0, 1) < 0)
        return;
    expect("a call again", procspawn(calls_echo, NULL, &handle), 0, 1);
    expect("its answer", procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, NULL), 0, 1);
    procspawn_handle_free(handle);
    expect("fini again", procspawn_fini(), 0, 1);
}

/* ---- trials ---- */

static void run(int which, enum kind kind)
{
    struct numbers before, taken;

    if (pipe(world.quiet) < 0)
        blame("no pipe");
    set_trap(kind);
    look(&before);
    make_world();
    stop_below();
    take_numbers(&taken, &before, which, kind);
    continue_below();
    end_world();
    begin_again();
    if (kind != NOTHING)
        check_numbers(&taken);
    check_trap(kind);
    for (int fd = 0; fd < NUMBERS; fd++) {
        if (report->wrong[0] != '\0' && taken.open[fd]) {
            fprintf(stderr, "%s instead of %s\n", report->wrong, path_of[fd]);
            break;
        }
    }
}

struct trial {
    int which;
    enum kind kind;
    struct report *report;
    pid_t pid;
};

static void start(struct trial *trial)
{
    trial->pid = fork();
    if (trial->pid != 0)
        return;
    report = trial->report;
    alarm(90);
    run(trial->which, trial->kind);
    exit(0);
}

static void finish(const struct trial *trial)
{
    int status = -1;

    waitpid(trial->pid, &status, 0);
    if (trial->report->wrong[0] != '\0' || status != 0)
        fprintf(stderr, "descriptor %d, kind %d: status %x, %s\n", trial->which, trial->kind,
                (unsigned)status, trial->report->wrong);
    CU_ASSERT(status == 0);
    CU_ASSERT_STRING_EQUAL(trial->report->wrong, "");
}

static void check_trials(struct trial *trials, unsigned count)
{
    struct report *reports = mmap(NULL, count * sizeof *reports, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CU_ASSERT_FATAL(reports != MAP_FAILED);
    for (unsigned i = 0; i < count; i++) {
        trials[i].report = &reports[i];
        start(&trials[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        finish(&trials[i]);
        trials[i].which = (int)reports[i].count;
    }
    munmap(reports, count * sizeof *reports);
}

/* With all descriptors alone, until there are no more. */
static void check_each(enum kind kind)
{
    struct trial trials[AT_ONCE];
    bool more = true;

    procspawn_cunit_time_limit(600 * CALLS_SECOND);
    for (int first = 0; more; first += AT_ONCE) {
        for (int i = 0; i < AT_ONCE; i++)
            trials[i] = (struct trial){ .which = first + i, .kind = kind };
        check_trials(trials, AT_ONCE);
        more = trials[0].which > first + AT_ONCE;
    }
}

static void a_pipe_in_the_place_of_any_descriptor_is_left_alone(void)
{
    check_each(PIPE);
}

static void a_socket_in_the_place_of_any_descriptor_is_left_alone(void)
{
    check_each(SOCKET);
}

static void an_event_in_the_place_of_any_descriptor_is_left_alone(void)
{
    check_each(EVENT);
}

static void any_descriptor_may_be_closed(void)
{
    check_each(NOTHING);
}

static void what_takes_the_place_of_all_descriptors_is_left_alone(void)
{
    struct trial trials[] = {
        { .which = ALL, .kind = NOTHING }, { .which = ALL, .kind = PIPE },
        { .which = ALL, .kind = FILE_THERE }, { .which = ALL, .kind = SOCKET },
        { .which = ALL, .kind = EVENT },
    };

    procspawn_cunit_time_limit(100 * CALLS_SECOND);
    check_trials(trials, sizeof trials / sizeof *trials);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(what_takes_the_place_of_all_descriptors_is_left_alone),
    TEST(a_pipe_in_the_place_of_any_descriptor_is_left_alone),
    TEST(a_socket_in_the_place_of_any_descriptor_is_left_alone),
    TEST(an_event_in_the_place_of_any_descriptor_is_left_alone),
    TEST(any_descriptor_may_be_closed),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "taken numbers", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
