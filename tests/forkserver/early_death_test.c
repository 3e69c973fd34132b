/*
 * early_death_test.c - every child dies right after it is forked: requesters wait, and the server
 * stops trying
 */
#include "tests/support/early_death.h"
#include "tests/support/call_helpers.h"

#include <poll.h>

static void begin(void)
{
    births_open();
    calls_begin();
    json_decref(calls_result(calls_start(calls_echo, NULL)));
    births_forbid(true);
}

/* A call fails, at once or later; true while there are children that can take it. */
static bool call_works(void)
{
    procspawn_handle *handle;
    procspawn_error *error = NULL;
    json_t *result = NULL;
    int rc = procspawn(calls_echo, NULL, &handle);

    if (rc == 0) {
        rc = procspawn_join_timeout(handle, 20 * CALLS_SECOND, &result, &error);
        procspawn_handle_free(handle);
    }
    CU_ASSERT(rc == 0 || rc == PROCSPAWN_ECALL || rc == PROCSPAWN_ESERVER);
    procspawn_error_free(error);
    json_decref(result);
    return rc == 0;
}

/* What was offered before may be dead. */
static void end(void)
{
    enum { DEAD = 300 };
    int failed = 0;

    births_forbid(false);
    while (failed < DEAD && !call_works())
        failed++;
    CU_ASSERT(failed < DEAD);
    calls_end();
    births_close();
}

static void calls_fail_when_those_born_before_are_used_up(void)
{
    enum { SPARES = 64 };
    int worked = 0;

    while (worked < SPARES && call_works())
        worked++;
    CU_ASSERT(worked < SPARES);
}

static void servers_try_ever_more_slowly(void)
{
    enum { NOT_MANY = 1000 };     /* a call tries 256; without pauses there are thousands */
    int64_t until = calls_now() + CALLS_SECOND;

    while (call_works())
        continue;
    while (calls_now() < until)
        poll(NULL, 0, 10);
    CU_ASSERT(births_count() < NOT_MANY);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(calls_fail_when_those_born_before_are_used_up),
    TEST(servers_try_ever_more_slowly),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "stillborn", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
