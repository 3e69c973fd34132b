/* What a thread does when it releases the lock of a pool. */
#include "tests/support/bare_pool.h"

#include "src/base/fd.h"
#include "src/client/state.h"
#include "src/pool/lock.h"
#include "src/pool/terminate.h"
#include "src/wire/frame.h"

#include <forkscope/cunit.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVER = 77 };

/* Gives the client a link that takes no more messages. The other end is returned. */
static int fill_link(void)
{
    int ends[2];

    CU_ASSERT_FATAL(wire__pair(ends) == 0);
    while (send(ends[0], "", 1, MSG_DONTWAIT) == 1)
        continue;
    procspawn__client.links[0] = (struct procspawn__link){ .fd = ends[0], .pidfd = -1,
                                                           .server = SERVER };
    procspawn__client.count = 1;
    return ends[1];
}

static void drop_link(int other_end)
{
    close(procspawn__client.links[0].fd);
    close(other_end);
    procspawn__client.links[0].fd = -1;
    procspawn__client.count = 0;
}

struct leaver {
    procspawn_pool *pool;
    bool left;
};

static void *leave_while_cancelled(void *argument)
{
    struct leaver *leaver = argument;

    pthread_cancel(pthread_self());
    procspawn__pool_enter(leaver->pool);
    procspawn__pool_leave(leaver->pool);
    leaver->left = true;
    pthread_testcancel();
    return NULL;
}

/* A notice that cannot be sent wakes the dispatcher, by write(2), with the lock held. */
static void a_thread_is_not_cancelled_while_it_sends_notices(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);
    struct leaver leaver = { .pool = pool };
    int other_end = fill_link();
    pthread_t thread;
    void *result;

    pool->wake = base__event();
    worker->child.server = SERVER;
    procspawn__worker_terminate(worker, SIGKILL, 0);
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, leave_while_cancelled, &leaver) == 0);
    CU_ASSERT_FATAL(pthread_join(thread, &result) == 0);
    CU_ASSERT(leaver.left);
    CU_ASSERT_PTR_EQUAL(result, PTHREAD_CANCELED);
    CU_ASSERT_FATAL(pthread_mutex_trylock(&pool->lock) == 0);
    CU_ASSERT(!list_empty(&pool->later_notices));
    procspawn__pool_unlock(pool);
    drop_link(other_end);
    bare_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_thread_is_not_cancelled_while_it_sends_notices),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { "leaving", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
