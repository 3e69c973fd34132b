/*
 * each_test.c - procspawn_map_each: items from a source, results to a sink
 */
#include "tests/support/pool_helpers.h"
#include "tests/support/shared_number.h"

#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/map.h>
#include <forkscope/value.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A source of numbers and the sink of their results. */
struct job {
    size_t items;               /* that the source makes */
    size_t made, sunk;
    size_t failed;
    size_t most_between;        /* between source and sink */
    bool in_order;
    bool stop_at_failure;
    int source_rc;              /* what the source returns at its end; 0: -ENODATA */
    int sink_rc;                /* what the sink returns for the last item */
    json_int_t sum;
};

static int make_number(json_t **ret_item, void *argument)
{
    struct job *job = argument;

    if (job->made == job->items)
        return job->source_rc < 0 ? job->source_rc : -ENODATA;
    *ret_item = json_integer((json_int_t)job->made++);
    if (job->made - job->sunk > job->most_between)
        job->most_between = job->made - job->sunk;
    return 0;
}

static int add_up(size_t index, struct procspawn_result *result, void *argument)
{
    struct job *job = argument;

    job->in_order &= index == job->sunk;
    job->sunk++;
    job->failed += result->status < 0;
    job->sum += json_integer_value(result->value);
    if (result->error)
        PROCSPAWN_CUNIT_EQUAL((size_t)procspawn_error_index(result->error), index);
    if (result->status < 0 && job->stop_at_failure)
        return result->status;
    return job->sunk == job->items ? job->sink_rc : 0;
}

static int each(const struct procspawn_map_options *options, procspawn_function *function,
                struct job *job, procspawn_error **ret_error)
{
    job->in_order = true;
    return procspawn_map_each(options, function, make_number, add_up, job, ret_error);
}

static json_t *next_number(json_t *item)
{
    return json_integer(json_integer_value(item) + 1);
}

static void each_result_reaches_the_sink_in_order(void)
{
    struct job job = { .items = 5000 };

    PROCSPAWN_CUNIT_EQUAL(each(NULL, next_number, &job, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL((int)job.sunk, 5000);
    PROCSPAWN_CUNIT_EQUAL(job.sum, 5000 * 5001 / 2);
    CU_ASSERT(job.in_order);
}

/* Item 0 waits until the others have been called. */
static json_t *the_first_is_last(json_t *item)
{
    if (json_integer_value(item) == 0)
        shared_wait(1);
    return json_incref(item);
}

static int note_first(size_t index, struct procspawn_result *result, void *argument)
{
    struct job *job = argument;

    (void)result;
    job->in_order &= index == job->sunk;
    job->sunk++;
    shared_set(1);
    return 0;
}

static void without_order_results_come_as_items_end(void)
{
    procspawn_pool *pool = pool_make(2);
    const struct procspawn_map_options options = { .pool = pool, .unordered = true };
    struct job job = { .items = 10, .in_order = true };

    shared_set(0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_map_each(&options, the_first_is_last, make_number, note_first,
                                             &job, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL((int)job.sunk, 10);
    CU_ASSERT(!job.in_order);
    procspawn_pool_free(pool);
}

static void a_window_bounds_what_is_between_source_and_sink(void)
{
    static const size_t windows[] = { 1, 2, 7, 40 };
    procspawn_pool *pool = pool_make(2);

    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        const struct procspawn_map_options options = { .pool = pool, .window = windows[i] };
        struct job job = { .items = 300 };
        PROCSPAWN_CUNIT_EQUAL(each(&options, next_number, &job, NULL), 0);
        PROCSPAWN_CUNIT_EQUAL((int)job.sunk, 300);
        CU_ASSERT(job.most_between <= windows[i]);
    }
    procspawn_pool_free(pool);
}

/* ---- failures ---- */

/* Of ten items one fails, in one of five ways. */
static json_t *fail_in_five_ways(json_t *item)
{
    json_int_t number = json_integer_value(item);

    switch (number % 50) {
    case 3:
        abort();
    case 13:
        return procspawn_fail("no");
    case 23:
        return NULL;
    case 33:
        _exit(3);
    case 43:
        return json_stringn_nocheck("\xff", 1);
    default:
        return json_integer(1);
    }
}

static void a_failed_item_costs_no_other(void)
{
    procspawn_pool *pool = pool_make(2);
    struct procspawn_map_options options = { .pool = pool };

    for (size_t chunk = 0; chunk <= 25; chunk += 25) {
        struct job job = { .items = 200 };
        options.chunk = chunk;
        PROCSPAWN_CUNIT_EQUAL(each(&options, fail_in_five_ways, &job, NULL), 0);
        PROCSPAWN_CUNIT_EQUAL((int)job.sunk, 200);
        PROCSPAWN_CUNIT_EQUAL((int)job.failed, 20);
        PROCSPAWN_CUNIT_EQUAL(job.sum, 180);
        CU_ASSERT(job.in_order);
    }
    procspawn_pool_free(pool);
}

static void a_sink_that_returns_the_status_stops_with_the_error(void)
{
    struct job job = { .items = 200, .stop_at_failure = true };
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(each(NULL, fail_in_five_ways, &job, &error), PROCSPAWN_ECALL);
    CU_ASSERT_FATAL(error != NULL);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_error_index(error), 3);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    PROCSPAWN_CUNIT_EQUAL((int)job.sunk, 4);
}

static void a_map_returns_what_the_source_and_the_sink_return(void)
{
    struct job of_source = { .items = 20, .source_rc = -1234 };
    struct job of_sink = { .items = 20, .sink_rc = -1235 };
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(each(NULL, next_number, &of_source, &error), -1234);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(error), -1234);
    procspawn_error_free(error);
    PROCSPAWN_CUNIT_EQUAL(each(NULL, next_number, &of_sink, NULL), -1235);
}

static int make_nothing(json_t **ret_item, void *unused)
{
    (void)unused;
    *ret_item = NULL;
    return 0;
}

static void a_source_that_makes_null_stops_the_map(void)
{
    struct job job = { .items = 0 };

    PROCSPAWN_CUNIT_EQUAL(procspawn_map_each(NULL, next_number, make_nothing, add_up, &job, NULL),
                          PROCSPAWN_EJSON);
}

/* ---- descriptors ---- */

static json_t *pipe_with_number(json_t *item)
{
    char number = (char)json_integer_value(item);
    int ends[2];

    if (pipe(ends) < 0 || write(ends[1], &number, 1) != 1)
        return NULL;
    close(ends[1]);
    return procspawn_value_fd_take(ends[0]);
}

static int read_number(size_t index, struct procspawn_result *result, void *argument)
{
    struct job *job = argument;
    char number = -1;
    int fd;

    if (procspawn_value_claim_fd(result->value, &fd) < 0)
        return -EBADF;
    PROCSPAWN_CUNIT_EQUAL((int)read(fd, &number, 1), 1);
    close(fd);
    PROCSPAWN_CUNIT_EQUAL((int)number, (int)index);
    job->sunk++;
    return 0;
}

static int open_pipes(void)
{
    int count = 0;

    for (int fd = 3; fd < 1024; fd++) {
        char path[32], target[64] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, target, sizeof target - 1) > 0)
            count += strncmp(target, "pipe:", 5) == 0;
    }
    return count;
}

static void a_sink_can_claim_descriptors(void)
{
    const struct procspawn_map_options options = { .chunk = 10 };
    struct job job = { .items = 40 };
    int before = open_pipes();

    PROCSPAWN_CUNIT_EQUAL(procspawn_map_each(&options, pipe_with_number, make_number, read_number,
                                             &job, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL((int)job.sunk, 40);
    PROCSPAWN_CUNIT_EQUAL(open_pipes(), before);
}

/* ---- progress ---- */

struct told {
    size_t calls, done, total;
    bool rises;
    int rc;
};

static int tell(size_t done, size_t total, void *argument)
{
    struct told *told = argument;

    told->rises &= done >= told->done;
    told->calls++;
    told->done = done;
    told->total = total;
    return told->rc;
}

/* Results of a long chunk are there before the chunk ends. */
static json_t *wait_for_progress(json_t *item)
{
    if (json_integer_value(item) == 9)
        shared_wait(1);
    return json_incref(item);
}

static int tell_workers(size_t done, size_t total, void *argument)
{
    if (done == 9)
        shared_set(1);
    return tell(done, total, argument);
}

static void progress_is_told_while_a_chunk_runs(void)
{
    struct told told = { .rises = true };
    const struct procspawn_map_options options = { .chunk = 10, .progress = tell_workers,
                                                   .progress_arg = &told };
    struct job job = { .items = 10 };

    shared_set(0);
    PROCSPAWN_CUNIT_EQUAL(each(&options, wait_for_progress, &job, NULL), 0);
    CU_ASSERT(told.calls >= 2 && told.rises);
    PROCSPAWN_CUNIT_EQUAL((int)told.done, 10);
    PROCSPAWN_CUNIT_EQUAL((int)told.total, 0);
}

static void progress_can_stop_a_map(void)
{
    struct told told = { .rc = -1236 };
    const struct procspawn_map_options options = { .progress = tell, .progress_arg = &told };
    struct job job = { .items = 10 };

    PROCSPAWN_CUNIT_EQUAL(each(&options, calls_hang, &job, NULL), -1236);
    PROCSPAWN_CUNIT_EQUAL((int)job.sunk, 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(each_result_reaches_the_sink_in_order),
    TEST(without_order_results_come_as_items_end),
    TEST(a_window_bounds_what_is_between_source_and_sink),
    TEST(a_failed_item_costs_no_other),
    TEST(a_sink_that_returns_the_status_stops_with_the_error),
    TEST(a_map_returns_what_the_source_and_the_sink_return),
    TEST(a_source_that_makes_null_stops_the_map),
    TEST(a_sink_can_claim_descriptors),
    TEST(progress_is_told_while_a_chunk_runs),
    TEST(progress_can_stop_a_map),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { SHARED_SUITE("each", tests), CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
