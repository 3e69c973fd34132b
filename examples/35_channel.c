/*
 * 35_channel.c - messages from a function while it runs
 *
 * Shows a channel whose sender is given to the function as its argument. The function tells how far
 * it has come; the loop of the receiver ends with -EPIPE when no sender is left. Prints each
 * message and the result.
 */
#include <errno.h>
#include <forkscope.h>
#include <stdio.h>

static json_t *work(json_t *argument)
{
    procspawn_sender *sender;

    if (procspawn_value_claim_sender(argument, &sender) < 0)
        return procspawn_fail("no sender");
    for (int percent = 25; percent <= 100; percent += 25) {
        json_t *message = json_pack("{s:i}", "percent", percent);
        procspawn_sender_send(sender, message);
        json_decref(message);
    }
    procspawn_sender_free(sender);
    return json_string("finished");
}

int main(int argc, char **argv)
{
    struct procspawn_call_options options = { .take_argument = true };
    procspawn_sender *sender;
    procspawn_receiver *receiver;
    procspawn_handle *handle;
    json_t *message, *result;
    int rc;

    if (procspawn_init(argc, argv) < 0 || procspawn_channel_new(&sender, &receiver) < 0)
        return 1;
    if (procspawn_start(&options, work, procspawn_value_sender_take(sender), &handle) < 0)
        return 1;
    while ((rc = procspawn_receiver_recv(receiver, &message)) == 0) {
        json_int_t percent = json_integer_value(json_object_get(message, "percent"));
        printf("%lld %%\n", (long long)percent);
        json_decref(message);
    }
    if (rc != -EPIPE || procspawn_join(handle, &result, NULL) < 0)
        return 1;
    printf("%s\n", json_string_value(result));
    json_decref(result);
    procspawn_handle_free(handle);
    procspawn_receiver_free(receiver);
    return procspawn_fini() == 0 ? 0 : 1;
}
