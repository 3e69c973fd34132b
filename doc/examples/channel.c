/*
 * A channel with two senders and one receiver, whose values are bounded.
 * Prints "one", "two" and "the end".
 */
#include <errno.h>
#include <forkscope.h>
#include <poll.h>
#include <stdio.h>

int main(void)
{
    procspawn_sender *first, *second;
    procspawn_receiver *receiver;
    json_t *value;

    if (procspawn_channel_new(&first, &receiver) < 0 ||
        procspawn_sender_dup(first, &second) < 0)
        return 1;
    procspawn_receiver_limit(receiver, 1 << 20);
    procspawn_receiver_depth(receiver, 8);

    json_t *one = json_string("one"), *two = json_string("two");
    struct pollfd room = { procspawn_sender_fd(first), POLLOUT, 0 };
    if (poll(&room, 1, -1) == 1)
        procspawn_sender_send(first, one);
    procspawn_sender_send(second, two);
    json_decref(one);
    json_decref(two);
    procspawn_sender_free(first);
    procspawn_sender_free(second);

    while (procspawn_receiver_recv(receiver, &value) == 0) {
        puts(json_string_value(value));
        json_decref(value);
    }
    puts("the end");
    procspawn_receiver_free(receiver);
    return 0;
}
