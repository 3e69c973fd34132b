/*
 * A pool that belongs to a scope, and a process that is asked to end and
 * cleans up. Prints "in a worker" and "clean".
 */
#include <forkscope.h>
#include <poll.h>
#include <stdio.h>

static json_t *work(json_t *null)
{
    (void)null;
    return json_string("in a worker");
}

static json_t *serve(json_t *sender)
{
    struct pollfd end = { .events = POLLIN };
    procspawn_sender *ready;
    json_t *word = json_string("clean");

    if (procspawn_end_fd(&end.fd) < 0 ||
        procspawn_value_claim_sender(sender, &ready) < 0)
        return NULL;
    procspawn_sender_send(ready, word);
    poll(&end, 1, -1);                      /* until the scope ends it */
    procspawn_sender_send(ready, word);
    procspawn_sender_free(ready);
    return word;
}

int main(int argc, char **argv)
{
    procspawn_receiver *receiver;
    procspawn_sender *sender;
    procspawn_pool *pool;
    scoped_spawner root;
    json_t *result;

    if (procspawn_init(argc, argv) < 0 ||
        procspawn_channel_new(&sender, &receiver) < 0 ||
        scoped_spawner_open(NULL, &root) < 0)
        return 1;
    procspawn_pool_builder *builder = procspawn_pool_builder_new(2);
    if (scoped_procspawn_pool(root, builder, &pool) < 0)
        return 1;
    procspawn_pool_builder_free(builder);
    if (procspawn_pool_call(pool, work, NULL, &result, NULL) == 0) {
        puts(json_string_value(result));
        json_decref(result);
    }
    json_t *end = procspawn_value_sender_take(sender);
    scoped_procspawn(root, NULL, serve, end, NULL);
    procspawn_value_drop(end);
    json_decref(end);
    if (procspawn_receiver_recv(receiver, &result) == 0)
        json_decref(result);
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
    if (procspawn_receiver_recv(receiver, &result) == 0) {
        puts(json_string_value(result));
        json_decref(result);
    }
    procspawn_receiver_free(receiver);
    procspawn_pool_free(pool);
    return procspawn_fini();
}
