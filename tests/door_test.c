/* Where children get their link: what one of them can do there to the others. */
#include "tests/calls.h"

#include <sys/socket.h>
#include <unistd.h>

enum { SOMEBODY = 1234 };

/* Shuts whatever socket it has, that of its own answer too. */
static json_t *shut_everything(json_t *null)
{
    enum { DESCRIPTORS = 64 };

    for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS; fd++)
        shutdown(fd, SHUT_RDWR);
    return null;
}

static void attack(procspawn_builder *builder)
{
    procspawn_handle *handle;

    CU_ASSERT_FATAL(procspawn_builder_spawn(builder, shut_everything, NULL, &handle) == 0);
    procspawn_error_free(calls_error(handle));
}

/* Has a child of its own: true, or the error code of why not. */
static json_t *nest(json_t *null)
{
    procspawn_handle *handle;
    json_t *result = NULL;
    int rc = procspawn(calls_echo, null, &handle);

    if (rc < 0)
        return json_integer(rc);
    rc = procspawn_join(handle, &result, NULL);
    json_decref(result);
    procspawn_handle_free(handle);
    return rc == 0 ? json_true() : json_integer(rc);
}

static bool nests(void)
{
    json_t *result = calls_result(calls_start(nest, NULL));
    bool did = json_is_true(result);

    if (!did)
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(result), PROCSPAWN_ESERVER);
    json_decref(result);
    return did;
}

static void all_nest(void)
{
    for (int i = 0; i < 40; i++)
        CU_ASSERT(nests());
}

static void a_door_that_was_shut_is_replaced(void)
{
    enum { MORE_THAN_SPARES = 200, TRIES = 1000 };
    int in_a_row = 0;

    attack(NULL);
    for (int i = 0; i < TRIES && in_a_row < MORE_THAN_SPARES; i++)
        in_a_row = nests() ? in_a_row + 1 : 0;
    PROCSPAWN_CUNIT_EQUAL(in_a_row, MORE_THAN_SPARES);
}

static int do_nothing(void *unused)
{
    (void)unused;
    return 0;
}

static void who_runs_a_hook_has_given_up_the_door(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_pre_exec(builder, do_nothing, NULL);
    attack(builder);
    procspawn_builder_free(builder);
    all_nest();
}

static void who_may_have_no_children_has_no_door(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_may_spawn(builder, false);
    attack(builder);
    procspawn_builder_free(builder);
    all_nest();
}

static void who_has_other_ids_has_given_up_the_door(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_uid(builder, SOMEBODY);
    attack(builder);
    procspawn_builder_free(builder);
    all_nest();
}

static void who_has_other_ids_gets_a_link_all_the_same(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_uid(builder, SOMEBODY);
    json_t *result = calls_result(calls_build(builder, nest, NULL));
    CU_ASSERT(json_is_true(result));
    json_decref(result);
    procspawn_builder_free(builder);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_door_that_was_shut_is_replaced),
    TEST(who_runs_a_hook_has_given_up_the_door),
    TEST(who_may_have_no_children_has_no_door),
    CU_TEST_INFO_NULL,
};

/* Only root can become somebody. */
static CU_TestInfo root_tests[] = {
    TEST(who_has_other_ids_has_given_up_the_door),
    TEST(who_has_other_ids_gets_a_link_all_the_same),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("door", tests),
    CALLS_SUITE("door_rights", root_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0)
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    return procspawn_cunit_run(suites, argc, argv);
}
