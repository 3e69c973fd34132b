/*
 * rights_test.c - a child has the rights of its caller, whatever the caller gave up since init, and
 * how
 */
#include "src/call/caller_state.h"
#include "src/call/request.h"
#include "src/rights/identity.h"
#include "src/wire/codec.h"
#include "tests/support/builder_helpers.h"
#include "tests/support/confinement_helpers.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/rights_helpers.h"

#include <errno.h>
#include <forkscope/tree.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static const uint64_t few = RIGHTS_BIT(CAP_NET_BIND_SERVICE) | RIGHTS_BIT(CAP_KILL);

static void nothing_differs_from_init_without_a_word(void)
{
    struct procspawn__request request;

    procspawn__request_init(&request);
    PROCSPAWN_CUNIT_EQUAL(procspawn__caller_state_describe(&request, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(request.call.flags, 0);
    PROCSPAWN_CUNIT_EQUAL(request.block.length, 0);
    procspawn__request_fini(&request);
    rights_check_child(NULL);
}

static void give_up_new_privileges(void)
{
    CU_ASSERT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    rights_check_child(NULL);
}

static void no_new_privs_follows(void)
{
    confinement_in_thread(give_up_new_privileges);
    rights_check_child(NULL);
}

/* ---- capabilities ---- */

static void lower_capabilities(void)
{
    rights_set_capabilities(rights_permitted(), few, 0);
    rights_check_child(NULL);
    rights_set_capabilities(rights_permitted(), 0, few);
    rights_check_child(NULL);
    rights_set_capabilities(few, few, few);
    rights_check_child(NULL);
    rights_set_capabilities(few, 0, 0);
    rights_check_child(NULL);
    rights_set_capabilities(0, 0, 0);
    rights_check_child(NULL);
}

static void capabilities_of_the_calling_thread_follow(void)
{
    confinement_in_thread(lower_capabilities);
    rights_check_child(NULL);
}

static void drop_from_bounding_set(void)
{
    CU_ASSERT(prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN, 0, 0, 0) == 0);
    rights_check_child(NULL);
    for (unsigned long i = 0; i <= CAP_LAST_CAP; i++)
        prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    rights_check_child(NULL);
    rights_set_capabilities(0, 0, 0);
    rights_check_child(NULL);
}

static void the_bounding_set_follows(void)
{
    confinement_in_thread(drop_from_bounding_set);
    rights_check_child(NULL);
}

static void raise_ambient(void)
{
    uint64_t all = rights_permitted();

    rights_set_capabilities(all, all, few);
    CU_ASSERT(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0) == 0);
    rights_check_child(NULL);
    CU_ASSERT(prctl(PR_CAPBSET_DROP, CAP_KILL, 0, 0, 0) == 0);
    rights_check_child(NULL);
    rights_set_capabilities(few, few, few);
    rights_check_child(NULL);
}

static void ambient_capabilities_follow(void)
{
    confinement_in_thread(raise_ambient);
    rights_check_child(NULL);
}

static void set_securebits(void)
{
    CU_ASSERT(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
    rights_check_child(NULL);
    CU_ASSERT(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == 0);
    rights_check_child(NULL);
    CU_ASSERT(prctl(PR_SET_SECUREBITS,
                    SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                    SECBIT_NO_CAP_AMBIENT_RAISE, 0, 0, 0) == 0);
    rights_check_child(NULL);
    rights_set_capabilities(few, few, 0);
    rights_check_child(NULL);
}

static void securebits_follow(void)
{
    confinement_in_thread(set_securebits);
    rights_check_child(NULL);
}

/* ---- ids, with what they do to capabilities ---- */

static void change_ids(void)
{
    const gid_t groups[] = { RIGHTS_OTHER_GROUP, RIGHTS_GROUP };

    rights_set_groups(2, groups);
    rights_check_child(NULL);
    rights_become_group(RIGHTS_GROUP, RIGHTS_GROUP, RIGHTS_GROUP);
    rights_check_child(NULL);
    rights_become(0, RIGHTS_USER, 0);
    rights_check_child(NULL);
    rights_become(0, 0, 0);
    rights_check_child(NULL);
    rights_become(RIGHTS_USER, RIGHTS_USER, RIGHTS_USER);
    PROCSPAWN_CUNIT_EQUAL(rights_permitted(), 0);
    rights_check_child(NULL);
}

static void ids_of_the_calling_thread_follow(void)
{
    confinement_in_thread(change_ids);
    rights_check_child(NULL);
}

/* As a server does that binds its port later. */
static void keep_capabilities(void)
{
    const gid_t groups[] = { RIGHTS_GROUP };

    CU_ASSERT(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
    rights_set_groups(1, groups);
    rights_become_group(RIGHTS_GROUP, RIGHTS_GROUP, RIGHTS_GROUP);
    rights_become(RIGHTS_USER, RIGHTS_USER, RIGHTS_USER);
    rights_check_child(NULL);
    rights_set_capabilities(few, few, few);
    rights_check_child(NULL);
    CU_ASSERT(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0) == 0);
    rights_check_child(NULL);
}

static void capabilities_that_were_kept_with_another_user_follow(void)
{
    confinement_in_thread(keep_capabilities);
    rights_check_child(NULL);
}

/* ---- what a builder chooses ---- */

static void check_chosen(const char *outcome)
{
    procspawn_builder_uid(builder, RIGHTS_USER);
    calls_check_text(rights_outcome(calls_build(builder, rights_tell, NULL)), outcome);
}

static void lose_right_to_choose(void)
{
    uint64_t kept = rights_permitted() & ~RIGHTS_BIT(CAP_SETUID);

    rights_set_capabilities(rights_permitted(), kept, 0);
    check_chosen("could not set the user and group ids: Operation not permitted");
    rights_set_capabilities(kept, kept, 0);
    check_chosen("could not set the user and group ids: Operation not permitted");
}

static void a_user_is_chosen_by_the_rights_of_the_caller(void)
{
    check_chosen("obeyed");
    confinement_in_thread(lose_right_to_choose);
    check_chosen("obeyed");
}

static json_int_t chosen_permitted(void)
{
    json_t *told = calls_result(calls_build(builder, rights_tell, NULL));
    json_int_t permitted = json_integer_value(json_object_get(told, "permitted"));

    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(json_object_get(told, "uid"), 2)),
                          RIGHTS_USER);
    json_decref(told);
    return permitted;
}

static void choose_without_fixup(void)
{
    procspawn_builder_uid(builder, RIGHTS_USER);
    PROCSPAWN_CUNIT_EQUAL(chosen_permitted(), 0);
    CU_ASSERT(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == 0);
    PROCSPAWN_CUNIT_EQUAL(chosen_permitted(), (json_int_t)rights_permitted());
}

static void a_chosen_user_has_the_capabilities_that_the_kernel_leaves(void)
{
    confinement_in_thread(choose_without_fixup);
}

static void check_hard_limit(bool obeyed)
{
    struct rlimit limit;
    char refused[96];

    getrlimit(RLIMIT_NPROC, &limit);
    limit.rlim_max++;
    procspawn_builder_rlimit(builder, RLIMIT_NPROC, &limit);
    snprintf(refused, sizeof refused, "could not set RLIMIT_NPROC to %llu: Operation not permitted",
             (unsigned long long)limit.rlim_max);
    calls_check_text(rights_outcome(calls_build(builder, calls_echo, NULL)),
                     obeyed ? "obeyed" : refused);
}

static void lose_right_to_limits(void)
{
    uint64_t kept = rights_permitted() & ~RIGHTS_BIT(CAP_SYS_RESOURCE);

    rights_set_capabilities(kept, kept, 0);
    check_hard_limit(false);
}

static void a_limit_is_chosen_by_the_rights_of_the_caller(void)
{
    if (rights_effective() & RIGHTS_BIT(CAP_SYS_RESOURCE))
        check_hard_limit(true);
    confinement_in_thread(lose_right_to_limits);
}

/* ---- other ways to a process ---- */

static void check_scope_child(void)
{
    scoped_spawner root;
    procspawn_handle *handle;

    rights_set_capabilities(few, few, 0);
    json_t *expected = rights_now();
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    CU_ASSERT_FATAL(scoped_procspawn(root, NULL, rights_tell, NULL, &handle) == 0);
    json_t *told = calls_result(handle);
    CU_ASSERT(json_equal(told, expected));
    json_decref(told);
    json_decref(expected);
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
}

static void a_process_of_a_scope_has_what_the_thread_has_that_started_it(void)
{
    confinement_in_thread(check_scope_child);
}

static procspawn_pool *pool;
static json_t *of_pool;

static void build_pool(void)
{
    rights_set_capabilities(few, few, 0);
    CU_ASSERT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    of_pool = rights_now();
    pool = pool_make(1);
}

static json_t *leave(json_t *argument)
{
    (void)argument;
    _exit(0);
}

static void check_worker(void)
{
    json_t *told = calls_result(pool_start(pool, rights_tell, NULL));

    CU_ASSERT(json_equal(told, of_pool));
    json_decref(told);
}

static void workers_have_what_the_thread_had_that_built_their_pool(void)
{
    confinement_in_thread(build_pool);
    check_worker();
    procspawn_error_free(calls_error(pool_start(pool, leave, NULL)));
    check_worker();
    json_decref(of_pool);
    procspawn_pool_free(pool);
}

/* Such a call names a group, and ends where the rights should follow. */
static void what_was_read_of_a_truncated_call_is_freed(void)
{
    enum { GROUPS = 4096, TIMES = 100 };
    static unsigned char bytes[(GROUPS + 1) * sizeof(uint32_t)];
    const struct wire_call call = { .flags = WIRE_CALL_GROUPS | WIRE_CALL_RIGHTS };
    struct wire_writer block = { .bytes = bytes, .capacity = sizeof bytes };
    struct procspawn__identity identity;

    wire__put_u32(&block, GROUPS);
    for (uint32_t i = 0; i < GROUPS; i++)
        wire__put_u32(&block, i);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < TIMES; i++) {
        struct wire_reader reader = { .bytes = bytes, .length = block.length };
        PROCSPAWN_CUNIT_EQUAL(procspawn__identity_read(&call, &reader, &identity), -EPROTO);
    }
    CU_ASSERT(mallinfo2().uordblks < before + GROUPS * sizeof(uint32_t));
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(nothing_differs_from_init_without_a_word),
    TEST(no_new_privs_follows),
    TEST(what_was_read_of_a_truncated_call_is_freed),
    CU_TEST_INFO_NULL,
};

/* These need root to begin with; without it there is nothing to give up. */
static CU_TestInfo root_tests[] = {
    TEST(capabilities_of_the_calling_thread_follow),
    TEST(the_bounding_set_follows),
    TEST(ambient_capabilities_follow),
    TEST(securebits_follow),
    TEST(ids_of_the_calling_thread_follow),
    TEST(capabilities_that_were_kept_with_another_user_follow),
    TEST(a_user_is_chosen_by_the_rights_of_the_caller),
    TEST(a_chosen_user_has_the_capabilities_that_the_kernel_leaves),
    TEST(a_limit_is_chosen_by_the_rights_of_the_caller),
    TEST(a_process_of_a_scope_has_what_the_thread_has_that_started_it),
    TEST(workers_have_what_the_thread_had_that_built_their_pool),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    BUILDER_SUITE("rights", tests),
    BUILDER_SUITE("rights_of_root", root_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0) {
        puts("skip   rights_of_root: needs root");
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    }
    return procspawn_cunit_run(suites, argc, argv);
}
