/*
 * fault.c - puts the signal, its code, the address and what is mapped there into words
 */
#include "src/crash/fault.h"

#include "src/base/system_call.h"
#include "src/crash/stack_overflow.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    NULL_REACH = 1 << 16,    /* bytes from 0 on that count as a member of an object at NULL */
    JUMP_REACH = 1 << 12,    /* the same of code */
    NEAR = 1 << 16,          /* how far from a mapping an address is told by it */
};

struct text {
    char *start;
    size_t length;
};

static void __attribute__((format(printf, 2, 3))) append(struct text *text, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text->start + text->length, FAULT_TEXT - text->length, format, arguments);
    va_end(arguments);
    if (length > 0)
        text->length += (size_t)length < FAULT_TEXT - text->length ? (size_t)length
                                                                   : FAULT_TEXT - 1 - text->length;
}

/* "libc.so.6", "[heap]" */
static const char *name_of(const struct mapping *mapping)
{
    const char *slash = strrchr(mapping->path, '/');

    if (mapping->path[0] == '\0')
        return "anonymous memory";
    return slash ? slash + 1 : mapping->path;
}

static bool is_canonical(uint64_t address)
{
    return address < UINT64_C(0x0000800000000000) || address >= UINT64_C(0xffff800000000000);
}

static bool is_jump(const struct crash_record *record)
{
    if (record->access != CRASH_ACCESS_UNKNOWN)
        return record->access == CRASH_EXECUTE;
    return record->address == record->registers.value[MACHINE_PC];
}

static const char *verb(const struct crash_record *record)
{
    if (is_jump(record))
        return "jump to";
    switch (record->access) {
    case CRASH_READ:
        return "read of";
    case CRASH_WRITE:
        return "write to";
    default:
        return "access to";
    }
}

/* The mapping that ends, or begins, next to an address. */
static void tell_neighbour(struct text *text, const struct mappings *mappings, uint64_t address)
{
    const struct mapping *below = NULL, *above = NULL;

    for (size_t i = 0; i < mappings->count && !above; i++) {
        if (mappings->mapping[i].end <= address)
            below = &mappings->mapping[i];
        else
            above = &mappings->mapping[i];
    }
    if (below && address - below->end < NEAR)
        append(text, ", %" PRIu64 " bytes behind the end of %s", address - below->end,
               name_of(below));
    else if (above && above->start > address && above->start - address <= NEAR)
        append(text, ", %" PRIu64 " bytes before the start of %s", above->start - address,
               name_of(above));
}

static void tell_null(struct text *text, const struct crash_record *record)
{
    append(text, "null pointer");
    if (record->address > 0 && !is_jump(record))
        append(text, ", member at offset %" PRIu64, record->address);
}

static void tell_mapping(struct text *text, const struct crash_record *record,
                         const struct mapping *mapping)
{
    if (!mapping->readable && !mapping->writable && !mapping->executable)
        append(text, "memory without any access, as guard pages are");
    else if (is_jump(record))
        append(text, "%s is not executable", name_of(mapping));
    else if (!mapping->writable)
        append(text, "%s is not writable", name_of(mapping));
    else
        append(text, "%s may be accessed now", name_of(mapping));
}

/* The kernel gives no address for one that is not canonical. */
static void tell_protection(struct text *text, const struct crash_record *record)
{
    if (!is_canonical(record->registers.value[MACHINE_PC]))
        append(text, "jump to 0x%" PRIx64 ": not a canonical address",
               record->registers.value[MACHINE_PC]);
    else
        append(text, "an address that is not canonical, or an instruction that is not allowed");
}

static void tell_address(struct text *text, const struct crash_record *record,
                         const struct mappings *mappings)
{
    const struct mapping *mapping = crash__mappings_at(mappings, record->address);

    append(text, "%s 0x%" PRIx64 ": ", verb(record), record->address);
    if (crash__is_stack_overflow(mappings, record))
        append(text, "the stack is used up");
    else if (record->address < (is_jump(record) ? JUMP_REACH : NULL_REACH))
        tell_null(text, record);
    else if (mapping)
        tell_mapping(text, record, mapping);
    else if (mappings->count > 0) {
        append(text, "nothing is mapped there");
        tell_neighbour(text, mappings, record->address);
    } else {
        append(text, "not accessible");
    }
}

static void tell_segv(struct text *text, const struct crash_record *record,
                      const struct mappings *mappings)
{
    if (record->code == SI_KERNEL)
        tell_protection(text, record);
    else
        tell_address(text, record, mappings);
}

static void tell_bus(struct text *text, const struct crash_record *record,
                     const struct mappings *mappings)
{
    const struct mapping *mapping = crash__mappings_at(mappings, record->address);

    if (record->code == BUS_ADRALN)
        append(text, "an address that is not aligned");
    else if (record->code == BUS_MCEERR_AR || record->code == BUS_MCEERR_AO)
        append(text, "the memory at 0x%" PRIx64 " is broken", record->address);
    else if (mapping && mapping->inode)
        append(text, "%s 0x%" PRIx64 ": behind the end of the file %s", verb(record),
               record->address, name_of(mapping));
    else
        append(text, "%s 0x%" PRIx64 ": no memory can be had for it", verb(record),
               record->address);
}

static void tell_fpe(struct text *text, const struct crash_record *record)
{
    switch (record->code) {
    case FPE_INTDIV:
        append(text, "integer division by zero, or its result is too large");
        break;
    case FPE_INTOVF:
        append(text, "integer overflow");
        break;
    case FPE_FLTDIV:
        append(text, "floating-point division by zero");
        break;
    default:
        append(text, "floating-point exception");
    }
}

static void tell_sys(struct text *text, const struct crash_record *record)
{
    const struct base__system_call *call = base__system_call(record->number);

    if (call)
        append(text, "a seccomp filter does not allow %s", call->name);
    else
        append(text, "a seccomp filter does not allow system call %d", (int)record->number);
}

static void tell_sender(struct text *text, const struct crash_record *record)
{
    if (record->number == record->pid)
        append(text, "%s", record->signo == SIGABRT ? "" : "sent by the process itself");
    else if (record->number > 0)
        append(text, "sent by process %d", (int)record->number);
    else
        append(text, "sent by the kernel");
}

void crash__fault_text(const struct crash_record *record, const struct mappings *mappings,
                       char ret_text[FAULT_TEXT])
{
    struct text text = {ret_text, 0};

    ret_text[0] = '\0';
    if (record->signo == 0)
        return;
    if (record->code <= 0)
        tell_sender(&text, record);
    else if (record->signo == SIGSEGV)
        tell_segv(&text, record, mappings);
    else if (record->signo == SIGBUS)
        tell_bus(&text, record, mappings);
    else if (record->signo == SIGFPE)
        tell_fpe(&text, record);
    else if (record->signo == SIGILL)
        append(&text, "no valid instruction at 0x%" PRIx64, record->registers.value[MACHINE_PC]);
    else if (record->signo == SIGSYS)
        tell_sys(&text, record);
    else if (record->signo == SIGTRAP)
        append(&text, record->code == TRAP_TRACE ? "a single step" : "a breakpoint");
    else if (record->signo == SIGXCPU)
        append(&text, "its limit of processor time has passed");
    else if (record->signo == SIGXFSZ)
        append(&text, "a file has reached the limit of its size");
}
