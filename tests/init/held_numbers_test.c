/*
 * held_numbers_test.c - what children find under the descriptor numbers of before init
 */
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/pool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { LOW = 40, HIGH = 70, FREE = 41 };

/* The numbers that are looked at, in the order of the answers. */
static const int numbers[] = { LOW, HIGH, FREE };

/* "free", or what is there. */
static const char *there(int fd)
{
    struct stat status;

    if (fcntl(fd, F_GETFD) < 0)
        return "free";
    if (fcntl(fd, F_GETFD) != FD_CLOEXEC)
        return "inheritable";
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
        return "writable";
    if (fstat(fd, &status) < 0 || status.st_rdev != makedev(1, 3))
        return "no /dev/null";
    return "held";
}

static json_t *look(json_t *unused)
{
    (void)unused;
    return json_pack("[s, s, s]", there(numbers[0]), there(numbers[1]), there(numbers[2]));
}

static json_t *look_deeper(json_t *unused)
{
    (void)unused;
    return calls_result(calls_start(look, NULL));
}

static void check(json_t *found)
{
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(found, 0)), "held");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(found, 1)), "free");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(found, 2)), "free");
    json_decref(found);
}

static void take_numbers(void)
{
    int fd = open("/", O_RDONLY);

    CU_ASSERT_FATAL(dup2(fd, LOW) == LOW && dup2(fd, HIGH) == HIGH);
    close(fd);
}

static void free_numbers(void)
{
    close(LOW);
    close(HIGH);
}

static void low_numbers_of_before_init_stay_taken_in_every_child(void)
{
    procspawn_pool *pool = NULL;
    procspawn_handle *handle = NULL;

    take_numbers();
    calls_begin();
    check(calls_result(calls_start(look, NULL)));
    check(calls_result(calls_start(look_deeper, NULL)));
    CU_ASSERT_FATAL(procspawn_pool_new(1, &pool) == 0);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_FATAL(procspawn_pool_spawn(pool, look, NULL, &handle) == 0);
        check(calls_result(handle));
    }
    procspawn_pool_free(pool);
    calls_end();
    free_numbers();
}

/* Init starts from what is open then, each time. */
static void numbers_that_were_closed_before_init_are_free(void)
{
    take_numbers();
    calls_begin();
    calls_end();
    close(LOW);
    calls_begin();
    json_t *found = calls_result(calls_start(look, NULL));
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(found, 0)), "free");
    json_decref(found);
    calls_end();
    close(HIGH);
}

static json_t *is_open(json_t *number)
{
    return json_boolean(fcntl((int)json_integer_value(number), F_GETFD) >= 0);
}

/* What was given to be sent before init is nothing of a worker's, which releases what it holds. */
static void values_of_before_init_close_nothing_in_a_worker(void)
{
    int given = dup(STDIN_FILENO);
    json_t *value = procspawn_value_fd_take(given), *number = json_integer(given);
    procspawn_pool *pool = NULL;
    procspawn_handle *handle = NULL;

    CU_ASSERT_FATAL(value != NULL);
    calls_begin();
    CU_ASSERT_FATAL(procspawn_pool_new(1, &pool) == 0);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_FATAL(procspawn_pool_spawn(pool, is_open, number, &handle) == 0);
        json_t *open = calls_result(handle);
        CU_ASSERT(json_is_true(open));
        json_decref(open);
    }
    json_decref(number);
    procspawn_pool_free(pool);
    calls_end();
    json_decref(value);
    close(given);
}

/* ---- a stream ---- */

static FILE *old_stream;

/* Opens a file, then writes to the old stream: what is in the file, and how the writing failed. */
static json_t *write_to_both(json_t *unused)
{
    FILE *fresh = tmpfile();
    char text[64] = "";
    int error = 0;

    (void)unused;
    fputs("fresh", fresh);
    fflush(fresh);
    fputs("old", old_stream);
    if (fflush(old_stream) != 0)
        error = errno;
    rewind(fresh);
    if (!fgets(text, sizeof text, fresh))
        text[0] = '\0';
    fclose(fresh);
    return json_pack("[s, i]", text, error);
}

static void what_is_written_to_a_stream_of_before_init_reaches_no_other_file(void)
{
    char *text = NULL;
    size_t size = 0;

    old_stream = tmpfile();
    CU_ASSERT_FATAL(old_stream != NULL);
    calls_begin();
    json_t *found = calls_result(calls_start(write_to_both, NULL));
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(found, 0)), "fresh");
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(found, 1)), EBADF);
    json_decref(found);
    calls_end();
    rewind(old_stream);
    CU_ASSERT(getline(&text, &size, old_stream) < 0);
    free(text);
    fclose(old_stream);
}

static CU_TestInfo tests[] = {
    { "low_numbers_of_before_init_stay_taken_in_every_child",
      low_numbers_of_before_init_stay_taken_in_every_child },
    { "numbers_that_were_closed_before_init_are_free",
      numbers_that_were_closed_before_init_are_free },
    { "values_of_before_init_close_nothing_in_a_worker",
      values_of_before_init_close_nothing_in_a_worker },
    { "what_is_written_to_a_stream_of_before_init_reaches_no_other_file",
      what_is_written_to_a_stream_of_before_init_reaches_no_other_file },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "held numbers", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
