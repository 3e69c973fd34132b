/*
 * walk.c - the rules that find a frame's caller
 */
#include "src/crash/walk.h"

#include "src/base/clock.h"

#include <errno.h>
#include <string.h>

enum {
    FRAMES_LIMIT = 1000000,
    SIGNALS_LIMIT = 32,         /* nested signal handlers */
    SCAN_WORDS = 512,           /* words that a scan for a return address examines */
    FRAME_LIMIT = 1 << 24,      /* largest distance between frame pointers */
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
    return is_return_address(walk, target);
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

static bool by_scan(const struct walk *walk, const struct step *step, struct step *ret_caller)
{
    uint64_t sp = (sp_of(&step->registers) + WORD - 1) / WORD * WORD;

    for (int i = 0; i < SCAN_WORDS; i++, sp += WORD) {
        uint64_t target, fp;

        if (!read_return_address(walk, sp, &target))
            return false;
        if (!is_return_address(walk, target))
            continue;
        ret_caller->registers = step->registers;
        /* No frame pointer was saved between the two; one may be right below the return address. */
        if (fp_of(step) < sp && read_word(walk, sp - WORD, &fp))
            ret_caller->registers.value[MACHINE_FP] = fp;
        ret_caller->registers.value[MACHINE_SP] = sp + WORD;
        ret_caller->registers.value[MACHINE_PC] = target;
        ret_caller->found = BACKTRACE_SCAN;
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

static bool next(const struct walk *walk, const struct step *step, struct step *ret_caller)
{
    int result;

    if (at_trampoline(walk, step))
        return by_signal(walk, step, ret_caller);
    if (!is_sp_known(step) && by_frame_pointer(walk, step, ret_caller))
        return true;
    result = by_cfi(walk, step, ret_caller);
    if (result >= 0)
        return result > 0;
    if (is_exact(step) && by_return(walk, step, ret_caller))
        return true;
    return by_frame_pointer(walk, step, ret_caller) || by_scan(walk, step, ret_caller);
}

/*
 * At the limit the oldest entry of the tail is dropped, so that the tail is the oldest part of the
 * stack.
 */
static void keep(struct stack *stack, const struct step *step)
{
    if (stack->count == BACKTRACE_FRAMES) {
        size_t tail = BACKTRACE_FRAMES - BACKTRACE_HEAD - 1;

        memmove(&stack->step[BACKTRACE_HEAD], &stack->step[BACKTRACE_HEAD + 1],
                tail * sizeof *stack->step);
        stack->count--;
        stack->cut++;
    }
    stack->step[stack->count++] = *step;
}

/*
 * Bounds the walk. All steps lead up the stack, except past a signal frame, which may lead
 * anywhere.
 */
static int limit_reached(const struct walk *walk, int frames, int signals)
{
    if (frames >= FRAMES_LIMIT || signals > SIGNALS_LIMIT)
        return -ELOOP;
    return base__now() > walk->deadline ? -ETIMEDOUT : 0;
}

void crash__walk(const struct walk *walk, const struct registers *start, struct stack *ret_stack)
{
    struct step step = {.registers = *start, .found = BACKTRACE_REGISTERS};
    struct step caller;
    int signals = 0;

    ret_stack->count = ret_stack->cut = 0;
    ret_stack->error = 0;
    keep(ret_stack, &step);
    for (int frames = 1; !walk->memory_is_local && next(walk, &step, &caller); frames++) {
        signals += caller.found == BACKTRACE_SIGNAL;
        ret_stack->error = limit_reached(walk, frames, signals);
        if (ret_stack->error)
            return;
        step = caller;
        keep(ret_stack, &step);
    }
}
