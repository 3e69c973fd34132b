/*
 * childless_test.c - a called function that has lost more of the rights the program had at init
 * than a change of user takes gets no children
 */
#include "tests/support/builder_helpers.h"
#include "tests/support/nested_helpers.h"
#include "tests/support/confinement_helpers.h"
#include "tests/support/rights_helpers.h"

#include <errno.h>
#include <forkscope/pool.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

static void check_childless(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, nested_ask, NULL)), PROCSPAWN_ERIGHTS);
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
    confinement_in_thread(give_up_new_privileges);
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
    confinement_in_thread(give_up_capability);
    confinement_in_thread(drop_capability);
}

static void lay_down_root(void)
{
    const gid_t groups[] = { RIGHTS_OTHER_GROUP };

    rights_set_groups(1, groups);
    rights_become_group(RIGHTS_GROUP, RIGHTS_GROUP, RIGHTS_GROUP);
    rights_become(RIGHTS_USER, RIGHTS_USER, RIGHTS_USER);
    json_t *told = calls_result(calls_build(builder, nested_ask, NULL));
    nested_check_no_groups(told);
    nested_check_powerless(told, RIGHTS_USER, RIGHTS_GROUP);
}

static void who_is_called_by_another_user_has_children(void)
{
    confinement_in_thread(lay_down_root);
}

static void lay_down_root_for_a_while(void)
{
    rights_become(0, RIGHTS_USER, 0);
    check_childless();
}

static void lay_down_group_for_a_while(void)
{
    rights_become_group(0, RIGHTS_GROUP, 0);
    check_childless();
}

static void who_is_called_by_several_users_at_once_has_no_children(void)
{
    confinement_in_thread(lay_down_root_for_a_while);
    confinement_in_thread(lay_down_group_for_a_while);
}

static json_t *leave_and_nest(json_t *argument)
{
    procspawn_handle *before;
    procspawn_pool *pool;
    json_t *result = NULL;

    if (procspawn(calls_echo, argument, &before) < 0 || procspawn_leave_server() < 0)
        return NULL;
    int after = json_integer_value(nested_ask(NULL)) == PROCSPAWN_ERIGHTS;
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

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(who_is_told_so_has_no_children),
    TEST(who_runs_a_hook_has_no_children_and_the_hook_has_none),
    TEST(who_is_called_without_new_privileges_has_no_children),
    TEST(who_has_left_the_server_has_no_more_children),
    CU_TEST_INFO_NULL,
};

/* These need root to begin with; without it there is nothing to give up. */
static CU_TestInfo root_tests[] = {
    TEST(who_is_called_with_fewer_capabilities_has_no_children),
    TEST(who_is_called_by_another_user_has_children),
    TEST(who_is_called_by_several_users_at_once_has_no_children),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    BUILDER_SUITE("childless", tests),
    BUILDER_SUITE("childless_of_root", root_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0) {
        puts("skip   childless_of_root: needs root");
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    }
    return procspawn_cunit_run(suites, argc, argv);
}
