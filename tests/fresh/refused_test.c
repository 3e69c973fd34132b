/*
 * refused_test.c - fresh pools where the kernel or a filter refuses what they use
 */
#include "tests/support/fresh_helpers.h"
#include "tests/support/jail.h"

#include <errno.h>
#include <forkscope/sandbox.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static json_int_t calls;

static json_t *count_calls(json_t *argument)
{
    (void)argument;
    return json_integer(++calls);
}

/* Both requests have `f` as their type. */
static int refuse_scan(void *unused)
{
    const struct jail_rule scan = { SYS_ioctl, 1, 0xffff, 'f' << 8 | 16 };
    (void)unused;
    jail_enter(&scan, EPERM);
    return 0;
}

static int refuse_query(void *unused)
{
    const struct jail_rule query = { SYS_ioctl, 1, 0xffff, 'f' << 8 | 17 };
    refuse_scan(unused);
    jail_enter(&query, ENOTTY);
    return 0;
}

static int refuse_unshare(void *unused)
{
    const struct jail_rule rule = { SYS_unshare, 0, 0, 0 };
    (void)unused;
    jail_enter(&rule, EPERM);
    return 0;
}

static procspawn_pool *make_refused(int (*hook)(void *))
{
    procspawn_pool_builder *builder = fresh_builder(1);

    procspawn_pool_builder_hook(builder, hook, NULL);
    return fresh_build(builder);
}

static void check_act(procspawn_pool *pool, unsigned number)
{
    json_int_t before = pool_number(pool, fresh_see, json_integer(number));
    pool_number(pool, fresh_leave, json_integer(number));
    json_int_t after = pool_number(pool, fresh_see, json_integer(number));

    if (before != after)
        printf("%s\n", acts_get(number)->name);
    CU_ASSERT_EQUAL(before, after);
}

static void check_acts(procspawn_pool *pool)
{
    unsigned number = 0;

    for (const struct act *act = memory_acts; act->name; act++)
        check_act(pool, number++);
    for (const struct act *act = small_acts; act->name; act++)
        check_act(pool, number++);
}

static void written_pages_are_found_without_pagemap_scan(void)
{
    procspawn_pool *pool = make_refused(refuse_scan);
    json_int_t pid = pool_number(pool, calls_pid, NULL);

    CU_ASSERT_EQUAL(pool_number(pool, count_calls, NULL), 1);
    CU_ASSERT_EQUAL(pool_number(pool, count_calls, NULL), 1);
    FRESH_CHECK_SAME(pool, pid);
    check_acts(pool);
    procspawn_pool_free(pool);
}

static void mappings_are_compared_without_procmap_query(void)
{
    procspawn_pool *pool = make_refused(refuse_query);
    json_int_t pid = pool_number(pool, calls_pid, NULL);

    CU_ASSERT_EQUAL(pool_number(pool, count_calls, NULL), 1);
    FRESH_CHECK_SAME(pool, pid);
    check_acts(pool);
    procspawn_pool_free(pool);
}

static void without_a_snapshot_each_call_has_a_process_of_its_own(void)
{
    procspawn_pool *pool = make_refused(refuse_unshare);
    json_int_t pid = pool_number(pool, calls_pid, NULL);

    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(pool_number(pool, count_calls, NULL), 1);
    CU_ASSERT_NOT_EQUAL(pool_number(pool, calls_pid, NULL), pid);
    procspawn_pool_free(pool);
}

static void a_sandbox_is_refused(void)
{
    procspawn_pool_builder *builder = fresh_builder(1);
    procspawn_pool *pool = NULL;

    procspawn_builder_sandbox(procspawn_pool_builder_process(builder), PROCSPAWN_SANDBOX_COMPUTE);
    CU_ASSERT_EQUAL(procspawn_pool_builder_build(builder, &pool), -EINVAL);
    CU_ASSERT_PTR_NULL(pool);
    procspawn_pool_builder_free(builder);
}

/* A user without rights: /proc belongs to root then, and is opened before. */
static void workers_of_another_user_are_put_back_too(void)
{
    procspawn_pool_builder *builder = fresh_builder(1);

    if (geteuid() != 0) {
        procspawn_pool_builder_free(builder);
        return;
    }
    procspawn_pool_builder_uid(builder, 65534);
    procspawn_pool_builder_gid(builder, 65534);
    procspawn_pool *pool = fresh_build(builder);
    json_int_t pid = pool_number(pool, calls_pid, NULL);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(pool_number(pool, count_calls, NULL), 1);
    FRESH_CHECK_SAME(pool, pid);
    for (unsigned i = 0; i < acts_count(); i++) {
        if (!strcmp(acts_get(i)->name, "users and a network of its own"))
            check_act(pool, i);
    }
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo refusals[] = {
    TEST(written_pages_are_found_without_pagemap_scan),
    TEST(mappings_are_compared_without_procmap_query),
    TEST(without_a_snapshot_each_call_has_a_process_of_its_own),
    TEST(a_sandbox_is_refused),
    TEST(workers_of_another_user_are_put_back_too),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("refusals", refusals),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    acts_prepare();
    return procspawn_cunit_run(suites, argc, argv);
}
