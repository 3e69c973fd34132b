/*
 * walk.c - the rules that find a frame's caller
 */
#include "src/crash/walk.h"

#include "src/base/clock.h"
#include "src/crash/owner.h"
#include "src/crash/recursion.h"

#include <errno.h>
#include <string.h>

enum {
    FRAMES_LIMIT = 16000000,
    SIGNALS_LIMIT = 32,         /* nested signal handlers */
    SCAN_WORDS = 512,           /* words that a scan for a return address examines */
    FRAME_LIMIT = 1 << 24,      /* largest distance between frame pointers */
    FUNCTION_LIMIT = 1 << 16,   /* largest distance of a pc from the start of its function */
    WORD = sizeof(uint64_t),
};

static uint64_t sp_of(const struct registers *registers)
{
    return registers->value[MACHINE_SP];
}

static uint64_t fp_of(const struct step *step)
{
    return step->registers.value[MACHINE_FP];
}

static uint64_t pc_of(const struct registers *registers)
{
    return registers->value[MACHINE_PC];
}

static bool is_exact(const struct step *step)
{
    return crash__backtrace_is_exact(step->found);
}

static bool is_code(const struct walk *walk, uint64_t address)
{
    const struct mapping *mapping = crash__mappings_at(&walk->modules->mappings, address);

    return mapping && mapping->executable;
}

static bool is_return_address(const struct walk *walk, uint64_t address)
{
    unsigned char bytes[MACHINE_CALL];

    return is_code(walk, address - 1) &&
           crash__memory_read(walk->memory, address - sizeof bytes, bytes, sizeof bytes) == 0 &&
           crash__machine_is_call(bytes);
}

static bool read_word(const struct walk *walk, uint64_t address, uint64_t *ret_word)
{
    return crash__memory_read(walk->memory, address, ret_word, WORD) == 0;
}

static bool read_return_address(const struct walk *walk, uint64_t address, uint64_t *ret_target)
{
    if (!read_word(walk, address, ret_target))
        return false;
    *ret_target = crash__machine_unsign(*ret_target);
    return true;
}

static bool at_trampoline(const struct walk *walk, const struct step *step)
{
    unsigned char bytes[MACHINE_TRAMPOLINE];

    return crash__memory_read(walk->memory, pc_of(&step->registers), bytes, sizeof bytes) == 0 &&
           crash__machine_is_trampoline(bytes);
}

static bool by_signal(const struct walk *walk, const struct step *step, struct step *ret_caller)
{
    ucontext_t context;
    uint64_t address = crash__machine_context_address(&step->registers);

    if (crash__memory_read(walk->memory, address, &context, sizeof context) != 0)
        return false;
    crash__machine_from_context(&context, &ret_caller->registers);
    ret_caller->found = BACKTRACE_SIGNAL;
    return true;
}

/*
 * Is the link register left over from an earlier call? A function that calls others has saved its
 * own return address, so the frame record is used. Any other value is taken as valid.
 */
static bool is_left_over(const struct walk *walk, const struct step *step, uint64_t link)
{
    uint64_t saved;

    return link == pc_of(&step->registers) ||
           (read_return_address(walk, fp_of(step) + WORD, &saved) && saved == link);
}

/*
 * Can the call that ends at this address have called the function that the frame is in? A direct
 * call names the function, or a jump.
 */
static bool may_have_called(const struct walk *walk, const struct step *step, uint64_t next)
{
    uint64_t target;
    unsigned char bytes[MACHINE_CALL], code[MACHINE_JUMP];

    if (crash__memory_read(walk->memory, next - sizeof bytes, bytes, sizeof bytes) != 0)
        return false;
    target = crash__machine_call_target(bytes, next);
    if (!target || pc_of(&step->registers) - target < FUNCTION_LIMIT)
        return true;
    return crash__memory_read(walk->memory, target, code, sizeof code) == 0 &&
           crash__machine_is_jump(code);
}

/*
 * After a call to an address without code, or at the start of a function that has pushed nothing
 * yet, the frame consists of the return address only.
 */
static bool by_return(const struct walk *walk, const struct step *step, struct step *ret_caller)
{
    struct registers *registers = &ret_caller->registers;
    uint64_t target, sp = sp_of(&step->registers);

    *registers = step->registers;
    if (!crash__machine_link(&step->registers, &target)) {
        if (!read_return_address(walk, sp, &target))
            return false;
        registers->value[MACHINE_SP] = sp + WORD;
    } else if (is_left_over(walk, step, target)) {
        return false;
    }
    registers->value[MACHINE_PC] = target;
    ret_caller->found = BACKTRACE_RETURN;
    return is_return_address(walk, target) && may_have_called(walk, step, target);
}

static bool by_frame_pointer(const struct walk *walk, const struct step *step,
                             struct step *ret_caller)
{
    uint64_t fp = fp_of(step), sp = sp_of(&step->registers), next, target;

    if (fp < sp || fp - sp > FRAME_LIMIT || fp % WORD)
        return false;
    if (!read_word(walk, fp, &next) || !read_return_address(walk, fp + WORD, &target) ||
        !is_return_address(walk, target))
        return false;
    ret_caller->registers = step->registers;
    ret_caller->registers.value[MACHINE_FP] = next;
    ret_caller->registers.value[MACHINE_SP] = fp + 2 * WORD;
    ret_caller->registers.value[MACHINE_PC] = target;
    ret_caller->found = BACKTRACE_FP;
    return true;
}

static void set_scanned(const struct walk *walk, const struct step *step, uint64_t sp,
                        uint64_t target, struct step *ret_caller)
{
    uint64_t fp;

    ret_caller->registers = step->registers;
    /* No frame pointer was saved between the two; one may be right below the return address. */
    if (fp_of(step) < sp && read_word(walk, sp - WORD, &fp))
        ret_caller->registers.value[MACHINE_FP] = fp;
    ret_caller->registers.value[MACHINE_SP] = sp + WORD;
    ret_caller->registers.value[MACHINE_PC] = target;
    ret_caller->found = BACKTRACE_SCAN;
}

static bool by_scan(const struct walk *walk, const struct step *step, struct step *ret_caller)
{
    uint64_t sp = (sp_of(&step->registers) + WORD - 1) / WORD * WORD;

    for (int i = 0; i < SCAN_WORDS; i++, sp += WORD) {
        uint64_t target;

        if (!read_return_address(walk, sp, &target))
            return false;
        if (!is_return_address(walk, target))
            continue;
        set_scanned(walk, step, sp, target, ret_caller);
        return true;
    }
    return false;
}

/*
 * Only an interrupted function may have nothing on the stack yet. libunwind also makes a step by
 * the link register alone when it does not understand the information.
 */
static bool is_without_frame(const struct walk *walk, const struct step *step,
                             const struct registers *caller)
{
    return is_exact(step) && sp_of(caller) == sp_of(&step->registers) &&
           !is_left_over(walk, step, pc_of(caller));
}

/* The caller must be code and further up the stack; otherwise the stack was overwritten. */
static bool leads_on(const struct walk *walk, const struct step *step,
                     const struct registers *caller)
{
    return is_code(walk, pc_of(caller) - 1) && (sp_of(caller) > sp_of(&step->registers) ||
                                                is_without_frame(walk, step, caller));
}

/*
 * An apparent end may be an unknown link register, such as that of a thread inside a system call.
 */
static bool is_end(const struct step *step)
{
    uint64_t link;

    return !is_exact(step) || !crash__machine_link(&step->registers, &link) || link != 0;
}

/* Returns 1; 0 at the end of the stack; -ENOENT without valid information. */
static int by_cfi(const struct walk *walk, const struct step *step, struct step *ret_caller)
{
    int result;

    if (!walk->cfi || !is_code(walk, pc_of(&step->registers)))
        return -ENOENT;
    result = crash__cfi_step(walk->cfi, &step->registers, is_exact(step), &ret_caller->registers);
    ret_caller->found = BACKTRACE_CFI;
    if (result > 0 && pc_of(&ret_caller->registers) == 0)
        result = 0;
    if (result == 0)
        return is_end(step) ? 0 : -ENOENT;
    if (result > 0 && !leads_on(walk, step, &ret_caller->registers))
        return -ENOENT;
    return result;
}

/*
 * Call frame information is relative to the stack pointer, but after a frame record or a scan only
 * a lower bound of it is known. Then the next frame record is more reliable: each caller has one.
 */
static bool is_sp_known(const struct step *step)
{
    return MACHINE_RECORD_ON_TOP ||
           (step->found != BACKTRACE_FP && step->found != BACKTRACE_SCAN);
}

/* Without information about the code, a caller is as good as any. */
static bool has_caller(const struct walk *walk, const struct step *step)
{
    struct step caller;
    int result = by_cfi(walk, step, &caller);

    return result <= 0 || (is_return_address(walk, pc_of(&caller.registers)) &&
                           may_have_called(walk, step, pc_of(&caller.registers)));
}

/* The code before the pc; zero where there is none. */
static void read_prologue(const struct walk *walk, const struct step *step,
                          unsigned char ret_bytes[MACHINE_PROLOGUE])
{
    uint64_t pc = pc_of(&step->registers), inside = pc % MEMORY_PAGE;
    size_t size = inside < MACHINE_PROLOGUE ? (size_t)inside : MACHINE_PROLOGUE;

    /* There may be no page before this one. */
    if (crash__memory_read(walk->memory, pc - MACHINE_PROLOGUE, ret_bytes, MACHINE_PROLOGUE) == 0)
        return;
    memset(ret_bytes, 0, MACHINE_PROLOGUE);
    (void)crash__memory_read(walk->memory, pc - size, ret_bytes + MACHINE_PROLOGUE - size, size);
}

/* By the instruction that made the frame. */
static bool by_size(const struct walk *walk, const struct step *step,
                    const unsigned char prologue[MACHINE_PROLOGUE], struct step *ret_caller)
{
    uint64_t size = crash__machine_frame_size(prologue), sp = sp_of(&step->registers) + size;
    uint64_t target;

    if (size == 0 || size % WORD || !read_return_address(walk, sp, &target) ||
        !is_return_address(walk, target) || !may_have_called(walk, step, target))
        return false;
    set_scanned(walk, step, sp, target, ret_caller);
    return true;
}

/*
 * A function that keeps no frame pointer leaves that of one of its callers, and the frames between
 * would be skipped. So the return address is looked for below it. Other words on the stack look
 * like one: it must follow a call that can have led here, and have a caller of its own.
 */
static bool by_call(const struct walk *walk, const struct step *step, struct step *ret_caller)
{
    uint64_t sp = (sp_of(&step->registers) + WORD - 1) / WORD * WORD;

    for (int i = 0; i < SCAN_WORDS && sp != fp_of(step); i++, sp += WORD) {
        uint64_t target;

        if (!read_return_address(walk, sp, &target))
            return false;
        if (!is_return_address(walk, target) || !may_have_called(walk, step, target))
            continue;
        set_scanned(walk, step, sp, target, ret_caller);
        if (has_caller(walk, ret_caller))
            return true;
    }
    return false;
}

static bool next(const struct walk *walk, const struct step *step, struct step *ret_caller)
{
    unsigned char prologue[MACHINE_PROLOGUE];
    int result;

    if (at_trampoline(walk, step))
        return by_signal(walk, step, ret_caller);
    if (!is_sp_known(step) && by_frame_pointer(walk, step, ret_caller))
        return true;
    result = by_cfi(walk, step, ret_caller);
    if (result >= 0)
        return result > 0;
    read_prologue(walk, step, prologue);
    if (by_size(walk, step, prologue, ret_caller))
        return true;
    if (is_exact(step) && by_return(walk, step, ret_caller))
        return true;
    if (!crash__machine_has_frame_record(prologue) && by_call(walk, step, ret_caller))
        return true;
    return by_frame_pointer(walk, step, ret_caller) || by_scan(walk, step, ret_caller);
}

/* Of the functions that lead to recursion, the called one among them, so many are kept. */
enum { TAIL_OF_PROGRAM = 4 };

/*
 * At the limit the oldest entry of the tail is dropped, so that the tail is the oldest part of the
 * stack. Returns false if that is the called function and what is above it: what is below is as in
 * every child.
 */
static bool keep(struct stack *stack, const struct step *step)
{
    if (stack->count == BACKTRACE_FRAMES) {
        size_t tail = BACKTRACE_FRAMES - BACKTRACE_HEAD - 1;

        if (crash__is_below_called(
                pc_of(&stack->step[BACKTRACE_HEAD + TAIL_OF_PROGRAM].registers)))
            return false;
        memmove(&stack->step[BACKTRACE_HEAD], &stack->step[BACKTRACE_HEAD + 1],
                tail * sizeof *stack->step);
        stack->count--;
        stack->cut++;
    }
    stack->step[stack->count++] = *step;
    return true;
}

static void note_place(struct recursion *recursion, const struct step *step)
{
    const struct recursion_place place = {
        .pc = pc_of(&step->registers), .sp = sp_of(&step->registers), .fp = fp_of(step),
        .plain = step->found == BACKTRACE_CFI || step->found == BACKTRACE_FP};

    crash__recursion_add(recursion, &place);
}

/*
 * Passes over frames that repeat: the step becomes the oldest of them, and the tail begins anew.
 * Returns their number.
 */
static uint64_t pass_over(const struct walk *walk, const struct recursion *recursion,
                          struct stack *stack, struct step *step)
{
    struct recursion_run run;

    if (!MACHINE_RECORD_ON_TOP ||
        !crash__recursion_find(recursion, walk->memory, walk->deadline, &run))
        return 0;
    step->registers.value[MACHINE_SP] += run.distance;
    if (run.fp_follows)
        step->registers.value[MACHINE_FP] += run.distance;
    stack->cut += (size_t)run.frames + stack->count - BACKTRACE_HEAD;
    stack->count = BACKTRACE_HEAD;
    return run.frames;
}

/*
 * Bounds the walk. All steps lead up the stack, except past a signal frame, which may lead
 * anywhere.
 */
static int limit_reached(const struct walk *walk, uint64_t frames, int signals)
{
    if (frames >= FRAMES_LIMIT || signals > SIGNALS_LIMIT)
        return -ELOOP;
    return base__now() > walk->deadline ? -ETIMEDOUT : 0;
}

void crash__walk(const struct walk *walk, const struct registers *start, struct stack *ret_stack)
{
    struct step step = {.registers = *start, .found = BACKTRACE_REGISTERS};
    struct step caller;
    struct recursion recursion = {.count = 0};
    uint64_t frames = 1;
    int signals = 0;

    ret_stack->count = ret_stack->cut = 0;
    ret_stack->error = 0;
    (void)keep(ret_stack, &step);
    for (; !walk->memory_is_local && next(walk, &step, &caller); frames++) {
        signals += caller.found == BACKTRACE_SIGNAL;
        ret_stack->error = limit_reached(walk, frames, signals);
        if (ret_stack->error)
            return;
        step = caller;
        if (!keep(ret_stack, &step))
            return;
        note_place(&recursion, &step);
        if (ret_stack->count == BACKTRACE_FRAMES && frames % RECURSION_PLACES == 0)
            frames += pass_over(walk, &recursion, ret_stack, &step);
    }
}
