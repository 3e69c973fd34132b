/*
 * unwind.c - the unwinder process: attaches, drops its rights, unwinds, writes the report
 */
#include "src/crash/unwind.h"

#include "src/crash/abort_message.h"
#include "src/crash/cfi.h"
#include "src/base/confine.h"
#include "src/crash/fault.h"
#include "src/base/guard.h"
#include "src/crash/module_files.h"
#include "src/crash/modules.h"
#include "src/crash/names.h"
#include "src/crash/owner.h"
#include "src/crash/places.h"
#include "src/crash/remote_memory.h"
#include "src/crash/report_file.h"
#include "src/crash/said.h"
#include "src/crash/shown_threads.h"
#include "src/crash/stack_overflow.h"
#include "src/crash/stderr_pipe.h"
#include "src/crash/texts.h"
#include "src/crash/tracee.h"
#include "src/crash/waiting.h"
#include "src/crash/walk.h"
#include "src/base/clock.h"
#include "src/base/system_call.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MEMORY_LIMIT = 64 << 20 };    /* beyond the present use when reading begins */

/*
 * For files and lines, parts of the whole limit: no look-up begins after the one, none goes on
 * after the other.
 */
enum { PLACES_PART = 4, PLACES_END_PART = 3 };

/* The state of one report; too large for a stack. */
struct unwind {
    const struct unwind_task *task;
    int64_t deadline;            /* no work is begun after it */
    struct memory memory;
    int maps;
    int printed;                 /* its stderr, if that is a pipe; or -1 */
    struct module_files files;
    struct modules modules;      /* of the examined process */
    struct tracees tracees;
    pid_t waits_for[TRACEES_MAX];       /* the thread that it waits for; 0: none */
    uint16_t shown[BACKTRACE_THREADS];   /* index of the tracee */
    size_t shown_count;
    struct stack stack[BACKTRACE_THREADS];
    struct names names;          /* of these modules, or of at_init if they cannot be read */
    struct walk walk;
    struct places places;
    struct backtrace *trace;
};

static void note_error(struct backtrace *trace, int error)
{
    if (error && !trace->error)
        trace->error = error;
}

/* A thread that crashed is in its handler. */
static bool has_failed(const struct unwind *unwind, const struct tracee *tracee)
{
    return unwind->task->record && unwind->task->record->tid == tracee->tid;
}

static pid_t find_waiting(struct unwind *unwind, const struct tracee *tracee,
                          char ret_text[WAITING_TEXT])
{
    ret_text[0] = '\0';
    if (has_failed(unwind, tracee))
        return 0;
    return crash__waiting_text(tracee, &unwind->tracees,
                               unwind->walk.memory_is_local ? NULL : &unwind->memory, ret_text);
}

static void choose_threads(struct unwind *unwind)
{
    char text[WAITING_TEXT];

    for (size_t i = 0; i < unwind->tracees.count; i++)
        unwind->waits_for[i] = find_waiting(unwind, &unwind->tracees.tracee[i], text);
    unwind->shown_count = crash__shown_threads(&unwind->tracees, unwind->task->pid,
                                               unwind->waits_for, unwind->shown);
    unwind->trace->threads_cut += (uint32_t)(unwind->tracees.count - unwind->shown_count);
}

static bool are_equal(const struct stack *one, const struct stack *other)
{
    if (one->count != other->count || one->cut != other->cut)
        return false;
    for (size_t i = 0; i < one->count; i++)
        if (one->step[i].registers.value[MACHINE_PC] !=
                other->step[i].registers.value[MACHINE_PC] ||
            one->step[i].found != other->step[i].found)
            return false;
    return true;
}

/* Threads of a pool often stand at the same place; they share the frames of the first of them. */
static bool share_frames(const struct unwind *unwind, size_t place, struct backtrace_thread *thread)
{
    for (size_t i = 0; i < place; i++) {
        if (unwind->trace->thread[i].count != thread->count ||
            !are_equal(&unwind->stack[i], &unwind->stack[place]))
            continue;
        thread->first = unwind->trace->thread[i].first;
        return true;
    }
    return false;
}

static void describe_frames(struct unwind *unwind, const struct stack *stack)
{
    for (size_t frame = 0; frame < stack->count; frame++) {
        crash__names_frame(&unwind->names, &stack->step[frame], unwind->trace);
        if (frame + 1 < stack->count && stack->step[frame + 1].found == BACKTRACE_SIGNAL)
            crash__names_trampoline(unwind->trace);
    }
}

static void describe_thread(struct unwind *unwind, size_t place)
{
    struct backtrace *trace = unwind->trace;
    const struct tracee *tracee = &unwind->tracees.tracee[unwind->shown[place]];
    const struct stack *stack = &unwind->stack[place];
    struct backtrace_thread *thread = &trace->thread[trace->thread_count++];
    char text[WAITING_TEXT];

    *thread = (struct backtrace_thread){ .tid = tracee->tid,
                                         .error = stack->error ? stack->error : tracee->error };
    thread->name = crash__backtrace_intern(trace, tracee->name, sizeof tracee->name);
    thread->waits_for = find_waiting(unwind, tracee, text);
    thread->waits = crash__backtrace_intern(trace, text, sizeof text);
    thread->count = (uint32_t)stack->count;
    thread->cut = (uint32_t)stack->cut;
    thread->cut_at = stack->cut > 0 ? BACKTRACE_HEAD : 0;
    if (share_frames(unwind, place, thread))
        return;
    thread->first = trace->frame_count;
    if (stack->count <= BACKTRACE_FRAMES_ALL - trace->frame_count) {
        describe_frames(unwind, stack);
        return;
    }
    thread->count = thread->cut_at = 0;
    thread->cut += (uint32_t)stack->count;
}

/* The kernel has put the registers back as they were before the system call. */
static void describe_violation(struct backtrace *trace, const struct crash_record *record)
{
    struct machine_call call;

    crash__machine_call(&record->registers, &call);
    trace->violation = 1;
    trace->call_number = (uint64_t)call.number;
    memcpy(trace->call_argument, call.argument, sizeof trace->call_argument);
}

static void describe_reason(struct backtrace *trace, const struct crash_record *record,
                            const struct mappings *mappings)
{
    char text[FAULT_TEXT];

    crash__fault_text(record, mappings, text);
    trace->reason = crash__backtrace_intern(trace, text, sizeof text);
}

static void describe_registers(struct backtrace *trace, const struct registers *registers)
{
    trace->register_count = MACHINE_REGISTERS;
    for (uint32_t i = 0; i < MACHINE_REGISTERS; i++)
        trace->registers[i] = registers->value[i];
}

static void describe_cause(struct backtrace *trace, pid_t pid, const struct crash_record *record)
{
    const struct mappings none = {.count = 0};

    crash__backtrace_init(trace);
    trace->pid = pid;
    if (!record)
        return;
    trace->cause = record->state == CRASH_RAISED ? BACKTRACE_RAISED : BACKTRACE_CRASH;
    trace->signo = record->signo;
    trace->code = record->code;
    trace->address = record->address;
    if (trace->cause != BACKTRACE_CRASH)
        return;
    if (record->signo == SIGSYS && record->code == CRASH_TRAPPED)
        describe_violation(trace, record);
    describe_registers(trace, &record->registers);
    describe_reason(trace, record, &none);
}

static void block_sigchld(void)
{
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
}

/*
 * A crashed thread's present registers are those of its handler; the record has the ones of the
 * crash. It needs no stopped thread, so it also serves if the process may not be traced.
 */
static void use_record(struct tracees *tracees, const struct crash_record *record)
{
    if (tracees->count == 0 || tracees->tracee[0].tid != record->tid)
        return;
    tracees->tracee[0].registers = record->registers;
    tracees->tracee[0].error = 0;
}

/* If the main thread has ended, the process's memory can be read only through another thread. */
static pid_t living(const struct tracees *tracees, pid_t pid)
{
    for (size_t i = 0; i < tracees->count; i++)
        if (!tracees->tracee[i].error)
            return tracees->tracee[i].tid;
    return pid;
}

/* ---- with the server's rights ---- */

/*
 * Releases the threads before memory is read: a read of a page or file can block this process where
 * even SIGKILL has no effect, and must not hold the child then. A child without a crash record is
 * stopped by SIGSTOP instead.
 */
static void release_threads(struct unwind *unwind)
{
    if (!unwind->task->record && unwind->tracees.count > 0 && !unwind->tracees.tracee[0].error)
        kill(unwind->task->pid, SIGSTOP);
    crash__tracees_release(&unwind->tracees);
}

static void stop_threads(struct unwind *unwind)
{
    struct tracees *tracees = &unwind->tracees;
    const struct crash_record *record = unwind->task->record;
    pid_t pid = unwind->task->pid;

    note_error(unwind->trace, crash__tracees_stop(tracees, pid, record ? record->tid : pid,
                                                  base__now() + unwind->task->limit / 4));
    if (!record)
        crash__tracees_lead_living(tracees);
    if (tracees->count > 0)
        note_error(unwind->trace, tracees->tracee[0].error);
    if (record)
        use_record(tracees, record);
    unwind->trace->threads_cut = (uint32_t)tracees->more;
}

/* In a static program the executable's file is needed to find the message of abort(). */
static bool needs_files(const struct unwind_task *task)
{
    return task->fd >= 0 ? task->with_symbols : !crash__abort_message_needs_no_symbols();
}

static void attach(struct unwind *unwind)
{
    pid_t tid;

    stop_threads(unwind);
    tid = living(&unwind->tracees, unwind->task->pid);
    crash__memory_open(&unwind->memory, tid);
    unwind->maps = crash__mappings_open(tid);
    crash__module_files_open(&unwind->files, unwind->task->at_init, needs_files(unwind->task));
    if (unwind->task->fd >= 0)
        note_error(unwind->trace,
                   crash__cfi_new(&unwind->walk.cfi, &unwind->memory, &unwind->modules,
                                  &unwind->files));
    release_threads(unwind);
    if (unwind->task->fd >= 0)
        unwind->printed = crash__stderr_open(tid);
}

/* ---- dropping rights ---- */

/*
 * If the process may not be read, this process's own modules serve to name code: both were forked
 * from one image.
 */
static void read_own_memory(struct unwind *unwind, int error)
{
    note_error(unwind->trace, error);
    unwind->walk.memory_is_local = true;
    unwind->names.modules = unwind->task->at_init;
    crash__memory_close(&unwind->memory);
    crash__memory_open(&unwind->memory, getpid());
    if (unwind->maps >= 0)
        close(unwind->maps);
    unwind->maps = -1;
}

static void confine(struct unwind *unwind)
{
    const struct confine_limits limits = {
        .memory = MEMORY_LIMIT, .file_bytes = REPORT_FILE_BYTES, .time = unwind->task->limit};
    struct confine_ids ids;
    int error = base__confine_ids(unwind->task->pid, &ids);

    if (!error)
        error = base__confine(&ids);
    if (!error && unwind->maps < 0)
        error = unwind->maps;
    if (error)
        read_own_memory(unwind, error);
    base__confine_limits(&limits);
}

/* ---- with the child's rights ---- */

static void walk_threads(struct unwind *unwind)
{
    for (size_t i = 0; i < unwind->shown_count; i++) {
        const struct tracee *tracee = &unwind->tracees.tracee[unwind->shown[i]];

        if (!tracee->error || tracee->registers.value[MACHINE_PC])
            crash__walk(&unwind->walk, &tracee->registers, &unwind->stack[i]);
    }
}

/* The path that a refused system call names. */
static void find_path(struct unwind *unwind)
{
    struct backtrace *trace = unwind->trace;
    int index = trace->violation ? base__system_call_path((long)trace->call_number) : -1;
    char path[BASE_SYSTEM_CALL_PATH];

    if (index < 0 || crash__memory_text(&unwind->memory, trace->call_argument[index], path,
                                        sizeof path) != 0)
        return;
    trace->call_path = crash__backtrace_intern(trace, path, sizeof path);
}

/* A crash on the way to abort() is another one. */
static void find_said(struct unwind *unwind)
{
    const struct crash_record *record = unwind->task->record;
    static struct texts texts;
    char message[ABORT_MESSAGE];

    if (record->said != BACKTRACE_SAID_NOTHING &&
        crash__texts_read(&unwind->memory, &texts) == 0) {
        if (record->said == BACKTRACE_SAID_EXCEPTION && record->signo == SIGABRT)
            crash__said_exception(unwind->trace, &texts);
        if (record->said == BACKTRACE_SAID_SANITIZER)
            crash__said_by_sanitizer(unwind->trace, &texts);
    }
    if (unwind->trace->said == BACKTRACE_SAID_NOTHING &&
        crash__abort_message(&unwind->names, unwind->task->at_init, message)) {
        unwind->trace->said = BACKTRACE_SAID_ABORT;
        unwind->trace->message = crash__backtrace_intern(unwind->trace, message, sizeof message);
    }
    crash__backtrace_put_brief(unwind->trace, unwind->task->brief);
    if (unwind->trace->said == BACKTRACE_SAID_SANITIZER)
        unwind->trace->printed =
            crash__backtrace_intern_lines(unwind->trace, texts.text, sizeof texts.text);
}

/* The first brief needs no memory of the child, the second as little as possible. */
static void find_cause(struct unwind *unwind)
{
    const struct crash_record *record = unwind->task->record;
    int error = unwind->walk.memory_is_local
                    ? 0
                    : crash__mappings_read(&unwind->modules.mappings, unwind->maps);

    if (error)
        read_own_memory(unwind, error);
    if (!record || unwind->walk.memory_is_local)
        return;
    unwind->trace->stack_overflow = crash__is_stack_overflow(&unwind->modules.mappings, record);
    describe_reason(unwind->trace, record, &unwind->modules.mappings);
    crash__backtrace_put_brief(unwind->trace, unwind->task->brief);
    find_path(unwind);
    find_said(unwind);
}

static void find_printed(const struct unwind *unwind)
{
    char text[STDERR_LAST + 1];

    crash__stderr_read(unwind->printed, text);
    unwind->trace->last_printed = crash__backtrace_intern_lines(unwind->trace, text, sizeof text);
}

static void find_frames(struct unwind *unwind)
{
    if (!unwind->walk.memory_is_local)
        note_error(unwind->trace,
                   crash__modules_find(&unwind->modules, &unwind->memory, unwind->task->at_init));
    choose_threads(unwind);
    walk_threads(unwind);
    for (size_t i = 0; i < unwind->shown_count; i++)
        describe_thread(unwind, i);
    crash__set_owners(unwind->trace);
}

static struct unwind *begin(const struct unwind_task *task, struct backtrace *trace)
{
    struct unwind *unwind = calloc(1, sizeof *unwind);

    describe_cause(trace, task->pid, task->record);
    crash__backtrace_put_brief(trace, task->brief);
    if (!unwind)
        return NULL;
    unwind->task = task;
    unwind->trace = trace;
    unwind->deadline = base__now() + task->limit / 8 * 7;
    unwind->printed = -1;
    unwind->names.modules = &unwind->modules;
    unwind->names.files = &unwind->files;
    unwind->names.memory = &unwind->memory;
    unwind->names.deadline = unwind->deadline;
    unwind->names.with_symbols = task->with_symbols;
    unwind->places.names = &unwind->names;
    unwind->walk = (struct walk){.memory = &unwind->memory, .modules = &unwind->modules,
                                 .deadline = unwind->deadline};
    return unwind;
}

/*
 * At the end of a process valgrind looks for leaks, which takes seconds: the memory that the server
 * keeps from its children is missing there, and each word of it is a fault. Not if the kernel kills
 * the process.
 */
static void end_before_valgrind(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    const struct itimerspec at_once = {.it_value = {.tv_nsec = 1}};
    timer_t timer;

    if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 &&
        timer_settime(timer, 0, &at_once, NULL) == 0)
        sleep(1);
}

/* The examined process may go on; its memory is not needed any more. */
static __attribute__((noreturn)) void end(const struct unwind *unwind, int status)
{
    if (unwind->task->record && !unwind->walk.memory_is_local)
        crash__mark(unwind->task->pid, unwind->memory.fd, CRASH_EXAMINED);
    if (crash__modules_of_valgrind(unwind->task->at_init))
        end_before_valgrind();
    _exit(status);
}

/* ---- files and lines ---- */

static const struct unwind *guarded;

/* Libraries that read debug information have not survived it; the report is written. */
static void leave(int signo)
{
    (void)signo;
    end(guarded, 0);
}

static int64_t lesser(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

/* The thread that failed has a report of its own, in case there is no time for the others. */
static int add_places(struct unwind *unwind)
{
    struct backtrace *trace = unwind->trace;
    const int64_t limit = unwind->task->limit;
    int error = 0;

    guarded = unwind;
    base__guard(lesser(limit / PLACES_END_PART, unwind->deadline + limit / 8 - base__now()), leave);
    unwind->places.deadline = lesser(base__now() + limit / PLACES_PART, unwind->deadline);
    for (uint32_t i = 0; i < trace->thread_count; i++) {
        crash__places_add(&unwind->places, trace, i);
        if (i != 0)
            continue;
        crash__set_owners(trace);
        crash__places_source(&unwind->places, trace);
        if (unwind->places.error == -ELIBACC)
            note_error(trace, -ELIBBAD);
        error = crash__report_file_add(trace, unwind->task->fd);
    }
    if (error || trace->thread_count < 2)
        return error;
    crash__set_owners(trace);
    return crash__report_file_add(trace, unwind->task->fd);
}

void crash__unwind_and_exit(const struct unwind_task *task)
{
    static struct backtrace trace;
    struct unwind *unwind = begin(task, &trace);
    int error;

    if (!unwind)
        _exit(1);
    if (task->unseen) {
        crash__mark(task->pid, -1, CRASH_EXAMINED);
        _exit(0);
    }
    block_sigchld();
    attach(unwind);
    confine(unwind);
    find_cause(unwind);
    if (task->fd < 0)
        end(unwind, 0);
    find_printed(unwind);
    find_frames(unwind);
    error = crash__report_file_add(&trace, task->fd);
    if (!error && task->with_places && base__now() < unwind->deadline)
        error = add_places(unwind);
    end(unwind, error ? 1 : 0);
}
