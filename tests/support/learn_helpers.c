/*
 * learn_helpers.c - calls that are learned, and lists of needs
 */
#include "tests/support/learn_helpers.h"

#include "src/call/builder.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/process_list.h"
#include "tests/support/somebody.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

void learn_begin(void)
{
    procspawn_config *config = procspawn_config_new();

    CU_ASSERT_FATAL(config != NULL);
    procspawn_config_start_timeout(config, CALLS_START_TIMEOUT);
    procspawn_config_learning(config, true);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    procspawn_config_free(config);
    sandbox_builder = procspawn_builder_new();
    CU_ASSERT_FATAL(sandbox_builder != NULL);
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_COMPUTE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_denial(sandbox_builder, PROCSPAWN_DENIAL_LEARN), 0);
}

void learn_begin_as_somebody(void)
{
    if (geteuid() == 0)
        become(SOMEBODY);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    learn_begin();
}

procspawn_needs *learn_call(procspawn_function *function, json_t *argument, json_int_t *ret_number)
{
    procspawn_handle *handle = calls_build(sandbox_builder, function, argument);
    procspawn_needs *needs = NULL;
    json_t *result = NULL;
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, &result, &error), 0);
    if (error)
        procspawn_error_print(error, stderr);
    procspawn_error_free(error);
    *ret_number = json_integer_value(result);
    json_decref(result);
    PROCSPAWN_CUNIT_EQUAL(procspawn_learned(handle, &needs), 0);
    procspawn_handle_free(handle);
    CU_ASSERT_FATAL(needs != NULL);
    return needs;
}

procspawn_needs *learn(procspawn_function *function, json_t *argument)
{
    json_int_t number;
    procspawn_needs *needs = learn_call(function, argument, &number);

    PROCSPAWN_CUNIT_EQUAL(number, 0);
    return needs;
}

procspawn_pool *learn_pool(unsigned size)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(size);

    CU_ASSERT_FATAL(builder != NULL);
    procspawn_builder *process = procspawn_pool_builder_process(builder);
    PROCSPAWN_CUNIT_EQUAL(procspawn__sandbox_copy(&sandbox_builder->sandbox, &process->sandbox), 0);
    return pool_build(builder);
}

const struct procspawn_need *learn_find(const procspawn_needs *needs, const char *system_call)
{
    for (size_t i = 0; i < procspawn_needs_count(needs); i++) {
        const struct procspawn_need *need = procspawn_needs_at(needs, i);
        if (need->syscall && strcmp(need->syscall, system_call) == 0)
            return need;
    }
    return NULL;
}

const struct procspawn_need *learn_find_path(const procspawn_needs *needs, const char *path)
{
    for (size_t i = 0; i < procspawn_needs_count(needs); i++) {
        const struct procspawn_need *need = procspawn_needs_at(needs, i);
        if (need->path && strcmp(need->path, path) == 0)
            return need;
    }
    return NULL;
}

void learn_check_line(const struct procspawn_need *need, const char *line)
{
    CU_ASSERT_FATAL(need != NULL);
    CU_ASSERT(need->line && strcmp(need->line, line) == 0);
    CU_ASSERT(need->reason == NULL);
    if (!need->line || strcmp(need->line, line) != 0)
        fprintf(stderr, "%s: %s\n", need->text, need->line ? need->line : need->reason);
}

void learn_check_reason(const struct procspawn_need *need, const char *part)
{
    CU_ASSERT_FATAL(need != NULL);
    CU_ASSERT(need->line == NULL);
    CU_ASSERT(need->reason && strstr(need->reason, part) != NULL);
    if (!need->reason || !strstr(need->reason, part))
        fprintf(stderr, "%s: %s\n", need->text, need->line ? need->line : need->reason);
}

void learn_check_code(const procspawn_needs *needs, const char *code)
{
    CU_ASSERT_STRING_EQUAL(procspawn_needs_code(needs), code);
    if (strcmp(procspawn_needs_code(needs), code) == 0)
        return;
    json_t *json = procspawn_needs_json(needs);
    json_dumpf(json, stderr, JSON_INDENT(1));
    json_decref(json);
    fprintf(stderr, "\n%s", procspawn_needs_code(needs));
}

/* It is the child of one of the servers. */
pid_t learn_learner(void)
{
    const pid_t root = calls_root();
    const pid_t first = children_one(root, 0);
    pid_t server = first;

    for (uint64_t i = 1; server != 0; i++) {
        const pid_t learner = calls_child_named(server, "forkscope-learn");
        if (learner != 0)
            return learner;
        server = children_one(root, i);
        if (server == first)
            return 0;
    }
    return 0;
}

void learn_await_end(void)
{
    const int64_t deadline = calls_now() + 10 * CALLS_SECOND;

    while (learn_learner() != 0 && calls_now() < deadline)
        poll(NULL, 0, 5);
    PROCSPAWN_CUNIT_EQUAL(learn_learner(), 0);
}
