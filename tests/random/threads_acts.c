/*
 * threads_acts.c - what tasks and owners do, one act after the other
 */
#include "tests/random/threads.h"

#include "src/base/clock.h"
#include "src/base/thread.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char threads_keys[KEYS];

/* ---- waits ---- */

static int64_t short_while(struct record *record)
{
    return forkscope_after((int64_t)dice_roll(&record->dice, 200000));
}

static void check_woken(struct record *record, int error, int64_t deadline)
{
    record_check_cut(record, error);
    if (error != -ECANCELED)
        CHECK(forkscope_after(0) >= deadline && forkscope_after(0) - deadline < run_slack(),
              "a wait ended early, or late");
}

static void sleep_for(struct record *record, int64_t deadline)
{
    int error = AT(record, POINT, scoped_sleep_until(deadline));
    CHECK_RESULT(error, "scoped_sleep_until", 0, -ECANCELED);
    check_woken(record, error, deadline);
}

static void sleep_briefly(struct record *record)
{
    sleep_for(record, short_while(record));
}

/* Until it is cancelled. */
static void sleep_for_ever(struct record *record)
{
    if (!record->bounded)
        sleep_for(record, SCOPED_FOREVER);
    else
        sleep_briefly(record);
}

static void wait_for_fd(struct record *record)
{
    int fd = (int)dice_roll(&record->dice, 3) - 1;
    int64_t deadline = short_while(record);
    int error = AT(record, POINT, scoped_wait_fd_until(fd == 0 ? 1000000 : fd, POLLOUT | POLLIN,
                                                  deadline));
    CHECK_RESULT(error, "scoped_wait_fd_until", 0, -ETIMEDOUT, -ECANCELED, -EBADF, -EMFILE);
    record_check_cut(record, error);
    CHECK(error == -ECANCELED || fd > 0 || error != 0, "a descriptor that is not open is ready");
    CHECK(forkscope_after(0) - deadline < run_slack(), "a wait ended late");
    CHECK(error != -ETIMEDOUT || forkscope_after(0) >= deadline, "a wait ended early");
}

static void check_point(struct record *record)
{
    int error = AT(record, POINT, scoped_checkpoint());
    CHECK_RESULT(error, "scoped_checkpoint", 0, -ECANCELED);
    record_check_cut(record, error);
}

/* Whether a cancel ends each wait soon: a shield may hold for longer than its root has to close. */
static bool can_be_cut(const struct record *record)
{
    return !record->bounded && record->cancel_off == 0 &&
           record->shield_ends < forkscope_after(BASE_SECOND);
}

/* The thread sanitizer knows no cancelled system call. */
static void wait_in_system(struct record *record)
{
    struct timespec moment = { 0, (long)dice_roll(&record->dice, 100000) };
    bool for_ever = record->mode == SCOPED_CANCEL_FORCED && dice_one_in(&record->dice, 4) &&
                    can_be_cut(record);
    if (!base__join_cancelable() && record->is_task)
        return;
    if (for_ever)
        moment.tv_sec = 1 << 20;
    AT(record, POSIX_POINT, nanosleep(&moment, NULL));
}

static void test_cancel(struct record *record)
{
    AT(record, POSIX_POINT, (pthread_testcancel(), 0));
}

/* ---- what a task says and finds ---- */

static void say_something(struct record *record)
{
    char name[16];
    int expected = record->is_task ? 0 : -EPERM;
    snprintf(name, sizeof name, "task-%u", record->number);
    int error = AT(record, NO_POINT, scoped_set_name(name));
    CHECK(error == expected, "scoped_set_name gave %d", error);
    record->value = record;
    error = AT(record, NO_POINT, scoped_set_result(record));
    CHECK(error == expected, "scoped_set_result gave %d", error);
    atomic_store(&record->said_started, true);
    error = AT(record, NO_POINT, scoped_notify_started());
    CHECK(error == expected, "scoped_notify_started gave %d", error);
}

static void check_cancel_fd(int fd)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN };
    bool was_on = base__cancelable(false);
    bool is_cancelled = scoped_cancelled();
    int ready = poll(&polled, 1, is_cancelled ? (int)(run_slack() / 1000000) : 0);
    CHECK(ready == 1 || !is_cancelled, "a descriptor that does not tell of a cancel");
    CHECK(ready == 0 || scoped_cancelled(), "a descriptor that tells of no cancel");
    base__cancelable(was_on);
}

static void look_around(struct record *record)
{
    int fd;
    CHECK(AT(record, NO_POINT, scoped_ends_at()) ==
              (record->is_task ? record->around.deadline : SCOPED_FOREVER),
          "another deadline than inherited");
    for (int i = 0; i < KEYS; i++) {
        void *value = AT(record, NO_POINT, scoped_lookup(&threads_keys[i]));
        CHECK(value == (record->is_task ? (void *)record->around.values[i] : NULL),
              "another value than inherited");
    }
    CHECK(AT(record, NO_POINT, scoped_lookup(&fd)) == NULL, "a value for a key that nobody has");
    int error = AT(record, NO_POINT, scoped_cancel_fd(&fd));
    CHECK_RESULT(error, "scoped_cancel_fd", record->is_task ? 0 : -EPERM, -EMFILE);
    if (error == 0)
        check_cancel_fd(fd);
}

/* The deadline of the scope around cancels a waiting task in each mode. */
static void outlast_deadline(struct record *record)
{
    int64_t deadline = record->around.deadline;
    if (record->scope == NULL || !record->scope->has_deadline || record->cancel_off > 0 ||
        record->shield_ends != 0 || deadline > forkscope_after(2000000))
        return;
    int error = AT(record, POINT, scoped_sleep_until(forkscope_after(run_slack())));
    CHECK(error == -ECANCELED, "a deadline that cancels nobody");
    CHECK(scoped_cancelled(), "a wait was cut short for nothing");
}

static void cancel_itself(struct record *record)
{
    if (record->is_leaf || !record->is_task || !dice_one_in(&record->dice, 4))
        return;
    int error = AT(record, NO_POINT, scoped_cancel(record->self));
    CHECK(error == 0, "scoped_cancel gave %d", error);
    CHECK(scoped_cancelled(), "not cancelled after scoped_cancel");
}

/* ---- the choice ---- */

typedef void act(struct record *record);

static act *const for_all[] = {
    sleep_briefly, sleep_for_ever, wait_for_fd, check_point, wait_in_system, test_cancel,
    say_something, look_around, outlast_deadline, wait_for_some, wait_for_some, wait_for_some,
    let_go_of_some, hold_section, hold_deferred, hold_resource, misuse_something, run_nested,
    run_scope
};

/* Of those that have a spawner. */
static act *const for_parents[] = {
    spawn_some, spawn_some, spawn_some, spawn_raw, scope_open, scope_open, scope_close,
    scope_cancel, cancel_itself
};

static void act_once(struct record *record)
{
    enum { ALL = sizeof for_all / sizeof for_all[0] };
    enum { PARENTS = sizeof for_parents / sizeof for_parents[0] };

    int64_t now = forkscope_after(0);
    if (!scoped_cancelled())
        record->uncancelled_at = now;
    if (!record->is_leaf && dice_one_in(&record->dice, 2))
        for_parents[dice_roll(&record->dice, PARENTS)](record);
    else
        for_all[dice_roll(&record->dice, ALL)](record);
}

void acts_do_some(struct record *record)
{
    while (record->acts_left > 0) {
        record->acts_left--;
        act_once(record);
        if (record->is_task && scoped_cancelled() && dice_one_in(&record->dice, 3))
            break;
    }
}

void acts_in_section(struct record *record)
{
    static act *const bounded[] = { sleep_briefly, check_point, test_cancel, say_something,
                                    wait_in_system };

    for (uint64_t i = dice_roll(&record->dice, 3); i > 0; i--)
        bounded[dice_roll(&record->dice, 5)](record);
}
