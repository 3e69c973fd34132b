/*
 * at_fini_test.c - the list of what procspawn_fini() ends: it is free for others while one object
 * is joined
 */
#include "src/image/at_fini.h"

#include "src/base/clock.h"
#include <errno.h>
#include <forkscope/cunit.h>
#include <forkscope/error.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <time.h>

/* An object that has ended when `ended` is posted. */
struct thing {
    struct procspawn__at_fini at_fini;
    sem_t begun, ended;
    int closed, joined;
};

static struct thing *thing_of(struct procspawn__at_fini *item)
{
    return list_entry(item, struct thing, at_fini);
}

static void close_thing(struct procspawn__at_fini *item)
{
    thing_of(item)->closed++;
}

static int join_thing(struct procspawn__at_fini *item, int64_t deadline)
{
    struct timespec until = { deadline / BASE_SECOND, deadline % BASE_SECOND };
    struct thing *thing = thing_of(item);

    sem_post(&thing->begun);
    if (sem_clockwait(&thing->ended, CLOCK_MONOTONIC, &until) < 0)
        return -errno;
    thing->joined++;
    return 0;
}

static void begin(struct thing *thing, unsigned ended)
{
    *thing = (struct thing){ .at_fini = { .close = close_thing, .join = join_thing } };
    sem_init(&thing->begun, 0, 0);
    sem_init(&thing->ended, 0, ended);
    PROCSPAWN_CUNIT_EQUAL(procspawn__at_fini_add(&thing->at_fini), 0);
    procspawn__at_fini_release(&thing->at_fini);
}

static int remove_by(struct thing *thing, int64_t seconds)
{
    return procspawn__at_fini_remove(&thing->at_fini, base__deadline(seconds * BASE_SECOND));
}

static void *join_all(void *ret_rc)
{
    *(int *)ret_rc = procspawn__at_fini_join_all(base__deadline(60 * BASE_SECOND));
    return NULL;
}

static pthread_t start_joining(struct thing *first, int *ret_rc)
{
    pthread_t thread;

    CU_ASSERT_FATAL(pthread_create(&thread, NULL, join_all, ret_rc) == 0);
    sem_wait(&first->begun);
    return thread;
}

static void others_come_and_go_while_one_is_joined(void)
{
    struct thing slow, other, late;
    int rc = 1;

    begin(&slow, 0);
    begin(&other, 1);
    pthread_t thread = start_joining(&slow, &rc);
    PROCSPAWN_CUNIT_EQUAL(remove_by(&other, 20), 0);
    begin(&late, 1);
    PROCSPAWN_CUNIT_EQUAL(remove_by(&late, 20), 0);
    PROCSPAWN_CUNIT_EQUAL(rc, 1);
    sem_post(&slow.ended);
    pthread_join(thread, NULL);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    PROCSPAWN_CUNIT_EQUAL(remove_by(&slow, 20), 0);
    PROCSPAWN_CUNIT_EQUAL(slow.joined + other.joined + late.joined, 3);
}

static void an_object_is_joined_by_one_thread_once(void)
{
    struct thing slow;
    int rc = 1;

    begin(&slow, 0);
    pthread_t thread = start_joining(&slow, &rc);
    PROCSPAWN_CUNIT_EQUAL(remove_by(&slow, 0), -ETIMEDOUT);
    sem_post(&slow.ended);
    PROCSPAWN_CUNIT_EQUAL(remove_by(&slow, 20), 0);
    pthread_join(thread, NULL);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    PROCSPAWN_CUNIT_EQUAL(slow.joined, 1);
}

static void a_join_that_reached_its_limit_can_be_repeated(void)
{
    struct thing slow;

    begin(&slow, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn__at_fini_join_all(base__now()), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(remove_by(&slow, 0), -ETIMEDOUT);
    sem_post(&slow.ended);
    PROCSPAWN_CUNIT_EQUAL(procspawn__at_fini_join_all(base__deadline(20 * BASE_SECOND)), 0);
    PROCSPAWN_CUNIT_EQUAL(remove_by(&slow, 20), 0);
    PROCSPAWN_CUNIT_EQUAL(slow.joined, 1);
}

static void nothing_is_added_between_the_end_and_the_next_init(void)
{
    struct thing before, after;

    begin(&before, 1);
    procspawn__at_fini_close_all();
    PROCSPAWN_CUNIT_EQUAL(before.closed, 1);
    after = before;
    PROCSPAWN_CUNIT_EQUAL(procspawn__at_fini_add(&after.at_fini), PROCSPAWN_ENOTINIT);
    PROCSPAWN_CUNIT_EQUAL(remove_by(&before, 20), 0);
    procspawn__at_fini_reopen();
    begin(&after, 1);
    PROCSPAWN_CUNIT_EQUAL(remove_by(&after, 20), 0);
}

/* procspawn_fini may close it before its thread runs, and joins it when that has begun. */
static void what_is_about_to_start_is_closed_and_not_joined(void)
{
    struct thing thing;

    begin(&thing, 1);
    PROCSPAWN_CUNIT_EQUAL(remove_by(&thing, 20), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn__at_fini_add(&thing.at_fini), 0);
    procspawn__at_fini_close_all();
    PROCSPAWN_CUNIT_EQUAL(thing.closed, 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn__at_fini_join_all(base__now()), -ETIMEDOUT);
    procspawn__at_fini_withdraw(&thing.at_fini);
    PROCSPAWN_CUNIT_EQUAL(procspawn__at_fini_join_all(base__now()), 0);
    procspawn__at_fini_reopen();
    PROCSPAWN_CUNIT_EQUAL(thing.joined, 1);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(others_come_and_go_while_one_is_joined),
    TEST(an_object_is_joined_by_one_thread_once),
    TEST(a_join_that_reached_its_limit_can_be_repeated),
    TEST(nothing_is_added_between_the_end_and_the_next_init),
    TEST(what_is_about_to_start_is_closed_and_not_joined),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { { .pName = "at_fini", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
