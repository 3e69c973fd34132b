/*
 * stress_test.c - the tree under load: many tasks, deep chains, cancels from random threads at
 * random moments. The sizes are small by default; SCOPE_STRESS multiplies them (50 is a million
 * random spawns)
 */
#include "tests/support/closed.h"
#include "tests/support/scope_helpers.h"

#include "src/base/thread.h"

#include <errno.h>
#include <forkscope/error.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct scoped_executor *executor;
static atomic_int done_calls;

/*
 * KiB of memory that may come to be used meanwhile; the sanitizers keep what was freed for a while.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { GROWTH = 400 << 10 };
#else
enum { GROWTH = 1 << 10 };
#endif

static int scale(int count)
{
    const char *factor = getenv("SCOPE_STRESS");
    return factor != NULL ? count * atoi(factor) : count;
}

static void count_done(void *arg)
{
    (void)arg;
    atomic_fetch_add(&done_calls, 1);
}

static int block(void *arg)
{
    (void)arg;
    block_for_ever();
    return 0;
}

static void open_small_stacks(void)
{
    struct scoped_thread_attributes small = { .stack_size = 64 << 10 };
    procspawn_cunit_time_limit(INT64_C(300000000000));
    CU_ASSERT_FATAL(scoped_thread_executor_new(&small, &executor) == 0);
    CU_ASSERT_FATAL(scoped_spawner_open(executor, &root) == 0);
}

static void close_all(void)
{
    CU_ASSERT(close_whatever(root, forkscope_after(INT64_C(120000000000))) == 0);
    scoped_executor_free(executor);
}

/* 10,000 where that is not far too slow. */
static void thousands_of_live_tasks_are_cancelled_from_the_root(void)
{
    int tasks = base__join_cancelable() ? 10000 : 2000;
    open_small_stacks();
    for (int i = 0; i < tasks; i++)
        CU_ASSERT_FATAL(scoped_spawn_leaf(root, block, NULL, count_done) == 0);
    close_all();
    CU_ASSERT(atomic_load(&done_calls) == tasks);
}

static struct event bottom;

static int go_deeper(scoped_spawner self, void *depth)
{
    intptr_t left = (intptr_t)depth;
    if (left == 0)
        event_happen(bottom);
    else if (scoped_spawn(self, go_deeper, (void *)(left - 1), count_done) < 0)
        CU_FAIL("spawn");
    block_for_ever();
    return 0;
}

static void a_chain_of_two_thousand_is_cancelled_from_the_root(void)
{
    enum { DEPTH = 1999 };
    bottom = event_new();
    open_small_stacks();
    CU_ASSERT(scoped_spawn(root, go_deeper, (void *)DEPTH, count_done) == 0);
    CU_ASSERT(event_wait(bottom));
    close_all();
    CU_ASSERT(atomic_load(&done_calls) == DEPTH + 1);
    event_free(bottom);
}

/* Many ways to wait. */

static void close_fd(void *fd)
{
    close(*(int *)fd);
}

static void unlock(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

static void wait_in_read(void)
{
    int fds[2];
    char byte;
    bool was_on = base__cancelable(false);
    if (pipe(fds) < 0)
        return;
    pthread_cleanup_push(close_fd, &fds[0]);
    pthread_cleanup_push(close_fd, &fds[1]);
    base__cancelable(was_on);
    if (read(fds[0], &byte, 1) < 0)
        abort();
    pthread_cleanup_pop(1);
    pthread_cleanup_pop(1);
}

static void wait_in_accept(void)
{
    bool was_on = base__cancelable(false);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sa_family_t family = AF_UNIX;
    pthread_cleanup_push(close_fd, &fd);
    if (bind(fd, (struct sockaddr *)&family, sizeof family) < 0 || listen(fd, 1) < 0)
        abort();
    base__cancelable(was_on);
    accept(fd, NULL, NULL);
    pthread_cleanup_pop(1);
}

static void wait_in_condition(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, &mutex);
    for (;;)
        pthread_cond_wait(&condition, &mutex);
    pthread_cleanup_pop(1);
}

/* A semaphore waits by futex(2). */
static void wait_in_futex(void)
{
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    while (sem_wait(&semaphore) < 0)
        ;
}

static void wait_in_nanosleep(void)
{
    struct timespec for_long = { 1 << 20, 0 };
    nanosleep(&for_long, NULL);
}

static int wait_somehow(void *arg)
{
    uint32_t way = (uint32_t)(uintptr_t)arg;
    if (!base__join_cancelable())
        way = way % 2 == 0 ? 0 : 1;
    switch (way % 8) {
    case 0: wait_in_condition(); break;
    case 1: scoped_sleep_until(SCOPED_FOREVER); break;
    case 2: wait_in_read(); break;
    case 3: wait_in_accept(); break;
    case 4: wait_in_futex(); break;
    case 5: poll(NULL, 0, -1); break;
    case 6: pause(); break;
    case 7: wait_in_nanosleep(); break;
    }
    return 0;
}

static int family(scoped_spawner self, void *arg)
{
    uint32_t random = (uint32_t)(uintptr_t)arg;
    void *next = (void *)(uintptr_t)(random >> 3);
    if (scoped_spawn_leaf(self, wait_somehow, next, count_done) < 0)
        return 0;
    if (random % 8 == 0 && scoped_spawn(self, family, next, count_done) < 0)
        return 0;
    return random % 2 == 0 ? wait_somehow(next) : 0;
}

static int at_once(void *arg)
{
    (void)arg;
    return 0;
}

/* Senders on their way to the threads that free them. */

enum { CANCELLERS = 2, RING = 64 };

static struct scoped_cancel_sender *_Atomic ring[RING];
static atomic_bool over;

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void *free_senders(void *seed)
{
    uint32_t random = (uint32_t)(uintptr_t)seed;
    while (!atomic_load(&over)) {
        struct scoped_cancel_sender *_Atomic *place = &ring[next_random(&random) % RING];
        scoped_cancel_sender_free(atomic_exchange(place, NULL));
        if (random % 4 == 0)
            sched_yield();
    }
    return NULL;
}

static int spawn_random(scoped_spawner scope, uint32_t random)
{
    struct scoped_parent_signals signals;
    void *arg = (void *)(uintptr_t)(random >> 8);
    int error;
    if (random % 4 == 0)
        error = scoped_spawn_with_signal(scope, family, arg, count_done, &signals);
    else
        error = scoped_spawn_leaf_with_signal(scope, random % 4 == 1 ? wait_somehow : at_once, arg,
                                              count_done, &signals);
    if (error < 0)
        return error;
    struct scoped_cancel_sender *_Atomic *place = &ring[(random >> 4) % RING];
    scoped_cancel_sender_free(atomic_exchange(place, signals.cancel_sender));
    if (random % 16 < 4)
        scoped_done_receiver_wait_until(signals.done_receiver, forkscope_after(random % 200000));
    scoped_done_receiver_free(signals.done_receiver);
    return 0;
}

static void spawn_and_cancel_at_random(struct scoped_executor *on)
{
    pthread_t cancellers[CANCELLERS];
    struct scoped_options options = { .max_tasks = 2 * RING, .discard = true, .executor = on };
    scoped_spawner scope;
    uint32_t random = 2463534242u;
    int spawns = scale(base__join_cancelable() ? 20000 : 2000);
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &scope) == 0);
    for (uintptr_t i = 0; i < CANCELLERS; i++)
        pthread_create(&cancellers[i], NULL, free_senders, (void *)(i + 1));
    for (int i = 0; i < spawns; i++)
        CU_ASSERT_FATAL(spawn_random(scope, next_random(&random)) == 0);
    CU_ASSERT(scoped_cancel(scope) == 0);
    CU_ASSERT(scoped_close(scope, forkscope_after(INT64_C(60000000000)), NULL) == 0);
    atomic_store(&over, true);
    for (int i = 0; i < CANCELLERS; i++)
        pthread_join(cancellers[i], NULL);
    for (int i = 0; i < RING; i++)
        scoped_cancel_sender_free(atomic_exchange(&ring[i], NULL));
    CU_ASSERT(atomic_load(&done_calls) >= spawns);
}

static void random_cancels_on_threads_leave_nothing(void)
{
    open_small_stacks();
    spawn_and_cancel_at_random(NULL);
    close_all();
}

static void random_cancels_on_the_cached_executor_leave_nothing(void)
{
    struct scoped_executor *cached;
    struct scoped_thread_attributes small = { .stack_size = 64 << 10 };
    open_small_stacks();
    CU_ASSERT_FATAL(scoped_cached_executor_new(&small, 16, 1000000, &cached) == 0);
    spawn_and_cancel_at_random(cached);
    close_all();
    scoped_executor_free(cached);
}

static long resident_kib(void)
{
    long size, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL && fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    if (file != NULL)
        fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void an_endless_scope_keeps_memory_flat(void)
{
    struct scoped_executor *cached;
    struct scoped_options options = { .max_tasks = 16, .discard = true };
    scoped_spawner scope;
    int tasks = scale(100000);
    CU_ASSERT_FATAL(scoped_cached_executor_new(NULL, 16, 0, &cached) == 0);
    CU_ASSERT_FATAL(scoped_spawner_open(cached, &root) == 0);
    procspawn_cunit_time_limit(INT64_C(300000000000));
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &scope) == 0);
    for (int i = 0; i < tasks / 10; i++)
        CU_ASSERT_FATAL(scoped_spawn_leaf(scope, at_once, NULL, NULL) == 0);
    long before = resident_kib();
    for (int i = 0; i < tasks; i++)
        CU_ASSERT_FATAL(scoped_spawn_leaf(scope, at_once, NULL, NULL) == 0);
    CU_ASSERT(resident_kib() - before < GROWTH);
    CU_ASSERT(scoped_close(scope, soon(), NULL) == 0);
    CU_ASSERT(close_whatever(root, soon()) == 0);
    scoped_executor_free(cached);
}

enum { MEASURED = 500 };

static void *wait_in_thread(void *arg)
{
    wait_in_condition();
    return arg;
}

/* What libc itself takes from the heap for a thread. */
static size_t heap_of_threads(void)
{
    pthread_t threads[MEASURED];
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < MEASURED; i++)
        pthread_create(&threads[i], NULL, wait_in_thread, NULL);
    size_t after = mallinfo2().uordblks;
    for (int i = 0; i < MEASURED; i++)
        pthread_cancel(threads[i]);
    for (int i = 0; i < MEASURED; i++)
        pthread_join(threads[i], NULL);
    return after - before;
}

/* What the sanitizers hand out is not counted, and no less true for that. */
static void a_live_task_takes_little_heap(void)
{
    enum { MOST = 512 };

    size_t of_threads = heap_of_threads();
    open_small_stacks();
    bottom = event_new();
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < MEASURED; i++)
        CU_ASSERT_FATAL(scoped_spawn(root, go_deeper, NULL, NULL) == 0);
    size_t of_tasks = mallinfo2().uordblks - before;
    CU_ASSERT(of_tasks <= of_threads + MEASURED * MOST);
    close_all();
    event_free(bottom);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(thousands_of_live_tasks_are_cancelled_from_the_root),
    TEST(a_chain_of_two_thousand_is_cancelled_from_the_root),
    TEST(random_cancels_on_threads_leave_nothing),
    TEST(random_cancels_on_the_cached_executor_leave_nothing),
    TEST(an_endless_scope_keeps_memory_flat),
    TEST(a_live_task_takes_little_heap),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    { .pName = "stress", .pTests = tests },
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
