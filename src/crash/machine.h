/*
 * machine.h - what the unwinder must know of the CPU
 *
 * Registers, call instructions, signal frames. The only file pair that depends on the architecture.
 */
#ifndef FORKSCOPE_CRASH_MACHINE_H
#define FORKSCOPE_CRASH_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <ucontext.h>

#if defined(__x86_64__)
/* libunwind's numbers, which are those of DWARF: rax rdx rcx rbx rsi rdi rbp rsp r8..r15 rip. */
enum { MACHINE_FP = 6, MACHINE_SP = 7, MACHINE_PC = 16, MACHINE_REGISTERS = 17 };
/* a frame ends with the saved frame pointer and return address */
enum { MACHINE_RECORD_ON_TOP = 1 };
#elif defined(__aarch64__)
/* x0..x30, sp, pc. */
enum { MACHINE_FP = 29, MACHINE_LR = 30, MACHINE_SP = 31, MACHINE_PC = 32, MACHINE_REGISTERS = 33 };
enum { MACHINE_RECORD_ON_TOP = 0 };    /* the compiler chooses their place */
#else
#error "src/crash/machine.c does not know this processor's registers"
#endif

struct registers {
    uint64_t value[MACHINE_REGISTERS];
};

/* A system call: its number and arguments. */
struct machine_call {
    long number;
    uint64_t argument[6];
};

enum {
    MACHINE_CALL = 8,          /* bytes before a return address: crash__machine_is_call() */
    MACHINE_JUMP = 8,          /* bytes at the start of a function: crash__machine_is_jump() */
    MACHINE_PROLOGUE = 512,    /* bytes before a pc, by which its function is judged */
    MACHINE_TRAMPOLINE = 9,    /* bytes at a pc: crash__machine_is_trampoline() */
};

/*
 * Reads the registers from the context of a signal handler, or of getcontext(). Async-signal-safe.
 */
void crash__machine_from_context(const ucontext_t *context, struct registers *ret_registers);

/* What the access did that failed. */
enum crash_access {
    CRASH_ACCESS_UNKNOWN,
    CRASH_READ,
    CRASH_WRITE,
    CRASH_EXECUTE
};

/*
 * Of a signal handler's context: what a page fault was. Async-signal-safe.
 */
enum crash_access crash__machine_access(const ucontext_t *context);

/* The name of a register; NULL for a number that none has. */
const char *crash__machine_register_name(unsigned number);

/* The registers of a ptrace-stopped thread. Returns 0 or a negative errno value. */
int crash__machine_from_stopped(pid_t tid, struct registers *ret_registers);

/*
 * Fills in what is known of a thread inside a system call: its arguments, sp and pc. The other
 * registers are 0.
 */
void crash__machine_from_syscall(const uint64_t argument[6], uint64_t sp, uint64_t pc,
                                 struct registers *ret_registers);

/*
 * The system call of these registers, before the kernel has done it. The kernel takes the low half
 * of the number. Async-signal-safe.
 */
void crash__machine_call(const struct registers *registers, struct machine_call *ret_call);

/* Sets what the system call returns to the code that a handler interrupted. Async-signal-safe. */
void crash__machine_set_result(ucontext_t *context, int64_t result);

/* Does the code right before an address end in a call instruction? */
bool crash__machine_is_call(const unsigned char bytes[MACHINE_CALL]);

/*
 * Returns the target of a call instruction that ends at `next`; 0 if the code does not tell it, as
 * in a call through a register.
 */
uint64_t crash__machine_call_target(const unsigned char bytes[MACHINE_CALL], uint64_t next);

/* Does a function begin with a jump, as one that stands for a function of another module? */
bool crash__machine_is_jump(const unsigned char bytes[MACHINE_JUMP]);

/*
 * Judges by the code before a pc, most recent byte last: has the function set up a frame record,
 * so that the frame pointer leads to it? A guess where compilers do so only on demand.
 */
bool crash__machine_has_frame_record(const unsigned char bytes[MACHINE_PROLOGUE]);

/*
 * By the same bytes: returns the size of the frame of a function that keeps no frame pointer, from
 * its stack pointer to its return address; 0 if it is not known. A guess.
 */
uint64_t crash__machine_frame_size(const unsigned char bytes[MACHINE_PROLOGUE]);

/* Is this the code that signal handlers return to? */
bool crash__machine_is_trampoline(const unsigned char bytes[MACHINE_TRAMPOLINE]);

/* Returns the address of the ucontext_t of a handler that has returned to the trampoline. */
uint64_t crash__machine_context_address(const struct registers *registers);

/*
 * Reads the return address of a call. Returns 1 if the CPU keeps it in a register, with *ret_value
 * set; 0 if it is on top of the stack.
 */
int crash__machine_link(const struct registers *registers, uint64_t *ret_value);

/* Returns the target of a saved return address: removes a pointer authentication code. */
uint64_t crash__machine_unsign(uint64_t address);

#endif
