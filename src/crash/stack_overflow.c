/*
 * stack_overflow.c - tells from the registers and mappings of a crash whether a stack was used up
 */
#include "src/crash/stack_overflow.h"

#include <signal.h>
#include <string.h>

/*
 * How far outside the stack a large frame may first touch. Below the main thread's stack the kernel
 * leaves at least the second number of bytes free.
 */
enum { REACH = 1 << 20, REACH_OF_MAIN = 128 << 20 };

/*
 * Returns the writable mapping at or above sp: in an overflow sp itself may be below the stack
 * already.
 */
static const struct mapping *stack_above(const struct mappings *mappings, uint64_t sp)
{
    for (size_t i = 0; i < mappings->count; i++)
        if (mappings->mapping[i].end > sp && mappings->mapping[i].writable)
            return &mappings->mapping[i];
    return NULL;
}

/* A code that is not positive means that a process has sent the signal. */
static bool is_bad_access(const struct crash_record *record)
{
    return record->signo == SIGSEGV && record->code > 0;
}

static bool is_writable(const struct mappings *mappings, uint64_t address)
{
    const struct mapping *mapping = crash__mappings_at(mappings, address);

    return mapping && mapping->writable;
}

static uint64_t reach(const struct mapping *stack)
{
    return strcmp(stack->path, "[stack]") == 0 ? REACH_OF_MAIN : REACH;
}

static bool is_just_below(const struct mapping *stack, uint64_t address)
{
    return address < stack->start && stack->start - address <= reach(stack);
}

/* sp has passed the stack's end, or nearly. */
static bool is_nearly_full(const struct mapping *stack, uint64_t sp)
{
    return sp < stack->start || sp - stack->start <= REACH;
}

/* The access was made through sp, or in a frame that is being set up below it. */
static bool is_near_sp(uint64_t address, uint64_t sp)
{
    return address + REACH >= sp;
}

bool crash__is_stack_overflow(const struct mappings *mappings, const struct crash_record *record)
{
    uint64_t sp = record->registers.value[MACHINE_SP], address = record->address;
    const struct mapping *stack = stack_above(mappings, sp);

    return stack && is_bad_access(record) && !is_writable(mappings, address) &&
           is_just_below(stack, address) && is_nearly_full(stack, sp) && is_near_sp(address, sp);
}
