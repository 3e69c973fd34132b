/*
 * uncancelled_test.c - functions of the process half that are not cancellation points, called by a
 * cancelled thread
 */
#include "tests/support/call_helpers.h"

#include <forkscope.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 100000, SURVIVED = 42 };

static bool came_back;

static void *act_cancelled(void *act)
{
    pthread_cancel(pthread_self());
    (*(void (**)(void))act)();
    came_back = true;
    return NULL;
}

static bool comes_back(void (*act)(void))
{
    pthread_t thread;

    came_back = false;
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, act_cancelled, &act) == 0);
    pthread_join(thread, NULL);
    return came_back;
}

/* ---- channels ---- */

static procspawn_sender *sender, *second;
static procspawn_receiver *receiver;

static void open_channel(void)
{
    CU_ASSERT(procspawn_channel_new(&sender, &receiver) == 0);
}

static void duplicate_sender(void)
{
    CU_ASSERT(procspawn_sender_dup(sender, &second) == 0);
}

static void free_senders(void)
{
    procspawn_sender_free(sender);
    procspawn_sender_free(second);
}

static void free_receiver(void)
{
    procspawn_receiver_free(receiver);
}

static void ends_of_channels_come_and_go_uncancelled(void)
{
    CU_ASSERT(comes_back(open_channel));
    CU_ASSERT(comes_back(duplicate_sender));
    CU_ASSERT(comes_back(free_senders));
    CU_ASSERT(comes_back(free_receiver));
}

/* What is in it is closed by a thread of the library's. */
static void a_receiver_goes_with_its_messages_uncancelled(void)
{
    json_t *value = procspawn_value_fd(STDIN_FILENO);

    open_channel();
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, value), 0);
    json_decref(value);
    CU_ASSERT(comes_back(free_receiver));
    procspawn_sender_free(sender);
}

/* ---- buffers ---- */

static int memfd;
static procspawn_shmem *shmem;
static procspawn_shmem_writer *draft;

static void make_shmem(void)
{
    CU_ASSERT(procspawn_shmem_new("bytes", 5, &shmem) == 0);
}

static void adopt_memfd(void)
{
    CU_ASSERT(procspawn_shmem_from_memfd(memfd, &shmem) == 0);
}

static void free_shmem(void)
{
    procspawn_shmem_unref(shmem);
}

static void give_shmem_away(void)
{
    json_t *value = procspawn_value_shmem_take(shmem);

    procspawn_value_drop(value);
    json_decref(value);
}

static void make_draft(void)
{
    CU_ASSERT(procspawn_shmem_writer_new(SIZE, &draft) == 0);
}

static void free_draft(void)
{
    procspawn_shmem_writer_free(draft);
}

static void seal_draft(void)
{
    CU_ASSERT(procspawn_shmem_writer_seal(draft, &shmem) == 0);
}

static void buffers_come_and_go_uncancelled(void)
{
    CU_ASSERT(comes_back(make_shmem));
    CU_ASSERT(comes_back(free_shmem));
    make_shmem();
    CU_ASSERT(comes_back(give_shmem_away));
    memfd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    CU_ASSERT_FATAL(ftruncate(memfd, SIZE) == 0);
    CU_ASSERT(comes_back(adopt_memfd));
    close(memfd);
    free_shmem();
}

static void drafts_come_and_go_uncancelled(void)
{
    CU_ASSERT(comes_back(make_draft));
    CU_ASSERT(comes_back(free_draft));
    make_draft();
    CU_ASSERT(comes_back(seal_draft));
    free_shmem();
}

/* ---- calls ---- */

static procspawn_handle *handle;
static procspawn_pool *pool;

static void kill_call(void)
{
    CU_ASSERT(procspawn_kill(handle) == 0);
}

static void free_call(void)
{
    procspawn_handle_free(handle);
}

static void make_pool(void)
{
    CU_ASSERT(procspawn_pool_new(1, &pool) == 0);
}

static void ask_pool(void)
{
    procspawn_error *error;

    (void)procspawn_pool_queued_count(pool);
    (void)procspawn_pool_active_count(pool);
    CU_ASSERT(procspawn_pool_failure(pool, &error) < 0);
}

static void free_pool(void)
{
    procspawn_pool_free(pool);
}

static void calls_are_killed_and_freed_uncancelled(void)
{
    handle = calls_start(calls_hang, NULL);
    CU_ASSERT(comes_back(kill_call));
    CU_ASSERT(comes_back(free_call));
}

static void pools_come_and_go_uncancelled(void)
{
    CU_ASSERT(comes_back(make_pool));
    CU_ASSERT_FATAL(procspawn_pool_spawn(pool, calls_hang, NULL, &handle) == 0);
    CU_ASSERT(comes_back(ask_pool));
    CU_ASSERT(comes_back(kill_call));
    CU_ASSERT(comes_back(free_call));
    CU_ASSERT(comes_back(free_pool));
}

/* ---- init ---- */

/* A process whose last thread is cancelled ends with status 0. */
static void init_and_fini_are_not_cut_short(void)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        pthread_cancel(pthread_self());
        int rc = procspawn_init(0, NULL);
        if (rc == 0)
            rc = procspawn_fini();
        _exit(rc == 0 ? SURVIVED : 1);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(WEXITSTATUS(status), SURVIVED);
}

static json_t *state(json_t *argument)
{
    int was;

    (void)argument;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &was);
    return json_boolean(was == PTHREAD_CANCEL_ENABLE);
}

static bool is_on_in_children(void)
{
    CU_ASSERT_FATAL(procspawn_init(0, NULL) == 0);
    json_t *value = calls_result(calls_start(state, NULL));
    bool on = json_is_true(value);
    json_decref(value);
    CU_ASSERT(procspawn_fini() == 0);
    return on;
}

static void children_have_cancellation_on_or_off_as_the_program_at_init(void)
{
    int was;

    CU_ASSERT(is_on_in_children());
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &was);
    CU_ASSERT(!is_on_in_children());
    pthread_setcancelstate(was, NULL);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(ends_of_channels_come_and_go_uncancelled),
    TEST(a_receiver_goes_with_its_messages_uncancelled),
    TEST(buffers_come_and_go_uncancelled),
    TEST(drafts_come_and_go_uncancelled),
    TEST(calls_are_killed_and_freed_uncancelled),
    TEST(pools_come_and_go_uncancelled),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo init_tests[] = {
    TEST(init_and_fini_are_not_cut_short),
    TEST(children_have_cancellation_on_or_off_as_the_program_at_init),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("uncancelled", tests),
    { .pName = "uncancelled_init", .pTests = init_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
