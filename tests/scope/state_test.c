/*
 * state_test.c - the three states of a node: its life, its join, its cancel
 */
#include "src/scope/cancel_state.h"
#include "src/scope/join_state.h"
#include "src/scope/node_state.h"

#include <forkscope/cunit.h>

/* The state that an event leads to; -1: it is refused, and nothing changes. */
static int joined(enum join_state state, enum join_event event)
{
    enum join_state after = state;
    if (scoped__join_state_step(&after, event))
        return after;
    CU_ASSERT(after == state);
    return -1;
}

static int cancelled(enum cancel_state state, enum cancel_event event)
{
    enum cancel_state after = state;
    if (scoped__cancel_state_step(&after, event))
        return after;
    CU_ASSERT(after == state);
    return -1;
}

static bool entered(enum node_state state, enum node_state next)
{
    enum node_state after = state;
    bool legal = scoped__node_state_step(&after, next);
    CU_ASSERT(after == (legal ? next : state));
    return legal;
}

static void no_state_is_entered_twice_or_backwards(void)
{
    for (enum node_state state = NODE_QUEUED; state <= NODE_GONE; state++)
        for (enum node_state next = NODE_QUEUED; next <= state; next++)
            CU_ASSERT(!entered(state, next));
}

static void every_state_but_the_last_is_left_for_the_next(void)
{
    for (enum node_state state = NODE_QUEUED; state < NODE_GONE; state++)
        CU_ASSERT(entered(state, state + 1));
}

static void a_task_that_was_not_started_ends_before_it_is_gone(void)
{
    CU_ASSERT(entered(NODE_QUEUED, NODE_ENDING));
    CU_ASSERT(!entered(NODE_QUEUED, NODE_DONE));
    CU_ASSERT(!entered(NODE_QUEUED, NODE_GONE));
}

static void a_running_task_is_not_done_before_its_children_have_ended(void)
{
    CU_ASSERT(!entered(NODE_RUNNING, NODE_DONE));
}

static void a_join_is_claimed_once_at_a_time(void)
{
    CU_ASSERT(joined(JOIN_UNCLAIMED, JOIN_EV_CLAIM) == JOIN_CLAIMED);
    CU_ASSERT(joined(JOIN_CLAIMED, JOIN_EV_CLAIM) == -1);
    CU_ASSERT(joined(JOIN_CLAIMED, JOIN_EV_GIVE_BACK) == JOIN_UNCLAIMED);
    CU_ASSERT(joined(JOIN_UNCLAIMED, JOIN_EV_GIVE_BACK) == -1);
}

static void a_thread_is_joined_once_and_only_by_its_claimant(void)
{
    CU_ASSERT(joined(JOIN_CLAIMED, JOIN_EV_JOINED) == JOIN_JOINED);
    for (enum join_state state = JOIN_UNSTARTED; state <= JOIN_NEVER; state++)
        CU_ASSERT(state == JOIN_CLAIMED || joined(state, JOIN_EV_JOINED) == -1);
    CU_ASSERT(joined(JOIN_JOINED, JOIN_EV_CLAIM) == -1);
}

static void a_thread_that_is_not_known_is_not_claimed(void)
{
    CU_ASSERT(joined(JOIN_UNSTARTED, JOIN_EV_CLAIM) == -1);
    CU_ASSERT(joined(JOIN_UNSTARTED, JOIN_EV_THREAD) == JOIN_UNCLAIMED);
}

/* Its creator says it too, and may be the last of all to do so. */
static void the_second_word_of_a_thread_changes_nothing(void)
{
    CU_ASSERT(joined(JOIN_UNCLAIMED, JOIN_EV_THREAD) == JOIN_UNCLAIMED);
    CU_ASSERT(joined(JOIN_CLAIMED, JOIN_EV_THREAD) == JOIN_CLAIMED);
    CU_ASSERT(joined(JOIN_JOINED, JOIN_EV_THREAD) == JOIN_JOINED);
}

static void a_queued_task_is_taken_by_one_runner_and_joined_by_nobody(void)
{
    CU_ASSERT(joined(JOIN_UNSTARTED, JOIN_EV_TAKEN) == JOIN_NEVER);
    for (enum join_event event = JOIN_EV_THREAD; event <= JOIN_EV_JOINED; event++)
        CU_ASSERT(joined(JOIN_NEVER, event) == -1);
}

static void nothing_happens_to_a_node_before_its_cancel(void)
{
    CU_ASSERT(cancelled(CANCEL_NONE, CANCEL_EV_MARK) == CANCEL_MARKED);
    for (enum cancel_event event = CANCEL_EV_ASK; event <= CANCEL_EV_REFUSE; event++)
        CU_ASSERT(cancelled(CANCEL_NONE, event) == -1);
}

static void a_node_is_cancelled_once(void)
{
    for (enum cancel_state state = CANCEL_MARKED; state <= CANCEL_SENT; state++)
        CU_ASSERT(cancelled(state, CANCEL_EV_MARK) == -1);
}

static void asking_and_forcing_never_lower_the_state(void)
{
    for (enum cancel_state state = CANCEL_MARKED; state <= CANCEL_SENT; state++) {
        int at_least = state > CANCEL_ASKED ? (int)state : CANCEL_ASKED;
        CU_ASSERT(cancelled(state, CANCEL_EV_ASK) == at_least);
        at_least = state > CANCEL_FORCED ? (int)state : CANCEL_FORCED;
        CU_ASSERT(cancelled(state, CANCEL_EV_FORCE) == at_least);
    }
}

static void pthread_cancel_is_called_once_and_not_before_force(void)
{
    for (enum cancel_state state = CANCEL_NONE; state <= CANCEL_SENT; state++) {
        bool due = state == CANCEL_FORCED || state == CANCEL_DEFERRED;
        CU_ASSERT(cancelled(state, CANCEL_EV_SEND) == (due ? CANCEL_SENT : -1));
        due = state == CANCEL_FORCED;
        CU_ASSERT(cancelled(state, CANCEL_EV_DEFER) == (due ? CANCEL_DEFERRED : -1));
    }
}

static void a_refused_pthread_cancel_is_called_again_by_anybody(void)
{
    CU_ASSERT(cancelled(CANCEL_DEFERRED, CANCEL_EV_REFUSE) == CANCEL_FORCED);
    CU_ASSERT(cancelled(CANCEL_FORCED, CANCEL_EV_REFUSE) == -1);
    CU_ASSERT(cancelled(CANCEL_SENT, CANCEL_EV_REFUSE) == -1);
}

#define TEST(name) { #name, name }

static CU_TestInfo node_tests[] = {
    TEST(no_state_is_entered_twice_or_backwards),
    TEST(every_state_but_the_last_is_left_for_the_next),
    TEST(a_task_that_was_not_started_ends_before_it_is_gone),
    TEST(a_running_task_is_not_done_before_its_children_have_ended),
    CU_TEST_INFO_NULL
};

static CU_TestInfo join_tests[] = {
    TEST(a_join_is_claimed_once_at_a_time),
    TEST(a_thread_is_joined_once_and_only_by_its_claimant),
    TEST(a_thread_that_is_not_known_is_not_claimed),
    TEST(the_second_word_of_a_thread_changes_nothing),
    TEST(a_queued_task_is_taken_by_one_runner_and_joined_by_nobody),
    CU_TEST_INFO_NULL
};

static CU_TestInfo cancel_tests[] = {
    TEST(nothing_happens_to_a_node_before_its_cancel),
    TEST(a_node_is_cancelled_once),
    TEST(asking_and_forcing_never_lower_the_state),
    TEST(pthread_cancel_is_called_once_and_not_before_force),
    TEST(a_refused_pthread_cancel_is_called_again_by_anybody),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    { .pName = "node", .pTests = node_tests },
    { .pName = "join", .pTests = join_tests },
    { .pName = "cancel", .pTests = cancel_tests },
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
