/*
 * judge.c - judges a system call by the table of rules
 */
#include "src/sandbox/judge.h"

#include <stdbool.h>
#include <stddef.h>

static bool holds(const struct sandbox_condition *condition,
                  const uint64_t argument[SANDBOX_ARGUMENTS], pid_t own)
{
    const uint64_t value = argument[condition->argument];

    switch (condition->comparison) {
    case SANDBOX_INT_BITS:
        return ((uint32_t)value & (uint32_t)condition->mask) == (uint32_t)condition->value;
    case SANDBOX_WORD_BITS:
        return (value & condition->mask) == condition->value;
    case SANDBOX_WORD:
        return value == condition->value;
    case SANDBOX_OTHER:
        return value != condition->value;
    case SANDBOX_LESS_EQUAL:
        return value <= condition->value;
    case SANDBOX_OWN:
        return (uint32_t)value == (uint32_t)own;
    case SANDBOX_OWN_FILTER:
        return false;
    }
    return false;
}

static bool all_hold(const struct sandbox_rule *rule, const uint64_t argument[SANDBOX_ARGUMENTS],
                     pid_t own)
{
    for (size_t i = 0; i < rule->condition_count; i++) {
        if (!holds(&rule->condition[i], argument, own))
            return false;
    }
    return true;
}

enum sandbox_verdict sandbox__judge(enum procspawn_sandbox profile, long number,
                                    const uint64_t argument[SANDBOX_ARGUMENTS], pid_t own)
{
    for (size_t i = 0; i < sandbox__rule_count; i++) {
        const struct sandbox_rule *rule = &sandbox__rules[i];
        if (rule->number == number && sandbox__rule_is_of(rule, profile) &&
            all_hold(rule, argument, own))
            return rule->verdict;
    }
    return SANDBOX_DENIED;
}

static bool compares_all(const struct sandbox_condition *condition)
{
    return condition->comparison == SANDBOX_INT_BITS && condition->mask == UINT32_MAX;
}

/* The bit of the outcome is that of the condition among those of its argument. */
static void add_outcomes(long number, const uint64_t argument[SANDBOX_ARGUMENTS], pid_t own,
                         uint64_t ret_outcomes[SANDBOX_ARGUMENTS],
                         bool ret_whole[SANDBOX_ARGUMENTS])
{
    for (size_t i = 0; i < sandbox__rule_count; i++) {
        const struct sandbox_rule *rule = &sandbox__rules[i];
        for (size_t k = 0; rule->number == number && k < rule->condition_count; k++) {
            const struct sandbox_condition *condition = &rule->condition[k];
            uint64_t *outcomes = &ret_outcomes[condition->argument];
            *outcomes = *outcomes << 1 | holds(condition, argument, own);
            ret_whole[condition->argument] |= compares_all(condition);
        }
    }
}

void sandbox__signature(long number, const uint64_t argument[SANDBOX_ARGUMENTS], pid_t own,
                        uint64_t ret_signature[SANDBOX_ARGUMENTS])
{
    bool whole[SANDBOX_ARGUMENTS] = { false };

    for (int i = 0; i < SANDBOX_ARGUMENTS; i++)
        ret_signature[i] = 0;
    add_outcomes(number, argument, own, ret_signature, whole);
    for (int i = 0; i < SANDBOX_ARGUMENTS; i++) {
        if (whole[i])
            ret_signature[i] = (uint32_t)argument[i];
    }
}
