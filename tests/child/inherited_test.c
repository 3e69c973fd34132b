/*
 * inherited_test.c - what children inherit from the program as it was at init, and what they do not
 */
#include "tests/support/call_helpers.h"
#include "tests/support/confinement_helpers.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int number_of_init = 1;

static void ignore(int signal)
{
    (void)signal;
}

static timer_t own_timer;

/* Much of what a program may have before init. */
static void have_much(void)
{
    const struct itimerval soon = { .it_value = { .tv_sec = 30 } };
    const struct itimerspec later = { .it_value = { .tv_sec = 30 } };
    struct sigevent no_event = { .sigev_notify = SIGEV_NONE };
    sigset_t all;

    number_of_init = 2;
    srandom(77);
    CU_ASSERT(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, ignore);
    raise(SIGUSR2);
    setitimer(ITIMER_REAL, &soon, NULL);
    CU_ASSERT(timer_create(CLOCK_MONOTONIC, &no_event, &own_timer) == 0);
    timer_settime(own_timer, 0, &later, NULL);
    calls_begin();
    number_of_init = 3;
}

static json_t *tell_memory(json_t *argument)
{
    (void)argument;
    return json_integer(number_of_init++);
}

static void check_memory(void)
{
    have_much();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(tell_memory, NULL)), 2);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(tell_memory, NULL)), 2);
    PROCSPAWN_CUNIT_EQUAL(number_of_init, 3);
    calls_end();
}

static void memory_is_that_of_init_and_each_childs_own(void)
{
    confinement_in_process(check_memory);
}

/* How many signals are blocked, pending, or have another than the default action. */
static json_t *tell_signals(json_t *argument)
{
    sigset_t blocked, pending;
    struct sigaction action;
    int counts[3] = { 0, 0, 0 };
    (void)argument;

    sigprocmask(SIG_SETMASK, NULL, &blocked);
    sigpending(&pending);
    for (int i = 1; i < NSIG; i++) {
        counts[0] += sigismember(&blocked, i) == 1;
        counts[1] += sigismember(&pending, i) == 1;
        counts[2] += i != SIGCHLD && sigaction(i, NULL, &action) == 0 &&
                     (action.sa_handler == SIG_IGN || action.sa_handler == ignore);
    }
    return json_pack("[i,i,i]", counts[0], counts[1], counts[2]);
}

static void check_signals(void)
{
    have_much();
    json_t *told = calls_result(calls_start(tell_signals, NULL));
    for (size_t i = 0; i < 3; i++)
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(told, i)), 0);
    json_decref(told);
    calls_end();
}

static void signals_are_neither_blocked_nor_pending_nor_ignored_nor_handled(void)
{
    confinement_in_process(check_signals);
}

static json_t *tell_timers(json_t *argument)
{
    struct itimerval alarm;
    struct itimerspec other;
    (void)argument;

    getitimer(ITIMER_REAL, &alarm);
    return json_pack("[i,i]", (int)alarm.it_value.tv_sec, timer_gettime(own_timer, &other));
}

static void check_timers(void)
{
    have_much();
    json_t *told = calls_result(calls_start(tell_timers, NULL));
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(told, 0)), 0);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(told, 1)), -1);
    json_decref(told);
    timer_delete(own_timer);
    calls_end();
}

static void timers_are_the_programs_alone(void)
{
    confinement_in_process(check_timers);
}

static json_t *tell_random(json_t *argument)
{
    (void)argument;
    return json_integer(random());
}

static void check_random(void)
{
    have_much();
    json_int_t first = calls_integer(calls_start(tell_random, NULL));
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(tell_random, NULL)), first);
    PROCSPAWN_CUNIT_EQUAL(random(), first);
    calls_end();
}

static void random_generators_go_on_from_where_they_were_at_init(void)
{
    confinement_in_process(check_random);
}

static json_t *tell_locale(json_t *argument)
{
    (void)argument;
    return json_string(setlocale(LC_CTYPE, NULL));
}

static void check_locale(void)
{
    have_much();
    CU_ASSERT(setlocale(LC_CTYPE, "C") != NULL);
    calls_check_text(calls_result(calls_start(tell_locale, NULL)), "C.UTF-8");
    calls_end();
}

static void the_locale_is_that_of_init(void)
{
    confinement_in_process(check_locale);
}

static json_t *tell_group(json_t *argument)
{
    (void)argument;
    return json_pack("[b,b,b]", getpgrp() == getpid(), getsid(0) == getsid(getppid()),
                     getsid(0) != getpid());
}

static void check_group(void)
{
    have_much();
    json_t *told = calls_result(calls_start(tell_group, NULL));
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT(json_is_true(json_array_get(told, i)));
    json_decref(told);
    calls_end();
}

static void each_child_leads_a_group_in_the_session_of_its_server(void)
{
    confinement_in_process(check_group);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(memory_is_that_of_init_and_each_childs_own),
    TEST(signals_are_neither_blocked_nor_pending_nor_ignored_nor_handled),
    TEST(timers_are_the_programs_alone),
    TEST(random_generators_go_on_from_where_they_were_at_init),
    TEST(the_locale_is_that_of_init),
    TEST(each_child_leads_a_group_in_the_session_of_its_server),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "inherited", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
