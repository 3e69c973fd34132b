#include "examples/vet/calls.h"

#include "examples/vet/child.h"
#include "examples/vet/clock.h"
#include "examples/vet/confine.h"
#include "examples/vet/document.h"

#include <errno.h>
#include <forkscope/procspawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* So often a file is tried when no process can be had for it, which is no fault of the file. */
#define ATTEMPTS 3

/*
 * One task's work. All that it holds is here, so that one function releases it, however the task
 * ends. Cancellation is off but for the three waits: for a path, for the end of the call, and, when
 * there was no way to make one, for the end of another.
 */
struct caller {
    const struct calls *calls;
    procspawn_builder *builder;
    char *path;
    int fd;                 /* of the path, open while it is called with; -1: not open */
    size_t size;
    procspawn_handle *handle;
    int64_t started;
};

static void release(void *arg)
{
    struct caller *caller = arg;
    if (caller->handle)
        procspawn_kill(caller->handle);
    procspawn_handle_free(caller->handle);
    procspawn_builder_free(caller->builder);
    if (caller->fd >= 0)
        close(caller->fd);
    free(caller->path);
}

/* The parser's last words, a sanitizer's report say, are not for our streams. */
static int prepare(struct caller *caller)
{
    caller->builder = procspawn_builder_new();
    if (!caller->builder)
        return -ENOMEM;
    procspawn_builder_total_limit(caller->builder, caller->calls->options->limit);
    procspawn_builder_stdin(caller->builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_stdout(caller->builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_stderr(caller->builder, PROCSPAWN_STDIO_NULL, -1);
    int code = procspawn_builder_name(caller->builder, "vet-parser");
    return code < 0 ? code : confine(caller->builder, caller->calls->options);
}

static int start(struct caller *caller)
{
    json_t *question = child_question(caller->fd, caller->size,
                                      caller->calls->options->parser);
    if (!question)
        return -ENOMEM;
    caller->started = clock_now();
    int code = procspawn_builder_spawn(caller->builder, child_answer, question, &caller->handle);
    json_decref(question);
    return code;
}

static bool is_shortage(int code)
{
    return code == -EAGAIN || code == -ENOMEM || code == -EMFILE || code == -ENFILE;
}

static bool wait_for_another(struct flight *flight, unsigned mark)
{
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    bool ended = flight_wait(flight, mark);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    return ended;
}

/* Tries again each time that another call has ended, as long as there are others. */
static int start_in_line(struct caller *caller)
{
    struct flight *flight = caller->calls->flight;
    unsigned mark;
    int code;
    flight_line_up(flight);
    pthread_cleanup_push(flight_leave_line, flight);
    do {
        mark = flight_mark(flight);
        code = start(caller);
    } while (is_shortage(code) && wait_for_another(flight, mark));
    pthread_cleanup_pop(1);
    return code;
}

static int start_patiently(struct caller *caller)
{
    int code = start(caller);
    return is_shortage(code) ? start_in_line(caller) : code;
}

static struct verdict wait_for(struct caller *caller)
{
    json_t *answer = NULL;
    procspawn_error *error = NULL;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    int code = procspawn_join(caller->handle, &answer, &error);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    procspawn_handle_free(caller->handle);
    caller->handle = NULL;

    if (error)
        return verdict_of_error(error);
    if (code < 0)
        return verdict_without_call(OUTCOME_UNDECIDED, forkscope_strerror(code));
    struct verdict verdict = verdict_of_answer(answer);
    json_decref(answer);
    return verdict;
}

static struct verdict call_with_file(struct caller *caller)
{
    int code = start_patiently(caller);
    if (code < 0)
        return verdict_without_call(OUTCOME_UNDECIDED, forkscope_strerror(code));
    flight_begin(caller->calls->flight);
    struct verdict verdict = wait_for(caller);
    flight_end(caller->calls->flight);
    verdict.duration = clock_now() - caller->started;
    return verdict;
}

/*
 * The file is opened here, where it can be, and read there. It is opened for each attempt, as the
 * one before may have read of it.
 */
static struct verdict call(struct caller *caller)
{
    const char *failure = document_open(caller->path, &caller->fd, &caller->size);
    if (failure)
        return verdict_without_call(OUTCOME_UNREADABLE, failure);
    struct verdict verdict = call_with_file(caller);
    close(caller->fd);
    caller->fd = -1;
    return verdict;
}

/* Who died reading it could not say how long it is. */
static void measure(const char *path, struct verdict *verdict)
{
    struct stat status;
    if (verdict->outcome != OUTCOME_CRASHED && verdict->outcome != OUTCOME_TIMED_OUT &&
        verdict->outcome != OUTCOME_VIOLATION)
        return;
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
        verdict->bytes = status.st_size;
}

static void decide(struct caller *caller)
{
    struct verdict verdict = call(caller);
    for (int attempt = 1; attempt < ATTEMPTS && verdict.outcome == OUTCOME_UNDECIDED; attempt++) {
        verdict_fini(&verdict);
        verdict = call(caller);
    }
    measure(caller->path, &verdict);
    report_add(caller->calls->report, caller->path, &verdict);
    verdict_fini(&verdict);
}

static bool next_path(struct caller *caller)
{
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    caller->path = paths_take(caller->calls->paths);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    return caller->path != NULL;
}

int calls_run(void *calls)
{
    struct caller caller = { .calls = calls, .fd = -1 };
    int code;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cleanup_push(release, &caller);
    code = prepare(&caller);
    if (code < 0)
        paths_close(caller.calls->paths);
    while (code == 0 && next_path(&caller)) {
        decide(&caller);
        free(caller.path);
        caller.path = NULL;
    }
    pthread_cleanup_pop(1);
    return code;
}
