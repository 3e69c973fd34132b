/*
 * nested_test.c - children of children: they have no right that their requester lacks, whatever it
 * claims
 */
#include "tests/support/builder_helpers.h"
#include "tests/support/descriptor_room.h"
#include "tests/support/forged_calls.h"
#include "tests/support/nested_helpers.h"
#include "tests/support/confinement_helpers.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/rights_helpers.h"

#include <errno.h>
#include <forkscope/pool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- functions that ask ---- */

static json_t *nest_twice(json_t *argument)
{
    return nested_call(NULL, nested_ask, argument);
}

static json_t *choose_user(json_t *argument)
{
    procspawn_builder *by = procspawn_builder_new();
    (void)argument;

    procspawn_builder_uid(by, RIGHTS_USER);
    procspawn_builder_gid(by, RIGHTS_GROUP);
    json_t *told = nested_call(by, rights_tell, NULL);
    procspawn_builder_free(by);
    return told;
}

static json_t *choose_user_below(json_t *argument)
{
    return nested_call(NULL, choose_user, argument);
}

static json_t *ask(procspawn_function *function)
{
    return calls_result(calls_build(builder, function, NULL));
}

static void as_somebody(void)
{
    procspawn_builder_uid(builder, RIGHTS_USER);
    procspawn_builder_gid(builder, RIGHTS_GROUP);
}

/* ---- what they have ---- */

static void nested_children_have_the_ids_of_their_requester_and_no_capability(void)
{
    json_t *told = ask(nested_ask);

    nested_check_powerless(told, getuid(), getgid());
    nested_check_powerless(ask(nest_twice), getuid(), getgid());
}

static void nested_children_of_another_user_are_that_user(void)
{
    as_somebody();
    json_t *told = ask(nested_ask);
    nested_check_no_groups(told);
    nested_check_powerless(told, RIGHTS_USER, RIGHTS_GROUP);
    told = ask(nest_twice);
    nested_check_no_groups(told);
    nested_check_powerless(told, RIGHTS_USER, RIGHTS_GROUP);
}

static void a_function_with_the_ids_of_init_may_choose_a_user(void)
{
    json_t *told = ask(choose_user);

    nested_check_no_groups(told);
    nested_check_powerless(told, RIGHTS_USER, RIGHTS_GROUP);
}

static void check_choice(json_t *outcome)
{
    calls_check_text(outcome, "could not set the user and group ids: Operation not permitted");
}

static void another_function_may_choose_none(void)
{
    check_choice(ask(choose_user_below));
    procspawn_builder_uid(builder, RIGHTS_OTHER_GROUP);
    check_choice(ask(choose_user));
    procspawn_builder_uid(builder, 0);
    procspawn_builder_gid(builder, RIGHTS_OTHER_GROUP);
    check_choice(ask(choose_user));
}

/* ---- what they say ---- */

static json_t *claim(json_t *flags)
{
    const struct forgery forgery = { .flags = (uint32_t)json_integer_value(flags) };
    return forgery_answer(&forgery, rights_tell);
}

static void check_claim(uint32_t flags)
{
    json_t *told = calls_result(calls_build(builder, claim, json_integer(flags)));

    nested_check_no_groups(told);
    nested_check_powerless(told, RIGHTS_USER, RIGHTS_GROUP);
}

static void who_is_not_root_cannot_claim_to_be(void)
{
    as_somebody();
    check_claim(0);
    check_claim(WIRE_CALL_IDS);
    check_claim(WIRE_CALL_RIGHTS);
    check_claim(WIRE_CALL_IDS | WIRE_CALL_RIGHTS);
}

static json_t *tell_niceness(json_t *argument)
{
    (void)argument;
    return json_integer(getpriority(PRIO_PROCESS, 0));
}

static json_t *claim_priority(json_t *argument)
{
    const struct forgery forgery = { .flags = WIRE_CALL_SCHEDULE };

    setpriority(PRIO_PROCESS, 0, (int)json_integer_value(argument));
    return forgery_answer(&forgery, tell_niceness);
}

static void nobody_can_claim_a_priority(void)
{
    int nicer = getpriority(PRIO_PROCESS, 0) + 1;
    json_int_t told = calls_integer(calls_build(builder, claim_priority, json_integer(nicer)));

    PROCSPAWN_CUNIT_EQUAL(told, nicer);
}

static json_t *own_file_limit(json_t *argument)
{
    struct rlimit limit;
    (void)argument;

    getrlimit(RLIMIT_NOFILE, &limit);
    return json_integer((json_int_t)limit.rlim_max);
}

static json_t *claim_files(json_t *argument)
{
    const struct rlimit claimed = { 1000, 1000 };
    const struct forgery forgery = { .flags = WIRE_CALL_LIMITS, .files = &claimed };
    (void)argument;

    return forgery_answer(&forgery, own_file_limit);
}

static void nested_calls_have_no_more_than_their_requesters_limits(void)
{
    const struct rlimit limit = { 64, 64 };

    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_rlimit(builder, RLIMIT_NOFILE, &limit), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, claim_files, NULL)), 64);
    if (geteuid() == 0) {
        as_somebody();
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, claim_files, NULL)), 64);
    }
}

/* ---- pools, and places ---- */

static json_t *nest_in_pool(json_t *argument)
{
    procspawn_pool *pool;
    procspawn_handle *handle;
    json_t *result = NULL;

    if (procspawn_pool_new(1, &pool) < 0)
        return NULL;
    for (int i = 0; i < 2; i++) {
        json_decref(result);
        result = NULL;
        if (procspawn_pool_spawn(pool, rights_tell, argument, &handle) < 0 ||
            procspawn_join(handle, &result, NULL) < 0)
            return NULL;
        procspawn_handle_free(handle);
    }
    procspawn_pool_free(pool);
    return result;
}

static void workers_of_a_childs_pool_are_nested_children(void)
{
    nested_check_powerless(ask(nest_in_pool), getuid(), getgid());
    if (geteuid() == 0) {
        as_somebody();
        nested_check_powerless(ask(nest_in_pool), RIGHTS_USER, RIGHTS_GROUP);
    }
}

static void nest_without_proc(void)
{
    if (!confinement_lose_proc()) {
        puts("skip   nested: /proc cannot be taken away");
        return;
    }
    calls_begin();
    json_t *told = calls_result(calls_start(nested_ask, NULL));
    nested_check_powerless(told, 0, getgid());
    calls_end();
}

static void who_asks_is_known_without_proc(void)
{
    calls_end();
    confinement_in_process(nest_without_proc);
    calls_begin();
}

/* Returns the errors of calls with ever more free descriptors, up to the first that succeeds. */
static json_t *ask_with_few_descriptors(json_t *argument)
{
    json_t *errors = json_array();
    struct room room;
    int rc = -1;

    room_fill(&room);
    for (int i = 0; rc < 0 && i < 40; i++) {
        procspawn_handle *handle = NULL;
        rc = procspawn(calls_echo, argument, &handle);
        if (rc == 0)
            procspawn_join(handle, NULL, NULL);
        procspawn_handle_free(handle);
        json_array_append_new(errors, json_integer(rc));
        room_make(&room, 1);
    }
    room_end(&room);
    return errors;
}

static void a_nested_call_without_descriptors_lacks_no_right(void)
{
    json_t *errors = ask(ask_with_few_descriptors), *error;
    size_t i;

    json_array_foreach(errors, i, error)
        CU_ASSERT(json_integer_value(error) == -EMFILE || i + 1 == json_array_size(errors));
    CU_ASSERT(i > 1);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(errors, i - 1)), 0);
    json_decref(errors);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(nested_children_have_the_ids_of_their_requester_and_no_capability),
    TEST(nobody_can_claim_a_priority),
    TEST(nested_calls_have_no_more_than_their_requesters_limits),
    TEST(workers_of_a_childs_pool_are_nested_children),
    TEST(who_asks_is_known_without_proc),
    TEST(a_nested_call_without_descriptors_lacks_no_right),
    CU_TEST_INFO_NULL,
};

/* These need root to begin with; without it there is nothing to give up. */
static CU_TestInfo root_tests[] = {
    TEST(nested_children_of_another_user_are_that_user),
    TEST(a_function_with_the_ids_of_init_may_choose_a_user),
    TEST(another_function_may_choose_none),
    TEST(who_is_not_root_cannot_claim_to_be),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    BUILDER_SUITE("nested", tests),
    BUILDER_SUITE("nested_of_root", root_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0) {
        puts("skip   nested_of_root: needs root");
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    }
    return procspawn_cunit_run(suites, argc, argv);
}
