/*
 * resources_test.c - typed functions with values that are not JSON, and with types of the user
 */
#include "tests/support/typed_helpers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static procspawn_handle *handle;

/* ---- things ---- */

PROCSPAWN_DEFINE_STATIC(first_byte, int, (shmem, buffer))
{
    return *(const char *)procspawn_shmem_data(buffer);
}

PROCSPAWN_DEFINE_STATIC(same_buffer, shmem, (shmem, buffer))
{
    return buffer ? procspawn_shmem_ref(buffer) : NULL;
}

PROCSPAWN_DEFINE_STATIC(same_fd, fd, (fd, file))
{
    return file < 0 ? -1 : dup(file);
}

PROCSPAWN_DEFINE_STATIC(forward, int, (receiver, from), (sender, to))
{
    json_t *value;
    int count = 0;

    while (procspawn_receiver_recv(from, &value) == 0) {
        procspawn_sender_send(to, value);
        json_decref(value);
        count++;
    }
    return count;
}

PROCSPAWN_DEFINE_STATIC(new_channel, receiver, (string, text))
{
    procspawn_sender *to;
    procspawn_receiver *from;
    json_t *value = json_string(text);

    if (procspawn_channel_new(&to, &from) < 0)
        return NULL;
    procspawn_sender_send(to, value);
    procspawn_sender_free(to);
    return from;
}

static void buffers_travel_both_ways(void)
{
    procspawn_shmem *shmem, *back = NULL;
    int byte = 0;

    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_new("bytes", 5, &shmem), 0);
    PROCSPAWN_CUNIT_EQUAL(first_byte_spawn(shmem, &handle), 0);
    TYPED_JOIN(first_byte, handle, &byte);
    PROCSPAWN_CUNIT_EQUAL(byte, 'b');
    PROCSPAWN_CUNIT_EQUAL(same_buffer_spawn(shmem, &handle), 0);
    TYPED_JOIN(same_buffer, handle, &back);
    CU_ASSERT(back && memcmp(procspawn_shmem_data(back), "bytes", 5) == 0);
    procspawn_shmem_unref(back);
    PROCSPAWN_CUNIT_EQUAL(same_buffer_spawn(NULL, &handle), 0);
    TYPED_JOIN(same_buffer, handle, &back);
    CU_ASSERT_PTR_NULL(back);
    procspawn_shmem_unref(shmem);
}

static void descriptors_travel_both_ways(void)
{
    int fd = values_pipe("typed"), back = -1;

    PROCSPAWN_CUNIT_EQUAL(same_fd_spawn(fd, &handle), 0);
    TYPED_JOIN(same_fd, handle, &back);
    CU_ASSERT(values_reads(back, "typed"));
    close(back);
    PROCSPAWN_CUNIT_EQUAL(same_fd_spawn(-1, &handle), 0);
    TYPED_JOIN(same_fd, handle, &back);
    PROCSPAWN_CUNIT_EQUAL(back, -1);
    close(fd);
}

static void channels_travel_both_ways(void)
{
    procspawn_sender *to, *through;
    procspawn_receiver *from, *back = NULL;
    json_t *value = NULL;
    int count = 0;

    PROCSPAWN_CUNIT_EQUAL(procspawn_channel_new(&through, &from), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_channel_new(&to, &back), 0);
    PROCSPAWN_CUNIT_EQUAL(forward_spawn(from, to, &handle), 0);
    procspawn_receiver_free(from);
    procspawn_sender_free(to);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(through, NULL), 0);
    procspawn_sender_free(through);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(back, &value), 0);
    CU_ASSERT(json_is_null(value));
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(back, &value), -EPIPE);
    procspawn_receiver_free(back);
    TYPED_JOIN(forward, handle, &count);
    PROCSPAWN_CUNIT_EQUAL(count, 1);

    PROCSPAWN_CUNIT_EQUAL(new_channel_spawn("from below", &handle), 0);
    TYPED_JOIN(new_channel, handle, &back);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(back, &value), 0);
    calls_check_text(value, "from below");
    procspawn_receiver_free(back);
}

static void things_nobody_wants_are_closed(void)
{
    procspawn_shmem *shmem;

    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_new("bytes", 5, &shmem), 0);
    unsigned before = calls_descriptors();
    PROCSPAWN_CUNIT_EQUAL(same_buffer_spawn(shmem, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(same_buffer_join(handle, NULL, NULL), 0);
    procspawn_handle_free(handle);
    PROCSPAWN_CUNIT_EQUAL(same_fd_spawn(STDOUT_FILENO, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(same_fd_join(handle, NULL, NULL), 0);
    procspawn_handle_free(handle);
    calls_check_descriptors(before);
    procspawn_shmem_unref(shmem);
}

/* ---- types of the user's ---- */

PROCSPAWN_DEFINE_STATIC(reverse, numbers, (numbers, given))
{
    struct numbers result = numbers_up_to((int)given.count);

    for (size_t i = 0; i < given.count; i++)
        result.number[i] = given.number[given.count - 1 - i];
    return result;
}

static void types_of_ones_own_are_packed_in_ipc_mode(void)
{
    struct point result = { .x = 0 };

    CU_ASSERT_FALSE(procspawn_in_ipc_mode());
    PROCSPAWN_CUNIT_EQUAL(mirror_spawn((struct point){ .x = 1.5, .y = 2.5 }, true, &handle), 0);
    TYPED_JOIN(mirror, handle, &result);
    CU_ASSERT(result.x == -1.5 && result.y == 2.5);
    CU_ASSERT_TRUE(result.packed_for_a_call);
    CU_ASSERT_TRUE(result.unpacked_for_a_call);
    CU_ASSERT_FALSE(procspawn_in_ipc_mode());

    json_t *json = pack_point(&(struct point){ .x = 1 });
    PROCSPAWN_CUNIT_EQUAL(unpack_point(json, &result), 0);
    CU_ASSERT_FALSE(result.packed_for_a_call);
    CU_ASSERT_FALSE(result.unpacked_for_a_call);
    json_decref(json);
}

static void types_that_hold_something_are_released(void)
{
    struct numbers numbers = numbers_up_to(3), result;

    PROCSPAWN_CUNIT_EQUAL(reverse_spawn(numbers, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(numbers_alive, 1);
    TYPED_JOIN(reverse, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(numbers_alive, 2);
    PROCSPAWN_CUNIT_EQUAL(result.number[0], 3);
    release_numbers(&result);
    PROCSPAWN_CUNIT_EQUAL(reverse_spawn(numbers, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(reverse_join(handle, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(numbers_alive, 1);
    procspawn_handle_free(handle);
    release_numbers(&numbers);
}

static void a_builder_and_a_patience_can_be_given(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_receiver *from;
    procspawn_sender *through, *to;

    PROCSPAWN_CUNIT_EQUAL(procspawn_channel_new(&through, &from), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_dup(through, &to), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_name(builder, "forward"), 0);
    PROCSPAWN_CUNIT_EQUAL(forward_builder_spawn(builder, from, to, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(forward_join_timeout(handle, 10 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    procspawn_kill(handle);
    PROCSPAWN_CUNIT_EQUAL(forward_join_timeout(handle, -1, NULL, NULL), PROCSPAWN_ECALL);
    procspawn_handle_free(handle);
    procspawn_builder_free(builder);
    procspawn_receiver_free(from);
    procspawn_sender_free(through);
    procspawn_sender_free(to);
}

/* ---- in a pool ---- */

PROCSPAWN_DEFINE_STATIC(descriptors, unsigned, (fd, unused), (shmem, unused_too))
{
    return unused >= 0 && unused_too ? calls_descriptors() : 0;
}

static void a_worker_keeps_nothing_of_its_calls(void)
{
    enum { ROUNDS = 200 };
    procspawn_pool *pool;
    procspawn_shmem *shmem;
    unsigned first = 0, last = 0;

    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_new("bytes", 5, &shmem), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_new(1, &pool), 0);
    for (int i = 0; i < ROUNDS; i++) {
        PROCSPAWN_CUNIT_EQUAL(descriptors_pool_spawn(pool, 0, shmem, &handle), 0);
        TYPED_JOIN(descriptors, handle, i == 0 ? &first : &last);
        procspawn_shmem *back = NULL;
        PROCSPAWN_CUNIT_EQUAL(same_buffer_pool_spawn(pool, shmem, &handle), 0);
        TYPED_JOIN(same_buffer, handle, &back);
        procspawn_shmem_unref(back);
        int fd = -1;
        PROCSPAWN_CUNIT_EQUAL(same_fd_pool_spawn(pool, 0, &handle), 0);
        TYPED_JOIN(same_fd, handle, &fd);
        close(fd);
    }
    CU_ASSERT(first > 0);
    PROCSPAWN_CUNIT_EQUAL(last, first);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown(pool), 0);
    procspawn_pool_free(pool);
    procspawn_shmem_unref(shmem);
}

static void what_is_no_thing_is_refused(void)
{
    typed_check_parameters(procspawn__entry_same_fd, "[3]", "parameter 1 of same_fd");
    typed_check_parameters(procspawn__entry_same_buffer, "[{\"\\u0001forkscope\":\"shmem:0\"}]",
                           "parameter 1 of same_buffer");
    typed_check_parameters(procspawn__entry_reverse, "[7]", "parameter 1 of reverse");
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(buffers_travel_both_ways),
    TEST(descriptors_travel_both_ways),
    TEST(channels_travel_both_ways),
    TEST(things_nobody_wants_are_closed),
    TEST(types_of_ones_own_are_packed_in_ipc_mode),
    TEST(types_that_hold_something_are_released),
    TEST(a_builder_and_a_patience_can_be_given),
    TEST(a_worker_keeps_nothing_of_its_calls),
    TEST(what_is_no_thing_is_refused),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    VALUES_SUITE("typed_things", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
