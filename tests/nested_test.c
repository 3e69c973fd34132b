/* Children of children: they have no right that their asker lacks, whatever that says. */
#include "tests/builder_tools.h"
#include "tests/forgery.h"
#include "tests/place_tools.h"
#include "tests/pool_tools.h"
#include "tests/rights_tools.h"

#include <errno.h>
#include <forkscope/pool.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static json_int_t number(const json_t *told, const char *key)
{
    return json_integer_value(json_object_get(told, key));
}

/* Every id is this one, no group is left, and no capability. */
static void check_powerless(json_t *told, uid_t uid, gid_t gid)
{
    for (size_t i = 0; i < 3; i++) {
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(json_object_get(told, "uid"), i)),
                              uid);
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(json_object_get(told, "gid"), i)),
                              gid);
    }
    PROCSPAWN_CUNIT_EQUAL(number(told, "permitted"), 0);
    PROCSPAWN_CUNIT_EQUAL(number(told, "effective"), 0);
    PROCSPAWN_CUNIT_EQUAL(number(told, "inheritable"), 0);
    PROCSPAWN_CUNIT_EQUAL(number(told, "ambient"), 0);
    PROCSPAWN_CUNIT_EQUAL(number(told, "no_new_privs"), 1);
    json_decref(told);
}

static void check_no_groups(const json_t *told)
{
    PROCSPAWN_CUNIT_EQUAL(json_array_size(json_object_get(told, "groups")), 0);
}

/* ---- functions that ask ---- */

/* The result, the code, or the sentence of the failure. */
static json_t *call_nested(procspawn_builder *by, procspawn_function *function, json_t *argument)
{
    procspawn_handle *handle;
    procspawn_error *error = NULL;
    json_t *result = NULL;
    int rc = procspawn_builder_spawn(by, function, argument, &handle);

    if (rc < 0)
        return json_integer(rc);
    rc = procspawn_join(handle, &result, &error);
    if (rc == PROCSPAWN_ECALL)
        result = json_string(procspawn_error_message(error));
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    return result;
}

static json_t *nest(json_t *argument)
{
    return call_nested(NULL, rights_tell, argument);
}

static json_t *nest_twice(json_t *argument)
{
    return call_nested(NULL, nest, argument);
}

static json_t *choose_user(json_t *argument)
{
    procspawn_builder *by = procspawn_builder_new();
    (void)argument;

    procspawn_builder_uid(by, RIGHTS_USER);
    procspawn_builder_gid(by, RIGHTS_GROUP);
    json_t *told = call_nested(by, rights_tell, NULL);
    procspawn_builder_free(by);
    return told;
}

static json_t *choose_user_below(json_t *argument)
{
    return call_nested(NULL, choose_user, argument);
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

static void nested_children_have_the_ids_of_their_asker_and_no_capability(void)
{
    json_t *told = ask(nest);

    check_powerless(told, getuid(), getgid());
    check_powerless(ask(nest_twice), getuid(), getgid());
}

static void nested_children_of_another_user_are_that_user(void)
{
    as_somebody();
    json_t *told = ask(nest);
    check_no_groups(told);
    check_powerless(told, RIGHTS_USER, RIGHTS_GROUP);
    told = ask(nest_twice);
    check_no_groups(told);
    check_powerless(told, RIGHTS_USER, RIGHTS_GROUP);
}

static void a_function_with_the_ids_of_init_may_choose_a_user(void)
{
    json_t *told = ask(choose_user);

    check_no_groups(told);
    check_powerless(told, RIGHTS_USER, RIGHTS_GROUP);
}

static void check_choice(json_t *outcome)
{
    calls_check_text(outcome, "setting the user and group ids: Operation not permitted");
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

    check_no_groups(told);
    check_powerless(told, RIGHTS_USER, RIGHTS_GROUP);
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

static void nested_calls_have_no_more_than_their_askers_limits(void)
{
    const struct rlimit limit = { 64, 64 };

    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_rlimit(builder, RLIMIT_NOFILE, &limit), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, claim_files, NULL)), 64);
    if (geteuid() == 0) {
        as_somebody();
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, claim_files, NULL)), 64);
    }
}

/* ---- who has none ---- */

static void check_childless(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, nest, NULL)), PROCSPAWN_ERIGHTS);
}

static void who_is_told_so_has_no_children(void)
{
    procspawn_builder_may_spawn(builder, false);
    check_childless();
}

static int try_from_hook(void *unused)
{
    procspawn_handle *handle;
    (void)unused;

    return procspawn(rights_tell, NULL, &handle) == PROCSPAWN_ERIGHTS ? 0 : -ECANCELED;
}

static void who_runs_a_hook_has_no_children_and_the_hook_has_none(void)
{
    procspawn_builder_pre_exec(builder, try_from_hook, NULL);
    check_childless();
}

static void give_up_new_privileges(void)
{
    CU_ASSERT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    check_childless();
}

static void who_is_called_without_new_privileges_has_no_children(void)
{
    place_in_thread(give_up_new_privileges);
}

static void give_up_capability(void)
{
    uint64_t kept = rights_permitted() & ~RIGHTS_BIT(CAP_CHOWN);

    rights_set_capabilities(kept, kept, 0);
    check_childless();
}

static void drop_capability(void)
{
    CU_ASSERT(prctl(PR_CAPBSET_DROP, CAP_CHOWN, 0, 0, 0) == 0);
    check_childless();
}

static void who_is_called_with_fewer_capabilities_has_no_children(void)
{
    place_in_thread(give_up_capability);
    place_in_thread(drop_capability);
}

static void lay_down_root(void)
{
    const gid_t groups[] = { RIGHTS_OTHER_GROUP };

    rights_set_groups(1, groups);
    rights_become_group(RIGHTS_GROUP, RIGHTS_GROUP, RIGHTS_GROUP);
    rights_become(RIGHTS_USER, RIGHTS_USER, RIGHTS_USER);
    json_t *told = ask(nest);
    check_no_groups(told);
    check_powerless(told, RIGHTS_USER, RIGHTS_GROUP);
}

static void who_is_called_by_another_user_has_children(void)
{
    place_in_thread(lay_down_root);
}

static json_t *leave_and_nest(json_t *argument)
{
    procspawn_handle *before;
    procspawn_pool *pool;
    json_t *result = NULL;

    if (procspawn(calls_echo, argument, &before) < 0 || procspawn_leave_server() < 0)
        return NULL;
    int after = json_integer_value(nest(NULL)) == PROCSPAWN_ERIGHTS;
    int pooled = procspawn_pool_new(1, &pool);
    if (procspawn_join(before, &result, NULL) < 0)
        return NULL;
    procspawn_handle_free(before);
    return json_pack("[o,b,i,i]", result, after, pooled, procspawn_leave_server());
}

static void who_has_left_the_server_has_no_more_children(void)
{
    json_t *told = calls_result(calls_start(leave_and_nest, json_integer(8)));

    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(told, 0)), 8);
    CU_ASSERT(json_is_true(json_array_get(told, 1)));
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(told, 2)), PROCSPAWN_ERIGHTS);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(told, 3)), 0);
    json_decref(told);
    PROCSPAWN_CUNIT_EQUAL(procspawn_leave_server(), -EPERM);
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
    check_powerless(ask(nest_in_pool), getuid(), getgid());
    if (geteuid() == 0) {
        as_somebody();
        check_powerless(ask(nest_in_pool), RIGHTS_USER, RIGHTS_GROUP);
    }
}

static void nest_without_proc(void)
{
    if (!place_lose_proc()) {
        puts("skip   nested: /proc cannot be taken away");
        return;
    }
    calls_begin();
    json_t *told = calls_result(calls_start(nest, NULL));
    check_powerless(told, 0, getgid());
    calls_end();
}

static void who_asks_is_known_without_proc(void)
{
    calls_end();
    place_in_process(nest_without_proc);
    calls_begin();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(nested_children_have_the_ids_of_their_asker_and_no_capability),
    TEST(nobody_can_claim_a_priority),
    TEST(nested_calls_have_no_more_than_their_askers_limits),
    TEST(who_is_told_so_has_no_children),
    TEST(who_runs_a_hook_has_no_children_and_the_hook_has_none),
    TEST(who_is_called_without_new_privileges_has_no_children),
    TEST(who_has_left_the_server_has_no_more_children),
    TEST(workers_of_a_childs_pool_are_nested_children),
    TEST(who_asks_is_known_without_proc),
    CU_TEST_INFO_NULL,
};

/* These need root to begin with; without it there is nothing to give up. */
static CU_TestInfo root_tests[] = {
    TEST(nested_children_of_another_user_are_that_user),
    TEST(a_function_with_the_ids_of_init_may_choose_a_user),
    TEST(another_function_may_choose_none),
    TEST(who_is_not_root_cannot_claim_to_be),
    TEST(who_is_called_with_fewer_capabilities_has_no_children),
    TEST(who_is_called_by_another_user_has_children),
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
