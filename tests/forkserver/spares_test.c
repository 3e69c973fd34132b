/*
 * spares_test.c - how many spares are forked, and when; nothing is forked here
 */
#include "forkserver/children/spares.h"

#include "src/base/clock.h"
#include <forkscope/cunit.h>
#include <signal.h>

enum { NEVER = -1, AT_ONCE = 0 };

static const int64_t start = 1000 * BASE_SECOND;
static const int64_t millisecond = BASE_SECOND / 1000;
static const int64_t moment = BASE_SECOND / 1000;   /* the age of a child that died early */

static struct spares with(unsigned count)
{
    struct spares spares;

    forkserver__spares_init(&spares, count);
    return spares;
}

static void crash(struct spares *spares, unsigned times, int64_t now)
{
    const struct spare_death death = { .by_itself = true, .status = SIGSEGV, .age = moment };

    for (unsigned i = 0; i < times; i++)
        forkserver__spares_lost_one(spares, &death, now);
}

static void exit_well(struct spares *spares, int64_t now)
{
    const struct spare_death death = { .by_itself = true, .age = moment };

    forkserver__spares_lost_one(spares, &death, now);
}

static void without_spares_the_configured_number_is_forked_in_a_row(void)
{
    struct spares spares = with(3);

    for (unsigned ready = 0; ready < 3; ready++) {
        CU_ASSERT(forkserver__spares_pause(&spares, ready, start) == AT_ONCE);
        CU_ASSERT(!forkserver__spares_batch_over(&spares, ready, start));
    }
    CU_ASSERT(forkserver__spares_batch_over(&spares, 3, start));
    CU_ASSERT(forkserver__spares_pause(&spares, 3, start) == NEVER);
}

static void a_single_missing_spare_waits_for_idle_time(void)
{
    struct spares spares = with(3);

    forkserver__spares_pause(&spares, 3, start);
    CU_ASSERT(forkserver__spares_pause(&spares, 2, start) == FORKSERVER_IDLE_DELAY);
    CU_ASSERT(forkserver__spares_batch_over(&spares, 2, start));
}

static void without_configured_spares_none_is_forked(void)
{
    struct spares spares = with(0);

    forkserver__spares_ran_dry(&spares, start);
    CU_ASSERT(forkserver__spares_pause(&spares, 0, start) == NEVER);
}

static void each_time_the_host_runs_dry_the_target_doubles_up_to_four_times(void)
{
    struct spares spares = with(3);
    const unsigned expected[] = { 6, 12, 12 };

    for (unsigned i = 0; i < 3; i++) {
        forkserver__spares_ran_dry(&spares, start);
        CU_ASSERT(spares.wanted == expected[i]);
    }
}

static void the_target_grows_to_sixteen_unless_more_are_configured(void)
{
    struct spares few = with(10), many = with(20);

    forkserver__spares_ran_dry(&few, start);
    forkserver__spares_ran_dry(&many, start);
    CU_ASSERT(few.wanted == 16);
    CU_ASSERT(many.wanted == 20);
}

static void the_target_shrinks_by_deaths_once_the_host_has_not_run_dry_for_a_second(void)
{
    struct spares spares = with(2);

    forkserver__spares_ran_dry(&spares, start);
    exit_well(&spares, start + BASE_SECOND);
    CU_ASSERT(spares.wanted == 4);
    for (int i = 0; i < 5; i++)
        exit_well(&spares, start + BASE_SECOND + 1);
    CU_ASSERT(spares.wanted == 2);
}

static void only_spares_beyond_the_configured_number_time_out(void)
{
    struct spares spares = with(2);

    forkserver__spares_ran_dry(&spares, start);
    CU_ASSERT(forkserver__spares_idle_timeout(&spares, 1) == BASE_NEVER);
    CU_ASSERT(forkserver__spares_idle_timeout(&spares, 2) == 2 * BASE_SECOND);
}

static void only_the_spares_of_a_burst_are_on_demand(void)
{
    struct spares spares = with(2);

    forkserver__spares_pause(&spares, 0, start);
    CU_ASSERT(!forkserver__spares_on_demand(&spares));
    forkserver__spares_ran_dry(&spares, start);
    CU_ASSERT(forkserver__spares_on_demand(&spares));
    forkserver__spares_pause(&spares, 4, start);
    CU_ASSERT(!forkserver__spares_on_demand(&spares));
}

static void after_a_failed_fork_there_is_a_pause(void)
{
    struct spares spares = with(2);

    forkserver__spares_pause(&spares, 0, start);
    forkserver__spares_fork_failed(&spares, start);
    CU_ASSERT(forkserver__spares_batch_over(&spares, 1, start));
    CU_ASSERT(forkserver__spares_pause(&spares, 0, start + 99 * millisecond) == NEVER);
    CU_ASSERT(forkserver__spares_pause(&spares, 0, start + 100 * millisecond) == AT_ONCE);
}

/* Forks nothing for `pause`, and something then. */
static void expect_pause(struct spares *spares, int64_t pause)
{
    CU_ASSERT(forkserver__spares_pause(spares, 0, start + pause - 1) == NEVER);
    CU_ASSERT(forkserver__spares_pause(spares, 0, start + pause) == AT_ONCE);
}

static void many_early_deaths_in_a_row_make_a_pause_that_doubles_six_times(void)
{
    struct spares spares = with(2);

    crash(&spares, 31, start);
    CU_ASSERT(forkserver__spares_pause(&spares, 0, start) == AT_ONCE);
    for (int doublings = 0; doublings <= 6; doublings++) {
        crash(&spares, 1, start);
        expect_pause(&spares, (10 * millisecond) << doublings);
    }
    crash(&spares, 1, start);
    expect_pause(&spares, 640 * millisecond);
}

static void a_child_that_lived_or_exited_well_ends_the_row(void)
{
    const struct spare_death late = { .by_itself = true, .status = SIGSEGV, .age = BASE_SECOND };
    struct spares spares = with(2);

    crash(&spares, 31, start);
    forkserver__spares_lost_one(&spares, &late, start);
    crash(&spares, 31, start);
    exit_well(&spares, start);
    crash(&spares, 31, start);
    CU_ASSERT(forkserver__spares_pause(&spares, 0, start) == AT_ONCE);
}

static void a_child_that_was_ended_counts_neither_way(void)
{
    const struct spare_death ended = { .status = SIGKILL, .age = moment };
    struct spares spares = with(2);

    crash(&spares, 31, start);
    for (int i = 0; i < 100; i++)
        forkserver__spares_lost_one(&spares, &ended, start);
    CU_ASSERT(forkserver__spares_pause(&spares, 0, start) == AT_ONCE);
    crash(&spares, 1, start);
    CU_ASSERT(forkserver__spares_pause(&spares, 0, start) == NEVER);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(without_spares_the_configured_number_is_forked_in_a_row),
    TEST(a_single_missing_spare_waits_for_idle_time),
    TEST(without_configured_spares_none_is_forked),
    TEST(each_time_the_host_runs_dry_the_target_doubles_up_to_four_times),
    TEST(the_target_grows_to_sixteen_unless_more_are_configured),
    TEST(the_target_shrinks_by_deaths_once_the_host_has_not_run_dry_for_a_second),
    TEST(only_spares_beyond_the_configured_number_time_out),
    TEST(only_the_spares_of_a_burst_are_on_demand),
    TEST(after_a_failed_fork_there_is_a_pause),
    TEST(many_early_deaths_in_a_row_make_a_pause_that_doubles_six_times),
    TEST(a_child_that_lived_or_exited_well_ends_the_row),
    TEST(a_child_that_was_ended_counts_neither_way),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "spares", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
