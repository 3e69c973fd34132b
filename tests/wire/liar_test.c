/*
 * liar_test.c - children that send malformed messages, or messages of others
 */
#include "src/error/error.h"
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"
#include "tests/support/raw_messages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Writes to both sockets of a child, so it need not know which one is the channel. */
static void shout(enum wire_type type, const void *body, size_t length, int descriptor,
                  size_t descriptors)
{
    struct wire_header header = { type, (uint32_t)descriptors, length };
    int kind;
    socklen_t size = sizeof kind;

    for (int fd = STDERR_FILENO + 1; fd < 1024; fd++) {
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_SEQPACKET)
            raw_send(fd, &header, body, length, descriptor, descriptors);
    }
}

static json_t *shout_garbage(json_t *argument)
{
    unsigned char bytes[1000];

    srandom(2);
    for (int i = 0; i < 50; i++) {
        for (size_t n = 0; n < sizeof bytes; n++)
            bytes[n] = (unsigned char)random();
        shout(WIRE_DEATH + 1 + (enum wire_type)(random() % 100), bytes, (size_t)random() % 1000, -1,
              0);
        shout(WIRE_BACKTRACE, bytes, 100, STDIN_FILENO, 3);
        shout(WIRE_OFFER, bytes, sizeof(struct wire_offer), STDIN_FILENO, 1);
    }
    return json_incref(argument);
}

static void garbage_from_a_child_is_ignored(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(shout_garbage, json_integer(8))), 8);
}

static json_t *forge_death(json_t *argument)
{
    struct wire_death death = { .status = 0, .cause = WIRE_ENDED_BY_OOM };

    shout(WIRE_DEATH, &death, sizeof death, -1, 0);
    shout(WIRE_BACKTRACE, "", 0, STDIN_FILENO, 1);
    return json_incref(argument);
}

static void a_forged_death_is_ignored(void)
{
    procspawn_handle *handle = calls_start(forge_death, json_integer(8));

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, -1, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 8);
}

static void shout_value(int descriptor, size_t descriptors, uint64_t length)
{
    struct wire_value head = { .length = length, .place = WIRE_IN_MEMFD };
    shout(WIRE_RESULT, &head, sizeof head, descriptor, descriptors);
}

static json_t *send_unsealed(json_t *argument)
{
    int memory = memfd_create("test", MFD_ALLOW_SEALING);

    if (write(memory, "[]", 2) == 2)
        shout_value(memory, 1, 2);
    return json_incref(argument);
}

static json_t *send_shrinking(json_t *argument)
{
    int memory = memfd_create("test", MFD_ALLOW_SEALING);

    if (ftruncate(memory, 1 << 20) == 0)
        shout_value(memory, 1, 1 << 20);
    if (ftruncate(memory, 0) < 0)
        return NULL;
    return json_incref(argument);
}

static json_t *send_file(json_t *argument)
{
    int file = open("/proc/self/exe", O_RDONLY);

    shout_value(file, 1, (uint64_t)lseek(file, 0, SEEK_END));
    return json_incref(argument);
}

static json_t *send_no_memory(json_t *argument)
{
    shout_value(-1, 0, 10);
    return json_incref(argument);
}

static void results_in_memory_that_could_change_are_refused(void)
{
    static procspawn_function *const functions[] = { send_unsealed, send_shrinking, send_file,
                                                     send_no_memory };

    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        calls_check_error(calls_error(calls_start(functions[i], NULL)), PROCSPAWN_ERROR_IO,
                          PROCSPAWN_CAUSE_NONE);
}

#define MANY "one_of_many"

static json_t *send_many_descriptors(json_t *argument)
{
    struct wire_value head = { .length = 0 };

    shout(WIRE_RESULT, &head, sizeof head, memfd_create(MANY, MFD_CLOEXEC), 200);
    return json_incref(argument);
}

/* The descriptors of spares, which come whenever they like, are not counted. */
static unsigned count_of_many(void)
{
    char path[64], target[64];
    unsigned count = 0;

    for (int fd = 0; fd < 1024; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        count += strstr(target, MANY) != NULL;
    }
    return count;
}

static void too_many_descriptors_are_closed(void)
{
    json_t *result = NULL;
    procspawn_error *error = NULL;
    procspawn_handle *handle = calls_start(send_many_descriptors, json_integer(1));

    int rc = procspawn_join(handle, &result, &error);
    CU_ASSERT(rc == 0 || rc == PROCSPAWN_ECALL);
    json_decref(result);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    PROCSPAWN_CUNIT_EQUAL(count_of_many(), 0);
}

static json_t *send_broken_text(json_t *argument)
{
    struct { struct wire_value head; char text[4]; } body = { .head.length = 4, .text = "[1,]" };

    shout(WIRE_RESULT, &body, sizeof body.head + 4, -1, 0);
    return json_incref(argument);
}

static json_t *send_broken_failure(json_t *argument)
{
    struct wire_failure head = { .kind = 99 };

    shout(WIRE_FAILURE, &head, sizeof head, -1, 0);
    return json_incref(argument);
}

static void answers_that_are_garbage_are_errors(void)
{
    calls_check_error(calls_error(calls_start(send_broken_text, NULL)), PROCSPAWN_ERROR_JSON,
                      PROCSPAWN_CAUSE_NONE);
    calls_check_error(calls_error(calls_start(send_broken_failure, NULL)), PROCSPAWN_ERROR_IO,
                      PROCSPAWN_CAUSE_NONE);
}

static json_t *shout_for_ever(json_t *argument)
{
    for (;;)
        shout(WIRE_DEATH + 1, "", 0, -1, 0);
    return argument;
}

static void a_child_that_never_stops_shouting_can_be_waited_for_and_killed(void)
{
    procspawn_handle *handle = calls_start(shout_for_ever, NULL);
    int64_t start = calls_now();

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 50 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    CU_ASSERT(calls_now() - start < 5 * CALLS_SECOND);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}

static json_t *fill_and_exit(json_t *argument)
{
    static const char text[10000];
    struct wire_header header = { WIRE_DEATH + 1, 0, sizeof text };
    struct iovec iov[2] = { { &header, sizeof header }, { (void *)(uintptr_t)text, sizeof text } };
    struct msghdr message = { .msg_iov = iov, .msg_iovlen = 2 };

    for (int fd = STDERR_FILENO + 1; fd < 1024; fd++) {
        while (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
            continue;
    }
    _exit((int)json_integer_value(argument));
}

static void a_full_channel_does_not_hide_the_death(void)
{
    procspawn_handle *handle = calls_start(fill_and_exit, json_integer(7));
    struct calls_tree tree = { 0 };

    calls_tree_add(&tree, procspawn_pid(handle));
    calls_tree_left(&tree, 10 * CALLS_SECOND);
    calls_tree_close(&tree);
    procspawn_error *error = calls_error(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_exit_status(error), 7);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_EXIT);
}

static json_t *shut_down(json_t *argument)
{
    for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
        shutdown(fd, SHUT_RDWR);
    return calls_hang(argument);
}

static void a_child_that_shuts_its_channel_is_ended_and_closed(void)
{
    procspawn_handle *handle = calls_start(shut_down, NULL);
    struct calls_tree tree = { 0 };

    calls_tree_add(&tree, procspawn_pid(handle));
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_NONE);
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(&tree, 10 * CALLS_SECOND), 0);
    calls_tree_close(&tree);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(1))), 1);
}

static json_t *let_another_answer(json_t *argument)
{
    struct { struct wire_value head; char text[4]; } body = { .head.length = 4, .text = "true" };

    pid_t pid = fork();
    if (pid == 0) {
        shout(WIRE_RESULT, &body, sizeof body.head + 4, -1, 0);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    return json_incref(argument);
}

static void only_the_child_itself_answers(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(let_another_answer, json_integer(4))), 4);
}

#define TEST(name) { #name, name }

static CU_TestInfo child_tests[] = {
    TEST(garbage_from_a_child_is_ignored),
    TEST(a_forged_death_is_ignored),
    TEST(results_in_memory_that_could_change_are_refused),
    TEST(too_many_descriptors_are_closed),
    TEST(answers_that_are_garbage_are_errors),
    TEST(a_child_that_never_stops_shouting_can_be_waited_for_and_killed),
    TEST(a_full_channel_does_not_hide_the_death),
    TEST(a_child_that_shuts_its_channel_is_ended_and_closed),
    TEST(only_the_child_itself_answers),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("wire_children", child_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
