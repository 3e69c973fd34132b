/*
 * unwind.c - the unwinder process: attaches, drops its rights, unwinds, writes the report
 */
#include "src/crash/unwind.h"

#include "src/crash/cfi.h"
#include "src/crash/confine.h"
#include "src/crash/module_files.h"
#include "src/crash/remote_memory.h"
#include "src/crash/modules.h"
#include "src/crash/symbols.h"
#include "src/crash/tracee.h"
#include "src/crash/walk.h"
#include "src/base/clock.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MESSAGE_LIMIT = 1024,
    OVERFLOW_REACH = 1 << 20,    /* how far outside the stack a large frame may first touch */
    MEMORY_LIMIT = 64 << 20,     /* beyond the present use when reading begins */
};

/* The state of one report; too large for a stack. */
struct unwind {
    const struct unwind_task *task;
    int64_t deadline;            /* no work is begun after it */
    struct memory memory;
    int maps;
    struct images images;
    struct modules modules;      /* of the examined process */
    const struct modules *seen;  /* the same, or at_init if it cannot be read */
    struct threads threads;
    struct stack stack[THREADS_HELD];
    struct symbols symbols[MODULES_MAX]; /* of the module with the same index */
    bool symbols_read[MODULES_MAX];
    struct walk walk;
    struct backtrace *trace;
};

static void note_error(struct backtrace *trace, int error)
{
    if (error && !trace->error)
        trace->error = error;
}

static void read_symbols(struct unwind *unwind, const struct module *module,
                         struct symbols *ret_symbols)
{
    int file, debug;

    if (module->path[0] == '[') {
        (void)crash__symbols_read_vdso(ret_symbols, module, &unwind->memory);
        return;
    }
    crash__module_files_get(&unwind->images, module, &file, &debug);
    (void)crash__symbols_read(ret_symbols, module, file, debug);
}

static const struct symbols *symbols_of(struct unwind *unwind, const struct module *module)
{
    size_t place = (size_t)(module - unwind->seen->module);

    if (!unwind->symbols_read[place] && base__now() < unwind->deadline) {
        unwind->symbols_read[place] = true;
        read_symbols(unwind, module, &unwind->symbols[place]);
    }
    return &unwind->symbols[place];
}

static void name_frame(struct unwind *unwind, const struct step *step,
                       struct backtrace_frame *ret_frame)
{
    uint64_t pc = step->registers.value[MACHINE_PC];
    uint64_t inside = crash__backtrace_is_exact(step->found) ? pc : pc - 1;
    const struct module *module = crash__modules_at(unwind->seen, inside);
    const struct symbols *symbols;
    const ElfW(Sym) *symbol;
    char name[SYMBOLS_NAME];

    *ret_frame = (struct backtrace_frame){.ip = pc, .found = step->found};
    if (!module)
        return;
    ret_frame->module = crash__backtrace_intern(unwind->trace, module->path, PATH_MAX);
    ret_frame->offset = pc - module->bias;
    if (!unwind->task->with_symbols)
        return;
    symbols = symbols_of(unwind, module);
    symbol = crash__symbols_covering(symbols, inside - module->bias);
    if (!symbol)
        return;
    crash__symbols_name(symbols, symbol, name);
    ret_frame->symbol = crash__backtrace_intern(unwind->trace, name, sizeof name);
    ret_frame->symbol_offset = pc - module->bias - symbol->st_value;
}

/*
 * Returns a frame with the same address. Recursion, or threads that do the same, repeat a few
 * places many times.
 */
static const struct backtrace_frame *named_before(const struct backtrace *trace,
                                                  const struct step *step, size_t count)
{
    bool exact = crash__backtrace_is_exact(step->found);

    for (size_t i = count; i-- > 0;)
        if (trace->frame[i].ip == step->registers.value[MACHINE_PC] &&
            crash__backtrace_is_exact(trace->frame[i].found) == exact)
            return &trace->frame[i];
    return NULL;
}

static void describe_frame(struct unwind *unwind, const struct step *step)
{
    struct backtrace *trace = unwind->trace;
    const struct backtrace_frame *same = named_before(trace, step, trace->frame_count);
    struct backtrace_frame *frame = &trace->frame[trace->frame_count];

    if (same)
        *frame = *same;
    else
        name_frame(unwind, step, frame);
    frame->found = step->found;
    trace->frame_count++;
}

static void describe_thread(struct unwind *unwind, size_t i)
{
    struct backtrace *trace = unwind->trace;
    const struct held *held = &unwind->threads.held[i];
    const struct stack *stack = &unwind->stack[i];
    struct backtrace_thread *thread = &trace->thread[trace->thread_count++];

    *thread = (struct backtrace_thread){.tid = held->tid,
                                        .error = stack->error ? stack->error : held->error};
    thread->name = crash__backtrace_intern(trace, held->name, sizeof held->name);
    thread->first = trace->frame_count;
    thread->count = (uint32_t)stack->count;
    thread->cut = (uint32_t)stack->cut;
    for (size_t frame = 0; frame < stack->count; frame++)
        describe_frame(unwind, &stack->step[frame]);
}

/*
 * The address of glibc's variable with the message of abort(), the same in every process of this
 * image.
 */
static uint64_t shared_message_variable(void)
{
    return (uint64_t)(uintptr_t)dlvsym(RTLD_DEFAULT, "__abort_msg", "GLIBC_PRIVATE");
}

/* In a static program the variable is in the module of this function. */
static uint64_t message_variable(struct unwind *unwind)
{
    uint64_t variable = shared_message_variable(), here = (uint64_t)(uintptr_t)message_variable;
    const struct module *module = crash__modules_at(unwind->task->at_init, here);
    struct symbols symbols;
    const ElfW(Sym) *symbol;

    if (variable || !module)
        return variable;
    read_symbols(unwind, module, &symbols);
    symbol = crash__symbols_variable(&symbols, "__abort_msg", sizeof(void *));
    return symbol ? module->bias + symbol->st_value : 0;
}

/*
 * __abort_msg is a pointer to struct { unsigned size; char text[]; }. It is set shortly before the
 * end, which may be by another signal than SIGABRT if that cannot be sent.
 */
static void find_message(struct unwind *unwind)
{
    char text[MESSAGE_LIMIT];
    uint64_t variable = message_variable(unwind), message;

    if (!variable || crash__memory_read(&unwind->memory, variable, &message, sizeof message) != 0)
        return;
    if (!message ||
        crash__memory_text(&unwind->memory, message + sizeof(unsigned), text, sizeof text) != 0)
        return;
    text[strcspn(text, "\n")] = '\0';
    unwind->trace->message = crash__backtrace_intern(unwind->trace, text, sizeof text);
}

/*
 * Returns the writable mapping at or above sp: in an overflow sp itself may be below the stack
 * already.
 */
static const struct mapping *stack_above(const struct modules *modules, uint64_t sp)
{
    for (size_t i = 0; i < modules->mappings.count; i++)
        if (modules->mappings.mapping[i].end > sp && modules->mappings.mapping[i].writable)
            return &modules->mappings.mapping[i];
    return NULL;
}

static bool is_stack_overflow(const struct modules *modules, const struct crash_record *record)
{
    uint64_t sp = record->registers.value[MACHINE_SP], address = record->address;
    const struct mapping *stack = stack_above(modules, sp);
    const struct mapping *hit = crash__mappings_at(&modules->mappings, address);

    if (record->signo != SIGSEGV || record->code <= 0 || !stack || (hit && hit->writable))
        return false;
    return address < stack->start && stack->start - address <= OVERFLOW_REACH &&
           (sp < stack->start || sp - stack->start <= OVERFLOW_REACH) &&
           address + OVERFLOW_REACH >= sp;
}

static void describe_cause(struct backtrace *trace, pid_t pid, const struct crash_record *record)
{
    crash__backtrace_init(trace);
    trace->pid = pid;
    if (!record)
        return;
    trace->cause = record->state == CRASH_RAISED ? BACKTRACE_RAISED : BACKTRACE_CRASH;
    trace->signo = record->signo;
    trace->code = record->code;
    trace->address = record->address;
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
static void use_record(struct threads *threads, const struct crash_record *record)
{
    if (threads->count == 0 || threads->held[0].tid != record->tid)
        return;
    threads->held[0].registers = record->registers;
    threads->held[0].error = 0;
}

/* If the main thread has ended, the process's memory can be read only through another thread. */
static pid_t living(const struct threads *threads, pid_t pid)
{
    for (size_t i = 0; i < threads->count; i++)
        if (!threads->held[i].error)
            return threads->held[i].tid;
    return pid;
}

/* ---- with the server's rights ---- */

/*
 * Releases the threads before memory is read: a read of a page or file can block this process where
 * even SIGKILL has no effect, and must not hold the child then. A child without a crash record is
 * stopped by SIGSTOP instead.
 */
static void let_go(struct unwind *unwind)
{
    if (!unwind->task->record && unwind->threads.count > 0 && !unwind->threads.held[0].error)
        kill(unwind->task->pid, SIGSTOP);
    crash__threads_release(&unwind->threads);
}

static void hold(struct unwind *unwind)
{
    struct threads *threads = &unwind->threads;
    const struct crash_record *record = unwind->task->record;
    pid_t pid = unwind->task->pid;

    note_error(unwind->trace, crash__threads_hold(threads, pid, record ? record->tid : pid,
                                                  base__now() + unwind->task->limit / 4));
    if (threads->count > 0)
        note_error(unwind->trace, threads->held[0].error);
    if (record)
        use_record(threads, record);
    unwind->trace->threads_cut = (uint32_t)threads->more;
}

/* In a static program the executable's file is needed to find the message of abort(). */
static bool needs_files(const struct unwind_task *task)
{
    return task->fd >= 0 ? task->with_symbols
                         : !shared_message_variable();
}

static void attach(struct unwind *unwind)
{
    pid_t tid;

    hold(unwind);
    tid = living(&unwind->threads, unwind->task->pid);
    crash__memory_open(&unwind->memory, tid);
    unwind->maps = crash__mappings_open(tid);
    crash__module_files_open(&unwind->images, unwind->task->at_init, needs_files(unwind->task));
    if (unwind->task->fd >= 0)
        note_error(unwind->trace,
                   crash__cfi_new(&unwind->walk.cfi, &unwind->memory, &unwind->modules));
    let_go(unwind);
}

/* ---- dropping rights ---- */

/*
 * If the process may not be read, this process's own modules serve to name code: both were forked
 * from one image.
 */
static void look_away(struct unwind *unwind, int error)
{
    note_error(unwind->trace, error);
    unwind->walk.blind = true;
    unwind->seen = unwind->task->at_init;
    crash__memory_close(&unwind->memory);
    crash__memory_open(&unwind->memory, getpid());
    if (unwind->maps >= 0)
        close(unwind->maps);
    unwind->maps = -1;
}

static void confine(struct unwind *unwind)
{
    const struct confine_limits limits = {
        .memory = MEMORY_LIMIT, .file_bytes = BACKTRACE_BYTES, .time = unwind->task->limit};
    struct confine_ids ids;
    int error = crash__confine_ids(unwind->task->pid, &ids);

    if (!error)
        error = crash__confine(&ids);
    if (!error && unwind->maps < 0)
        error = unwind->maps;
    if (error)
        look_away(unwind, error);
    crash__confine_limits(&limits);
}

/* ---- with the child's rights ---- */

static void walk_threads(struct unwind *unwind)
{
    for (size_t i = 0; i < unwind->threads.count; i++)
        if (!unwind->threads.held[i].error || unwind->threads.held[i].registers.value[MACHINE_PC])
            crash__walk(&unwind->walk, &unwind->threads.held[i].registers, &unwind->stack[i]);
}

/* The first brief needs no memory of the child, the second as little as possible. */
static void find_cause(struct unwind *unwind)
{
    const struct crash_record *record = unwind->task->record;
    int error = unwind->walk.blind ? 0
                                   : crash__mappings_read(&unwind->modules.mappings, unwind->maps);

    if (error)
        look_away(unwind, error);
    if (!record || unwind->walk.blind)
        return;
    unwind->trace->stack_overflow = is_stack_overflow(&unwind->modules, record);
    crash__backtrace_put_brief(unwind->trace, unwind->task->brief);
    find_message(unwind);
    crash__backtrace_put_brief(unwind->trace, unwind->task->brief);
}

static void find_frames(struct unwind *unwind)
{
    if (!unwind->walk.blind)
        note_error(unwind->trace,
                   crash__modules_find(&unwind->modules, &unwind->memory, unwind->task->at_init));
    walk_threads(unwind);
    for (size_t i = 0; i < unwind->threads.count; i++)
        describe_thread(unwind, i);
}

static bool write_all(int fd, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, bytes, size);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        bytes += put;
        size -= (size_t)put;
    }
    return true;
}

static bool write_report(const struct backtrace *trace, int fd)
{
    static unsigned char bytes[BACKTRACE_BYTES];
    long size = crash__backtrace_encode(trace, bytes, sizeof bytes);

    return size > 0 && write_all(fd, bytes, (size_t)size);
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
    unwind->seen = &unwind->modules;
    unwind->walk = (struct walk){.memory = &unwind->memory, .modules = &unwind->modules,
                                 .deadline = unwind->deadline};
    return unwind;
}

void crash__unwind_and_exit(const struct unwind_task *task)
{
    static struct backtrace trace;
    struct unwind *unwind = begin(task, &trace);

    if (!unwind)
        _exit(1);
    if (task->unseen)
        _exit(0);
    block_sigchld();
    attach(unwind);
    confine(unwind);
    find_cause(unwind);
    if (task->fd < 0)
        _exit(0);
    find_frames(unwind);
    _exit(write_report(&trace, task->fd) ? 0 : 1);
}
