/*
 * unkept_test.c - processes whose scope cannot start a thread for them: nothing is left of them
 */
#include "tests/support/call_helpers.h"
#include "tests/support/closed.h"

#include <errno.h>
#include <forkscope/tree.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static pid_t *process;              /* shared with it; 0: it does not run yet */
static void (*instead)(void);       /* of making the thread; NULL: it is made */
static scoped_spawner owner;        /* of the one that is refused */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*function)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*function)(void *),
                          void *arg);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*function)(void *),
                          void *arg)
{
    if (!instead)
        return __real_pthread_create(thread, attr, function, arg);
    while (!__atomic_load_n(process, __ATOMIC_ACQUIRE))
        poll(NULL, 0, 1);
    instead();
    instead = NULL;
    return EAGAIN;
}

static json_t *tell_and_hang(json_t *argument)
{
    __atomic_store_n(process, getpid(), __ATOMIC_RELEASE);
    return calls_hang(argument);
}

static void begin(void)
{
    process = mmap(NULL, sizeof *process, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                   0);
    calls_begin();
}

static void end(void)
{
    calls_end();
    munmap(process, sizeof *process);
}

static void be_cancelled(void)
{
    CU_ASSERT(scoped_cancel(owner) == 0);
}

static void spawn_unkept(scoped_spawner spawner, void (*meanwhile)(void))
{
    owner = spawner;
    instead = meanwhile;
    PROCSPAWN_CUNIT_EQUAL(scoped_procspawn(spawner, NULL, tell_and_hang, NULL, NULL), -EAGAIN);
    CU_ASSERT(kill(*process, 0) < 0 && errno == ESRCH);
}

static void nothing(void)
{
}

static void it_is_gone_when_the_call_returns(void)
{
    scoped_spawner root;

    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    spawn_unkept(root, nothing);
    CU_ASSERT(close_whatever(root, SCOPED_FOREVER) == 0);
}

static int be_refused(scoped_spawner self, void *came_back)
{
    spawn_unkept(self, be_cancelled);
    *(bool *)came_back = true;
    return 0;
}

static void refuse_task(enum scoped_cancel_mode mode)
{
    struct scoped_options options = { .cancel = mode };
    scoped_spawner root;
    bool came_back = false;

    CU_ASSERT_FATAL(scoped_spawner_open_with(&options, &root) == 0);
    CU_ASSERT(scoped_spawn(root, be_refused, &came_back, NULL) == 0);
    while (__atomic_load_n(process, __ATOMIC_ACQUIRE) == 0)
        poll(NULL, 0, 1);
    CU_ASSERT(close_whatever(root, SCOPED_FOREVER) == 0);
    CU_ASSERT(came_back);
}

static void it_is_gone_also_when_its_task_is_asked_to_end_meanwhile(void)
{
    refuse_task(SCOPED_CANCEL_ASKS);
}

static void it_is_gone_also_when_its_task_is_cancelled_in_waits_meanwhile(void)
{
    refuse_task(SCOPED_CANCEL_WAITS);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(it_is_gone_when_the_call_returns),
    TEST(it_is_gone_also_when_its_task_is_asked_to_end_meanwhile),
    TEST(it_is_gone_also_when_its_task_is_cancelled_in_waits_meanwhile),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "unkept", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
