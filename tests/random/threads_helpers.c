/*
 * threads_helpers.c - threads that are not tasks: some free senders and wait at receivers that
 * tasks have given them, others run one raw task each
 */
#include "tests/random/threads.h"

#include "src/base/clock.h"
#include "tests/random/faults.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>

enum { HELPERS = 4, SLOTS = 16 };

static _Atomic(struct scoped_cancel_sender *) senders[SLOTS];
static _Atomic(struct shared *) receivers[SLOTS];
static pthread_t helpers[HELPERS];
static uint64_t helper_seeds[HELPERS];
static atomic_bool over;

/* A thread that runs one raw task. */
struct remote {
    struct remote *next;
    struct record *task;
    struct scoped_child_signals signals;
    pthread_t thread;
};

static _Atomic(struct remote *) remotes;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *arg);

/* ---- what is given to them ---- */

static void drop_sender(struct dice *dice, struct scoped_cancel_sender *sender)
{
    if (dice_one_in(dice, 3))
        scoped_cancel_sender_forget(sender);
    else
        scoped_cancel_sender_free(sender);
}

void helpers_give_sender(struct dice *dice, struct scoped_cancel_sender *sender)
{
    drop_sender(dice, atomic_exchange(&senders[dice_roll(dice, SLOTS)], sender));
}

void helpers_give_receiver(struct dice *dice, struct shared *shared)
{
    shared_drop(atomic_exchange(&receivers[dice_roll(dice, SLOTS)], shared));
}

struct shared *helpers_take_receiver(struct dice *dice)
{
    return atomic_exchange(&receivers[dice_roll(dice, SLOTS)], NULL);
}

static void *run_remote(void *arg)
{
    struct remote *remote = arg;
    remote_run(remote->task, remote->signals);
    return NULL;
}

void helpers_give_raw(struct record *task, struct scoped_child_signals signals)
{
    struct remote *remote = faults_own(sizeof *remote);
    remote->task = task;
    remote->signals = signals;
    remote->next = atomic_load(&remotes);
    CHECK(__real_pthread_create(&remote->thread, NULL, run_remote, remote) == 0, "no thread");
    while (!atomic_compare_exchange_weak(&remotes, &remote->next, remote))
        continue;
}

/* ---- what they do ---- */

/* All tasks end with their round, so an ample deadline is not reached. */
static int64_t some_deadline(struct dice *dice, bool *ret_ample)
{
    *ret_ample = dice_one_in(dice, 8);
    return forkscope_after(*ret_ample ? run_slack() : (int64_t)dice_roll(dice, 500000));
}

static int poll_descriptor(struct scoped_done_receiver *receiver, int64_t deadline)
{
    struct pollfd polled = { .events = POLLIN };
    int error = scoped_done_receiver_fd(receiver, &polled.fd);
    CHECK_RESULT(error, "scoped_done_receiver_fd", 0, -EAGAIN, -ENOMEM, -EMFILE);
    if (error < 0)
        return -EAGAIN;
    return poll(&polled, 1, base__poll_timeout(deadline)) == 1 ? 0 : -ETIMEDOUT;
}

static int wait_started(struct scoped_done_receiver *receiver, int64_t deadline)
{
    int error = scoped_done_receiver_wait_started_until(receiver, deadline);
    CHECK_RESULT(error, "scoped_done_receiver_wait_started_until", 0, -ETIMEDOUT, SCOPED_ENOTSTARTED);
    return error == 0 || error == SCOPED_ENOTSTARTED ? -EAGAIN : error;
}

/* 0, -ETIMEDOUT, or -EAGAIN when it does not tell. */
static int look(struct dice *dice, struct scoped_done_receiver *receiver, int64_t deadline)
{
    int error;
    switch (dice_roll(dice, 4)) {
    case 0: return wait_started(receiver, deadline);
    case 1: return poll_descriptor(receiver, deadline);
    case 2:
        error = scoped_done_receiver_poll(receiver);
        CHECK_RESULT(error, "scoped_done_receiver_poll", 0, -EAGAIN);
        return error;
    default:
        error = scoped_done_receiver_wait_until(receiver, deadline);
        CHECK_RESULT(error, "scoped_done_receiver_wait_until", 0, -ETIMEDOUT);
        return error;
    }
}

static void look_at(struct dice *dice, struct shared *shared)
{
    bool ample;
    int64_t deadline = some_deadline(dice, &ample);
    int error = look(dice, shared->receiver, deadline);
    CHECK(error != -ETIMEDOUT || !ample, "an end that is not heard of");
    if (error == 0)
        record_check_gone(shared->task);
}

/* The receiver goes back, perhaps to another thread. */
static void help_once(struct dice *dice)
{
    struct shared *shared = helpers_take_receiver(dice);
    drop_sender(dice, atomic_exchange(&senders[dice_roll(dice, SLOTS)], NULL));
    if (shared == NULL)
        return;
    atomic_fetch_add(&run_operations, 1);
    look_at(dice, shared);
    if (dice_one_in(dice, 4))
        shared_drop(shared);
    else
        helpers_give_receiver(dice, shared);
}

static void *help(void *arg)
{
    struct dice dice = dice_new(*(uint64_t *)arg);
    while (!atomic_load(&over)) {
        help_once(&dice);
        sched_yield();
    }
    return NULL;
}

void helpers_start(uint64_t seed)
{
    atomic_store(&over, false);
    for (int i = 0; i < HELPERS; i++) {
        helper_seeds[i] = dice_seed(seed, (uint64_t)i);
        CHECK(__real_pthread_create(&helpers[i], NULL, help, &helper_seeds[i]) == 0, "no thread");
    }
}

static void join_remotes(void)
{
    struct remote *remote;
    while ((remote = atomic_load(&remotes)) != NULL) {
        atomic_store(&remotes, remote->next);
        pthread_join(remote->thread, NULL);
        faults_own_free(remote);
    }
}

void helpers_stop(void)
{
    join_remotes();
    atomic_store(&over, true);
    for (int i = 0; i < HELPERS; i++)
        pthread_join(helpers[i], NULL);
    for (int i = 0; i < SLOTS; i++) {
        scoped_cancel_sender_free(atomic_exchange(&senders[i], NULL));
        shared_drop(atomic_exchange(&receivers[i], NULL));
    }
}
