/*
 * sanitized.c - a program for tests/sanitized_test.sh
 *
 * The script builds it with a sanitizer and links it with a library built without one. It cancels
 * tasks in every way that sanitizers have reported wrongly, and prints `ok`. Called with `finding`,
 * it looks at what is told of a finding.
 */
#include <forkscope.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static void wait_a_little(void *arg)
{
    char text[64];
    (void)arg;
    snprintf(text, sizeof text, "%d", 3);
    expect(scoped_sleep_until(forkscope_after(1000)) == 0, text);
}

/* Leaves variables behind on each frame, for what comes over them. */
static int sink(char *text)
{
    __asm__ volatile("" : : "r"(text) : "memory");
    return text[0];
}

static void wait_in_depth(int depth, bool in_library)
{
    char text[256];
    memset(text, depth, sizeof text);
    struct timespec for_long = { 1 << 20, 0 };
    if (depth > 0)
        wait_in_depth(depth - 1, in_library);
    else if (in_library)
        scoped_sleep_until(SCOPED_FOREVER);
    else
        nanosleep(&for_long, NULL);
    sink(text);
}

static int cancelled(void *in_library)
{
    procspawn_handle *handle = NULL;
    pthread_cleanup_push(wait_a_little, NULL);
    expect(procspawn(NULL, NULL, &handle) < 0, "a call of nothing");
    scoped_notify_started();
    wait_in_depth(8, in_library != NULL);
    pthread_cleanup_pop(0);
    return handle != NULL;
}

static int until_cancelled(void *arg)
{
    (void)arg;
    return scoped_sleep_until(SCOPED_FOREVER);
}

static int wait_for_child(scoped_spawner self, void *arg)
{
    struct scoped_parent_signals child;
    expect(scoped_spawn_leaf_with_signal(self, until_cancelled, arg, wait_a_little, &child) == 0,
           "a child");
    scoped_cancel_sender_forget(child.cancel_sender);
    pthread_cleanup_push((void (*)(void *))scoped_done_receiver_free, child.done_receiver);
    scoped_notify_started();
    scoped_done_receiver_wait(child.done_receiver);
    pthread_cleanup_pop(1);
    return 0;
}

/* ---- handles on the stack of a task that is cancelled ---- */

enum { CALL, CALL_OF_POOL, CALL_OF_TASK, CALLS };

struct held {
    procspawn_handle *handle;
    procspawn_pool *pool;
};

static json_t *hang(json_t *unused)
{
    for (;;)
        poll(NULL, 0, -1);
    return unused;
}

static void free_held(void *arg)
{
    struct held *held = arg;
    procspawn_kill(held->handle);
    procspawn_handle_free(held->handle);
    procspawn_pool_free(held->pool);
}

static int start_call(scoped_spawner self, int kind, struct held *held)
{
    int rc = 0;
    if (kind == CALL)
        return procspawn(hang, NULL, &held->handle);
    if (kind == CALL_OF_TASK)
        return scoped_procspawn(self, NULL, hang, NULL, &held->handle);
    rc = procspawn_pool_new(1, &held->pool);
    return rc < 0 ? rc : procspawn_pool_spawn(held->pool, hang, NULL, &held->handle);
}

static int join_call(scoped_spawner self, void *kind)
{
    struct held held = { NULL, NULL };
    json_t *result = NULL;
    procspawn_error *error = NULL;
    char text[256];
    memset(text, 1, sizeof text);
    expect(start_call(self, *(const int *)kind, &held) == 0, "a call");
    pthread_cleanup_push(free_held, &held);
    scoped_notify_started();
    procspawn_join(held.handle, &result, &error);
    pthread_cleanup_pop(1);
    json_decref(result);
    procspawn_error_free(error);
    return sink(text);
}

static int shared;      /* ordered by nothing but the library */

static int add(void *arg)
{
    shared += arg != NULL;
    return 0;
}

static void cancel(struct scoped_parent_signals *signals)
{
    expect(scoped_done_receiver_wait_started_until(signals->done_receiver, SCOPED_FOREVER) == 0, "start");
    scoped_cancel_sender_free(signals->cancel_sender);
    while (scoped_done_receiver_wait_until(signals->done_receiver, forkscope_after(10000)) < 0)
        continue;
    scoped_done_receiver_free(signals->done_receiver);
}

static void cancel_tasks(scoped_spawner root, void *in_library)
{
    struct scoped_parent_signals signals;
    expect(scoped_spawn_leaf_with_signal(root, cancelled, in_library, wait_a_little,
                                         &signals) == 0, "a task");
    cancel(&signals);
    expect(scoped_spawn_with_signal(root, wait_for_child, NULL, NULL, &signals) == 0, "a waiter");
    cancel(&signals);
}

static void cancel_joiners(scoped_spawner root)
{
    for (int kind = CALL; kind < CALLS; kind++) {
        struct scoped_parent_signals signals;
        expect(scoped_spawn_with_signal(root, join_call, &kind, NULL, &signals) == 0, "a joiner");
        cancel(&signals);
    }
}

static void cancel_by_deadline(scoped_spawner root)
{
    struct scoped_options options = { .until = forkscope_after(100000), .max_tasks = 2 };
    scoped_spawner scope;
    expect(scoped_scope_open(root, &options, &scope) == 0, "a scope");
    for (int i = 0; i < 3; i++)
        expect(scoped_spawn_leaf(scope, until_cancelled, NULL, NULL) == 0, "a task of a scope");
    while (scoped_close(scope, forkscope_after(10000), NULL) == SCOPED_ERUNNING)
        continue;
}

/* The end of a task is heard of by a descriptor, or by looking again and again. */
static void hear_of_the_end(scoped_spawner root, bool by_descriptor)
{
    struct scoped_parent_signals signals;
    struct pollfd polled = { .events = POLLIN };
    int status;
    expect(scoped_spawn_leaf_with_signal(root, add, &shared, NULL, &signals) == 0, "a task");
    scoped_cancel_sender_forget(signals.cancel_sender);
    if (by_descriptor) {
        expect(scoped_done_receiver_fd(signals.done_receiver, &polled.fd) == 0, "a descriptor");
        poll(&polled, 1, -1);
    }
    while (scoped_done_receiver_status(signals.done_receiver, &status) < 0)
        scoped_done_receiver_poll(signals.done_receiver);
    shared++;
    scoped_done_receiver_free(signals.done_receiver);
}

/* Asked by a flag, a task looks at what was written before. */
static int look_when_asked(void *arg)
{
    scoped_notify_started();
    while (!scoped_cancelled())
        continue;
    return *(int *)arg == 5 ? 0 : -1;
}

static void hear_of_a_cancel(scoped_spawner root)
{
    struct scoped_options options = { .cancel = SCOPED_CANCEL_ASKS };
    struct scoped_parent_signals signals;
    struct scoped_outcome outcome;
    scoped_spawner scope;
    int value = 0;
    expect(scoped_scope_open(root, &options, &scope) == 0, "a scope");
    expect(scoped_spawn_leaf_with_signal(scope, look_when_asked, &value, NULL, &signals) == 0,
           "a task that looks");
    scoped_done_receiver_wait_started_until(signals.done_receiver, SCOPED_FOREVER);
    value = 5;
    scoped_cancel_sender_free(signals.cancel_sender);
    scoped_done_receiver_free(signals.done_receiver);
    expect(scoped_close(scope, SCOPED_FOREVER, &outcome) == 0 && outcome.succeeded == 1,
           "what was written before the cancel");
}

static void try_all(struct scoped_executor *executor, enum scoped_cancel_mode mode, bool in_posix)
{
    struct scoped_options options = { .executor = executor, .cancel = mode };
    scoped_spawner root;
    expect(scoped_spawner_open_with(&options, &root) == 0, "a root");
    for (int i = 0; i < 30; i++) {
        cancel_tasks(root, in_posix && i % 2 == 0 ? NULL : "in the library");
        cancel_by_deadline(root);
        hear_of_the_end(root, i % 2 == 0);
        hear_of_a_cancel(root);
        if (i % 10 == 0)
            cancel_joiners(root);
    }
    expect(scoped_cancel_close(root, SCOPED_FOREVER, NULL) == 0, "the end of the root");
}

/* ---- what a sanitizer finds ---- */

enum { LINE_OF_OVERFLOW = __LINE__ + 4 };

static json_t *overflow(json_t *number)
{
    return json_integer((int)json_integer_value(number) + 1);
}

/* Only where stderr is the library's its text is known. */
static void find_overflow(procspawn_builder *builder, const char *message, bool with_report)
{
    const struct procspawn_call_options options = { .builder = builder };
    struct procspawn_result result;
    procspawn_call_with(&options, overflow, json_integer(0x7fffffff), &result);
    expect(result.error && procspawn_error_cause(result.error) == PROCSPAWN_CAUSE_SANITIZER,
           "the cause");
    expect(strcmp(procspawn_error_message(result.error), message) == 0,
           procspawn_error_message(result.error));
    const char *report = procspawn_error_sanitizer(result.error);
    expect(with_report ? report && strstr(report, message + 28) : !report, "the report");
    const char *file = procspawn_error_file(result.error);
    expect(file ? strstr(file, "sanitized.c") &&
                      procspawn_error_line(result.error) == LINE_OF_OVERFLOW
                : !with_report, "the place");
    procspawn_result_fini(&result);
}

static void find_all(void)
{
    static const char text[] = "UndefinedBehaviorSanitizer: signed integer overflow: 2147483647 + "
                               "1 cannot be represented in type 'int'";
    procspawn_builder *captures = procspawn_builder_new(), *pipes = procspawn_builder_new();
    procspawn_builder_capture(captures, 64 * 1024, false);
    procspawn_builder_stderr(pipes, PROCSPAWN_STDIO_PIPE, -1);
    find_overflow(captures, text, true);
    find_overflow(pipes, text, true);
    find_overflow(NULL, "UndefinedBehaviorSanitizer: add overflow", false);
    procspawn_builder_free(captures);
    procspawn_builder_free(pipes);
}

int main(int argc, char **argv)
{
    bool in_posix = argc > 1 && strcmp(argv[1], "posix") == 0;
    struct scoped_executor *cached;
    expect(procspawn(NULL, NULL, NULL) == PROCSPAWN_ENOTINIT, "a call before init");
    expect(procspawn_init(argc, argv) == 0, "init");
    if (argc > 1 && strcmp(argv[1], "finding") == 0) {
        find_all();
        procspawn_fini();
        puts("ok");
        return 0;
    }
    expect(scoped_cached_executor_new(NULL, 4, 1000000, &cached) == 0, "an executor");
    try_all(NULL, SCOPED_CANCEL_FORCED, in_posix);
    try_all(NULL, SCOPED_CANCEL_WAITS, false);
    try_all(cached, SCOPED_CANCEL_FORCED, in_posix);
    scoped_executor_free(cached);
    expect(shared == 180, "what tasks wrote");
    expect(procspawn_fini() == 0, "fini");
    puts("ok");
    return 0;
}
