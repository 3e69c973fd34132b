/*
 * children_test.c - the table of children, and the states of a child; nothing is forked here
 */
#include "forkserver/children/children.h"

#include <forkscope/cunit.h>

enum { PID = 4711, NEXT_PID = 4712 };

/* Entries of the test's own, as the table would map memory for the life of the process. */
static struct child entries[2];
static struct children children;
static struct requester requester;

static struct child *born(void)
{
    struct child *child = forkserver__child_new(&children, &requester);

    CU_ASSERT_FATAL(child != NULL);
    forkserver__child_started(&children, child, PID);
    return child;
}

static void begin(void)
{
    entries[0] = entries[1] = (struct child){ .slot = 0 };
    entries[0].next = &entries[1];
    children = (struct children){ .unused = entries };
    list_init(&children.reborn);
}

static void enter_all(struct child *child, const enum child_state *states, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        CU_ASSERT(forkserver__child_enter(child, states[i]) && child->state == states[i]);
}

static void expect_refused(struct child *child, const enum child_state *states, unsigned count)
{
    const enum child_state before = child->state;

    for (unsigned i = 0; i < count; i++)
        CU_ASSERT(!forkserver__child_enter(child, states[i]) && child->state == before);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void a_child_that_crashes_is_unwound_before_it_is_dead(void)
{
    const enum child_state too_early[] = { CHILD_DEAD, CHILD_GONE, CHILD_UNUSED, CHILD_HANGING };
    struct child *child = born();

    enter_all(child, (enum child_state[]){ CHILD_STOPPED }, 1);
    CU_ASSERT(forkserver__child_is_reported(child));
    expect_refused(child, too_early, COUNT(too_early));
    enter_all(child, (enum child_state[]){ CHILD_UNWOUND, CHILD_STOPPED, CHILD_UNWOUND }, 3);
    CU_ASSERT(!forkserver__child_is_reported(child) && !forkserver__child_is_dead(child));
    forkserver__child_died(&children, child);
    CU_ASSERT(forkserver__child_is_dead(child));
}

static void a_child_stopped_by_others_or_past_its_deadline_runs_on(void)
{
    const enum child_state path[] = { CHILD_STOPPED, CHILD_RUNNING, CHILD_HANGING, CHILD_RUNNING };

    enter_all(born(), path, COUNT(path));
}

static void a_death_is_told_when_nothing_is_left_and_the_entry_is_free_then(void)
{
    const enum child_state too_early[] = { CHILD_UNTOLD, CHILD_RUNNING, CHILD_UNUSED };
    struct child *child = born();

    forkserver__child_died(&children, child);
    expect_refused(child, too_early, COUNT(too_early));
    enter_all(child, (enum child_state[]){ CHILD_GONE, CHILD_UNTOLD }, 2);
    expect_refused(child, (enum child_state[]){ CHILD_RUNNING, CHILD_UNUSED }, 2);
    forkserver__child_retell(child);
    CU_ASSERT(child->state == CHILD_GONE);
    forkserver__child_free(&children, child);
    CU_ASSERT(child->state == CHILD_UNUSED && children.count == 0 && !children.dead);
    CU_ASSERT(forkserver__child_new(&children, &requester) == child);
}

static void only_an_untold_death_is_told_again(void)
{
    struct child *child = born();

    forkserver__child_retell(child);
    CU_ASSERT(child->state == CHILD_RUNNING);
    forkserver__child_died(&children, child);
    forkserver__child_retell(child);
    CU_ASSERT(child->state == CHILD_DEAD);
}

static void nothing_happens_to_an_entry_without_a_process(void)
{
    struct child *child = forkserver__child_new(&children, &requester);

    for (enum child_state state = CHILD_UNUSED; state <= CHILD_UNTOLD; state++) {
        if (state != CHILD_RUNNING)
            expect_refused(child, &state, 1);
    }
}

static void a_reborn_child_is_found_by_both_process_ids(void)
{
    struct child *child = born();

    forkserver__child_died(&children, child);
    enter_all(child, (enum child_state[]){ CHILD_GONE }, 1);
    forkserver__child_reborn(&children, child, NEXT_PID);
    CU_ASSERT(child->state == CHILD_RUNNING && !children.dead && children.count == 1);
    CU_ASSERT(!forkserver__child_by_pid(&children, PID));
    CU_ASSERT(forkserver__child_by_pid(&children, NEXT_PID) == child);
    CU_ASSERT(forkserver__child_by_id(&children, PID, child->id) == child);
    CU_ASSERT(forkserver__child_by_id(&children, NEXT_PID, child->id) == child);
}

static void a_dead_child_is_found_by_its_number_only(void)
{
    struct child *child = born();

    forkserver__child_died(&children, child);
    CU_ASSERT(!forkserver__child_by_pid(&children, PID));
    CU_ASSERT(!forkserver__child_by_id(&children, PID, child->id));
    CU_ASSERT(forkserver__child_dead(&children, child->id) == child);
    struct child *other = born();
    CU_ASSERT(forkserver__child_by_pid(&children, PID) == other);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_child_that_crashes_is_unwound_before_it_is_dead),
    TEST(a_child_stopped_by_others_or_past_its_deadline_runs_on),
    TEST(a_death_is_told_when_nothing_is_left_and_the_entry_is_free_then),
    TEST(only_an_untold_death_is_told_again),
    TEST(nothing_happens_to_an_entry_without_a_process),
    TEST(a_reborn_child_is_found_by_both_process_ids),
    TEST(a_dead_child_is_found_by_its_number_only),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "children", .pSetUpFunc = begin, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
