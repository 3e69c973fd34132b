/*
 * machine.c - registers, call instructions and signal frames of each CPU architecture
 */
#include "src/crash/machine.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

static int read_stopped(pid_t tid, void *ret_user, size_t size)
{
    struct iovec vec = {ret_user, size};

    if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &vec) != 0)
        return -errno;
    return vec.iov_len == size ? 0 : -EPROTO;
}

#if defined(__x86_64__)

void crash__machine_from_context(const ucontext_t *context, struct registers *ret_registers)
{
    static const unsigned char order[MACHINE_REGISTERS] = {
        REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
        REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP,
    };

    for (int i = 0; i < MACHINE_REGISTERS; i++)
        ret_registers->value[i] = (uint64_t)context->uc_mcontext.gregs[order[i]];
}

enum crash_access crash__machine_access(const ucontext_t *context)
{
    enum { PAGE_FAULT = 14, WRITE = 1 << 1, FETCH = 1 << 4 };
    uint64_t error = (uint64_t)context->uc_mcontext.gregs[REG_ERR];

    if (context->uc_mcontext.gregs[REG_TRAPNO] != PAGE_FAULT)
        return CRASH_ACCESS_UNKNOWN;
    if (error & FETCH)
        return CRASH_EXECUTE;
    return error & WRITE ? CRASH_WRITE : CRASH_READ;
}

const char *crash__machine_register_name(unsigned number)
{
    static const char *const names[MACHINE_REGISTERS] = {
        "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
        "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip",
    };

    return number < MACHINE_REGISTERS ? names[number] : NULL;
}

int crash__machine_from_stopped(pid_t tid, struct registers *ret_registers)
{
    struct user_regs_struct user;
    int error = read_stopped(tid, &user, sizeof user);

    if (error)
        return error;
    *ret_registers = (struct registers){{
        user.rax, user.rdx, user.rcx, user.rbx, user.rsi, user.rdi, user.rbp, user.rsp, user.r8,
        user.r9, user.r10, user.r11, user.r12, user.r13, user.r14, user.r15, user.rip,
    }};
    return 0;
}

/* Registers of the arguments of a system call: rdi rsi rdx r10 r8 r9. */
static const unsigned char call_order[6] = {5, 4, 1, 10, 8, 9};

void crash__machine_call(const struct registers *registers, struct machine_call *ret_call)
{
    ret_call->number = (int32_t)registers->value[0];
    for (int i = 0; i < 6; i++)
        ret_call->argument[i] = registers->value[call_order[i]];
}

void crash__machine_set_result(ucontext_t *context, int64_t result)
{
    context->uc_mcontext.gregs[REG_RAX] = result;
}

void crash__machine_from_syscall(const uint64_t argument[6], uint64_t sp, uint64_t pc,
                                 struct registers *ret_registers)
{
    *ret_registers = (struct registers){0};
    for (int i = 0; i < 6; i++)
        ret_registers->value[call_order[i]] = argument[i];
    ret_registers->value[MACHINE_SP] = sp;
    ret_registers->value[MACHINE_PC] = pc;
}

bool crash__machine_is_call(const unsigned char bytes[MACHINE_CALL])
{
    /* call through memory or a register: ff /2, in every length that its operand can have */
    static const unsigned char lengths[] = {2, 3, 4, 6, 7};

    if (bytes[MACHINE_CALL - 5] == 0xe8)
        return true;
    for (unsigned i = 0; i < sizeof lengths; i++) {
        const unsigned char *at = bytes + MACHINE_CALL - lengths[i];

        if (at[0] == 0xff && (at[1] >> 3 & 7) == 2)
            return true;
    }
    return false;
}

uint64_t crash__machine_call_target(const unsigned char bytes[MACHINE_CALL], uint64_t next)
{
    int32_t distance;

    if (bytes[MACHINE_CALL - 5] != 0xe8)
        return 0;
    memcpy(&distance, bytes + MACHINE_CALL - sizeof distance, sizeof distance);
    return next + (uint64_t)(int64_t)distance;
}

bool crash__machine_is_jump(const unsigned char bytes[MACHINE_JUMP])
{
    static const unsigned char landing[] = {0xf3, 0x0f, 0x1e, 0xfa};    /* endbr64 */
    const unsigned char *at = bytes;

    if (memcmp(at, landing, sizeof landing) == 0)
        at += sizeof landing;
    if (*at == 0xf2)    /* bnd */
        at++;
    return at[0] == 0xe9 || at[0] == 0xeb || (at[0] == 0xff && (at[1] >> 3 & 7) == 4);
}

/* What a function begins with, or what lies between two functions. */
static bool is_start(const unsigned char *at, size_t size)
{
    static const struct {
        unsigned char size, bytes[4];
    } starts[] = {
        {1, {0x55}},                    /* push %rbp */
        {1, {0x53}},                    /* push %rbx */
        {2, {0x41, 0x54}},              /* push %r12, and the other three */
        {2, {0x41, 0x55}},
        {2, {0x41, 0x56}},
        {2, {0x41, 0x57}},
        {3, {0x48, 0x83, 0xec}},        /* sub $n, %rsp */
        {3, {0x48, 0x81, 0xec}},
        {4, {0xf3, 0x0f, 0x1e, 0xfa}},  /* endbr64 */
        {2, {0x0f, 0x1f}},              /* nop, in several lengths */
        {2, {0x66, 0x0f}},
        {2, {0x66, 0x2e}},
        {2, {0x66, 0x66}},
        {2, {0x66, 0x90}},
        {1, {0x90}},
        {1, {0xcc}},                    /* int3 */
    };

    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (size >= starts[i].size && memcmp(at, starts[i].bytes, starts[i].size) == 0)
            return true;
    return false;
}

/* The same byte is a part of many other instructions. */
static bool is_ret(const unsigned char *bytes, size_t at, size_t size)
{
    return bytes[at] == 0xc3 && is_start(bytes + at + 1, size - at - 1);
}

/* mov %rsp, %rbp, in both encodings */
static bool is_set_up(const unsigned char *at)
{
    return at[0] == 0x48 && ((at[1] == 0x89 && at[2] == 0xe5) || (at[1] == 0x8b && at[2] == 0xec));
}

bool crash__machine_has_frame_record(const unsigned char bytes[MACHINE_PROLOGUE])
{
    for (size_t i = MACHINE_PROLOGUE - 3; i-- > 0;) {
        if (is_set_up(bytes + i))
            return true;
        if (is_ret(bytes, i, MACHINE_PROLOGUE))
            return false;
    }
    return false;
}

/* sub $n, %rsp or add $n, %rsp, with one byte or four; 0: neither. */
static uint64_t moved_by(const unsigned char *at, unsigned char operation)
{
    int32_t distance;

    if (at[0] != 0x48 || at[2] != operation)
        return 0;
    if (at[1] == 0x83)
        return at[3] < 0x80 ? at[3] : 0;
    memcpy(&distance, at + 3, sizeof distance);
    return at[1] == 0x81 && distance > 0 ? (uint64_t)distance : 0;
}

/* push of one of eight registers, and of the other eight by a prefix */
static uint64_t pushed_before(const unsigned char *bytes, size_t at)
{
    uint64_t size = 0;

    for (; at > 0 && (bytes[at - 1] & 0xf8) == 0x50; size += 8)
        at -= at > 1 && bytes[at - 2] == 0x41 ? 2 : 1;
    return size;
}

uint64_t crash__machine_frame_size(const unsigned char bytes[MACHINE_PROLOGUE])
{
    enum { SUB = 0xec, ADD = 0xc4, LONGEST = 7 };
    unsigned char copy[MACHINE_PROLOGUE + LONGEST] = {0};

    memcpy(copy, bytes, MACHINE_PROLOGUE);
    for (size_t i = MACHINE_PROLOGUE - 3; i-- > 0;) {
        uint64_t size = moved_by(copy + i, SUB);

        if (size)
            return size + pushed_before(copy, i);
        if (is_set_up(copy + i) || is_ret(copy, i, MACHINE_PROLOGUE) || moved_by(copy + i, ADD))
            return 0;
    }
    return 0;
}

bool crash__machine_is_trampoline(const unsigned char bytes[MACHINE_TRAMPOLINE])
{
    /* mov $SYS_rt_sigreturn, %rax; syscall */
    static const unsigned char code[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};

    return memcmp(bytes, code, sizeof code) == 0;
}

uint64_t crash__machine_context_address(const struct registers *registers)
{
    return registers->value[MACHINE_SP];
}

int crash__machine_link(const struct registers *registers, uint64_t *ret_value)
{
    (void)registers;
    (void)ret_value;
    return 0;
}

uint64_t crash__machine_unsign(uint64_t address)
{
    return address;
}

#elif defined(__aarch64__)

void crash__machine_from_context(const ucontext_t *context, struct registers *ret_registers)
{
    for (int i = 0; i <= MACHINE_LR; i++)
        ret_registers->value[i] = context->uc_mcontext.regs[i];
    ret_registers->value[MACHINE_SP] = context->uc_mcontext.sp;
    ret_registers->value[MACHINE_PC] = context->uc_mcontext.pc;
}

/* The kernel gives it only in a record that not every version writes. */
enum crash_access crash__machine_access(const ucontext_t *context)
{
    (void)context;
    return CRASH_ACCESS_UNKNOWN;
}

const char *crash__machine_register_name(unsigned number)
{
    static const char *const names[MACHINE_REGISTERS] = {
        "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
        "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
        "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp",  "pc",
    };

    return number < MACHINE_REGISTERS ? names[number] : NULL;
}

int crash__machine_from_stopped(pid_t tid, struct registers *ret_registers)
{
    struct user_regs_struct user;
    int error = read_stopped(tid, &user, sizeof user);

    if (error)
        return error;
    for (int i = 0; i <= MACHINE_LR; i++)
        ret_registers->value[i] = user.regs[i];
    ret_registers->value[MACHINE_SP] = user.sp;
    ret_registers->value[MACHINE_PC] = user.pc;
    return 0;
}

void crash__machine_call(const struct registers *registers, struct machine_call *ret_call)
{
    ret_call->number = (int32_t)registers->value[8];
    for (int i = 0; i < 6; i++)
        ret_call->argument[i] = registers->value[i];
}

void crash__machine_set_result(ucontext_t *context, int64_t result)
{
    context->uc_mcontext.regs[0] = (unsigned long long)result;
}

void crash__machine_from_syscall(const uint64_t argument[6], uint64_t sp, uint64_t pc,
                                 struct registers *ret_registers)
{
    *ret_registers = (struct registers){0};
    for (int i = 0; i < 6; i++)
        ret_registers->value[i] = argument[i];
    ret_registers->value[MACHINE_SP] = sp;
    ret_registers->value[MACHINE_PC] = pc;
}

bool crash__machine_is_call(const unsigned char bytes[MACHINE_CALL])
{
    uint32_t code;

    memcpy(&code, bytes + MACHINE_CALL - sizeof code, sizeof code);
    return (code & 0xfc000000) == 0x94000000 || (code & 0xfffffc1f) == 0xd63f0000;    /* bl, blr */
}

uint64_t crash__machine_call_target(const unsigned char bytes[MACHINE_CALL], uint64_t next)
{
    uint32_t code;

    memcpy(&code, bytes + MACHINE_CALL - sizeof code, sizeof code);
    if ((code & 0xfc000000) != 0x94000000)
        return 0;
    /* 26 bits, signed, in words of four bytes, relative to the instruction itself */
    return next - 4 + (uint64_t)((int64_t)((uint64_t)code << 38) >> 36);
}

/* The stubs of the linker load the address of the function before they jump. */
bool crash__machine_is_jump(const unsigned char bytes[MACHINE_JUMP])
{
    uint32_t code;

    memcpy(&code, bytes, sizeof code);
    return (code & 0xfc000000) == 0x14000000 || (code & 0x9f00001f) == 0x90000010;    /* b, adrp x16 */
}

/* Every function that calls another one has a frame record. */
bool crash__machine_has_frame_record(const unsigned char bytes[MACHINE_PROLOGUE])
{
    (void)bytes;
    return true;
}

uint64_t crash__machine_frame_size(const unsigned char bytes[MACHINE_PROLOGUE])
{
    (void)bytes;
    return 0;
}

bool crash__machine_is_trampoline(const unsigned char bytes[MACHINE_TRAMPOLINE])
{
    /* mov x8, #SYS_rt_sigreturn; svc #0 */
    static const uint32_t code[] = {0xd2801168, 0xd4000001};

    return memcmp(bytes, code, sizeof code) == 0;
}

uint64_t crash__machine_context_address(const struct registers *registers)
{
    return registers->value[MACHINE_SP] + 128;    /* behind the siginfo_t */
}

int crash__machine_link(const struct registers *registers, uint64_t *ret_value)
{
    *ret_value = crash__machine_unsign(registers->value[MACHINE_LR]);
    return 1;
}

uint64_t crash__machine_unsign(uint64_t address)
{
    register uint64_t link __asm__("x30") = address;

    /* xpaclri, by its encoding as a hint; older processors ignore it */
    __asm__("hint #7" : "+r"(link));
    return link;
}

#endif
