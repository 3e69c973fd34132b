/*
 * caller_rights_test.c - what a caller states about itself in a call counts only as far as the
 * kernel confirms it
 */
#include "tests/support/forged_calls.h"
#include "tests/support/confinement_helpers.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/rights_helpers.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

static const uint64_t few = RIGHTS_BIT(CAP_NET_BIND_SERVICE) | RIGHTS_BIT(CAP_KILL);

static void check_claim(uint32_t flags, const char *outcome)
{
    const struct forgery forgery = { .flags = flags };

    calls_check_text(forgery_answer(&forgery, rights_tell), outcome);
}

static void check_refused(uint32_t flags)
{
    check_claim(flags, "could not give up rights that the caller lacks: Operation not permitted");
}

/* By the functions of the C library, which do it in all threads. */
static void become_somebody(void)
{
    const gid_t group = RIGHTS_OTHER_GROUP;

    CU_ASSERT_FATAL(setgroups(1, &group) == 0);
    CU_ASSERT_FATAL(setresgid(RIGHTS_GROUP, RIGHTS_GROUP, RIGHTS_GROUP) == 0);
    CU_ASSERT_FATAL(setresuid(RIGHTS_USER, RIGHTS_USER, RIGHTS_USER) == 0);
}

/* ---- root that was given up ---- */

static void claim_root(void)
{
    calls_begin();
    become_somebody();
    check_refused(0);
    check_refused(WIRE_CALL_IDS);
    check_claim(WIRE_CALL_RIGHTS,
                "could not set the inheritable capabilities: Operation not permitted");
    rights_check_child(NULL);
    calls_end();
}

static void a_program_that_gave_up_root_cannot_claim_it(void)
{
    confinement_in_process(claim_root);
}

static void check_self(void)
{
    rights_check_child(NULL);
}

static json_t *count_descriptors(json_t *argument)
{
    int count = 0;
    (void)argument;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return json_integer(count);
}

static void call_after_root(void)
{
    calls_begin();
    json_int_t usual = calls_integer(calls_start(count_descriptors, NULL));
    become_somebody();
    confinement_in_thread(check_self);
    check_self();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(count_descriptors, NULL)), usual);
    calls_end();
}

static void any_thread_of_a_program_that_gave_up_root_has_children(void)
{
    confinement_in_process(call_after_root);
}

/* ---- a program that is set-user-ID root ---- */

static void call_as_set_user_id(void)
{
    rights_become(RIGHTS_USER, 0, 0);
    calls_begin();
    check_self();
    confinement_in_thread(check_self);
    rights_become(RIGHTS_USER, RIGHTS_USER, 0);
    check_self();
    rights_become(RIGHTS_USER, RIGHTS_USER, RIGHTS_USER);
    check_self();
    check_refused(0);
    calls_end();
}

static void a_set_user_id_program_has_children_with_its_ids(void)
{
    confinement_in_process(call_as_set_user_id);
}

/* ---- capabilities of another user ---- */

static void keep_few(void)
{
    const gid_t group = RIGHTS_OTHER_GROUP;

    rights_set_groups(1, &group);
    CU_ASSERT(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
    rights_become_group(RIGHTS_GROUP, RIGHTS_GROUP, RIGHTS_GROUP);
    rights_become(RIGHTS_USER, RIGHTS_USER, RIGHTS_USER);
    rights_set_capabilities(few, few, few);
}

static void claim_capabilities(void)
{
    keep_few();
    calls_begin();
    check_self();
    confinement_in_thread(check_self);
    rights_set_capabilities(0, 0, 0);
    check_self();
    check_refused(0);
    calls_end();
}

static void capabilities_that_were_given_up_cannot_be_claimed(void)
{
    confinement_in_process(claim_capabilities);
}

static void claim_new_privileges(void)
{
    keep_few();
    calls_begin();
    CU_ASSERT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    check_self();
    check_refused(0);
    calls_end();
}

static void new_privileges_that_were_given_up_cannot_be_claimed(void)
{
    confinement_in_process(claim_new_privileges);
}

/* ---- one thread ---- */

static void call_as_another_user(void)
{
    const gid_t groups[] = { RIGHTS_OTHER_GROUP, RIGHTS_OTHER_GROUP + 1 };

    rights_set_groups(2, groups);
    rights_become_group(RIGHTS_GROUP, RIGHTS_GROUP, RIGHTS_GROUP);
    rights_become(RIGHTS_USER, RIGHTS_USER, RIGHTS_USER);
    check_self();
    check_refused(0);
    check_refused(WIRE_CALL_IDS);
}

static void a_thread_may_be_another_user_than_the_main_one(void)
{
    calls_begin();
    confinement_in_thread(call_as_another_user);
    calls_end();
}

/* ---- workers ---- */

static json_t *leave(json_t *argument)
{
    (void)argument;
    _exit(0);
}

static void check_own_rights(procspawn_pool *pool)
{
    json_t *told = calls_result(pool_start(pool, rights_tell, NULL));
    json_t *own = rights_now();

    CU_ASSERT(json_equal(told, own));
    json_decref(told);
    json_decref(own);
}

/* The workers of root serve root; those that come later are as the program is then. */
static void outgrow_pool(void)
{
    calls_begin();
    procspawn_pool *pool = pool_make(1);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_echo, json_integer(1)), 1);
    procspawn_handle *last = pool_start(pool, leave, NULL);
    procspawn_error_free(calls_error(last));
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_echo, json_integer(2)), 2);
    become_somebody();
    check_own_rights(pool);
    procspawn_pool_free(pool);
    pool = pool_make(1);
    check_own_rights(pool);
    procspawn_pool_free(pool);
    calls_end();
}

static void the_workers_of_root_do_not_serve_who_gave_it_up(void)
{
    confinement_in_process(outgrow_pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_program_that_gave_up_root_cannot_claim_it),
    TEST(any_thread_of_a_program_that_gave_up_root_has_children),
    TEST(a_set_user_id_program_has_children_with_its_ids),
    TEST(capabilities_that_were_given_up_cannot_be_claimed),
    TEST(new_privileges_that_were_given_up_cannot_be_claimed),
    TEST(a_thread_may_be_another_user_than_the_main_one),
    TEST(the_workers_of_root_do_not_serve_who_gave_it_up),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "sender", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

/* Without root there is nothing to give up. */
int main(int argc, char **argv)
{
    if (geteuid() != 0) {
        puts("skip   sender: needs root\n0 passed, 0 failed");
        return 0;
    }
    return procspawn_cunit_run(suites, argc, argv);
}
