#include "tests/support/channel_helpers.h"

procspawn_sender *sender;
procspawn_receiver *receiver;

void channel_open(void)
{
    CU_ASSERT_EQUAL_FATAL(procspawn_channel_new(&sender, &receiver), 0);
}

void channel_close_sender(void)
{
    procspawn_sender_free(sender);
    sender = NULL;
}

void channel_close(void)
{
    channel_close_sender();
    procspawn_receiver_free(receiver);
    receiver = NULL;
}

procspawn_handle *channel_start(procspawn_function *function)
{
    return calls_start(function, procspawn_value_sender_take(sender));
}

json_int_t channel_next(void)
{
    json_t *value = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv_timeout(receiver, 20 * CALLS_SECOND, &value), 0);
    json_int_t integer = json_integer_value(value);
    json_decref(value);
    return integer;
}

int channel_end(void)
{
    json_t *value = NULL;
    int rc = procspawn_receiver_recv_timeout(receiver, 20 * CALLS_SECOND, &value);
    json_decref(value);
    return rc;
}

void channel_send(procspawn_sender *to, int integer)
{
    json_t *value = json_integer(integer);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(to, value), 0);
    json_decref(value);
}

procspawn_sender *channel_take_sender(json_t *value)
{
    procspawn_sender *taken;
    int rc = procspawn_value_claim_sender(value, &taken);
    if (rc < 0)
        procspawn_panic("take: %s", forkscope_strerror(rc));
    return taken;
}
