/*
 * threads_test.c - the threads of a process that hangs: which of them are shown, and what is printed
 */
#include "tests/support/call_helpers.h"
#include "tests/support/frame.h"
#include "tests/support/report_helpers.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { WAITERS = 200 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t locked;

FRAME static void hold_it(void)
{
    pthread_barrier_wait(&locked);
    for (;;)
        pause();
}

static void *holder(void *unused)
{
    pthread_setname_np(pthread_self(), "holder");
    pthread_mutex_lock(&lock);
    hold_it();
    return unused;
}

FRAME static void *waiter(void *unused)
{
    pthread_barrier_wait(&locked);
    pthread_mutex_lock(&lock);
    return unused;
}

FRAME static json_t *many_wait(json_t *unused)
{
    pthread_t thread;

    (void)unused;
    pthread_barrier_init(&locked, NULL, WAITERS + 1);
    for (int i = 0; i < WAITERS; i++)
        pthread_create(&thread, NULL, waiter, NULL);
    pthread_create(&thread, NULL, holder, NULL);
    pthread_join(thread, NULL);
    return NULL;
}

static procspawn_error *error_of_hang(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_run_limit(builder, 2 * CALLS_SECOND);
    procspawn_error *error = report_error(builder, many_wait, NULL);
    procspawn_builder_free(builder);
    return error;
}

static bool find_thread(const procspawn_error *error, const char *name,
                        struct procspawn_thread *ret_thread)
{
    for (size_t i = 0; procspawn_error_thread(error, i, ret_thread) == 0; i++)
        if (strcmp(ret_thread->name, name) == 0)
            return true;
    return false;
}

static void the_holder_of_a_lock_is_shown_among_two_hundred_threads(void)
{
    procspawn_error *error = error_of_hang();
    struct procspawn_thread first, held, thread;
    struct procspawn_frame frame;
    size_t waiting = 0, sharing = 0, place = SIZE_MAX;

    CU_ASSERT_FATAL(find_thread(error, "holder", &held));
    CU_ASSERT_FATAL(procspawn_error_thread(error, 0, &first) == 0);
    PROCSPAWN_CUNIT_EQUAL(first.waits_for, held.tid);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_thread_count(error), 128);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_threads_cut(error), WAITERS + 2 - 128);
    for (size_t i = 1; procspawn_error_thread(error, i, &thread) == 0; i++) {
        if (thread.waits_for != held.tid)
            continue;
        waiting++;
        if (place == SIZE_MAX)
            place = thread.first;
        sharing += thread.first == place;
    }
    PROCSPAWN_CUNIT_EQUAL(waiting, 128 - 2);
    CU_ASSERT(sharing > waiting / 2);
    CU_ASSERT_FATAL(procspawn_error_frame(error, place, &frame) == 0);
    CU_ASSERT(frame.thread > 0);
    CU_ASSERT(report_has_symbol(error, "hold_it"));
    procspawn_error_free(error);
}

static size_t position(const char *text, const char *part)
{
    const char *at = strstr(text, part);

    CU_ASSERT_FATAL(at != NULL);
    return (size_t)(at - text);
}

static void who_holds_what_the_first_thread_waits_for_is_printed(void)
{
    static char text[65536];
    procspawn_error *error = error_of_hang();
    FILE *stream = fmemopen(text, sizeof text - 1, "w");

    CU_ASSERT_FATAL(stream != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_print(error, stream), 0);
    fclose(stream);
    CU_ASSERT(position(text, "many_wait") < position(text, "(holder) in pause("));
    CU_ASSERT(position(text, "(holder) in pause(") < position(text, "hold_it"));
    CU_ASSERT(strstr(text, "waiter") == NULL);
    CU_ASSERT(strstr(text, "  74 more threads are left out\n") != NULL);
    procspawn_error_free(error);
}

static void json_has_each_thread_with_what_it_waits_for(void)
{
    procspawn_error *error = error_of_hang();
    struct procspawn_thread held;
    json_t *object = procspawn_error_json(error);
    const json_t *threads = json_object_get(object, "threads");

    CU_ASSERT_FATAL(find_thread(error, "holder", &held));
    PROCSPAWN_CUNIT_EQUAL(json_array_size(threads), 128);
    PROCSPAWN_CUNIT_EQUAL(
        json_integer_value(json_object_get(json_array_get(threads, 0), "waits_for")), held.tid);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_object_get(object, "threads_cut")), 74);
    json_decref(object);
    procspawn_error_free(error);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_holder_of_a_lock_is_shown_among_two_hundred_threads),
    TEST(who_holds_what_the_first_thread_waits_for_is_printed),
    TEST(json_has_each_thread_with_what_it_waits_for),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("threads_of_a_hang", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
