/*
 * program.c - compiles the rules with libseccomp, and completes the programs
 */
#include "src/sandbox/program.h"

#include "src/config.h"
#include "src/sandbox/rules.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#if HAVE_SECCOMP
#include <seccomp.h>
#endif

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/* Numbers of the x32 table begin here; no processor has a native system call above. */
enum { FOREIGN_CALLS = 0x40000000 };

enum { INSTRUCTIONS = 1024, PROFILES = PROCSPAWN_SANDBOX_NETWORK + 1 };

/* They stand in the compiled programs for what completion sets. */
enum {
    OPEN_ANSWER = 0xff0,        /* errno values from here: enum sandbox_verdict is added */
    OPEN_PID = 0x6f776e70,
    OPEN_FILTER_HIGH = 0x6f776e66,
    OPEN_FILTER_LOW = 0x6f776e6c
};

struct program {
    unsigned short length;      /* 0: not compiled */
    struct sock_filter code[INSTRUCTIONS];
};

static struct program programs[PROFILES];

/* ---- what libseccomp cannot say ---- */

/*
 * System calls that the table does not know. libseccomp has no ranges, so this stands before its
 * program, which judges the architecture and the x32 table by itself.
 */
static const struct sock_filter unknown_calls[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 0, 6),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FOREIGN_CALLS, 4, 0),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SANDBOX_NEWEST_CALL, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SANDBOX_GAP_END, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SANDBOX_GAP_BEGIN, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
};

enum { PREFIX = sizeof unknown_calls / sizeof unknown_calls[0] };

/* ---- compilation ---- */

#if HAVE_SECCOMP

static uint32_t action_of(enum sandbox_verdict verdict)
{
    switch (verdict) {
    case SANDBOX_ALLOW:
        return SCMP_ACT_ALLOW;
    case SANDBOX_EPERM:
        return SCMP_ACT_ERRNO(EPERM);
    case SANDBOX_EINVAL:
        return SCMP_ACT_ERRNO(EINVAL);
    case SANDBOX_ENOSYS:
        return SCMP_ACT_ERRNO(ENOSYS);
    case SANDBOX_EOPNOTSUPP:
        return SCMP_ACT_ERRNO(EOPNOTSUPP);
    case SANDBOX_EMULATE:
        return SCMP_ACT_TRAP;
    default:
        return SCMP_ACT_ERRNO((uint32_t)OPEN_ANSWER + (uint32_t)verdict);
    }
}

static struct scmp_arg_cmp comparison_of(const struct sandbox_condition *condition)
{
    const uint64_t filter = (uint64_t)OPEN_FILTER_HIGH << 32 | OPEN_FILTER_LOW;
    struct scmp_arg_cmp compare = { .arg = condition->argument, .datum_a = condition->value };

    switch (condition->comparison) {
    case SANDBOX_INT_BITS:
    case SANDBOX_WORD_BITS:
        compare.op = SCMP_CMP_MASKED_EQ;
        compare.datum_a = condition->mask;
        compare.datum_b = condition->value;
        break;
    case SANDBOX_WORD:
        compare.op = SCMP_CMP_EQ;
        break;
    case SANDBOX_OTHER:
        compare.op = SCMP_CMP_NE;
        break;
    case SANDBOX_LESS_EQUAL:
        compare.op = SCMP_CMP_LE;
        break;
    case SANDBOX_OWN:
        compare.op = SCMP_CMP_MASKED_EQ;
        compare.datum_a = UINT32_MAX;
        compare.datum_b = OPEN_PID;
        break;
    case SANDBOX_OWN_FILTER:
        compare.op = SCMP_CMP_EQ;
        compare.datum_a = filter;
        break;
    }
    return compare;
}

static int add_rule(scmp_filter_ctx context, const struct sandbox_rule *rule)
{
    struct scmp_arg_cmp compare[SANDBOX_CONDITIONS];

    for (size_t i = 0; i < rule->condition_count; i++)
        compare[i] = comparison_of(&rule->condition[i]);
    return seccomp_rule_add_array(context, action_of(rule->verdict), (int)rule->number,
                                  (unsigned)rule->condition_count, compare);
}

static int add_rules(scmp_filter_ctx context, enum procspawn_sandbox profile)
{
    int rc = 0;

    for (size_t i = 0; i < sandbox__rule_count && rc == 0; i++) {
        if (sandbox__rule_is_of(&sandbox__rules[i], profile))
            rc = add_rule(context, &sandbox__rules[i]);
    }
    return rc;
}

/* The filter of a binary tree has a third more instructions than a list, and runs a fifth of it. */
static int configure(scmp_filter_ctx context)
{
    int rc = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);

    if (rc == 0)
        rc = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    return rc;
}

/* libseccomp 2.5 writes a program to a descriptor only. */
static int export(scmp_filter_ctx context, struct program *program)
{
    int fd = memfd_create("sandbox", MFD_CLOEXEC);
    size_t room = sizeof program->code - sizeof unknown_calls;

    if (fd < 0)
        return -errno;
    int rc = seccomp_export_bpf(context, fd);
    ssize_t size = rc == 0 ? pread(fd, program->code + PREFIX, room, 0) : 0;
    close(fd);
    if (rc < 0)
        return rc;
    if (size <= 0 || (size_t)size == room)
        return -E2BIG;
    memcpy(program->code, unknown_calls, sizeof unknown_calls);
    program->length = (unsigned short)(PREFIX + (size_t)size / sizeof program->code[0]);
    return 0;
}

static int compile(enum procspawn_sandbox profile)
{
    struct program *program = &programs[profile];
    scmp_filter_ctx context = seccomp_init(action_of(SANDBOX_DENIED));

    if (!context)
        return -ENOMEM;
    int rc = configure(context);
    if (rc == 0)
        rc = add_rules(context, profile);
    if (rc == 0)
        rc = export(context, program);
    seccomp_release(context);
    return rc;
}

bool sandbox__can_compile(void)
{
    return true;
}

#else

static int compile(enum procspawn_sandbox profile)
{
    (void)profile;
    return -ENOSYS;
}

bool sandbox__can_compile(void)
{
    return false;
}

#endif

/* A program that cannot be compiled now is tried again by the child that needs it. */
bool procspawn__sandbox_compile_one(void)
{
    static int next = PROCSPAWN_SANDBOX_COMPUTE;

    if (sandbox__can_compile() && next < PROFILES)
        compile((enum procspawn_sandbox)next++);
    return sandbox__can_compile() && next < PROFILES;
}

/* ---- completion ---- */

/*
 * ENOSYS and the like stay: a C library does something else then, and that is what is to be
 * learned. Foreign tables end the process.
 */
static bool is_learned(uint32_t answer)
{
    if ((answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRAP)
        return true;
    return (answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO &&
           ((answer & SECCOMP_RET_DATA) == EPERM || (answer & SECCOMP_RET_DATA) >= OPEN_ANSWER);
}

static uint32_t complete_answer(uint32_t answer, const struct sandbox_completion *completion)
{
    if (completion->learns)
        return is_learned(answer) ? SECCOMP_RET_USER_NOTIF : answer;
    if ((answer & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO)
        return answer;
    switch ((int)(answer & SECCOMP_RET_DATA) - OPEN_ANSWER) {
    case SANDBOX_DENIED:
        return completion->denied;
    case SANDBOX_THREADS:
        return completion->threads;
    case SANDBOX_CODE:
        return completion->code;
    case SANDBOX_LISTEN:
        return completion->listen;
    default:
        return answer;
    }
}

static uint32_t complete_comparison(uint32_t value, const struct sandbox_completion *completion)
{
    switch (value) {
    case OPEN_PID:
        return (uint32_t)completion->pid;
    case OPEN_FILTER_HIGH:
        return (uint32_t)(completion->filter >> 32);
    case OPEN_FILTER_LOW:
        return (uint32_t)completion->filter;
    default:
        return value;
    }
}

static void complete(struct sock_filter *one, const struct sandbox_completion *completion)
{
    if (one->code == (BPF_RET | BPF_K))
        one->k = complete_answer(one->k, completion);
    else if (one->code == (BPF_JMP | BPF_JEQ | BPF_K))
        one->k = complete_comparison(one->k, completion);
}

int sandbox__program(enum procspawn_sandbox profile, const struct sandbox_completion *completion,
                     struct sock_fprog *ret_program)
{
    static struct sock_filter code[INSTRUCTIONS];
    const struct program *program = &programs[profile];
    int rc = program->length > 0 ? 0 : compile(profile);

    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < program->length; i++) {
        code[i] = program->code[i];
        complete(&code[i], completion);
    }
    *ret_program = (struct sock_fprog){ .len = program->length, .filter = code };
    return 0;
}
