/*
 * sandbox_helpers.c - calls in a sandbox
 */
#include "tests/support/sandbox_helpers.h"

#include "src/call/builder.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/somebody.h"

#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

procspawn_builder *sandbox_builder;

static void begin(void)
{
    calls_begin();
    sandbox_builder = procspawn_builder_new();
    CU_ASSERT_FATAL(sandbox_builder != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_COMPUTE), 0);
}

void sandbox_begin(void)
{
    begin();
}

/* A process that changes its user may not be examined, until it says so. */
void sandbox_begin_as_somebody(void)
{
    if (geteuid() == 0)
        become(SOMEBODY);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    begin();
}

void sandbox_end(void)
{
    procspawn_builder_free(sandbox_builder);
    calls_end();
}

static procspawn_pool *make_pool(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    CU_ASSERT_FATAL(builder != NULL);
    procspawn_builder *process = procspawn_pool_builder_process(builder);
    PROCSPAWN_CUNIT_EQUAL(procspawn__sandbox_copy(&sandbox_builder->sandbox, &process->sandbox),
                          0);
    procspawn_builder_hook(process, sandbox_builder->hook, sandbox_builder->hook_argument);
    return pool_build(builder);
}

static void call_in_pool(procspawn_function *function, json_t *argument,
                         struct procspawn_result *ret_result)
{
    procspawn_pool *pool = make_pool();
    const struct procspawn_call_options options = { .pool = pool, .take_argument = true };
    struct procspawn_result first;

    procspawn_call_with(&(struct procspawn_call_options){ .pool = pool }, calls_echo, NULL, &first);
    procspawn_result_fini(&first);
    procspawn_call_with(&options, function, argument, ret_result);
    procspawn_pool_free(pool);
}

void sandbox_call(enum sandbox_way way, procspawn_function *function, json_t *argument,
                  struct procspawn_result *ret_result)
{
    const struct procspawn_call_options options = { .builder = sandbox_builder,
                                                    .take_argument = true };
    if (way == SANDBOX_POOL)
        call_in_pool(function, argument, ret_result);
    else
        procspawn_call_with(&options, function, argument, ret_result);
}

void sandbox_check_integer(procspawn_function *function, json_int_t wanted)
{
    for (int way = 0; way < SANDBOX_WAYS; way++) {
        struct procspawn_result result;
        sandbox_call((enum sandbox_way)way, function, json_null(), &result);
        if (result.error)
            procspawn_error_print(result.error, stderr);
        PROCSPAWN_CUNIT_EQUAL(result.status, 0);
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(result.value), wanted);
        procspawn_result_fini(&result);
    }
}

static void check_violation(const procspawn_error *error, const char *system_call,
                            const char *message)
{
    const char *name = procspawn_error_syscall(error);

    PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(error), PROCSPAWN_ERROR_REMOTE_CLOSE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_cause(error), PROCSPAWN_CAUSE_SANDBOX);
    CU_ASSERT(procspawn_error_is_violation(error));
    CU_ASSERT(procspawn_error_frame_count(error) > 0);
    CU_ASSERT(name && strcmp(name, system_call) == 0);
    CU_ASSERT(!message || strcmp(procspawn_error_message(error), message) == 0);
    if (!name || strcmp(name, system_call) != 0 ||
        (message && strcmp(procspawn_error_message(error), message) != 0))
        procspawn_error_print(error, stderr);
}

void sandbox_check_violation(procspawn_function *function, const char *system_call,
                             const char *message)
{
    for (int way = 0; way < SANDBOX_WAYS; way++) {
        struct procspawn_result result;
        sandbox_call((enum sandbox_way)way, function, json_null(), &result);
        PROCSPAWN_CUNIT_EQUAL(result.status, PROCSPAWN_ECALL);
        CU_ASSERT(result.error != NULL);
        if (result.error)
            check_violation(result.error, system_call, message);
        procspawn_result_fini(&result);
    }
}

void sandbox_check_setup(procspawn_function *function, const char *text)
{
    struct procspawn_result result;

    sandbox_call(SANDBOX_CALL, function, json_null(), &result);
    PROCSPAWN_CUNIT_EQUAL(result.status, PROCSPAWN_ECALL);
    CU_ASSERT_FATAL(result.error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(result.error), PROCSPAWN_ERROR_SETUP);
    CU_ASSERT(strstr(procspawn_error_message(result.error), text) != NULL);
    if (!strstr(procspawn_error_message(result.error), text))
        procspawn_error_print(result.error, stderr);
    procspawn_result_fini(&result);
}
