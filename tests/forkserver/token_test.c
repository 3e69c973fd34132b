/*
 * token_test.c - the token that proves a server's report about a child, and that no child can send
 * it
 */
#include "src/call/handle.h"
#include "src/call/process.h"
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"
#include "tests/support/memory_search.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/raw_messages.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- words in the server's name: only CAP_SYS_ADMIN may name another sender ---- */

static void forge(void)
{
    struct wire_death death = { .status = 0, .cause = WIRE_ENDED_BY_OOM };
    struct wire_token token = { .word = { 0 } };

    if (raw_send_as(raw_channel(), getppid(), WIRE_DEATH, &death, sizeof death) < 0 ||
        raw_send_as(raw_channel(), getppid(), WIRE_BACKTRACE, &token, sizeof token) < 0)
        _exit(99);
}

static json_t *forge_and_echo(json_t *argument)
{
    forge();
    return json_incref(argument);
}

static json_t *forge_and_hang(json_t *argument)
{
    forge();
    return calls_hang(argument);
}

static void a_death_in_the_servers_name_is_no_death(void)
{
    procspawn_handle *handle = calls_start(forge_and_hang, NULL);

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 100 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 100 * CALLS_MS, NULL), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}

static void an_answer_after_such_a_word_counts(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(forge_and_echo, json_integer(7))), 7);
}

static void a_worker_stays_after_such_a_word(void)
{
    procspawn_pool *pool = pool_make(1);

    json_int_t worker = pool_number(pool, calls_pid, NULL);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, forge_and_echo, json_integer(7)), 7);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_pid, NULL), worker);
    procspawn_pool_free(pool);
}

static json_t *try_to_forge(json_t *argument)
{
    struct wire_death death = { .status = 0, .cause = WIRE_ENDED_BY_OOM };
    (void)argument;

    return json_integer(raw_send_as(raw_channel(), getppid(), WIRE_DEATH, &death, sizeof death));
}

static json_t *nest_a_forger(json_t *argument)
{
    procspawn_handle *handle;
    json_t *result = NULL;

    if (procspawn(try_to_forge, argument, &handle) < 0)
        return NULL;
    procspawn_join(handle, &result, NULL);
    procspawn_handle_free(handle);
    return result;
}

static void a_nested_child_has_no_right_to_such_a_word(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(nest_a_forger, NULL)), -EPERM);
}

/* ---- where tokens are ---- */

static const struct wire_token *token_of(procspawn_handle *handle)
{
    return &((struct procspawn__process *)(void *)handle)->child.token;
}

/* Looks through all memory that it can write. The words are inverted: the argument is no find. */
static json_t *search_for_token(json_t *argument)
{
    const uint64_t inverted[2] = { (uint64_t)json_integer_value(json_array_get(argument, 0)),
                                   (uint64_t)json_integer_value(json_array_get(argument, 1)) };
    FILE *maps = fopen("/proc/self/maps", "re");
    unsigned long from, to, looked = 0;
    char line[512], rights[8];
    bool found = false;

    while (maps && !found && fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3 || strncmp(rights, "rw", 2) != 0)
            continue;
        looked += to - from;
        found = memory_has_inverted((const uint64_t *)from, (const uint64_t *)to, inverted);
    }
    return json_pack("[bI]", found, (json_int_t)looked);
}

static void no_child_has_the_token_of_another(void)
{
    enum { OTHERS = 8 };
    procspawn_handle *first = calls_start(calls_hang, NULL);
    const struct wire_token *token = token_of(first);

    CU_ASSERT(token->word[0] != 0 && token->word[1] != 0);
    for (int i = 0; i < OTHERS; i++) {
        json_t *words = json_pack("[II]", (json_int_t)~token->word[0],
                                  (json_int_t)~token->word[1]);
        json_t *result = calls_result(calls_start(search_for_token, words));
        CU_ASSERT(json_is_false(json_array_get(result, 0)));
        CU_ASSERT(json_integer_value(json_array_get(result, 1)) > 100000);
        json_decref(result);
    }
    procspawn_kill(first);
    procspawn_handle_free(first);
}

static void no_two_children_have_the_same_token(void)
{
    enum { CALLS = 100 };
    static struct wire_token seen[CALLS];

    for (int i = 0; i < CALLS; i++) {
        procspawn_handle *handle = calls_start(calls_echo, NULL);
        seen[i] = *token_of(handle);
        json_decref(calls_result(handle));
        for (int k = 0; k < i; k++)
            CU_ASSERT(memcmp(&seen[i], &seen[k], sizeof seen[i]) != 0);
    }
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(no_child_has_the_token_of_another),
    TEST(no_two_children_have_the_same_token),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo root_tests[] = {
    TEST(a_death_in_the_servers_name_is_no_death),
    TEST(an_answer_after_such_a_word_counts),
    TEST(a_worker_stays_after_such_a_word),
    TEST(a_nested_child_has_no_right_to_such_a_word),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("token", tests),
    CALLS_SUITE("token_forged", root_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0)
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    return procspawn_cunit_run(suites, argc, argv);
}
