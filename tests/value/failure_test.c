/*
 * failure_test.c - each allocation and each system call that channels, buffers and descriptors
 * need fails in turn
 */
#include "tests/support/call_helpers.h"
#include "tests/support/fault_injection.h"
#include "tests/support/refusal_sweep.h"

#include <errno.h>
#include <forkscope.h>
#include <unistd.h>

/* ---- things ---- */

static int exchange(procspawn_sender *sender, procspawn_receiver *receiver)
{
    json_t *value = json_pack("[i,s]", 1, "text"), *received = NULL;

    int rc = value ? procspawn_sender_send(sender, value) : -ENOMEM;
    if (rc == 0)
        rc = procspawn_receiver_recv_timeout(receiver, 100 * CALLS_SECOND, &received);
    json_decref(received);
    json_decref(value);
    return rc;
}

static int channel(void)
{
    procspawn_sender *sender, *other = NULL;
    procspawn_receiver *receiver;

    int rc = procspawn_channel_new(&sender, &receiver);
    if (rc < 0)
        return rc;
    rc = procspawn_sender_dup(sender, &other);
    if (rc == 0)
        rc = exchange(other, receiver);
    procspawn_sender_free(other);
    procspawn_sender_free(sender);
    procspawn_receiver_free(receiver);
    return rc;
}

static int call_with_things(json_t *argument)
{
    procspawn_handle *handle = NULL;
    int rc = argument ? procspawn(calls_echo, argument, &handle) : -ENOMEM;

    procspawn_value_drop(argument);
    json_decref(argument);
    return sweep_join(rc, handle);
}

static int shared_memory(void)
{
    procspawn_shmem *shmem;
    int rc = procspawn_shmem_new("text", 5, &shmem);

    if (rc < 0)
        return rc;
    rc = call_with_things(json_pack("[o]", procspawn_value_shmem(shmem)));
    procspawn_shmem_unref(shmem);
    return rc;
}

static int descriptor(void)
{
    return call_with_things(json_pack("{s:o}", "fd", procspawn_value_fd(STDIN_FILENO)));
}

static int bytes(void)
{
    char data[5000] = "";

    return call_with_things(json_pack("[o,o]", procspawn_value_bytes(data, 10),
                                      procspawn_value_bytes(data, sizeof data)));
}

/* ---- the tests ---- */

REFUSED(a_channel_survives_refusals, sweep_with_servers, channel)
REFUSED(shared_memory_survives_refusals, sweep_with_servers, shared_memory)
REFUSED(a_descriptor_survives_refusals, sweep_with_servers, descriptor)
REFUSED(bytes_survive_refusals, sweep_with_servers, bytes)

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_channel_survives_refusals),
    TEST(shared_memory_survives_refusals),
    TEST(a_descriptor_survives_refusals),
    TEST(bytes_survive_refusals),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "failure", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    fail_prepare();
    return procspawn_cunit_run(suites, argc, argv);
}
