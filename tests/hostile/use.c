/*
 * use.c - uses a value in all ways that the library offers
 */
#include "tests/hostile/use.h"

#include "tests/hostile/ledger.h"
#include <forkscope/channel.h>
#include <forkscope/shmem.h>
#include <sys/socket.h>
#include <unistd.h>

static const int64_t patience = 10 * MS;

/* The descriptor is the program's now, and how long its close takes is the program's affair. */
static void use_fd(const json_t *value)
{
    int fd;

    if (procspawn_value_claim_fd(value, &fd) < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 0, 0 }, sizeof(struct linger));
    close(fd);
}

static void use_shmem(const json_t *value)
{
    procspawn_shmem *shmem;

    if (procspawn_value_claim_shmem(value, &shmem) < 0)
        return;
    size_t size = procspawn_shmem_size(shmem);
    const volatile unsigned char *bytes = procspawn_shmem_data(shmem);
    if (size > 0)
        (void)(bytes[0] + bytes[size - 1]);
    procspawn_shmem_unref(shmem);
}

static void use_sender(const json_t *value)
{
    procspawn_sender *sender;
    json_t *number = json_integer(1);

    if (procspawn_value_claim_sender(value, &sender) == 0) {
        procspawn_sender_send_timeout(sender, number, patience);
        procspawn_sender_free(sender);
    }
    json_decref(number);
}

static void use_receiver(const json_t *value)
{
    procspawn_receiver *receiver;
    json_t *received = NULL;

    if (procspawn_value_claim_receiver(value, &receiver) < 0)
        return;
    procspawn_receiver_recv_timeout(receiver, patience, &received);
    json_decref(received);
    procspawn_receiver_free(receiver);
}

static void use(const json_t *value)
{
    switch (procspawn_value_kind(value)) {
    case PROCSPAWN_VALUE_FD:
        use_fd(value);
        break;
    case PROCSPAWN_VALUE_SHMEM:
        use_shmem(value);
        break;
    case PROCSPAWN_VALUE_SENDER:
        use_sender(value);
        break;
    case PROCSPAWN_VALUE_RECEIVER:
        use_receiver(value);
        break;
    default:
        break;
    }
}

void use_value(struct random *random, json_t *value, const char *giver)
{
    enum { MOST = 64 };

    for (size_t i = 0; i < json_array_size(value) && i < MOST; i++) {
        const json_t *one = json_array_get(value, i);
        enum procspawn_value_kind kind = procspawn_value_kind(one);
        if (kind == PROCSPAWN_VALUE_PLAIN || random_one_in(random, 3))
            continue;
        timed_begin(patience, "use of a value of kind %d from %s", (int)kind, giver);
        use(one);
        timed_end(TIMED_TAKE);
    }
}
