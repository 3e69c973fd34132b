/*
 * confinement_test.c - a program that has changed its namespaces or restricted itself since init:
 * its children do not bypass that unless asked to
 */
#include "tests/support/builder_helpers.h"
#include "tests/support/confinement_helpers.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/rights_helpers.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- ways away: each says whether it could be gone ---- */

static char new_root[] = "/tmp/forkscope.XXXXXX";

static bool change_root(void)
{
    return chroot(new_root) == 0;
}

/* A process that has changed to it cannot remove it. */
static void with_new_root(void (*part)(void))
{
    CU_ASSERT_FATAL(mkdtemp(new_root) != NULL);
    confinement_in_process(part);
    CU_ASSERT(rmdir(new_root) == 0);
}

static bool leave_mounts(void)
{
    return unshare(CLONE_NEWNS) == 0;
}

static bool leave_network(void)
{
    return unshare(CLONE_NEWNET) == 0;
}

static bool leave_users(void)
{
    return unshare(CLONE_NEWUSER) == 0;
}

/* ---- what follows ---- */

static int call_once(procspawn_builder *by)
{
    procspawn_handle *handle;
    int rc = procspawn_builder_spawn(by, calls_echo, NULL, &handle);

    if (rc < 0)
        return rc;
    json_decref(calls_result(handle));
    return 0;
}

static int pool_once(unsigned kinds)
{
    procspawn_pool_builder *plan = procspawn_pool_builder_new(1);
    procspawn_pool *pool;

    procspawn_builder_allow_rights(procspawn_pool_builder_process(plan), kinds);
    int rc = procspawn_pool_builder_build(plan, &pool);
    procspawn_pool_builder_free(plan);
    if (rc < 0)
        return rc;
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_echo, json_integer(6)), 6);
    procspawn_pool_free(pool);
    return 0;
}

static json_t *nest(json_t *argument)
{
    procspawn_handle *handle;
    return json_integer(procspawn(calls_echo, argument, &handle));
}

struct way {
    bool (*go)(void);
    unsigned kinds;
};

static struct way way;

static void go_and_call(void)
{
    const unsigned all = 31;

    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(call_once(NULL), 0);
    if (!way.go()) {
        printf("skip   confinement: kind %u cannot be had\n", way.kinds);
        calls_end();
        return;
    }
    procspawn_builder *by = procspawn_builder_new();
    PROCSPAWN_CUNIT_EQUAL(call_once(NULL), PROCSPAWN_ERIGHTS);
    PROCSPAWN_CUNIT_EQUAL(call_once(by), PROCSPAWN_ERIGHTS);
    procspawn_builder_allow_rights(by, all & ~way.kinds);
    PROCSPAWN_CUNIT_EQUAL(call_once(by), PROCSPAWN_ERIGHTS);
    PROCSPAWN_CUNIT_EQUAL(pool_once(all & ~way.kinds), PROCSPAWN_ERIGHTS);
    procspawn_builder_allow_rights(by, way.kinds);
    PROCSPAWN_CUNIT_EQUAL(call_once(by), 0);
    PROCSPAWN_CUNIT_EQUAL(pool_once(way.kinds), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(by, nest, NULL)), PROCSPAWN_ERIGHTS);
    procspawn_builder_free(by);
    calls_end();
}

static void check_way(bool (*go)(void), unsigned kinds)
{
    way = (struct way){ go, kinds };
    confinement_in_process(go_and_call);
}

static void another_mount_namespace_is_noticed(void)
{
    check_way(leave_mounts, PROCSPAWN_RIGHTS_ROOT);
}

static void another_network_is_noticed(void)
{
    check_way(leave_network, PROCSPAWN_RIGHTS_NETWORK);
}

static void another_user_namespace_is_noticed(void)
{
    check_way(leave_users, PROCSPAWN_RIGHTS_USER);
}

static void a_filter_is_noticed(void)
{
    check_way(confinement_add_filter, PROCSPAWN_RIGHTS_SECCOMP);
}

static bool add_second_filter(void)
{
    return confinement_add_filter() && procspawn_fini() == 0 && (calls_begin(), true) &&
           confinement_add_filter();
}

static void a_second_filter_is_noticed(void)
{
    check_way(add_second_filter, PROCSPAWN_RIGHTS_SECCOMP);
}

static void a_landlock_domain_is_noticed(void)
{
    check_way(confinement_add_landlock, PROCSPAWN_RIGHTS_LANDLOCK);
}

/* In the new root nothing can be read: all that cannot be seen counts as different. */
static void another_root_is_noticed(void)
{
    way = (struct way){ change_root,
                        PROCSPAWN_RIGHTS_ROOT | PROCSPAWN_RIGHTS_NETWORK | PROCSPAWN_RIGHTS_USER };
    with_new_root(go_and_call);
}

/* ---- one thread ---- */

static bool (*thread_goes)(void);

static void go_in_thread(void)
{
    if (thread_goes())
        PROCSPAWN_CUNIT_EQUAL(call_once(NULL), PROCSPAWN_ERIGHTS);
    else
        puts("skip   confinement: a thread cannot go there");
}

static void check_thread(bool (*go)(void))
{
    thread_goes = go;
    confinement_in_thread(go_in_thread);
    PROCSPAWN_CUNIT_EQUAL(call_once(NULL), 0);
}

static void a_thread_may_be_elsewhere_than_the_others(void)
{
    check_thread(leave_mounts);
    check_thread(leave_network);
    check_thread(confinement_add_filter);
    check_thread(confinement_add_landlock);
}

/* ---- pools ---- */

static json_t *leave(json_t *argument)
{
    (void)argument;
    _exit(0);
}

static void workers_are_replaced_after_their_builder_has_shut_itself_in(void)
{
    procspawn_pool *pool = pool_make(1);

    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_echo, json_integer(1)), 1);
    CU_ASSERT(confinement_add_filter());
    PROCSPAWN_CUNIT_EQUAL(call_once(NULL), PROCSPAWN_ERIGHTS);
    procspawn_error_free(calls_error(pool_start(pool, leave, NULL)));
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_echo, json_integer(2)), 2);
    procspawn_pool_free(pool);
}

static void fail_pool_in_root(void)
{
    procspawn_error *error = NULL;

    calls_begin();
    procspawn_pool_builder *plan = procspawn_pool_builder_new(1);
    procspawn_pool_builder_attempts(plan, 1);
    procspawn_pool *pool = pool_build(plan);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_echo, json_integer(1)), 1);
    CU_ASSERT(change_root());
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_echo, json_integer(2)), 2);
    procspawn_error_free(calls_error(pool_start(pool, leave, NULL)));
    /* The pool may have failed before the call is made, or fails because of it. */
    procspawn_handle *handle;
    int rc = procspawn_pool_spawn(pool, calls_echo, NULL, &handle);
    if (rc == 0)
        procspawn_error_free(calls_error(handle));
    else
        PROCSPAWN_CUNIT_EQUAL(rc, PROCSPAWN_EPOOL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_failure(pool, &error), 0);
    CU_ASSERT(strstr(procspawn_error_message(error), forkscope_strerror(PROCSPAWN_ERIGHTS)) !=
              NULL);
    procspawn_error_free(error);
    procspawn_pool_free(pool);
    calls_end();
}

static void no_worker_is_made_out_of_a_root_that_changed_for_all_threads(void)
{
    with_new_root(fail_pool_in_root);
}

/* ---- functions ---- */

static json_t *shut_in_and_nest(json_t *argument)
{
    return confinement_add_filter() ? nest(argument) : NULL;
}

static void a_function_that_shut_itself_in_has_no_children(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(shut_in_and_nest, NULL)), PROCSPAWN_ERIGHTS);
}

static void unknown_kinds_are_refused(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_allow_rights(builder, 32), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_allow_rights(builder, 31), 0);
    PROCSPAWN_CUNIT_EQUAL(call_once(builder), 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo ways[] = {
    TEST(another_mount_namespace_is_noticed),
    TEST(another_network_is_noticed),
    TEST(another_user_namespace_is_noticed),
    TEST(a_filter_is_noticed),
    TEST(a_second_filter_is_noticed),
    TEST(a_landlock_domain_is_noticed),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo tests[] = {
    TEST(a_thread_may_be_elsewhere_than_the_others),
    TEST(workers_are_replaced_after_their_builder_has_shut_itself_in),
    TEST(a_function_that_shut_itself_in_has_no_children),
    TEST(unknown_kinds_are_refused),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo root_tests[] = {
    TEST(another_root_is_noticed),
    TEST(no_worker_is_made_out_of_a_root_that_changed_for_all_threads),
    CU_TEST_INFO_NULL,
};

/* In a root without /proc the thread sanitizer does not see that a pool's thread was joined. */
#ifdef __SANITIZE_THREAD__
static const bool other_roots = false;
#else
static const bool other_roots = true;
#endif

static CU_SuiteInfo suites[] = {
    { .pName = "place", .pTests = ways },
    BUILDER_SUITE("place_of_threads", tests),
    { .pName = "place_of_root", .pTests = root_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0 || !other_roots) {
        puts("skip   place_of_root: needs root, and no thread sanitizer");
        suites[2] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    }
    return procspawn_cunit_run(suites, argc, argv);
}
