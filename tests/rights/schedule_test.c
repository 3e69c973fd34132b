/*
 * schedule_test.c - children are scheduled as their caller is, not as the servers are
 */
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <forkscope/tree.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PRIORITY_LIMIT = 5 };

/* Policy, priority, niceness, and the first 64 processors, of the calling thread. */
struct schedule {
    int policy, priority, nice;
    unsigned long processors;
};

static struct schedule schedule_of(pid_t pid)
{
    struct schedule schedule = { .policy = sched_getscheduler(pid),
                                 .nice = getpriority(PRIO_PROCESS, (id_t)pid) };
    struct sched_param parameter;
    cpu_set_t set;

    sched_getparam(pid, &parameter);
    schedule.priority = parameter.sched_priority;
    sched_getaffinity(pid, sizeof set, &set);
    for (int i = 0; i < 64; i++)
        schedule.processors |= CPU_ISSET(i, &set) ? 1ul << i : 0;
    return schedule;
}

static json_t *tell_schedule(json_t *argument)
{
    struct schedule own = schedule_of(0);
    (void)argument;

    return json_pack("[i,i,i,I]", own.policy, own.priority, own.nice,
                     (json_int_t)own.processors);
}

static void check_like(json_t *told, struct schedule expected)
{
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(told, 0)), expected.policy);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(told, 1)), expected.priority);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(told, 2)), expected.nice);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(told, 3)),
                          (json_int_t)expected.processors);
    json_decref(told);
}

static void check_child_like(struct schedule expected)
{
    check_like(calls_result(calls_start(tell_schedule, NULL)), expected);
}

/* ---- in a thread, which ends with its schedule ---- */

static void *run_part(void *part)
{
    ((void (*)(void))(uintptr_t)part)();
    return NULL;
}

static void in_thread(void (*part)(void))
{
    pthread_t thread;

    CU_ASSERT_FATAL(pthread_create(&thread, NULL, run_part, (void *)(uintptr_t)part) == 0);
    pthread_join(thread, NULL);
}

static void set_policy(int policy, int priority)
{
    struct sched_param parameter = { .sched_priority = priority };
    CU_ASSERT(sched_setscheduler(0, policy, &parameter) == 0);
}

static void a_child_is_scheduled_as_its_caller(void)
{
    struct schedule own = schedule_of(0);

    PROCSPAWN_CUNIT_EQUAL(own.policy, SCHED_OTHER);
    for (int i = 0; i < 8; i++)
        check_child_like(own);
}

static void be_nice(void)
{
    CU_ASSERT(setpriority(PRIO_PROCESS, 0, 7) == 0);
    check_child_like(schedule_of(0));
    PROCSPAWN_CUNIT_EQUAL(schedule_of(0).nice, 7);
}

static void niceness_is_that_of_the_calling_thread(void)
{
    in_thread(be_nice);
    check_child_like(schedule_of(0));
}

static void be_a_batch(void)
{
    set_policy(SCHED_BATCH, 0);
    check_child_like(schedule_of(0));
    PROCSPAWN_CUNIT_EQUAL(schedule_of(0).policy, SCHED_BATCH);
}

static void be_idle(void)
{
    set_policy(SCHED_IDLE, 0);
    check_child_like(schedule_of(0));
    PROCSPAWN_CUNIT_EQUAL(schedule_of(0).policy, SCHED_IDLE);
}

static void the_policy_is_that_of_the_calling_thread(void)
{
    in_thread(be_a_batch);
    in_thread(be_idle);
    check_child_like(schedule_of(0));
}

static void use_one_processor(void)
{
    cpu_set_t all, one;

    sched_getaffinity(0, sizeof all, &all);
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &all))
            continue;
        CPU_ZERO(&one);
        CPU_SET(i, &one);
        CU_ASSERT(sched_setaffinity(0, sizeof one, &one) == 0);
        check_child_like(schedule_of(0));
    }
}

static void the_processors_are_those_of_the_calling_thread(void)
{
    in_thread(use_one_processor);
    check_child_like(schedule_of(0));
}

static void slow_servers_down(void)
{
    struct calls_tree tree;
    pid_t root = calls_root();

    calls_server();
    calls_tree_open(&tree, root);
    for (unsigned i = 0; i < tree.count; i++) {
        if (calls_status(tree.pid[i], "PPid:") == root)
            CU_ASSERT(setpriority(PRIO_PROCESS, (id_t)tree.pid[i], 11) == 0);
    }
    calls_tree_close(&tree);
}

static void the_servers_niceness_is_its_own(void)
{
    struct schedule own = schedule_of(0);

    slow_servers_down();
    for (int i = 0; i < 20; i++)
        check_child_like(own);
}

static void a_server_that_was_slowed_down_serves_all_the_same(void)
{
    slow_servers_down();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(4))), 4);
}

static void check_task_child(void)
{
    scoped_spawner root;
    procspawn_handle *handle;

    CU_ASSERT(setpriority(PRIO_PROCESS, 0, 4) == 0);
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    CU_ASSERT_FATAL(scoped_procspawn(root, NULL, tell_schedule, NULL, &handle) == 0);
    check_like(calls_result(handle), schedule_of(0));
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
}

static void a_process_of_a_scope_is_scheduled_as_the_thread_that_started_it(void)
{
    in_thread(check_task_child);
}

/* ---- pools ---- */

static procspawn_pool *pool;

static void build_nice_pool(void)
{
    CU_ASSERT(setpriority(PRIO_PROCESS, 0, 6) == 0);
    CU_ASSERT_FATAL(procspawn_pool_new(1, &pool) == 0);
}

static void check_worker(int nice)
{
    struct schedule expected = schedule_of(0);
    procspawn_handle *handle;

    expected.nice = nice;
    CU_ASSERT_FATAL(procspawn_pool_spawn(pool, tell_schedule, NULL, &handle) == 0);
    check_like(calls_result(handle), expected);
}

static json_t *leave(json_t *argument)
{
    (void)argument;
    _exit(0);
}

static json_t *be_nicer(json_t *argument)
{
    (void)argument;
    return json_integer(setpriority(PRIO_PROCESS, 0, 9));
}

static void workers_are_scheduled_as_the_thread_that_built_their_pool(void)
{
    procspawn_handle *handle;

    in_thread(build_nice_pool);
    check_worker(6);
    CU_ASSERT_FATAL(procspawn_pool_spawn(pool, leave, NULL, &handle) == 0);
    procspawn_error_free(calls_error(handle));
    check_worker(6);
    CU_ASSERT_FATAL(procspawn_pool_spawn(pool, be_nicer, NULL, &handle) == 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 0);
    check_worker(9);
    procspawn_pool_free(pool);
}

/* ---- with the right to any priority ---- */

static bool may_limit_priority(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_RTPRIO, &limit);
    return limit.rlim_max >= PRIORITY_LIMIT;
}

static bool may_have_priority(void)
{
    struct sched_param parameter = { .sched_priority = 1 };
    bool may = sched_setscheduler(0, SCHED_FIFO, &parameter) == 0 &&
               setpriority(PRIO_PROCESS, 0, -1) == 0;

    parameter.sched_priority = 0;
    sched_setscheduler(0, SCHED_OTHER, &parameter);
    setpriority(PRIO_PROCESS, 0, 0);
    return may;
}

static void be_first_in_first_out(void)
{
    set_policy(SCHED_FIFO, 2);
    check_child_like(schedule_of(0));
    set_policy(SCHED_RR, 3);
    check_child_like(schedule_of(0));
}

static void be_prior(void)
{
    CU_ASSERT(setpriority(PRIO_PROCESS, 0, -3) == 0);
    check_child_like(schedule_of(0));
}

static void a_priority_follows(void)
{
    in_thread(be_first_in_first_out);
    in_thread(be_prior);
    check_child_like(schedule_of(0));
}

static void keep_priority(void)
{
    struct schedule expected = schedule_of(0);

    set_policy(SCHED_FIFO | SCHED_RESET_ON_FORK, 2);
    check_child_like(expected);
    set_policy(SCHED_OTHER | SCHED_RESET_ON_FORK, 0);
    CU_ASSERT(setpriority(PRIO_PROCESS, 0, -3) == 0);
    check_child_like(expected);
}

static void a_priority_that_is_kept_from_children_does_not_follow(void)
{
    in_thread(keep_priority);
}

static void limit_priority(rlim_t soft)
{
    struct rlimit limit = { soft, PRIORITY_LIMIT };
    CU_ASSERT_FATAL(setrlimit(RLIMIT_RTPRIO, &limit) == 0);
}

static void drop_nice_capability(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];

    CU_ASSERT_FATAL(syscall(SYS_capget, &header, data) == 0);
    data[0].permitted &= ~(1u << CAP_SYS_NICE);
    data[0].effective &= ~(1u << CAP_SYS_NICE);
    CU_ASSERT_FATAL(syscall(SYS_capset, &header, data) == 0);
}

/* A program that has its priority by a limit, as this was at init and is at the call. */
static void check_limits(rlim_t at_init, rlim_t at_change, rlim_t at_call)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        limit_priority(at_init);
        drop_nice_capability();
        calls_begin();
        limit_priority(at_change);
        set_policy(SCHED_FIFO, 2);
        limit_priority(at_call);
        check_child_like(schedule_of(0));
        set_policy(SCHED_OTHER, 0);
        calls_end();
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

static void a_priority_follows_by_whichever_limit_permits_it(void)
{
    check_limits(PRIORITY_LIMIT, PRIORITY_LIMIT, 0);
    check_limits(0, PRIORITY_LIMIT, PRIORITY_LIMIT);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_child_is_scheduled_as_its_caller),
    TEST(niceness_is_that_of_the_calling_thread),
    TEST(the_policy_is_that_of_the_calling_thread),
    TEST(the_processors_are_those_of_the_calling_thread),
    TEST(a_server_that_was_slowed_down_serves_all_the_same),
    TEST(a_process_of_a_scope_is_scheduled_as_the_thread_that_started_it),
    TEST(workers_are_scheduled_as_the_thread_that_built_their_pool),
    CU_TEST_INFO_NULL,
};

/* These need the right to any priority. */
static CU_TestInfo priority_tests[] = {
    TEST(the_servers_niceness_is_its_own),
    TEST(a_priority_follows),
    TEST(a_priority_that_is_kept_from_children_does_not_follow),
    CU_TEST_INFO_NULL,
};

/* This needs a limit that can be lifted. */
static CU_TestInfo limit_tests[] = {
    TEST(a_priority_follows_by_whichever_limit_permits_it),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("schedule", tests),
    CU_SUITE_INFO_NULL,
    CU_SUITE_INFO_NULL,
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    CU_SuiteInfo *next = &suites[1];

    if (may_have_priority())
        *next++ = (CU_SuiteInfo)CALLS_SUITE("schedule_priority", priority_tests);
    else
        puts("skip   schedule_priority: no priority can be had");
    if (may_have_priority() && may_limit_priority())
        *next++ = (CU_SuiteInfo)CALLS_SUITE("schedule_limit", limit_tests);
    else
        puts("skip   schedule_limit: the limit of priority cannot be lifted");
    return procspawn_cunit_run(suites, argc, argv);
}
