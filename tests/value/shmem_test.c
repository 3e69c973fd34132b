/*
 * shmem_test.c - shared buffers: made, sealed, sent, refused if they are not what they claim to be
 */
#include "src/child/reply.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "tests/support/value_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/shmem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char words[] = "read by everybody, written by nobody";

static procspawn_shmem *make(const void *bytes, size_t size)
{
    procspawn_shmem *shmem = NULL;
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_new(bytes, size, &shmem), 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(shmem);
    return shmem;
}

static bool holds(const procspawn_shmem *shmem, const void *bytes, size_t size)
{
    return procspawn_shmem_size(shmem) == size &&
           memcmp(procspawn_shmem_data(shmem), bytes, size) == 0;
}

/* ---- functions for the children ---- */

static json_t *read_words(json_t *argument)
{
    procspawn_shmem *shmem;
    int rc = procspawn_value_claim_shmem(argument, &shmem);

    if (rc < 0)
        procspawn_panic("take: %s", forkscope_strerror(rc));
    json_t *result = json_stringn(procspawn_shmem_data(shmem), procspawn_shmem_size(shmem));
    procspawn_shmem_unref(shmem);
    return result;
}

static json_t *make_words(json_t *argument)
{
    procspawn_shmem *shmem;

    (void)argument;
    if (procspawn_shmem_new(words, sizeof words, &shmem) < 0)
        return NULL;
    return json_pack("[o]", procspawn_value_shmem_take(shmem));
}

/* A buffer that its maker could still write to, under the name of a shared one. */
static json_t *make_unsealed(json_t *argument)
{
    (void)argument;
    int memfd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    procspawn_shmem *shmem;

    procspawn_shmem_new(words, sizeof words, &shmem);
    json_t *result = procspawn_value_shmem(shmem);
    dup3(memfd, procspawn_shmem_fd(shmem), O_CLOEXEC);
    return result;
}

/* Sealed, and with less memory than its size: the library of its maker would not send it. */
static json_t *send_sparse(json_t *size)
{
    struct {
        struct wire_value head;
        char text[40];
    } body = {
        .head = { .generation = procspawn__reply.generation, .reserved_keys = 1 },
        .text = "{\"\\u0001forkscope\":\"shmem:0\"}",
    };
    struct wire_part part = { &body, sizeof body.head + strlen(body.text) };
    int memfd = memfd_create("sparse", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    body.head.length = strlen(body.text);
    if (ftruncate(memfd, json_integer_value(size)) < 0 || write(memfd, "x", 1) != 1 ||
        fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        return NULL;
    wire__send(procspawn__reply.channel, WIRE_RESULT, &part, 1, &memfd, 1, false);
    return json_null();
}

/* ---- tests ---- */

static void a_buffer_holds_a_copy_of_the_bytes(void)
{
    char bytes[] = "to be changed";
    procspawn_shmem *shmem = make(bytes, sizeof bytes);

    bytes[0] = 'T';
    CU_ASSERT(holds(shmem, "to be changed", sizeof bytes));
    procspawn_shmem_unref(shmem);
}

static void an_empty_buffer_travels_too(void)
{
    procspawn_shmem *shmem = make(NULL, 0), *back = NULL;
    procspawn_handle *handle;
    json_t *result = values_call(calls_echo, procspawn_value_shmem(shmem), &handle);

    CU_ASSERT_PTR_NOT_NULL(procspawn_shmem_data(shmem));
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_shmem(result, &back), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_size(back), 0);
    procspawn_shmem_unref(back);
    procspawn_shmem_unref(shmem);
    json_decref(result);
    procspawn_handle_free(handle);
}

static void nobody_can_write_to_it(void)
{
    procspawn_shmem *shmem = make(words, sizeof words);
    int fd = procspawn_shmem_fd(shmem);

    CU_ASSERT(write(fd, "x", 1) < 0 && errno == EPERM);
    CU_ASSERT(ftruncate(fd, 1) < 0 && errno == EPERM);
    CU_ASSERT(ftruncate(fd, 1 << 20) < 0 && errno == EPERM);
    CU_ASSERT(mmap(NULL, 1, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
    CU_ASSERT(fcntl(fd, F_ADD_SEALS, 0) < 0 && errno == EPERM);
    procspawn_shmem_unref(shmem);
    procspawn_shmem_unref(NULL);
}

static void a_function_reads_the_bytes(void)
{
    procspawn_shmem *shmem = make(words, sizeof words - 1);
    procspawn_handle *handle;

    calls_check_text(values_call(read_words, procspawn_value_shmem(shmem), &handle), words);
    CU_ASSERT(holds(shmem, words, sizeof words - 1));
    procspawn_shmem_unref(shmem);
    procspawn_handle_free(handle);
}

static void a_function_returns_a_buffer_of_its_own(void)
{
    procspawn_shmem *shmem = NULL;
    procspawn_handle *handle;
    json_t *result = values_call(make_words, NULL, &handle);

    CU_ASSERT_EQUAL(procspawn_value_kind(json_array_get(result, 0)), PROCSPAWN_VALUE_SHMEM);
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_shmem(json_array_get(result, 0), &shmem), 0);
    CU_ASSERT_FATAL(shmem != NULL);
    procspawn_handle_free(handle);
    CU_ASSERT(holds(shmem, words, sizeof words));
    procspawn_shmem_unref(shmem);
    json_decref(result);
}

static void a_large_buffer_comes_back_as_the_same_memory(void)
{
    enum { SIZE = 64 << 20 };
    procspawn_shmem_writer *draft;
    procspawn_shmem *shmem, *back = NULL;
    procspawn_handle *handle;
    struct stat sent, came;

    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_writer_new(SIZE, &draft), 0);
    memset(procspawn_shmem_writer_data(draft), 'x', SIZE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_writer_seal(draft, &shmem), 0);
    json_t *result = values_call(calls_echo, procspawn_value_shmem(shmem), &handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_shmem(result, &back), 0);
    fstat(procspawn_shmem_fd(shmem), &sent);
    fstat(procspawn_shmem_fd(back), &came);
    CU_ASSERT_EQUAL(sent.st_ino, came.st_ino);
    CU_ASSERT(holds(back, procspawn_shmem_data(shmem), SIZE));
    procspawn_shmem_unref(back);
    procspawn_shmem_unref(shmem);
    json_decref(result);
    procspawn_handle_free(handle);
}

static void references_are_counted(void)
{
    procspawn_shmem *shmem = make(words, sizeof words);

    CU_ASSERT_PTR_EQUAL(procspawn_shmem_ref(shmem), shmem);
    procspawn_shmem_unref(shmem);
    CU_ASSERT(holds(shmem, words, sizeof words));
    procspawn_shmem_unref(shmem);
}

static void a_draft_can_be_given_up(void)
{
    procspawn_shmem_writer *draft;

    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_writer_new(1 << 20, &draft), 0);
    memset(procspawn_shmem_writer_data(draft), 1, 1 << 20);
    procspawn_shmem_writer_free(draft);
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_writer_new(0, &draft), 0);
    CU_ASSERT_PTR_NOT_NULL(procspawn_shmem_writer_data(draft));
    procspawn_shmem_writer_free(draft);
    procspawn_shmem_writer_free(NULL);
}

static void a_memfd_becomes_a_buffer_and_gets_its_seals(void)
{
    int memfd = memfd_create("words", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    procspawn_shmem *shmem = NULL, *again = NULL;

    CU_ASSERT_EQUAL(write(memfd, words, sizeof words), sizeof words);
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_from_memfd(memfd, &shmem), 0);
    CU_ASSERT(holds(shmem, words, sizeof words));
    CU_ASSERT(write(memfd, "x", 1) < 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_from_memfd(memfd, &again), 0);
    procspawn_shmem_unref(again);
    procspawn_shmem_unref(shmem);
    close(memfd);
}

static void what_cannot_be_sealed_is_refused(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int open_memfd = memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int never = memfd_create("never", MFD_CLOEXEC);
    procspawn_shmem *shmem;

    CU_ASSERT_EQUAL(ftruncate(open_memfd, 4096), 0);
    void *writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, open_memfd, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_from_memfd(null, &shmem), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_from_memfd(-1, &shmem), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_from_memfd(never, &shmem), -EPERM);
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_from_memfd(open_memfd, &shmem), -EBUSY);
    munmap(writable, 4096);
    close(never);
    close(open_memfd);
    close(null);
}

static void a_child_cannot_pass_off_memory_that_it_can_change(void)
{
    procspawn_handle *handle = calls_start(make_unsealed, NULL);
    procspawn_error *error = calls_error(handle);

    CU_ASSERT_EQUAL(procspawn_error_kind(error), PROCSPAWN_ERROR_JSON);
    CU_ASSERT_PTR_NOT_NULL(strstr(procspawn_error_message(error), "stands for nothing"));
    procspawn_error_free(error);
}

static bool is_backed(int fd, size_t size)
{
    struct stat status;
    return fstat(fd, &status) == 0 && (size_t)status.st_blocks * 512 >= size;
}

static void all_memory_of_a_buffer_is_there(void)
{
    enum { SIZE = 1 << 20 };
    int memfd = memfd_create("sparse", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    procspawn_shmem *shmem;
    procspawn_shmem_writer *draft;

    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_writer_new(SIZE, &draft), 0);
    strcpy(procspawn_shmem_writer_data(draft), words);
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_writer_seal(draft, &shmem), 0);
    CU_ASSERT(is_backed(procspawn_shmem_fd(shmem), SIZE));
    CU_ASSERT_STRING_EQUAL(procspawn_shmem_data(shmem), words);
    procspawn_shmem_unref(shmem);
    CU_ASSERT(ftruncate(memfd, SIZE) == 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_from_memfd(memfd, &shmem), 0);
    CU_ASSERT(is_backed(memfd, SIZE));
    procspawn_shmem_unref(shmem);
    close(memfd);
}

static void a_buffer_without_its_memory_is_refused(void)
{
    procspawn_handle *handle = calls_start(send_sparse, json_integer(1 << 30));

    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_IO, PROCSPAWN_CAUSE_NONE);
}

/* Reading a hole in them can end the reader. */
static void huge_pages_are_refused(void)
{
    int memfd = memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);
    procspawn_shmem *shmem;

    if (memfd >= 0)
        PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_from_memfd(memfd, &shmem), -EINVAL);
    close(memfd);
}

static void a_buffer_is_no_plain_descriptor(void)
{
    procspawn_shmem *shmem = make(words, sizeof words), *back = NULL;
    procspawn_handle *handle;
    json_t *result = values_call(calls_echo, procspawn_value_shmem(shmem), &handle);
    int fd = -7;

    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(result, &fd), PROCSPAWN_EVALUE);
    CU_ASSERT_EQUAL(fd, -7);
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_shmem(result, &back), 0);
    procspawn_shmem_unref(back);
    procspawn_shmem_unref(shmem);
    json_decref(result);
    procspawn_handle_free(handle);
}

static void the_limit_for_files_is_an_error_and_no_signal(void)
{
    struct rlimit limit;
    procspawn_shmem *shmem;
    procspawn_shmem_writer *draft;
    char bytes[8192] = "";

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &limit);
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_new(bytes, sizeof bytes, &shmem), -EFBIG);
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_writer_new(sizeof bytes, &draft), -EFBIG);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void a_freed_buffer_cannot_be_sent(void)
{
    procspawn_shmem *shmem = make(words, sizeof words);
    json_t *value = procspawn_value_shmem(shmem);
    procspawn_handle *handle;

    procspawn_shmem_unref(shmem);
    PROCSPAWN_CUNIT_EQUAL(procspawn(calls_echo, value, &handle), -EBADF);
    json_decref(value);
}

static void a_thousand_buffers_leave_nothing(void)
{
    enum { ROUNDS = 1000 };
    unsigned before = calls_descriptors();

    for (int i = 0; i < ROUNDS; i++) {
        procspawn_shmem *back = NULL;
        procspawn_handle *handle;
        json_t *value = procspawn_value_shmem_take(make(&i, sizeof i));
        json_t *result = values_call(calls_echo, value, &handle);
        if (i % 2 == 0) {
            PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_shmem(result, &back), 0);
            CU_ASSERT(back && holds(back, &i, sizeof i));
        }
        procspawn_shmem_unref(back);
        json_decref(result);
        procspawn_handle_free(handle);
    }
    calls_check_descriptors(before);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_buffer_holds_a_copy_of_the_bytes),
    TEST(an_empty_buffer_travels_too),
    TEST(nobody_can_write_to_it),
    TEST(a_function_reads_the_bytes),
    TEST(a_function_returns_a_buffer_of_its_own),
    TEST(a_large_buffer_comes_back_as_the_same_memory),
    TEST(references_are_counted),
    TEST(a_draft_can_be_given_up),
    TEST(a_memfd_becomes_a_buffer_and_gets_its_seals),
    TEST(what_cannot_be_sealed_is_refused),
    TEST(a_child_cannot_pass_off_memory_that_it_can_change),
    TEST(all_memory_of_a_buffer_is_there),
    TEST(a_buffer_without_its_memory_is_refused),
    TEST(huge_pages_are_refused),
    TEST(a_buffer_is_no_plain_descriptor),
    TEST(the_limit_for_files_is_an_error_and_no_signal),
    TEST(a_freed_buffer_cannot_be_sent),
    TEST(a_thousand_buffers_leave_nothing),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    VALUES_SUITE("shmem", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
