#include "forkserver/unwind.h"

#include "forkserver/cfi.h"
#include "forkserver/memory.h"
#include "forkserver/modules.h"
#include "forkserver/symbols.h"
#include "forkserver/threads.h"
#include "forkserver/walk.h"
#include "src/base/clock.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    SYMBOL_LIMIT = 255,
    MESSAGE_LIMIT = 1024,
    OVERFLOW_REACH = 1 << 20,    /* how far outside the stack a large frame may first touch */
};

/* All that is needed for one report; too large for a stack. */
struct unwind {
    struct memory memory;
    struct modules modules;
    struct threads threads;
    struct stack stack[THREADS_HELD];
    struct symbols symbols[MODULES_MODULES];    /* of the module in the same place */
    bool symbols_read[MODULES_MODULES];
    struct walk walk;
    struct backtrace *trace;
    bool with_symbols;
};

static void note_error(struct backtrace *trace, int error)
{
    if (error && !trace->error)
        trace->error = error;
}

static const struct symbols *symbols_of(struct unwind *unwind, const struct module *module)
{
    size_t place = (size_t)(module - unwind->modules.module);

    if (!unwind->symbols_read[place])
        (void)forkserver__symbols_read(&unwind->symbols[place], module, &unwind->memory);
    unwind->symbols_read[place] = true;
    return &unwind->symbols[place];
}

static void name_frame(struct unwind *unwind, const struct step *step,
                       struct backtrace_frame *ret_frame)
{
    uint64_t pc = step->registers.value[MACHINE_PC];
    uint64_t inside = procspawn__backtrace_is_exact(step->found) ? pc : pc - 1;
    const struct module *module = forkserver__modules_module(&unwind->modules, inside);
    const struct symbols *symbols;
    const ElfW(Sym) *symbol;

    *ret_frame = (struct backtrace_frame){.ip = pc, .found = step->found};
    if (!module)
        return;
    ret_frame->module = procspawn__backtrace_intern(unwind->trace, module->path, PATH_MAX);
    ret_frame->offset = pc - module->bias;
    if (!unwind->with_symbols)
        return;
    symbols = symbols_of(unwind, module);
    symbol = forkserver__symbols_covering(symbols, inside - module->bias);
    if (!symbol)
        return;
    ret_frame->symbol = procspawn__backtrace_intern(
        unwind->trace, forkserver__symbols_name(symbols, symbol), SYMBOL_LIMIT);
    ret_frame->symbol_offset = pc - module->bias - symbol->st_value;
}

/* A recursion, or threads that do the same, show the same few places many times. */
static const struct backtrace_frame *named_before(const struct backtrace *trace,
                                                  const struct step *step, size_t count)
{
    bool exact = procspawn__backtrace_is_exact(step->found);

    for (size_t i = count; i-- > 0;)
        if (trace->frame[i].ip == step->registers.value[MACHINE_PC] &&
            procspawn__backtrace_is_exact(trace->frame[i].found) == exact)
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
    thread->name = procspawn__backtrace_intern(trace, held->name, sizeof held->name);
    thread->first = trace->frame_count;
    thread->count = (uint32_t)stack->count;
    thread->cut = (uint32_t)stack->cut;
    for (size_t frame = 0; frame < stack->count; frame++)
        describe_frame(unwind, &stack->step[frame]);
}

/* What glibc was told before abort(): struct { unsigned size; char text[]; } *__abort_msg. */
static void find_message(struct unwind *unwind)
{
    for (size_t i = 0; i < unwind->modules.module_count; i++) {
        const struct module *module = &unwind->modules.module[i];
        const ElfW(Sym) *symbol;
        char text[MESSAGE_LIMIT];
        uint64_t message;

        if (!strstr(module->path, "/libc.so.") && !strstr(module->path, "/libc-"))
            continue;
        symbol = forkserver__symbols_named(symbols_of(unwind, module), "__abort_msg");
        if (!symbol || forkserver__memory_read(&unwind->memory, module->bias + symbol->st_value,
                                               &message, sizeof message) != 0)
            continue;
        if (!message || forkserver__memory_text(&unwind->memory, message + sizeof(unsigned), text,
                                                sizeof text) != 0)
            continue;
        text[strcspn(text, "\n")] = '\0';
        unwind->trace->message = procspawn__backtrace_intern(unwind->trace, text, sizeof text);
    }
}

/* The stack is the writable memory at or above sp: on its way down sp itself may already have left
 * it. */
static const struct mapping *stack_above(const struct modules *modules, uint64_t sp)
{
    for (size_t i = 0; i < modules->mapping_count; i++)
        if (modules->mapping[i].end > sp && modules->mapping[i].writable)
            return &modules->mapping[i];
    return NULL;
}

static bool is_stack_overflow(const struct modules *modules, const struct crash_record *record)
{
    uint64_t sp = record->registers.value[MACHINE_SP], address = record->address;
    const struct mapping *stack = stack_above(modules, sp);
    const struct mapping *hit = forkserver__modules_mapping(modules, address);

    if (record->signo != SIGSEGV || record->code <= 0 || !stack || (hit && hit->writable))
        return false;
    return address < stack->start && stack->start - address <= OVERFLOW_REACH &&
           (sp < stack->start || sp - stack->start <= OVERFLOW_REACH) &&
           address + OVERFLOW_REACH >= sp;
}

static void describe_cause(struct backtrace *trace, pid_t pid, const struct crash_record *record)
{
    procspawn__backtrace_init(trace);
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

/* The crasher's own registers are those of its handler: the record has the ones that matter. It
 * needs no thread to be stopped, so it serves where the process may not be traced. */
static void use_record(struct threads *threads, const struct crash_record *record)
{
    if (threads->count == 0 || threads->held[0].tid != record->tid)
        return;
    threads->held[0].registers = record->registers;
    threads->held[0].error = 0;
}

/* A process whose main thread has ended shows its memory through another thread only. */
static pid_t living(const struct threads *threads, pid_t pid)
{
    for (size_t i = 0; i < threads->count; i++)
        if (!threads->held[i].error)
            return threads->held[i].tid;
    return pid;
}

static void walk_threads(struct unwind *unwind)
{
    for (size_t i = 0; i < unwind->threads.count; i++)
        if (!unwind->threads.held[i].error || unwind->threads.held[i].registers.value[MACHINE_PC])
            forkserver__walk(&unwind->walk, &unwind->threads.held[i].registers, &unwind->stack[i]);
}

/* Where the process may not be read, our own modules do: both were forked from one image. */
static int read_modules(struct unwind *unwind)
{
    int error = forkserver__modules_read(&unwind->modules, &unwind->memory);

    if (!error)
        return 0;
    unwind->walk.blind = true;
    forkserver__memory_init(&unwind->memory, getpid());
    (void)forkserver__modules_read(&unwind->modules, &unwind->memory);
    return error;
}

static void hold(struct unwind *unwind, pid_t pid, const struct crash_record *record,
                 int64_t deadline)
{
    struct threads *threads = &unwind->threads;

    note_error(unwind->trace,
               forkserver__threads_hold(threads, pid, record ? record->tid : pid, deadline));
    if (threads->count > 0)
        note_error(unwind->trace, threads->held[0].error);
    if (record)
        use_record(threads, record);
    unwind->trace->threads_cut = (uint32_t)threads->more;
}

static void look(struct unwind *unwind, const struct crash_record *record)
{
    struct backtrace *trace = unwind->trace;

    note_error(trace, read_modules(unwind));
    note_error(trace, forkserver__cfi_new(&unwind->walk.cfi, &unwind->memory, &unwind->modules));
    walk_threads(unwind);
    for (size_t i = 0; i < unwind->threads.count; i++)
        describe_thread(unwind, i);
    if (!record || unwind->walk.blind)
        return;
    trace->stack_overflow = is_stack_overflow(&unwind->modules, record);
    if (record->signo == SIGABRT)
        find_message(unwind);
}

static void finish(struct unwind *unwind)
{
    for (size_t i = 0; i < unwind->modules.module_count; i++)
        forkserver__symbols_free(&unwind->symbols[i]);
    forkserver__cfi_free(unwind->walk.cfi);
    forkserver__modules_free(&unwind->modules);
    free(unwind);
}

/*
 * Fills ret_trace with whatever can be had before deadline (ns, CLOCK_MONOTONIC); what cannot is
 * told by its error. Blocks SIGCHLD and leaves it blocked.
 */
static void unwind_process(pid_t pid, const struct crash_record *record, bool with_symbols,
                           int64_t deadline, struct backtrace *ret_trace)
{
    struct unwind *unwind = calloc(1, sizeof *unwind);

    describe_cause(ret_trace, pid, record);
    if (!unwind) {
        note_error(ret_trace, -ENOMEM);
        return;
    }
    unwind->trace = ret_trace;
    unwind->with_symbols = with_symbols;
    block_sigchld();
    hold(unwind, pid, record, base__now() + (deadline - base__now()) / 4);
    forkserver__memory_init(&unwind->memory, living(&unwind->threads, pid));
    unwind->walk =
        (struct walk){.memory = &unwind->memory, .modules = &unwind->modules, .deadline = deadline};
    look(unwind, record);
    forkserver__threads_release(&unwind->threads);
    finish(unwind);
}

static void set_alarm(int64_t limit)
{
    struct itimerval timer = {
        .it_value = {.tv_sec = limit / BASE_SECOND + 1, .tv_usec = limit % BASE_SECOND / 1000}};
    sigset_t alarm;

    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    signal(SIGALRM, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &alarm, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
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

void forkserver__unwind_and_exit(pid_t pid, const struct crash_record *record, bool with_symbols,
                                 int64_t limit, int fd)
{
    static struct backtrace trace;
    static unsigned char bytes[BACKTRACE_BYTES];
    long size;

    set_alarm(limit);
    unwind_process(pid, record, with_symbols, base__now() + limit, &trace);
    size = procspawn__backtrace_encode(&trace, bytes, sizeof bytes);
    _exit(size > 0 && write_all(fd, bytes, (size_t)size) ? 0 : 1);
}
