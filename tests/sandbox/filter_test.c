/*
 * filter_test.c - the compiled filters say of every system call what the table says
 */
#include "src/base/system_call.h"
#include "src/sandbox/program.h"
#include "src/sandbox/rules.h"
#include "tests/support/filter_machine.h"

#include <errno.h>
#include <forkscope/cunit.h>
#include <linux/audit.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif

enum { NUMBERS = 1024, PID = 4711, CALLS_OF_X32 = 0x40000000 };

static const uint64_t filter_address = UINT64_C(0x7f00112233445566);

static const struct sandbox_completion completion = {
    .pid = PID,
    .filter = filter_address,
    .denied = SECCOMP_RET_TRAP,
    .threads = SECCOMP_RET_ALLOW | 1,
    .code = SECCOMP_RET_ALLOW | 2,
    .listen = SECCOMP_RET_ALLOW | 3,
};

/* ---- what the table says ---- */

static bool holds(const struct sandbox_condition *condition, const uint64_t argument[6])
{
    uint64_t value = argument[condition->argument];

    switch (condition->comparison) {
    case SANDBOX_INT_BITS:
        return ((uint32_t)value & condition->mask) == condition->value;
    case SANDBOX_WORD_BITS:
        return (value & condition->mask) == condition->value;
    case SANDBOX_WORD:
        return value == condition->value;
    case SANDBOX_OTHER:
        return value != condition->value;
    case SANDBOX_LESS_EQUAL:
        return value <= condition->value;
    case SANDBOX_OWN:
        return (uint32_t)value == PID;
    case SANDBOX_OWN_FILTER:
        return value == filter_address;
    }
    return false;
}

static bool applies(const struct sandbox_rule *rule, const struct seccomp_data *data)
{
    uint64_t argument[6];

    memcpy(argument, data->args, sizeof argument);
    if (rule->number != data->nr)
        return false;
    for (size_t i = 0; i < rule->condition_count; i++) {
        if (!holds(&rule->condition[i], argument))
            return false;
    }
    return true;
}

static bool is_known(long number)
{
    return number <= SANDBOX_NEWEST_CALL &&
           (number < SANDBOX_GAP_BEGIN || number >= SANDBOX_GAP_END);
}

static uint32_t answer_of(enum sandbox_verdict verdict)
{
    switch (verdict) {
    case SANDBOX_ALLOW:
        return SECCOMP_RET_ALLOW;
    case SANDBOX_THREADS:
        return completion.threads;
    case SANDBOX_CODE:
        return completion.code;
    case SANDBOX_LISTEN:
        return completion.listen;
    case SANDBOX_EPERM:
        return SECCOMP_RET_ERRNO | EPERM;
    case SANDBOX_EINVAL:
        return SECCOMP_RET_ERRNO | EINVAL;
    case SANDBOX_ENOSYS:
        return SECCOMP_RET_ERRNO | ENOSYS;
    case SANDBOX_EOPNOTSUPP:
        return SECCOMP_RET_ERRNO | EOPNOTSUPP;
    default:
        return SECCOMP_RET_TRAP;
    }
}

static uint32_t expected(enum procspawn_sandbox profile, const struct seccomp_data *data)
{
    if (!is_known(data->nr))
        return SECCOMP_RET_ERRNO | ENOSYS;
    for (size_t i = 0; i < sandbox__rule_count; i++) {
        const struct sandbox_rule *rule = &sandbox__rules[i];
        if (sandbox__rule_is_of(rule, profile) && applies(rule, data))
            return answer_of(rule->verdict);
    }
    return SECCOMP_RET_TRAP;
}

/* ---- the walk ---- */

static struct sock_fprog program;

static void load(enum procspawn_sandbox profile)
{
    PROCSPAWN_CUNIT_EQUAL(sandbox__program(profile, &completion, &program), 0);
}

static unsigned differences;

static void compare(enum procspawn_sandbox profile, const struct seccomp_data *data)
{
    uint32_t is = filter_machine_run(&program, data);
    uint32_t should = expected(profile, data);

    if (is == should)
        return;
    if (differences++ < 10)
        printf("call %d (0x%llx, 0x%llx, 0x%llx, 0x%llx): 0x%x, the table says 0x%x\n", data->nr,
               (unsigned long long)data->args[0], (unsigned long long)data->args[1],
               (unsigned long long)data->args[2], (unsigned long long)data->args[3], is, should);
}

/* Values of arguments that could make a difference: of all conditions, their neighbours, and what
 * they are with something in the upper half. */
enum { VALUES = 600 };

static uint64_t values[VALUES];
static size_t value_count;

static void add_value(uint64_t value)
{
    for (size_t i = 0; i < value_count; i++) {
        if (values[i] == value)
            return;
    }
    if (value_count < VALUES)
        values[value_count++] = value;
}

static void add_neighbours(uint64_t value)
{
    add_value(value);
    add_value(value + 1);
    add_value(value - 1);
    add_value(value | UINT64_C(1) << 32);
    add_value(value | UINT64_C(0xffffffff00000000));
}

static void collect_values(long number, unsigned argument)
{
    value_count = 0;
    add_neighbours(0);
    for (size_t i = 0; i < sandbox__rule_count; i++) {
        const struct sandbox_rule *rule = &sandbox__rules[i];
        for (size_t c = 0; rule->number == number && c < rule->condition_count; c++) {
            const struct sandbox_condition *condition = &rule->condition[c];
            if (condition->argument != argument)
                continue;
            add_neighbours(condition->value);
            add_value(condition->value | ~condition->mask);
            for (unsigned bit = 0; bit < 64; bit++)
                add_value(condition->value ^ UINT64_C(1) << bit);
        }
    }
    add_neighbours(PID);
    add_neighbours(filter_address);
}

/* Each rule of the call, with its conditions met, and then one argument after the other changed. */
static void meet(const struct sandbox_rule *rule, struct seccomp_data *data)
{
    for (size_t c = 0; c < rule->condition_count; c++) {
        const struct sandbox_condition *condition = &rule->condition[c];
        uint64_t value = condition->value;
        if (condition->comparison == SANDBOX_OWN)
            value = PID;
        else if (condition->comparison == SANDBOX_OWN_FILTER)
            value = filter_address;
        else if (condition->comparison == SANDBOX_OTHER)
            value = condition->value + 1;
        data->args[condition->argument] = value;
    }
}

static void vary(enum procspawn_sandbox profile, const struct seccomp_data *met)
{
    for (unsigned argument = 0; argument < 6; argument++) {
        struct seccomp_data data = *met;
        collect_values(met->nr, argument);
        for (size_t i = 0; i < value_count; i++) {
            data.args[argument] = values[i];
            compare(profile, &data);
        }
    }
}

static void walk(enum procspawn_sandbox profile)
{
    differences = 0;
    load(profile);
    for (int number = 0; number < NUMBERS; number++) {
        struct seccomp_data data = { .nr = number, .arch = NATIVE };
        vary(profile, &data);
        for (size_t i = 0; i < sandbox__rule_count; i++) {
            if (sandbox__rules[i].number != number)
                continue;
            meet(&sandbox__rules[i], &data);
            vary(profile, &data);
        }
    }
    PROCSPAWN_CUNIT_EQUAL(differences, 0);
}

static void the_filter_of_compute_is_the_table(void)
{
    walk(PROCSPAWN_SANDBOX_COMPUTE);
}

static void the_filter_of_files_is_the_table(void)
{
    walk(PROCSPAWN_SANDBOX_FILES);
}

static void the_filter_of_network_is_the_table(void)
{
    walk(PROCSPAWN_SANDBOX_NETWORK);
}

/* ---- beyond the table ---- */

static uint32_t answer(uint32_t architecture, int number)
{
    const struct seccomp_data data = { .nr = number, .arch = architecture };
    return filter_machine_run(&program, &data);
}

static void foreign_tables_of_system_calls_end_the_process(void)
{
    for (int profile = PROCSPAWN_SANDBOX_COMPUTE; profile <= PROCSPAWN_SANDBOX_NETWORK; profile++) {
        load((enum procspawn_sandbox)profile);
        for (int number = 0; number < NUMBERS; number++) {
            PROCSPAWN_CUNIT_EQUAL(answer(AUDIT_ARCH_I386, number), SECCOMP_RET_KILL_PROCESS);
            PROCSPAWN_CUNIT_EQUAL(answer(AUDIT_ARCH_ARM, number), SECCOMP_RET_KILL_PROCESS);
#ifdef __x86_64__
            PROCSPAWN_CUNIT_EQUAL(answer(NATIVE, CALLS_OF_X32 + number), SECCOMP_RET_KILL_PROCESS);
#endif
        }
    }
}

static void no_number_of_a_negative_call_is_allowed(void)
{
    load(PROCSPAWN_SANDBOX_NETWORK);
    for (int number = -1; number > -NUMBERS; number--)
        CU_ASSERT((answer(NATIVE, number) & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ALLOW);
}

static void a_wider_profile_allows_all_that_a_narrower_one_does(void)
{
    for (int number = 0; number < NUMBERS; number++) {
        bool before = false;
        for (int profile = PROCSPAWN_SANDBOX_COMPUTE; profile <= PROCSPAWN_SANDBOX_NETWORK;
             profile++) {
            const struct seccomp_data data = { .nr = number, .arch = NATIVE };
            bool now = expected((enum procspawn_sandbox)profile, &data) == SECCOMP_RET_ALLOW;
            CU_ASSERT(now || !before);
            before = now;
        }
    }
}

static bool are_same(const struct sandbox_rule *a, const struct sandbox_rule *b)
{
    if (a->number != b->number || a->condition_count != b->condition_count)
        return false;
    for (size_t i = 0; i < a->condition_count; i++) {
        if (strcmp(a->condition[i].text, b->condition[i].text) != 0)
            return false;
    }
    return true;
}

static void no_rule_is_written_twice(void)
{
    for (size_t i = 0; i < sandbox__rule_count; i++) {
        for (size_t j = 0; j < i; j++)
            CU_ASSERT(!are_same(&sandbox__rules[i], &sandbox__rules[j]));
    }
}

static void every_system_call_of_the_table_has_a_name(void)
{
    for (size_t i = 0; i < sandbox__rule_count; i++) {
        const struct base__system_call *call = base__system_call(sandbox__rules[i].number);
        CU_ASSERT_FATAL(call != NULL);
        CU_ASSERT_STRING_EQUAL(call->name, sandbox__rules[i].name);
    }
}

static void completion_leaves_nothing_open(void)
{
    for (int profile = PROCSPAWN_SANDBOX_COMPUTE; profile <= PROCSPAWN_SANDBOX_NETWORK; profile++) {
        load((enum procspawn_sandbox)profile);
        for (unsigned i = 0; i < program.len; i++) {
            const struct sock_filter *one = &program.filter[i];
            bool is_errno = one->code == (BPF_RET | BPF_K) &&
                            (one->k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
            CU_ASSERT(!is_errno || (one->k & SECCOMP_RET_DATA) < 0xff0);
        }
    }
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_filter_of_compute_is_the_table),
    TEST(the_filter_of_files_is_the_table),
    TEST(the_filter_of_network_is_the_table),
    TEST(foreign_tables_of_system_calls_end_the_process),
    TEST(no_number_of_a_negative_call_is_allowed),
    TEST(a_wider_profile_allows_all_that_a_narrower_one_does),
    TEST(no_rule_is_written_twice),
    TEST(every_system_call_of_the_table_has_a_name),
    TEST(completion_leaves_nothing_open),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "filter", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
