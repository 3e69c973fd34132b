/*
 * quota_test.c - how many children a child may have, and how much of its server's time
 */
#include "src/client/state.h"
#include "src/image/image.h"
#include "src/wire/board.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"
#include "tests/support/raw_messages.h"

#include <forkscope/pool.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { EACH = 64 };

static void begin_with(unsigned each, unsigned all)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_nested(config, each, all);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    procspawn_config_free(config);
}

/* ---- numbers ---- */

/* Asks for more at once than it may have: how many offers come, and the refusal behind them. */
static json_t *ask_for_many(json_t *count)
{
    static struct wire_offer body[WIRE_MAX_OFFERS];
    struct wire_fork ask = { .count = (uint32_t)json_integer_value(count) };
    struct wire_frame frame = { .body = body, .capacity = sizeof body };
    struct wire_refused refused = { .error = 0 };
    struct pollfd link = { .fd = raw_link(), .events = POLLIN };
    uint32_t answered = 0, offered = 0;

    wire__send_struct(link.fd, WIRE_FORK, &ask, sizeof ask, -1, false);
    while (answered < ask.count && poll(&link, 1, 20000) == 1) {
        if (wire__recv(link.fd, &frame, true) < 0)
            break;
        if (frame.header.type == WIRE_REFUSED) {
            memcpy(&refused, body, sizeof refused);
            answered += refused.count;
        } else {
            offered += frame.header.fd_count;
            answered += frame.header.fd_count;
        }
    }
    return json_pack("[iii]", (int)offered, (int)answered, (int)refused.error);
}

static void a_child_is_offered_no_more_than_its_share(void)
{
    calls_begin();
    json_t *result = calls_result(calls_start(ask_for_many, json_integer(500)));
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(result, 0)), EACH);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(result, 1)), 500);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(result, 2)), -PROCSPAWN_ELIMIT);
    json_decref(result);
    calls_end();
}

/* More at once than one message can ask for. */
static void the_program_is_refused_nothing(void)
{
    enum { ENOUGH = 64 };
    static struct wire_offer body[WIRE_MAX_OFFERS];
    struct wire_fork ask = { .count = WIRE_MAX_FORKS };
    struct wire_frame frame = { .body = body, .capacity = sizeof body };
    unsigned offered = 0;

    calls_begin();
    struct pollfd link = { .fd = procspawn__client.links[0].fd, .events = POLLIN };
    for (int i = 0; i < 2; i++)
        PROCSPAWN_CUNIT_EQUAL(wire__send_struct(link.fd, WIRE_FORK, &ask, sizeof ask, -1, false),
                              0);
    while (offered < ENOUGH && poll(&link, 1, 20000) == 1 && wire__recv(link.fd, &frame, true) == 0) {
        CU_ASSERT(frame.header.type != WIRE_REFUSED);
        offered += frame.header.fd_count;
        wire__close_fds(&frame);
    }
    CU_ASSERT(offered >= ENOUGH);
    calls_end();
}

/* Starts calls until one is refused: how many, by what, and whether there is room after an end. */
static json_t *start_many(json_t *null)
{
    enum { MORE = 2 * EACH };
    procspawn_handle *handles[MORE];
    int count = 0, rc = 0;

    while (count < MORE && rc == 0) {
        rc = procspawn(calls_hang, null, &handles[count]);
        count += rc == 0;
    }
    procspawn_kill(handles[0]);
    procspawn_wait_timeout(handles[0], 10 * CALLS_SECOND, NULL);
    int again = procspawn(calls_hang, null, &handles[0]);
    return json_pack("[iii]", count, rc, again);
}

static void check_start_many(int count)
{
    procspawn_handle *handle = calls_start(start_many, NULL);

    /* With it its children are gone. */
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 20 * CALLS_SECOND, NULL), 0);
    json_t *result = calls_result(handle);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(result, 0)), count);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(result, 1)), PROCSPAWN_ELIMIT);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(result, 2)), 0);
    json_decref(result);
}

static void what_is_refused_says_so_and_an_end_makes_room(void)
{
    calls_begin();
    check_start_many(EACH);
    calls_end();
}

static void the_share_can_be_set(void)
{
    begin_with(3, 100);
    check_start_many(3);
    check_start_many(3);
    calls_end();
}

static void so_can_the_number_of_all_together(void)
{
    begin_with(EACH, 5);
    check_start_many(5);
    check_start_many(5);
    calls_end();
}

static json_t *start_one(json_t *null)
{
    procspawn_handle *handle;
    return json_integer(procspawn(calls_hang, null, &handle));
}

/* The errno value of a pool that can have no worker. */
static json_t *fail_to_pool(json_t *unused)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    procspawn_pool *pool;
    procspawn_handle *handle;
    procspawn_error *error = NULL;

    (void)unused;
    procspawn_pool_builder_attempts(builder, 1);
    if (procspawn_pool_builder_build(builder, &pool) < 0)
        return NULL;
    procspawn_pool_builder_free(builder);
    int rc = procspawn_pool_spawn(pool, calls_echo, NULL, &handle);
    if (rc == 0) {
        procspawn_join(handle, NULL, NULL);
        procspawn_handle_free(handle);
    }
    if (procspawn_pool_failure(pool, &error) < 0)
        return NULL;
    rc = procspawn_error_errno(error);
    procspawn_error_free(error);
    procspawn_pool_free(pool);
    return json_integer(rc);
}

static void a_pool_without_a_share_fails_by_the_limit(void)
{
    begin_with(0, 100);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(fail_to_pool, NULL)), PROCSPAWN_ELIMIT);
    calls_end();
}

static void there_may_be_none_at_all(void)
{
    begin_with(0, 100);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(start_one, NULL)), PROCSPAWN_ELIMIT);
    calls_end();
    begin_with(100, 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(start_one, NULL)), PROCSPAWN_ELIMIT);
    calls_end();
}

static void the_program_itself_has_no_limit(void)
{
    enum { MORE = 2 * EACH };
    procspawn_handle *handles[MORE];

    begin_with(1, 1);
    for (int i = 0; i < MORE; i++)
        handles[i] = calls_start(calls_hang, NULL);
    for (int i = 0; i < MORE; i++)
        procspawn_handle_free(handles[i]);
    calls_end();
}

/* A server that was killed counts what it had no more. */
static json_t *start_some_and_hang(json_t *null)
{
    procspawn_handle *handle;

    for (int i = 0; i < 4; i++)
        procspawn(calls_hang, null, &handle);
    return calls_hang(null);
}

static unsigned nested_in_all(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < procspawn__image.servers; i++)
        count += __atomic_load_n(&procspawn__image.board[i].nested, __ATOMIC_RELAXED);
    return count;
}

/* Also while there is no other server in its place yet. */
static void what_a_lost_server_had_counts_no_more(void)
{
    procspawn_handle *handles[4];

    begin_with(EACH, 5);
    for (int i = 0; i < 4; i++)
        handles[i] = calls_start(start_some_and_hang, NULL);
    while (nested_in_all() < 5)
        poll(NULL, 0, 1);
    calls_signal_servers(SIGKILL);
    for (int i = 0; i < 4; i++) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handles[i], 10 * CALLS_SECOND, NULL),
                              PROCSPAWN_ESERVER);
        procspawn_handle_free(handles[i]);
    }
    CU_ASSERT_EQUAL(nested_in_all(), 0);
    check_start_many(5);
    calls_end();
}

/* ---- time ---- */

enum { FLOODERS = 4, VICTIMS = 4 };

static json_t *flood_with_nothing(json_t *null)
{
    struct wire_fork ask = { .count = 0 };

    for (;;)
        wire__send_struct(raw_link(), WIRE_FORK, &ask, sizeof ask, -1, false);
    return null;
}

static json_t *flood_with_limits(json_t *null)
{
    struct wire_limit body = { .id = 1, .pid = getpid() };
    int link = raw_link();

    for (;;)
        wire__send_struct(link, WIRE_LIMIT, &body, sizeof body, -1, false);
    return null;
}

static json_t *flood_with_questions(json_t *null)
{
    struct wire_await body = { .id = 1, .pid = getpid() };
    int link = raw_link();

    for (;;)
        wire__send_struct(link, WIRE_AWAIT, &body, sizeof body, -1, false);
    return null;
}

static json_t *ask_for_ever(json_t *null)
{
    for (;;)
        close(raw_ask(WIRE_MAX_FORKS));
    return null;
}

static void check_service_beside(procspawn_function *flood)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_handle *flooders[FLOODERS], *victims[VICTIMS];

    calls_begin();
    for (int i = 0; i < FLOODERS; i++)
        flooders[i] = calls_start(flood, NULL);
    poll(NULL, 0, 100);
    int64_t start = calls_now();
    procspawn_builder_total_limit(builder, CALLS_SECOND / 5);
    for (int i = 0; i < VICTIMS; i++)
        victims[i] = calls_build(builder, calls_hang, NULL);
    for (int i = 0; i < 20; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(i))), i);
    for (int i = 0; i < VICTIMS; i++)
        calls_check_error(calls_error(victims[i]), PROCSPAWN_ERROR_TIMED_OUT,
                          PROCSPAWN_CAUSE_TIME_LIMIT);
    CU_ASSERT(calls_now() - start < 10 * CALLS_SECOND);
    for (int i = 0; i < FLOODERS; i++) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_kill(flooders[i]), 0);
        PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(flooders[i], 10 * CALLS_SECOND, NULL), 0);
        procspawn_handle_free(flooders[i]);
    }
    procspawn_builder_free(builder);
    calls_end();
}

static void who_floods_its_link_takes_no_time_from_others(void)
{
    check_service_beside(flood_with_nothing);
    check_service_beside(flood_with_limits);
    check_service_beside(flood_with_questions);
}

static void nor_does_who_asks_for_children_without_end(void)
{
    check_service_beside(ask_for_ever);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_child_is_offered_no_more_than_its_share),
    TEST(the_program_is_refused_nothing),
    TEST(what_is_refused_says_so_and_an_end_makes_room),
    TEST(the_share_can_be_set),
    TEST(so_can_the_number_of_all_together),
    TEST(a_pool_without_a_share_fails_by_the_limit),
    TEST(there_may_be_none_at_all),
    TEST(the_program_itself_has_no_limit),
    TEST(what_a_lost_server_had_counts_no_more),
    TEST(who_floods_its_link_takes_no_time_from_others),
    TEST(nor_does_who_asks_for_children_without_end),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "quota", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
